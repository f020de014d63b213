import Checkpoints
import Foundation
import JSON
import Models
import TestSupport
import Testing
import Torch

/// Models from GGUF files compared with the same models from transformers' configuration and weights.
struct GGUFModelTests {
    private func logits(
        _ checkpoint: any Checkpoint,
        _ configuration: ModelConfiguration
    ) throws -> (values: [Float], report: LoadReport) {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["a", "b", "c"]
        let (classifier, report) = try SequenceClassifier.load(
            checkpoint,
            configuration: configuration,
            options: options,
            random: RandomSource(seed: 7)
        )
        let ids: [Int32] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 12, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4]
        let batch = try PackedBatch(ids: ids, cuSeqlens: [0, 5, 6, 23], padTokenID: 0)
        return (try classifier.logits(batch).array(), report)
    }

    /// A lost window, soft-cap, frequency table or attention scale would change the logits.
    @Test(arguments: [
        "llama", "llama3", "mistral", "qwen2", "qwen3", "phi3", "phi3-longrope", "gemma2", "gemma3", "gpt2",
        "gptneox", "bert", "modern-bert",
    ])
    func `a model from a GGUF file has the logits of the original model`(name: String) throws {
        let folder = Fixture.folder.appending(path: "gguf")
        let file = try GGUFFile(contentsOf: folder.appending(path: "\(name).gguf"))
        let configuration = try ModelConfiguration(gguf: file, source: name)
        let ours = try logits(HubNamedGGUF(file), configuration)
        #expect(ours.report.unreadFields.isEmpty && ours.report.unexpected.isEmpty, "\(ours.report.summary)")
        let original = try Fixture.json("gguf/configs.json")["models"][name]["config"]
        let theirs = try logits(
            SafetensorsFile(contentsOf: folder.appending(path: "\(name).safetensors")),
            ModelConfiguration(fields: #require(original.object), source: name)
        )
        #expect(ours.values.allSatisfy(\.isFinite) && ours.values.count == 9)
        #expect(ours.values == theirs.values)
    }
}
