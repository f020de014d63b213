public import Classification
import Evaluation
import Foundation
import Models
public import NN
import Torch

/// Measures a classifier on labelled examples.
///
/// - Parameters:
///   - classifier: In whatever state it is.
///   - examples: With targets of the classifier's kind.
///   - loss: The loss that the classifier was trained with, as the record is to have it; nil takes the plain one of the
///     classifier's kind.
///   - batchSize: Texts of a batch; nil fills batches by tokens.
///   - maxTokensPerBatch: Tokens of a batch without a `batchSize`; nil takes 4,096.
///   - precision: Type of matrix products.
///   - step: The step that the record is to name.
///   - epoch: The epoch that the record is to name.
///   - metrics: Of your own, computed beside the others.
///   - withIntervals: Whether to compute 95 % intervals too.
///   - progress: Told how many examples are done; returns whether to go on.
/// - Returns: The record; nil where `progress` stopped it.
/// - Throws: ``TrainingError`` if the examples have no targets or others than the classifier's, if logits or the loss are
///   NaN or infinite, or if all examples have a weight of 0; `TorchError`.
public func evaluate(
    _ classifier: TextClassifier,
    on examples: EncodedExamples,
    loss: (any ClassificationLoss)? = nil,
    batchSize: Int? = nil,
    maxTokensPerBatch: Int? = nil,
    precision: Precision = .fp32,
    step: Int = 0,
    epoch: Double = 0,
    metrics: [CustomMetric] = [],
    withIntervals: Bool = false,
    progress: (Int) -> Bool = { _ in true }
) throws -> EvaluationRecord? {
    try Trainer.requireSound(examples, "evaluation", for: classifier)
    let start = ContinuousClock.now
    let logits = try classifier.logits(
        examples,
        batchSize: batchSize,
        maxTokensPerBatch: maxTokensPerBatch,
        matmulDType: precision.matmulDType,
        progress: progress
    )
    guard logits.count == examples.count else { return nil }
    let runtime = (ContinuousClock.now - start) / .seconds(1)
    try requireFinite(logits, step: step, precision)
    let predictions = classifier.predictions(of: logits)
    guard let targets = examples.targets,
        let numbers = measured(
            predictions,
            targets,
            labelCount: classifier.labels.count,
            withIntervals: withIntervals
        )
    else {
        throw TrainingError(
            .badData,
            "the examples have no targets of the classifier's kind, \(classifier.problemType.rawValue)"
        )
    }
    let loss = EvaluationLoss(loss, for: classifier)
    return EvaluationRecord(
        step: step,
        epoch: epoch,
        loss: try loss.mean(logits, targets, step: step),
        lossNote: loss.note,
        metrics: numbers,
        customMetrics: CustomMetric.values(
            of: metrics,
            logits,
            predictions,
            targets,
            labels: classifier.labels
        ),
        runtime: runtime
    )
}

/// Metrics of what are no numbers would be numbers all the same.
private func requireFinite(_ logits: [[Float]], step: Int, _ precision: Precision) throws(TrainingError) {
    let lost = logits.indices.filter { row in logits[row].contains { !$0.isFinite } }
    guard !lost.isEmpty else { return }
    throw TrainingError(
        .notFinite,
        "evaluation after step \(step): the logits of \(Trainer.list(lost)) of the evaluation texts are no numbers "
            + "(products in \(precision.matmulDType.rawValue)); take an earlier checkpoint"
            + (precision == .bf16 ? ", or --precision fp32" : "")
    )
}

/// The metrics of all examples; nil if the targets are of another kind.
private func measured(
    _ predictions: [Prediction],
    _ targets: Targets?,
    labelCount: Int,
    withIntervals: Bool
) -> EvaluationMetrics? {
    guard let problemType = predictions.first?.problemType ?? targets?.problemType else { return nil }
    switch (problemType, targets) {
    case (.singleLabel, .classes(let ids)):
        let best = predictions.map { prediction in
            let row = prediction.logits
            return row.indices.max { row[$0] < row[$1] } ?? 0
        }
        let metrics = ClassificationMetrics(
            predictions: best,
            labels: ids,
            probabilities: predictions.map(\.scores),
            classCount: labelCount,
            withIntervals: withIntervals
        )
        return .singleLabel(metrics)
    case (.multiLabel, .labelSets(let sets)):
        let given = predictions.map { prediction in
            prediction.scores.indices.filter { prediction.scores[$0] > 0.5 }
        }
        let metrics = MultiLabelMetrics(
            predictions: given,
            labels: sets,
            probabilities: predictions.map(\.scores),
            labelCount: labelCount,
            withIntervals: withIntervals
        )
        return .multiLabel(metrics)
    case (.regression, .numbers(let numbers)):
        let metrics = RegressionMetrics(
            predictions: predictions.map(\.score),
            labels: numbers,
            withIntervals: withIntervals
        )
        return .regression(metrics)
    default: return nil
    }
}

extension Targets {
    /// The kind of answer that goes with them.
    var problemType: ProblemType {
        switch self {
        case .classes: .singleLabel
        case .labelSets: .multiLabel
        case .numbers: .regression
        }
    }
}

/// The names under which evaluations give their numbers, `eval_loss` and so on.
///
/// - Parameter classifier: Says how many labels there are and of what kind.
/// - Returns: Every name that an evaluation in which each label occurs would have.
func metricNames(of classifier: TextClassifier) -> [String] {
    let count = classifier.labels.count
    // An example of each label, each answered rightly and wrongly, leaves no metric undefined.
    let targets: Targets =
        switch classifier.problemType {
        case .singleLabel: .classes(Array(0..<count) + Array(0..<count))
        case .multiLabel: .labelSets((0..<count).map { [$0] } + (0..<count).map { [$0] })
        case .regression: .numbers([0, 1])
        }
    let logits =
        classifier.problemType == .regression
        ? [[0.5], [0.7]] as [[Float]]
        : (0..<2 * count).map { row in
            (0..<count).map { $0 == (row < count ? row : row + 1) % count ? 1 : -1 }
        }
    guard
        let metrics = measured(
            classifier.predictions(of: logits),
            targets,
            labelCount: count,
            withIntervals: false
        )
    else { return [] }
    return EvaluationRecord(step: 0, epoch: 0, loss: 0, metrics: metrics, runtime: 1).values().map(\.name)
}
