import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch

@testable import Training

/// An unknown label is refused and named, in training and evaluation examples.
struct LabelRangeTests {
    private func refusal(_ train: Targets, _ held: Targets? = nil) throws -> String {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["bad", "good"]
        switch train {
        case .classes, .taught: break
        case .labelSets: options.problemType = .multiLabel
        case .numbers: (options.labels, options.problemType) = (["degrees"], .regression)
        }
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options).classifier
        let texts = ["one", "two", "three"]
        var arguments = TrainingArguments()
        if held != nil { arguments.evalStrategy = .steps }
        do {
            _ = try Trainer(
                classifier,
                arguments: arguments,
                train: classifier.encode(texts, targets: train),
                evaluation: held.map { classifier.encode(texts, targets: $0) },
                outputFolder: FileManager.default.temporaryDirectory
            )
            return "nothing"
        } catch {
            #expect(error.code == .badData)
            return error.message
        }
    }

    @Test func `in training examples`() throws {
        #expect(
            try refusal(.classes([0, 1, 2]))
                == "training example 2 has the label id 2, but the ids are 0 to 1; fix or remove its row"
        )
        #expect(try refusal(.classes([7, 7, 7])).hasPrefix("training example 0 has the label id 7"))
        #expect(try refusal(.classes([0, -100, 1])).hasPrefix("training example 1 has the label id -100"))
        #expect(
            try refusal(.labelSets([[0], [1, 5], []])).hasPrefix("training example 1 has the label id 5")
        )
        #expect(try refusal(.classes([0, 1, 1])) == "nothing")
    }

    @Test func `in evaluation examples`() throws {
        #expect(
            try refusal(.classes([0, 1, 1]), .classes([0, 1, 3])).hasPrefix(
                "evaluation example 2 has the label id 3"
            )
        )
        let classifier = try NonFiniteTests.classifier()
        #expect { try evaluate(classifier, on: classifier.encode(["a"], targets: .classes([2]))) } throws: {
            "\($0)".hasPrefix("evaluation example 0 has the label id 2")
        }
    }

    @Test(arguments: [Double.nan, .infinity]) func `a NaN or infinite number`(number: Double) throws {
        #expect(
            try refusal(.numbers([1, number, 2]))
                == "training example 1 has the number \(number), which is not a valid target; "
                + "fix or remove its row"
        )
    }
}
