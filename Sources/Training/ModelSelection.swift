import JSON

/// Which evaluation was the best so far, and whether it is time to stop.
///
/// Source: `Trainer._determine_best_metric` and `EarlyStoppingCallback` of transformers 5.23.
struct ModelSelection: Sendable, Equatable {
    /// The metric's name with its prefix, `eval_loss`.
    let metric: String
    let greaterIsBetter: Bool
    /// Evaluations without improvement after which to stop; nil never stops.
    let patience: Int?
    /// How much an improvement must be to count against ``patience``.
    let threshold: Double
    /// The best value so far.
    private(set) var bestValue: Double?
    /// The step it was measured at.
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

    /// Whether less of a metric is better.
    ///
    /// The reference looks at the ending `loss` alone and would keep the model with the largest error of a regression.
    static func isLossLike(_ name: String) -> Bool {
        let parts = name.lowercased().split(separator: "_")
        let errors: Set<Substring> = ["loss", "mse", "rmse", "mae", "brier", "ece", "error", "runtime"]
        return parts.contains { errors.contains($0) }
    }

    /// Whether ``patience`` is used up.
    var shouldStop: Bool { patience.map { evaluationsWithoutImprovement >= $0 } ?? false }

    /// Takes in an evaluation.
    ///
    /// - Parameter record: What was measured.
    /// - Returns: Whether it is the best so far.
    /// - Throws: ``TrainingError`` where the metric is not among its numbers.
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

    /// The error for a metric that there is not.
    ///
    /// - Parameters:
    ///   - metric: With `eval_`.
    ///   - names: The metrics that are measured, with `eval_`.
    ///   - isLeftOut: Whether it is one that so many evaluation texts and labels leave out.
    /// - Returns: The error, with the metrics that are measured.
    static func unknown(_ metric: String, among names: [String], isLeftOut: Bool = false) -> TrainingError {
        let own = names.map { String($0.trimmingPrefix("eval_")) }
            .filter { $0 != "runtime" && !$0.hasSuffix("_per_second") }
        return TrainingError(
            .badArgument,
            "--metric-for-best-model \(metric.trimmingPrefix("eval_")) is not measured"
                + (isLeftOut
                    ? ", because it compares the scores of too many evaluation texts and labels" : "")
                + "; the metrics are "
                + own.joined(separator: ", ")
        )
    }

    /// Forgets the best evaluation, so that the next one is the best so far.
    mutating func forget() { (bestValue, bestStep) = (nil, nil) }

    /// What `trainer_state.json` keeps of early stopping, as the reference's callback does.
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

    /// Goes on from a checkpoint's `trainer_state.json`.
    mutating func restore(_ document: JSONValue) {
        bestValue = document["best_metric"].double
        bestStep = document["best_global_step"].int
        let callback = document["stateful_callbacks"]["EarlyStoppingCallback"]
        evaluationsWithoutImprovement = callback["attributes"]["early_stopping_patience_counter"].int ?? 0
    }
}
