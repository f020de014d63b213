import Classification
public import NN

/// A metric of your own, computed at every evaluation beside the others and written as `eval_<name>`.
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
    /// What a classifier said of all held-out examples, and what is right.
    public struct Answers: Sendable, Equatable {
        /// A row per example, a number per label.
        public let logits: [[Float]]
        /// The same as probabilities, by softmax or of several labels by a sigmoid each; of a regression the number itself.
        public let scores: [[Double]]
        /// What is right: class ids, sets of them, or numbers.
        public let targets: Targets
        /// The label names by id.
        public let labels: [String]
    }

    /// What it is called, without `eval_`: small letters, digits and `_`.
    public let name: String
    /// Whether more of it is better, where it chooses the best model.
    public let greaterIsBetter: Bool
    /// The number; one that is infinite or not a number is left out of the evaluation, as metrics are that the examples
    /// leave undefined.
    public let measure: @Sendable (Answers) -> Double

    /// A metric.
    ///
    /// - Parameters:
    ///   - name: Small letters, digits and `_`; none of the names that there are.
    ///   - greaterIsBetter: Whether more of it is better.
    ///   - measure: From all answers to a number.
    public init(
        _ name: String,
        greaterIsBetter: Bool = true,
        _ measure: @escaping @Sendable (Answers) -> Double
    ) {
        self.name = name
        self.greaterIsBetter = greaterIsBetter
        self.measure = measure
    }

    /// The numbers of some metrics.
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

    /// Refuses names that are none, that stand twice, or that another metric has.
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
                    "a metric cannot be called \"\(metric.name)\": a name is small letters, digits and _, and eval_ is put "
                        + "before it by itself"
                )
            }
            guard taken.insert(metric.name).inserted else {
                throw TrainingError(
                    .badArgument,
                    "there is a metric called \"\(metric.name)\" already; give yours another name"
                )
            }
        }
    }
}

/// A number with a name.
public struct NamedValue: Sendable, Equatable {
    /// What it is called.
    public let name: String
    /// The number.
    public let value: Double

    /// A number with a name.
    ///
    /// - Parameters:
    ///   - name: What it is called.
    ///   - value: The number.
    public init(name: String, value: Double) { (self.name, self.value) = (name, value) }
}
