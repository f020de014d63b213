import Classification
public import NN

/// A custom metric, computed at every evaluation in addition to the others and written as `eval_<name>`.
///
/// ```swift
/// job.metrics = [
///     CustomMetric("cost", greaterIsBetter: false) { answers in
///         guard case .classes(let ids) = answers.targets else { return 0 }
///         return zip(answers.scores, ids).reduce(0) { $0 + ($1.0[1] > 0.3 ? 1 : $1.1 == 1 ? 10 : 0) }
///     }
/// ]
/// job.arguments.metricForBestModel = "cost"
/// ```
public struct CustomMetric: Sendable {
    /// A classifier's outputs for all evaluation examples, and their targets.
    public struct Answers: Sendable, Equatable {
        /// The logits: one row per example, one number per label.
        public let logits: [[Float]]
        /// The scores: probabilities by softmax, or by sigmoid for multi-label; for a regression the number itself.
        public let scores: [[Double]]
        /// The targets: class ids, sets of class ids, or numbers.
        public let targets: Targets
        /// The label names by id.
        public let labels: [String]
    }

    /// The name without `eval_`: lowercase letters, digits and `_`.
    public let name: String
    /// Whether a greater value is better, if the metric selects the best model.
    public let greaterIsBetter: Bool
    /// Computes the metric.
    ///
    /// A NaN or infinite value is left out of the evaluation, like other metrics that are undefined for the examples.
    public let measure: @Sendable (Answers) -> Double

    /// Creates a metric.
    ///
    /// - Parameters:
    ///   - name: Lowercase letters, digits and `_`; not the name of another metric.
    ///   - greaterIsBetter: Whether a greater value is better.
    ///   - measure: Computes the metric from all answers.
    public init(
        _ name: String,
        greaterIsBetter: Bool = true,
        _ measure: @escaping @Sendable (Answers) -> Double
    ) {
        self.name = name
        self.greaterIsBetter = greaterIsBetter
        self.measure = measure
    }

    /// Computes the values of custom metrics.
    static func values(
        of metrics: [CustomMetric],
        _ logits: [[Float]],
        _ predictions: [Prediction],
        _ targets: Targets,
        labels: [String]
    ) -> [NamedValue] {
        guard !metrics.isEmpty else { return [] }
        let scores = predictions.map(\.scores)
        let answers = Answers(logits: logits, scores: scores, targets: targets, labels: labels)
        return metrics.map { NamedValue(name: $0.name, value: $0.measure(answers)) }.filter(\.value.isFinite)
    }

    /// Rejects invalid, duplicate or reserved names.
    static func requireNames(
        _ metrics: [CustomMetric],
        apartFrom known: [String]
    ) throws(TrainingError) {
        var taken = Set(known.map { String($0.trimmingPrefix("eval_")) })
        for metric in metrics {
            let isName =
                !metric.name.isEmpty
                && metric.name.utf8.allSatisfy {
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
                }
            guard isName, !metric.name.hasPrefix("eval_") else {
                throw TrainingError(
                    .badArgument,
                    "a metric cannot be called \"\(metric.name)\": use lowercase letters, digits and _, without eval_, which is "
                        + "added automatically"
                )
            }
            guard taken.insert(metric.name).inserted else {
                throw TrainingError(
                    .badArgument,
                    "there is already a metric called \"\(metric.name)\"; give yours another name"
                )
            }
        }
    }
}

/// A number with a name.
public struct NamedValue: Sendable, Equatable {
    /// The name.
    public let name: String
    /// The number.
    public let value: Double

    /// Creates a number with a name.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - value: The number.
    public init(name: String, value: Double) { (self.name, self.value) = (name, value) }
}
