import Foundation

/// The metrics of two simple methods on the rows of an evaluation: they show how much a language model adds.
public struct BaselineComparison: Sendable, Equatable {
    /// The metrics of a ``LinearBaseline`` trained on the same rows as the model.
    public let linear: EvaluationMetrics
    /// The metrics of a constant answer: the most frequent class, the labels of most texts, or the mean.
    public let majority: EvaluationMetrics
    /// The number of rows that the baseline was trained on.
    public let trainedRows: Int
    /// The number of rows that the model was trained on.
    public let rows: Int
    /// The duration of training and evaluating the baseline in seconds.
    public var seconds: Double
    /// The name of the constant answer.
    private let constantTitle: String

    /// Trains a linear baseline and evaluates it.
    ///
    /// - Parameters:
    ///   - training: The rows to train on.
    ///   - rows: The number of rows that they were sampled from; nil if they are all.
    ///   - evaluation: The rows to evaluate.
    ///   - labels: The label names by id.
    public init(training: BaselineRows, of rows: Int? = nil, evaluation: BaselineRows, labels: [String]) {
        let start = ContinuousClock.now
        let baseline = LinearBaseline(training: training.texts, training.truth, labels: labels)
        self.init(baseline, training, of: rows, evaluation: evaluation)
        seconds = (ContinuousClock.now - start) / .seconds(1)
    }

    /// Evaluates a trained baseline.
    ///
    /// - Parameters:
    ///   - baseline: The baseline.
    ///   - training: The rows that it was trained on.
    ///   - rows: The number of rows that they were sampled from; nil if they are all.
    ///   - evaluation: The rows to evaluate.
    package init(
        _ baseline: LinearBaseline,
        _ training: BaselineRows,
        of rows: Int? = nil,
        evaluation: BaselineRows
    ) {
        let count = baseline.labels.count
        linear = LinearBaseline.metrics(evaluation.truth, labelCount: count, withIntervals: true) { part in
            baseline.scores(of: Array(evaluation.texts[part]))
        }
        let constant = Self.constantScores(training.truth, labelCount: count)
        majority = LinearBaseline.metrics(evaluation.truth, labelCount: count, withIntervals: false) { part in
            part.flatMap { _ in constant }
        }
        (trainedRows, self.rows, seconds) = (training.texts.count, rows ?? training.texts.count, 0)
        constantTitle = Self.constantTitle(training.truth)
    }

    /// The name of the linear baseline in tables and reports.
    package static let linearTitle = "linear baseline (TF-IDF)"

    /// The name of the constant answer in tables and reports.
    ///
    /// - Parameter truth: The true answers to any rows.
    /// - Returns: The name, which depends only on the kind of the answers.
    package static func constantTitle(_ truth: ScoredRows.Truth) -> String {
        switch truth {
        case .classes: "majority class"
        case .labelSets: "labels of most texts"
        case .numbers: "mean"
        }
    }

    /// The scores that answer without reading the text.
    private static func constantScores(_ truth: ScoredRows.Truth, labelCount: Int) -> [Float] {
        var counts = [Double](repeating: 0, count: labelCount)
        switch truth {
        case .classes(let ids):
            for id in ids { counts[id] += 1 }
            return counts.map { Float(log(max($0, 1e-3) / Double(ids.count))) }
        case .labelSets(let sets):
            for set in sets { for id in set { counts[id] += 1 } }
            return counts.map { Float(log(max($0, 1e-3) / max(Double(sets.count) - $0, 1e-3))) }
        case .numbers(let numbers): return [Float(numbers.reduce(0, +) / Double(max(numbers.count, 1)))]
        }
    }

    /// The names of the metrics that ``table(model:)`` compares; a smaller error is better.
    package var shownNames: [String] {
        switch linear {
        case .singleLabel: ["accuracy", "balanced_accuracy", "f1_macro"]
        case .multiLabel: ["f1_micro", "f1_macro", "accuracy"]
        case .regression: ["rmse", "mae", "r2"]
        }
    }

    /// The most important metrics of the model, of the linear baseline and of the constant answer, as a table.
    ///
    /// - Parameter model: The model's metrics on the same rows; nil leaves out its row.
    /// - Returns: The lines, each ending in a line feed.
    public func table(model: EvaluationMetrics?) -> String {
        func row(_ title: String, _ metrics: EvaluationMetrics) -> [String] {
            [title] + shownNames.map { name in metrics[name].map { String(format: "%.4f", $0) } ?? "" }
        }
        let rows =
            [[""] + shownNames.map(title)]
            + (model.map { [row("this model", $0)] } ?? [])
            + [row(Self.linearTitle, linear), row(constantTitle, majority)]
        return TextTable(numbers: rows).text
    }

    /// A metric's name in tables.
    private func title(_ name: String) -> String {
        switch name {
        case "accuracy": if case .multiLabel = linear { "exact match" } else { name }
        case "f1_micro": "F1 micro"
        case "f1_macro": "F1 macro"
        case "rmse", "mae": name.uppercased()
        case "r2": "R²"
        default: name.replacing("_", with: " ")
        }
    }

    /// A note on the rows, if the baseline saw only a part of them; else empty.
    public var sampleNote: String {
        trainedRows < rows
            ? "The baseline was trained on a random sample of \(trainedRows) of the \(rows) training texts."
            : ""
    }

    /// A sentence for a model that is not better than the linear baseline; nil for a better one.
    ///
    /// A baseline within the model's 95 % interval is as good.
    ///
    /// - Parameter model: The model's metrics on the same rows.
    /// - Returns: The sentence.
    public func warning(model: EvaluationMetrics) -> String? {
        let name = shownNames[0]
        guard let own = model[name], let other = linear[name] else { return nil }
        let isError = name == "rmse"
        guard isError ? own >= other : own <= other else { return nil }
        let isClear = model.intervals[name].map { !$0.contains(other) } ?? false
        let method = isError ? "A linear regression" : "A linear classifier"
        return "\(method), trained in seconds, is \(isClear ? "better" : "as good") on these texts."
    }
}
