import Datasets
import JSON

/// The best evaluation so far, and early stopping.
///
/// Source: `Trainer._determine_best_metric` and `EarlyStoppingCallback` of transformers 5.23.
struct ModelSelection: Sendable, Equatable {
    /// The metric's name with its prefix, `eval_loss`.
    let metric: String
    let greaterIsBetter: Bool
    /// The number of evaluations without improvement after which to stop; nil never stops.
    let patience: Int?
    /// The smallest improvement that resets the count for ``patience``.
    let threshold: Double
    /// The best value so far.
    private(set) var bestValue: Double?
    /// The step of the best value.
    private(set) var bestStep: Int?
    private(set) var evaluationsWithoutImprovement = 0

    init(_ arguments: TrainingArguments, metrics: [CustomMetric] = []) {
        let name = arguments.metricForBestModel ?? "loss"
        let metric = name.hasPrefix("eval_") ? name : "eval_" + name
        let own = metrics.first { "eval_" + $0.name == metric }
        self.metric = metric
        greaterIsBetter = arguments.greaterIsBetter ?? own?.greaterIsBetter ?? !Self.isLossLike(metric)
        patience = arguments.earlyStoppingPatience
        threshold = arguments.earlyStoppingThreshold
    }

    /// Whether a smaller value of a metric is better.
    ///
    /// transformers checks only for the ending `loss` and would keep a regression's model with the largest error.
    static func isLossLike(_ name: String) -> Bool {
        let parts = name.lowercased().split(separator: "_")
        let errors: Set<Substring> = ["loss", "mse", "rmse", "mae", "brier", "ece", "error", "runtime"]
        return parts.contains { errors.contains($0) }
    }

    /// Whether ``patience`` is used up.
    var shouldStop: Bool { patience.map { evaluationsWithoutImprovement >= $0 } ?? false }

    /// Records an evaluation.
    ///
    /// - Parameter record: The evaluation.
    /// - Returns: True if it is the best so far.
    /// - Throws: ``TrainingError`` if the evaluation does not have the metric.
    mutating func record(_ record: EvaluationRecord) throws(TrainingError) -> Bool {
        guard let value = record.values().first(where: { $0.name == metric })?.value else {
            throw Self.unknown(metric, among: record.values().map(\.name))
        }
        let isBetter = bestValue.map { greaterIsBetter ? value > $0 : value < $0 } ?? true
        let isEnough = isBetter && (bestValue.map { abs(value - $0) > threshold } ?? true)
        evaluationsWithoutImprovement = isEnough ? 0 : evaluationsWithoutImprovement + 1
        if isBetter { (bestValue, bestStep) = (value, record.step) }
        return isBetter
    }

    /// The error for an unknown metric.
    ///
    /// - Parameters:
    ///   - metric: The metric, with `eval_`.
    ///   - names: The available metrics, with `eval_`.
    ///   - isLeftOut: Whether the metric is left out because there are too many evaluation texts and labels.
    /// - Returns: The error, which lists the available metrics.
    static func unknown(_ metric: String, among names: [String], isLeftOut: Bool = false) -> TrainingError {
        let own = names.map { String($0.trimmingPrefix("eval_")) }
            .filter { $0 != "runtime" && !$0.hasSuffix("_per_second") }
        let near = isLeftOut ? nil : nearest(to: String(metric.trimmingPrefix("eval_")), among: own)
        return TrainingError(
            .badArgument,
            "--metric-for-best-model \(metric.trimmingPrefix("eval_")) is not available"
                + (isLeftOut
                    ? ", because there are too many evaluation texts and labels to compare their scores" : "")
                + (near.map { "; did you mean \($0)? Choose one of " } ?? "; choose one of ")
                + own.joined(separator: ", ")
        )
    }

    /// Forgets the best evaluation, so that the next one becomes the best.
    mutating func forget() { (bestValue, bestStep) = (nil, nil) }

    /// The state of early stopping in `trainer_state.json`, in the format of transformers' callback.
    var callbackState: JSONValue {
        guard let patience else { return .object([:]) }
        return .object([
            "EarlyStoppingCallback": .object([
                "args": .object([
                    "early_stopping_patience": .int(patience), "early_stopping_threshold": .double(threshold),
                ]),
                "attributes": .object([
                    "early_stopping_patience_counter": .int(evaluationsWithoutImprovement)
                ]),
            ])
        ])
    }

    /// Restores the state from a checkpoint's `trainer_state.json`.
    mutating func restore(_ document: JSONValue) {
        bestValue = document["best_metric"].double
        bestStep = document["best_global_step"].int
        let callback = document["stateful_callbacks"]["EarlyStoppingCallback"]
        evaluationsWithoutImprovement = callback["attributes"]["early_stopping_patience_counter"].int ?? 0
    }
}
