import Classification
import Foundation
import Models
import NN
import Synchronization
import TestSupport
import Testing
import Torch

@testable import Training

struct CustomMetricTests {
    private let texts = (0..<8).map { "text number \($0) " + ($0.isMultiple(of: 2) ? "good" : "bad") }

    private func classifier(_ type: ProblemType = .singleLabel) throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.labels = type == .regression ? ["degrees"] : ["bad", "good"]
        options.problemType = type
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        return try TextClassifier.load(path, options: options).classifier
    }

    private func trainer(
        _ metrics: [CustomMetric],
        in folder: URL = FileManager.default.temporaryDirectory,
        _ change: (inout TrainingArguments) -> Void = { _ in }
    ) throws -> (trainer: Trainer, classifier: TextClassifier) {
        let classifier = try classifier()
        let examples = classifier.encode(texts, targets: .classes(texts.indices.map { $0 % 2 }))
        var arguments = TrainingArguments()
        arguments.learningRate = 1e-2
        arguments.maxSteps = 6
        arguments.saveStrategy = .no
        arguments.evalStrategy = .steps
        arguments.evalSteps = 2
        change(&arguments)
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            train: examples,
            evaluation: examples,
            metrics: metrics,
            outputFolder: folder
        )
        return (trainer, classifier)
    }

    /// The accuracy, computed manually.
    private let share = CustomMetric("share_right") { answers in
        guard case .classes(let ids) = answers.targets else { return -1 }
        return Double(zip(answers.logits, ids).count { $0[$1] >= ($0.max() ?? 0) }) / Double(ids.count)
    }

    @Test func `a custom metric is in every evaluation's row and equals the built-in one`() throws {
        let (trainer, classifier) = try trainer([share])
        var records: [EvaluationRecord] = []
        let outcome = try trainer.run { if case .evaluated(let record) = $0 { records.append(record) } }
        #expect(records.count == 3)
        for record in records {
            let values = Dictionary(uniqueKeysWithValues: record.values().map { ($0.name, $0.value) })
            #expect(values["eval_share_right"] == values["eval_accuracy"])
        }
        let rows = outcome.state.formatted
        #expect(rows.split(separator: "\"eval_share_right\"").count == 4)
        let examples = classifier.encode(texts, targets: .classes(texts.indices.map { $0 % 2 }))
        let alone = try #require(try evaluate(classifier, on: examples, metrics: [share]))
        #expect(alone.customMetrics == records[2].customMetrics)
    }

    @Test(arguments: [true, false]) func `it selects the best model, in its own direction`(
        greater: Bool
    ) throws {
        // Grows with every evaluation, independent of the model.
        let clock = Clock()
        let metric = CustomMetric("ticks", greaterIsBetter: greater) { _ in clock.tick() }
        try withTemporaryFolder { folder in
            let (trainer, _) = try trainer([metric], in: folder) {
                $0.metricForBestModel = "ticks"
                $0.loadBestModelAtEnd = true
                $0.saveStrategy = .steps
            }
            let outcome = try trainer.run { _ in }
            #expect(outcome.weightsStep == (greater ? 6 : 2))
        }
    }

    @Test func `a NaN value is left out`() throws {
        let (trainer, _) = try trainer([CustomMetric("odd") { _ in .nan }, share])
        var names: [String] = []
        _ = try trainer.run {
            if case .evaluated(let record) = $0 { names = record.customMetrics.map(\.name) }
        }
        #expect(names == ["share_right"])
    }

    @Test(
        arguments: [
            ("accuracy", "there is already a metric called \"accuracy\""), ("loss", "already"),
            ("runtime", "already"), ("f1_macro", "already"), ("eval_mine", "cannot be called \"eval_mine\""),
            ("", "cannot be called \"\""), ("My metric", "cannot be called"), ("twice", "already"),
        ]
    )
    func `reserved and invalid names are refused`(name: String, message: String) {
        let twice = CustomMetric("twice") { _ in 0 }
        #expect { try trainer([twice, CustomMetric(name) { _ in 0 }]) } throws: { "\($0)".contains(message) }
    }

    @Test func `for multi-label and regression it gets the targets`() throws {
        let several = try classifier(.multiLabel)
        let sets = texts.indices.map { $0.isMultiple(of: 3) ? [] : [$0 % 2] }
        let none = CustomMetric("without") { answers in
            guard case .labelSets(let sets) = answers.targets, answers.labels == ["bad", "good"] else {
                return -1
            }
            // Sigmoids, so their sum is not 1.
            let isSum = answers.scores.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-9 }
            return isSum ? -2 : Double(sets.count(where: \.isEmpty))
        }
        let first = try evaluate(
            several,
            on: several.encode(texts, targets: .labelSets(sets)),
            metrics: [none]
        )
        #expect(first?.customMetrics == [NamedValue(name: "without", value: 3)])

        let regression = try classifier(.regression)
        let bias = CustomMetric("bias") { answers in
            guard case .numbers(let numbers) = answers.targets else { return -1 }
            return zip(answers.scores, numbers).reduce(0) { $0 + $1.0[0] - $1.1 } / Double(numbers.count)
        }
        let numbers = Targets.numbers(texts.indices.map(Double.init))
        let second = try #require(
            try evaluate(regression, on: regression.encode(texts, targets: numbers), metrics: [bias])
        )
        let answers = try regression.classify(texts).map(\.score)
        let wanted = zip(answers, 0..<8).reduce(0) { $0 + $1.0 - Double($1.1) } / 8
        // 1e-5: other batch sizes sum in another order.
        #expect(abs(second.customMetrics[0].value - wanted) < 1e-5)
    }
}

/// Counts calls.
private final class Clock: Sendable {
    private let count = Atomic<Int>(0)

    func tick() -> Double { Double(count.add(1, ordering: .relaxed).newValue) }
}
