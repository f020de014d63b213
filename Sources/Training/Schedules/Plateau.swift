import JSON

/// Lowers the learning rate when evaluations stop improving.
///
/// Uses the metric's own direction; transformers treats every metric as a loss here.
///
/// Source: `torch.optim.lr_scheduler.ReduceLROnPlateau` with a relative threshold.
struct Plateau: Sendable, Equatable {
    private(set) var learningRate: Double
    private var best: Double?
    private var badEvaluations = 0
    private var cooldownLeft = 0
    private let options: SchedulerOptions
    private let greaterIsBetter: Bool

    init(peak: Double, options: SchedulerOptions, greaterIsBetter: Bool) {
        learningRate = peak
        self.options = options
        self.greaterIsBetter = greaterIsBetter
    }

    /// Records an evaluation.
    ///
    /// - Parameter value: The value of the metric.
    mutating func record(_ value: Double) {
        if isBetter(value) {
            best = value
            badEvaluations = 0
        } else {
            badEvaluations += 1
        }
        if cooldownLeft > 0 {
            cooldownLeft -= 1
            badEvaluations = 0
        }
        guard badEvaluations > (options.patience ?? 10) else { return }
        cooldownLeft = options.cooldown ?? 0
        badEvaluations = 0
        let lower = max(learningRate * (options.factor ?? 0.1), options.minLr ?? 0)
        // torch's `eps`: smaller changes are not applied.
        if learningRate - lower > 1e-8 { learningRate = lower }
    }

    private func isBetter(_ value: Double) -> Bool {
        guard let best else { return !value.isNaN }
        let threshold = options.threshold ?? 1e-4
        return greaterIsBetter ? value > best * (1 + threshold) : value < best * (1 - threshold)
    }

    /// The state as JSON, for a checkpoint.
    var json: JSONValue {
        .object([
            "learning_rate": .double(learningRate), "best": best.map(JSONValue.double) ?? .null,
            "num_bad_epochs": .int(badEvaluations), "cooldown_counter": .int(cooldownLeft),
        ])
    }

    /// Forgets the best value, because later values cannot be compared with it.
    mutating func forget() { best = nil }

    /// Restores the state from a checkpoint.
    ///
    /// - Parameters:
    ///   - state: The output of ``json``.
    ///   - formerPeak: The highest learning rate of the checkpoint's run. Its reductions are applied to this run's learning
    ///     rate, too.
    mutating func restore(_ state: JSONValue, formerPeak: Double? = nil) {
        if let saved = state["learning_rate"].double {
            // Keep the saved value to the bit if the peak is the same.
            let peak = learningRate
            learningRate = formerPeak.map { $0 == peak ? saved : saved * peak / $0 } ?? saved
        }
        best = state["best"].double
        badEvaluations = state["num_bad_epochs"].int ?? 0
        cooldownLeft = state["cooldown_counter"].int ?? 0
    }
}
