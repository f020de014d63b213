public import Classification
import Foundation
import Models
public import NN
public import ProcessGroups
import Torch

/// Evaluates a classifier on labelled examples.
///
/// In a group every rank computes a part, and all get the metrics that one process would get.
///
/// - Parameters:
///   - classifier: The classifier in its current state.
///   - examples: The examples, with targets of the classifier's problem type.
///   - loss: The loss to report, usually that of training; nil takes the plain loss of the classifier's problem type.
///   - batchSize: Texts per batch; nil fills batches by tokens.
///   - maxTokensPerBatch: Maximum tokens per batch, if there is no `batchSize`; nil takes 4,096.
///   - precision: The type of matrix products.
///   - step: The step for the record.
///   - epoch: The epoch for the record.
///   - metrics: Custom metrics, computed in addition to the others.
///   - withIntervals: Whether to compute 95 % intervals too.
///   - group: The ranks, which must all call this with equal arguments; nil evaluates in this process alone.
///   - progress: Called with the number of finished examples; returns whether to continue. In a group it is called once a
///     round, equally often on all ranks, which stop together if it returns false on one of them.
/// - Returns: The record; nil if `progress` stopped the evaluation.
/// - Throws: ``TrainingError`` if the examples have no targets or those of another problem type, if logits or the loss are
///   NaN or infinite, or if all examples have a weight of 0; `TorchError`; `DistributedError`; the errors of `progress`.
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
    group: ProcessGroup? = nil,
    progress: (Int) throws -> Bool = { _ in true }
) throws -> EvaluationRecord? {
    try Trainer.requireSound(examples, "evaluation", for: classifier)
    guard let targets = examples.targets, targets.problemType == classifier.problemType else {
        throw TrainingError(
            .badData,
            "the examples have no targets of the classifier's problem type, \(classifier.problemType.rawValue)"
        )
    }
    let start = ContinuousClock.now
    let width = classifier.labels.count
    // Logits are not kept, except for custom metrics, which need all of them.
    var meter = EvaluationMeter(targets, labelCount: width)
    var loss = EvaluationLoss(loss, for: classifier)
    var kept: [[Float]] = []
    // A run's final evaluation keeps them for its report.
    let keepsLogits = withIntervals && examples.count * width <= 1 << 22
    var scored: [Float] = []
    // Metrics are those of calibrated scores; the loss is that of the model.
    var decisions = DecisionMeter(classifier, targets)
    var lost: [Int] = []
    var done = 0
    func take(_ range: Range<Int>, _ logits: [Float]) throws -> Bool {
        let rows = range.map { ($0 - range.lowerBound) * width..<($0 - range.lowerBound + 1) * width }
        lost += zip(range, rows).filter { !logits[$1].allSatisfy(\.isFinite) }.map(\.0)
        if lost.isEmpty {
            meter.add(decisions?.add(logits) ?? logits)
            if keepsLogits { scored += logits }
            try loss.add(logits, width: width, of: targets)
            if !metrics.isEmpty { kept += rows.map { Array(logits[$0]) } }
        }
        done = range.upperBound
        return try progress(done)
    }
    if let group {
        try classifier.forEachRound(
            of: examples,
            batchSize: batchSize,
            maxTokensPerBatch: maxTokensPerBatch,
            matmulDType: precision.matmulDType,
            in: group,
            take
        )
    } else {
        try classifier.forEachBatch(
            of: examples,
            batchSize: batchSize,
            maxTokensPerBatch: maxTokensPerBatch,
            matmulDType: precision.matmulDType,
            take
        )
    }
    guard done == examples.count else { return nil }
    try requireFinite(lost, step: step, precision)
    let runtime = (ContinuousClock.now - start) / .seconds(1)
    var record = EvaluationRecord(
        step: step,
        epoch: epoch,
        loss: try loss.mean(of: targets, step: step),
        lossNote: loss.note,
        metrics: meter.metrics(withIntervals: withIntervals),
        customMetrics: CustomMetric.values(
            of: metrics,
            kept,
            classifier.predictions(of: kept),
            targets,
            labels: classifier.labels
        ),
        decisions: decisions?.effect,
        runtime: runtime
    )
    if keepsLogits { record.logits = scored }
    return record
}

/// Refuses non-finite logits, because their metrics would still be numbers.
private func requireFinite(_ lost: [Int], step: Int, _ precision: Precision) throws(TrainingError) {
    guard !lost.isEmpty else { return }
    throw TrainingError(
        .notFinite,
        "evaluation after step \(step): the logits of \(Trainer.list(lost)) of the evaluation texts are NaN or infinite "
            + "(matrix products in \(precision.matmulDType.rawValue)); use an earlier checkpoint"
            + (precision == .bf16 ? ", or --precision fp32" : "")
    )
}

extension Targets {
    /// The problem type of the targets.
    var problemType: ProblemType {
        switch self {
        case .classes: .singleLabel
        case .labelSets: .multiLabel
        case .numbers: .regression
        case .taught(let taught): taught.labels.problemType
        }
    }
}
