public import Classification
import Evaluation
import Foundation
public import Torch

/// Measures a classifier on labelled examples.
///
/// - Parameters:
///   - classifier: In whatever state it is.
///   - examples: With labels.
///   - batchSize: Texts of a batch; nil fills batches by tokens.
///   - precision: Type of matrix products.
///   - step: The step that the record is to name.
///   - epoch: The epoch that the record is to name.
///   - progress: Told how many examples are done; returns whether to go on.
/// - Returns: The record; nil where `progress` stopped it.
/// - Throws: `TorchError`.
public func evaluate(
    _ classifier: TextClassifier,
    on examples: EncodedExamples,
    batchSize: Int? = nil,
    precision: Precision = .fp32,
    step: Int = 0,
    epoch: Double = 0,
    progress: (Int) -> Bool = { _ in true }
) throws(TorchError) -> EvaluationRecord? {
    let start = ContinuousClock.now
    let logits = try classifier.logits(
        examples,
        batchSize: batchSize,
        matmulDType: precision.matmulDType,
        progress: progress
    )
    guard logits.count == examples.count else { return nil }
    let runtime = (ContinuousClock.now - start) / .seconds(1)
    let losses = zip(logits, examples.labels).map { row, label in
        let highest = Double(row.max() ?? 0)
        return log(row.reduce(0) { $0 + exp(Double($1) - highest) }) + highest - Double(row[label])
    }
    let predictions = logits.map { row in row.indices.max { row[$0] < row[$1] } ?? 0 }
    let confusion = ConfusionMatrix(
        predictions: predictions,
        labels: examples.labels,
        classCount: classifier.labels.count
    )
    return EvaluationRecord(
        step: step,
        epoch: epoch,
        loss: losses.reduce(0, +) / Double(max(losses.count, 1)),
        metrics: ClassificationMetrics(confusion),
        runtime: runtime
    )
}
