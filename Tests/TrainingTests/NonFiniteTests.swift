import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch
import Training

struct NonFiniteTests {
    private func message(_ damage: (TextClassifier) throws -> Void) throws -> String {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["bad", "good"]
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options).classifier
        try damage(classifier)
        var arguments = TrainingArguments()
        arguments.maxSteps = 3
        arguments.saveStrategy = .no
        let texts = ["a good text", "a bad text", "zzz zzz", "one more"]
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            train: classifier.encode(texts, targets: .classes([1, 0, 1, 0])),
            outputFolder: FileManager.default.temporaryDirectory
        )
        do {
            _ = try trainer.run { _ in }
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func `a weight that is no number is named with its type`() throws {
        let text = try message { classifier in
            let weight = try #require(classifier.model.parameters["model.layers.1.mlp.up_proj.weight"])
            try weight.value.fill(.nan)
        }
        #expect(text.contains("step 1: the loss is nan"), "\(text)")
        #expect(
            text.contains("the weight model.layers.1.mlp.up_proj.weight (float32) itself holds"),
            "\(text)"
        )
    }

    @Test func `a huge weight is traced to the layer whose output overflows`() throws {
        let text = try message { classifier in
            let weight = try #require(classifier.model.parameters["model.layers.0.mlp.up_proj.weight"])
            try weight.value.fill(3e38)
        }
        #expect(text.contains("model.layers.0.mlp.up_proj.weight"), "\(text)")
        #expect(text.contains("float32") && text.contains("examples "), "\(text)")
    }
}
