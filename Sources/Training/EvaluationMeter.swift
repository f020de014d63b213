import Classification
import Evaluation
import Models
import NN

/// Computes metrics from a classifier's logits batch by batch, without keeping all logits.
enum EvaluationMeter {
    case singleLabel(ClassificationAccumulator)
    case multiLabel(MultiLabelAccumulator)
    /// The predicted numbers so far, and the targets.
    case regression([Double], [Double])

    /// Creates a meter for examples to be added.
    ///
    /// - Parameters:
    ///   - targets: The valid targets of all examples.
    ///   - labelCount: The classifier's number of labels.
    init(_ targets: Targets, labelCount: Int) {
        switch targets {
        case .classes(let ids):
            self = .singleLabel(ClassificationAccumulator(labels: ids, classCount: labelCount))
        case .labelSets(let sets):
            self = .multiLabel(MultiLabelAccumulator(labels: sets, labelCount: labelCount))
        case .numbers(let numbers): self = .regression([], numbers)
        case .taught(let taught): self.init(taught.labels, labelCount: labelCount)
        }
    }

    /// Adds the next examples.
    ///
    /// - Parameter logits: `[B · K]`, finite, example by example.
    mutating func add(_ logits: [Float]) {
        switch self {
        case .singleLabel(var accumulator):
            // Release the other reference, so that the accumulator is changed in place.
            self = .regression([], [])
            accumulator.add(logits: logits)
            self = .singleLabel(accumulator)
        case .multiLabel(var accumulator):
            self = .regression([], [])
            accumulator.add(logits: logits)
            self = .multiLabel(accumulator)
        case .regression(var numbers, let wanted):
            self = .regression([], [])
            numbers += logits.map(Double.init)
            self = .regression(numbers, wanted)
        }
    }

    /// The metrics, after all examples have been added.
    ///
    /// - Parameter withIntervals: Whether to compute 95 % intervals.
    /// - Returns: The metrics.
    func metrics(withIntervals: Bool) -> EvaluationMetrics {
        switch self {
        case .singleLabel(let accumulator): .singleLabel(accumulator.metrics(withIntervals: withIntervals))
        case .multiLabel(let accumulator): .multiLabel(accumulator.metrics(withIntervals: withIntervals))
        case .regression(let numbers, let wanted):
            .regression(
                RegressionMetrics(predictions: numbers, labels: wanted, withIntervals: withIntervals)
            )
        }
    }

    /// Whether the areas under curves are left out because there are too many scores.
    var leavesOutAreas: Bool {
        switch self {
        case .singleLabel(let accumulator): accumulator.leavesOutAreas
        case .multiLabel(let accumulator): accumulator.leavesOutAreas
        case .regression: false
        }
    }

    /// The names of the areas under curves.
    static let areaNames = ["roc_auc", "average_precision"]

    /// The names of the metrics of an evaluation, `eval_loss` and so on.
    ///
    /// - Parameters:
    ///   - problemType: The problem type.
    ///   - labelCount: The number of labels.
    ///   - targets: The targets of the evaluation examples; nil for few examples.
    /// - Returns: The names of all metrics of an evaluation in which each label occurs.
    static func metricNames(_ problemType: ProblemType, labelCount: Int, targets: Targets?) -> [String] {
        // More than three labels have the same metrics as three.
        let count = min(labelCount, 3)
        // With a right and a wrong prediction for each label, no metric is undefined.
        let examples: Targets =
            switch problemType {
            case .singleLabel: .classes(Array(0..<count) + Array(0..<count))
            case .multiLabel: .labelSets((0..<count).map { [$0] } + (0..<count).map { [$0] })
            case .regression: .numbers([0, 1])
            }
        var meter = EvaluationMeter(examples, labelCount: count)
        meter.add(
            problemType == .regression
                ? [0.5, 0.7]
                : (0..<2 * count).flatMap { row in
                    (0..<count).map { $0 == (row < count ? row : row + 1) % count ? 1 : -1 }
                }
        )
        let metrics = meter.metrics(withIntervals: false)
        let names = EvaluationRecord(step: 0, epoch: 0, loss: 0, metrics: metrics, runtime: 1).values().map(
            \.name
        )
        let leavesOut = targets.map { EvaluationMeter($0, labelCount: labelCount).leavesOutAreas } ?? false
        return leavesOut ? names.filter { !areaNames.map { "eval_" + $0 }.contains($0) } : names
    }
}
