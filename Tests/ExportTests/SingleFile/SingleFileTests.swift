import Checkpoints
import Classification
import Evaluation
import Foundation
import Models
import NN
import TestSupport
import Testing
import Tokenization
import Torch

@testable import Export

/// Classifiers in a single file, opened again.
struct SingleFileTests {
    @Test(arguments: PairModel.names)
    func `a single file is the same classifier in every respect`(name: String) throws {
        let classifier = try PairModel(name).classifier
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "model.attune")
            let report = try SingleFileExport.write(classifier, to: file)
            let size = try Data(contentsOf: file).count
            #expect(report.files.count == 1 && report.files[0].bytes == size)
            #expect(
                FileManager.default.subpaths(atPath: folder.path(percentEncoded: false)) == ["model.attune"]
            )
            let copy = try PairModel.open(file)
            #expect(copy.labels == classifier.labels && copy.settings == classifier.settings)
            #expect(try PairModel.logits(copy) == PairModel.logits(classifier))
            let path = file.path(percentEncoded: false)
            #expect(try ParityRecord(model: path).compare(copy).isWithinTolerance)
            #expect(try ClassifierHead(model: path)?.labels == classifier.labels)
            #expect(
                try TextClassifier.tokenizer(of: path).vocabularySize == classifier.tokenizer.vocabularySize
            )
            #expect(try TextClassifier.lengthLimit(of: path).tokens == classifier.lengthLimit)
            let inspection = try ModelInspection(path: path)
            #expect(inspection.parameterCount == classifier.model.parameters.weightCount)
            #expect(inspection.files.map(\.name).contains("model.safetensors"))
        }
    }

    @Test func `the contents decide, not the name`() throws {
        let classifier = try PairModel("bert").classifier
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "tickets.v2")
            _ = try SingleFileExport.write(classifier, to: file)
            #expect(try PairModel.logits(PairModel.open(file)) == PairModel.logits(classifier))
            // Another file with the extension is no model.
            let other = folder.appending(path: "other.attune")
            try Data("hello".utf8).write(to: other)
            #expect { try PairModel.open(other) } throws: {
                "\($0)".contains("attune export --format attune")
            }
        }
    }

    @Test func `weights are mapped, at multiples of 64 bytes`() throws {
        let classifier = try PairModel("qwen3").classifier
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "model.attune")
            _ = try SingleFileExport.write(classifier, to: file, dtype: .bfloat16)
            let whole = try AttuneFile(contentsOf: file)
            #expect(whole.members.last?.name == "model.safetensors")
            let weights = try whole.weights()
            #expect(weights.tensorNames.allSatisfy { weights.info($0)?.storage == "BF16" })
            let before = try SafetensorsFile(
                contentsOf: Fixture.folder.appending(path: "pairs/qwen3/model.safetensors")
            )
            let name = "model.embed_tokens.weight"
            let rounded: [Float] = try before.tensor(name).to(dtype: .bfloat16).array()
            #expect(try weights.tensor(name).array(of: Float.self) == rounded)
        }
    }

    @Test(arguments: [GGUFWeights.q8_0, .q4_k], ["bert", "gpt2", "deberta-v2", "modernbert"])
    func `quantized weights open, in every family`(weights: GGUFWeights, name: String) throws {
        let classifier = try PairModel(name).classifier
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "model.attune")
            let report = try SingleFileExport.write(classifier, to: file, quantization: weights)
            #expect(report.notes.count == 1 && report.notes[0].contains("neutral text"))
            let copy = try PairModel.open(file)
            #expect(copy.labels == classifier.labels)
            #expect(try ParityRecord(model: file.path(percentEncoded: false)).compare(copy).isWithinTolerance)
            // 0.1: rows of 8 and 12 numbers are stored in float16, with 11 bits.
            let (before, after) = (try PairModel.logits(classifier), try PairModel.logits(copy))
            for (a, b) in try paired(Array(before.joined()), Array(after.joined())) {
                #expect(abs(a - b) < 0.1 * max(1, abs(a)))
            }
        }
    }

    @Test func `decisions and recorded answers are members`() throws {
        let classifier = try PairModel("bert").classifier
        var decisions = Decisions(labels: classifier.labels, problemType: classifier.problemType)
        decisions.scaling = .temperature(0.5)
        classifier.decisions = decisions
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "model.attune")
            _ = try SingleFileExport.write(classifier, to: file)
            let names = try AttuneFile(contentsOf: file).members.map(\.name)
            #expect(
                names == [
                    "config.json", "attune.json", "decisions.json", "tokenizer.json", "parity.json",
                    "model.safetensors",
                ]
            )
            #expect(try PairModel.open(file).decisions == decisions)
        }
    }
}
