import ArgumentParser
import Attune

// Flags that have an effect only together with another flag: they are refused, not ignored.
extension TrainCommand {
    /// Refuses settings that would have no effect.
    ///
    /// A default value is accepted, because the recipe that a run writes lists every setting. A recipe's value is accepted,
    /// too, if the command line overrides the setting that it depends on.
    ///
    /// - Parameters:
    ///   - arguments: The settings from the flags.
    ///   - line: The command line and its recipe.
    /// - Throws: `ValidationError` naming the flag and the flag that it needs.
    func requireEffect(_ arguments: TrainingArguments, _ line: TrainingCommandLine) throws {
        if let steps = saving.evalSteps, arguments.evalStrategy != .steps, steps != arguments.loggingSteps,
            !line.overrides("eval-strategy", neededBy: "eval-steps")
        {
            throw ValidationError(
                "--eval-steps \(steps) needs --eval-strategy steps, but --eval-strategy is "
                    + "\(arguments.evalStrategy.rawValue); leave out one of them"
            )
        }
        for setting in settingsWithoutEffect(arguments) {
            guard !line.overrides(setting.needed, neededBy: setting.flag) else { continue }
            let value = setting.value.map { " " + $0 } ?? ""
            throw ValidationError(
                "--\(setting.flag) has no effect without --\(setting.needed)\(value); add that, or leave it out"
            )
        }
    }

    /// A setting that has an effect only together with another one.
    private struct DependentSetting {
        var flag: String
        var needed: String
        /// The value that the other setting must have, if it takes a value.
        var value: String?

        init(_ flag: String, _ needed: String, _ value: String? = nil) {
            (self.flag, self.needed, self.value) = (flag, needed, value)
        }
    }

    private func settingsWithoutEffect(_ arguments: TrainingArguments) -> [DependentSetting] {
        let defaults = TrainingArguments()
        var settings: [DependentSetting] = []
        func add(_ flag: String, _ needed: String, _ value: String? = nil, if isUseless: Bool) {
            if isUseless { settings.append(DependentSetting(flag, needed, value)) }
        }
        let savesBySteps = arguments.saveStrategy == .steps
        add(
            "save-steps",
            "save-strategy",
            "steps",
            if: arguments.saveSteps != defaults.saveSteps && !savesBySteps
        )
        let savesNone = arguments.saveStrategy == .no && !arguments.loadBestModelAtEnd
        add(
            "save-total-limit",
            "save-strategy",
            "steps, epoch or best",
            if: arguments.saveTotalLimit != nil && savesNone
        )
        let evaluatesByLoggingSteps = arguments.evalStrategy == .steps && saving.evalSteps == nil
        let usesLoggingSteps = arguments.loggingStrategy == .steps || evaluatesByLoggingSteps
        add(
            "logging-steps",
            "logging-strategy",
            "steps",
            if: arguments.loggingSteps != defaults.loggingSteps && !usesLoggingSteps
        )
        let evaluatesNever = arguments.evalStrategy == .no
        add("eval-delay", "eval-strategy", "steps or epoch", if: arguments.evalDelay != 0 && evaluatesNever)
        add(
            "greater-is-better",
            "eval-strategy",
            "steps or epoch",
            if: arguments.greaterIsBetter != nil && evaluatesNever
        )
        add(
            "early-stopping-threshold",
            "early-stopping-patience",
            if: arguments.earlyStoppingThreshold != 0 && arguments.earlyStoppingPatience == nil
        )
        add(
            "split-seed",
            "test-size",
            if: held.splitSeed != HeldOptions.defaultSplitSeed && held.testSize == nil
        )
        add(
            "sample-seed",
            "sample",
            if: held.sampleSeed != HeldOptions.defaultSampleSeed && held.sample == nil
        )
        let stratifiesSample = held.sampleStratifyBy.map { $0 != HeldOptions.none } ?? false
        add("sample-stratify-by", "sample", if: stratifiesSample && held.sample == nil)
        let (isAdamW, hasBetas) = (arguments.optimizer.isAdamW, arguments.optimizer.hasBetas)
        add(
            "adam-beta1",
            "optim",
            "adamw or lion",
            if: arguments.adamBeta1 != defaults.adamBeta1 && !hasBetas
        )
        add(
            "adam-beta2",
            "optim",
            "adamw or lion",
            if: arguments.adamBeta2 != defaults.adamBeta2 && !hasBetas
        )
        add("adam-epsilon", "optim", "adamw", if: arguments.adamEpsilon != defaults.adamEpsilon && !isAdamW)
        add("hub-strategy", "push-to-hub", if: push.hubStrategy != .everySave && !push.pushToHub)
        return settings
    }

    /// Remarks on settings whose effect may surprise.
    ///
    /// - Parameter arguments: The settings from the flags.
    /// - Returns: Lines for standard error.
    func remarks(_ arguments: TrainingArguments) -> [String] {
        var remarks: [String] = []
        if saving.evalStrategy == nil, let steps = saving.evalSteps {
            remarks.append(
                "--eval-steps \(steps) without --eval-strategy: evaluating every \(counted(steps, "step"))"
            )
        }
        if arguments.warmup != .steps(0), [.constant, .reduceOnPlateau].contains(arguments.scheduler) {
            let scheduler = arguments.scheduler.rawValue
            let instead = arguments.scheduler == .constant ? "; use constant_with_warmup" : ""
            remarks.append("warning: warmup has no effect with the schedule \(scheduler)\(instead)")
        }
        return remarks
    }
}

extension OptimizerName {
    /// Whether the optimizer uses Adam's betas.
    fileprivate var hasBetas: Bool { isAdamW || self == .lion }
}
