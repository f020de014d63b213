public import Classification
public import Evaluation
import Training

/// The loss of accuracy by an export: metrics of the classifier before, and with the weights of the format, on the same rows.
public struct ExportAccuracy: Sendable, Equatable {
    /// The answers of a classifier.
    public struct Answers: Sendable, Equatable {
        /// The metrics.
        public let metrics: EvaluationMetrics
        /// The predicted labels of each row; nil for a regression, or if there are too many to keep.
        let labels: [[String]]?

        /// Evaluates a classifier in float32.
        ///
        /// - Parameters:
        ///   - classifier: The classifier.
        ///   - rows: The labelled rows.
        ///   - progress: Receives the number of evaluated rows.
        /// - Throws: ``UnknownLabel`` for a label that the classifier does not have; the errors of evaluation.
        public init(
            of classifier: TextClassifier,
            on rows: LabelledTexts,
            progress: (Int) -> Void = { _ in }
        ) throws {
            let targets = try rows.targets(among: classifier.labels)
            let examples = classifier.encode(rows.inputs, targets: targets)
            let record = try Training.evaluate(classifier, on: examples, withIntervals: true) { done in
                progress(done)
                return true
            }
            guard let record else { throw CancellationError() }
            metrics = record.metrics
            let width = classifier.labels.count
            labels =
                classifier.problemType == .regression
                ? nil
                : record.logits.map { logits in
                    let starts = stride(from: 0, to: logits.count, by: width)
                    let rows = starts.map { Array(logits[$0..<$0 + width]) }
                    return classifier.predictions(of: rows).map(\.labels)
                }
        }
    }

    /// The metrics of the classifier before the export.
    public let before: EvaluationMetrics
    /// The metrics with the weights of the format.
    public let after: EvaluationMetrics
    /// The number of rows with other predicted labels; nil for a regression, or if it is unknown.
    public let changedRows: Int?

    /// Compares two evaluations of the same rows.
    ///
    /// - Parameters:
    ///   - before: The answers of the classifier before the export.
    ///   - after: The answers with the weights of the format.
    public init(before: Answers, after: Answers) {
        (self.before, self.after) = (before.metrics, after.metrics)
        changedRows = before.labels.flatMap { first in
            after.labels.map { zip(first, $0).count(where: !=) }
        }
    }
}
