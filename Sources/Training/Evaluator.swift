public import Classification
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
    guard let targets = examples.targets, targets.problemType == classifier.problemType else {
        throw TrainingError(
            .badData,
            "the examples have no targets of the classifier's kind, \(classifier.problemType.rawValue)"
        )
    }
    let start = ContinuousClock.now
    let width = classifier.labels.count
    // Logits pass by and are not kept, but for metrics of your own, which take all of them.
    var meter = EvaluationMeter(targets, labelCount: width)
    var loss = EvaluationLoss(loss, for: classifier)
    var kept: [[Float]] = []
    var lost: [Int] = []
    var done = 0
    try classifier.forEachBatch(
        of: examples,
        batchSize: batchSize,
        maxTokensPerBatch: maxTokensPerBatch,
        matmulDType: precision.matmulDType
    ) { range, logits in
        let rows = range.map { ($0 - range.lowerBound) * width..<($0 - range.lowerBound + 1) * width }
        lost += zip(range, rows).filter { !logits[$1].allSatisfy(\.isFinite) }.map(\.0)
        if lost.isEmpty {
            meter.add(logits)
            try loss.add(logits, width: width, of: targets)
            if !metrics.isEmpty { kept += rows.map { Array(logits[$0]) } }
        }
        done = range.upperBound
        return progress(done)
    }
    guard done == examples.count else { return nil }
    try requireFinite(lost, step: step, precision)
    let runtime = (ContinuousClock.now - start) / .seconds(1)
    return EvaluationRecord(
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
        runtime: runtime
    )
}

/// Metrics of NaN and of infinite logits would be numbers all the same.
private func requireFinite(_ lost: [Int], step: Int, _ precision: Precision) throws(TrainingError) {
    guard !lost.isEmpty else { return }
    throw TrainingError(
        .notFinite,
        "evaluation after step \(step): the logits of \(Trainer.list(lost)) of the evaluation texts are no numbers "
            + "(products in \(precision.matmulDType.rawValue)); take an earlier checkpoint"
            + (precision == .bf16 ? ", or --precision fp32" : "")
    )
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
