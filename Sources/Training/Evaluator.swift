public import Classification
import Evaluation
import Foundation
import Models
import NN
import Torch

/// Measures a classifier on labelled examples.
///
/// - Parameters:
///   - classifier: In whatever state it is.
///   - examples: With targets of the classifier's kind.
///   - batchSize: Texts of a batch; nil fills batches by tokens.
///   - precision: Type of matrix products.
///   - step: The step that the record is to name.
///   - epoch: The epoch that the record is to name.
///   - metrics: Of your own, computed beside the others.
///   - withIntervals: Whether to measure 95 % intervals too, by drawing the examples again.
///   - progress: Told how many examples are done; returns whether to go on.
/// - Returns: The record; nil where `progress` stopped it.
/// - Throws: ``TrainingError`` where the examples have no targets or others than the classifier's, or where logits are no
///   numbers; `TorchError`.
public func evaluate(
    _ classifier: TextClassifier,
    on examples: EncodedExamples,
    batchSize: Int? = nil,
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
        matmulDType: precision.matmulDType,
        progress: progress
    )
    guard logits.count == examples.count else { return nil }
    let runtime = (ContinuousClock.now - start) / .seconds(1)
    try requireFinite(logits, step: step, precision)
    let predictions = classifier.predictions(of: logits)
    guard let targets = examples.targets,
        let (losses, numbers) = measured(
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
    return EvaluationRecord(
        step: step,
        epoch: epoch,
        loss: losses.reduce(0, +) / Double(max(losses.count, 1)),
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

/// Each example's loss and the metrics of all; nil where the targets are of another kind.
private func measured(
    _ predictions: [Prediction],
    _ targets: Targets?,
    labelCount: Int,
    withIntervals: Bool
) -> (losses: [Double], metrics: EvaluationMetrics)? {
    guard let problemType = predictions.first?.problemType ?? targets?.problemType else { return nil }
    switch (problemType, targets) {
    case (.singleLabel, .classes(let ids)):
        let losses = zip(predictions, ids).map { prediction, id in
            let row = prediction.logits
            let highest = Double(row.max() ?? 0)
            return log(row.reduce(0) { $0 + exp(Double($1) - highest) }) + highest - Double(row[id])
        }
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
        return (losses, .singleLabel(metrics))
    case (.multiLabel, .labelSets(let sets)):
        let losses = zip(predictions, sets).map { prediction, set in
            let row = prediction.logits.map(Double.init)
            let decisions = row.map { max($0, 0) + log1p(exp(-abs($0))) }.reduce(0, +)
            return (decisions - Set(set).reduce(0) { $0 + row[$1] }) / Double(labelCount)
        }
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
        return (losses, .multiLabel(metrics))
    case (.regression, .numbers(let numbers)):
        let answers = predictions.map(\.score)
        let losses = zip(answers, numbers).map { ($0 - $1) * ($0 - $1) }
        let metrics = RegressionMetrics(
            predictions: answers,
            labels: numbers,
            withIntervals: withIntervals
        )
        return (losses, .regression(metrics))
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
        let (_, metrics) = measured(
            classifier.predictions(of: logits),
            targets,
            labelCount: count,
            withIntervals: false
        )
    else { return [] }
    return EvaluationRecord(step: 0, epoch: 0, loss: 0, metrics: metrics, runtime: 1).values().map(\.name)
}
