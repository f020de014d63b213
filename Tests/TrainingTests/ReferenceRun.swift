import Classification
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Tokenization
import Training

/// The model and data of the runs in Scripts/fixtures/training.
enum ReferenceRun {
    /// A model fixture, by default without dropout, with an unused tokenizer.
    static func classifier(
        _ name: String,
        in folder: URL,
        keepsDropout: Bool = false,
        options: SequenceClassifier.LoadOptions = .init()
    ) throws -> TextClassifier {
        let models = Fixture.folder.appending(path: "models")
        let model = models.appending(path: name)
        try FileManager.default.copyItem(
            at: model.appending(path: "model.safetensors"),
            to: folder.appending(path: "model.safetensors")
        )
        try SmallTokenizer.write(to: folder)
        // No text has the id 0, which is used for padding, as in the script.
        try FileManager.default.removeItem(at: folder.appending(path: "tokenizer_config.json"))
        let stored = try String(contentsOf: model.appending(path: "config.json"), encoding: .utf8)
        let configuration =
            keepsDropout ? stored : stored.replacing("dropout_prob\": 0.1", with: "dropout_prob\": 0.0")
        try Data(configuration.utf8).write(to: folder.appending(path: "config.json"))
        return try TextClassifier.load(folder.path(percentEncoded: false), options: options).classifier
    }

    /// The texts and labels of a fixture.
    static func examples(of fixture: JSONValue) throws -> EncodedExamples {
        let texts = try #require(fixture["texts"].array).map { ($0.array ?? []).compactMap(\.int) }
        return try examples(texts, #require(fixture["labels"].array).compactMap(\.int))
    }

    /// Compares every step with the fixture.
    ///
    /// 1e-4 relative: float32 summed in another order, accumulated over the steps; the observed difference is 1e-6.
    static func expect(_ steps: [StepRecord], equal fixture: JSONValue, count: Int, _ name: String) {
        for (key, ours) in [
            ("loss", steps.map(\.loss)), ("learning_rate", steps.map(\.learningRate)),
            ("grad_norm", steps.map(\.gradientNorm)),
        ] {
            let theirs = (fixture[key].array ?? []).compactMap(\.double)
            #expect(ours.count == count && theirs.count == count)
            for (step, (a, b)) in zip(ours, theirs).enumerated() {
                #expect(abs(a - b) <= 1e-4 * abs(b), "\(name): \(key) of step \(step + 1)")
            }
        }
    }

    /// Texts with given ids, each with a class.
    static func examples(_ texts: [[Int]], _ labels: [Int]) throws -> EncodedExamples {
        try #require(!texts.isEmpty && texts.count == labels.count)
        var packed = PackedEncodings()
        for text in texts {
            packed.ids += text.map(Int32.init)
            packed.cuSeqlens.append(Int32(packed.ids.count))
        }
        return EncodedExamples(encodings: packed, targets: .classes(labels))
    }
}
