import ArgumentParser
import Attune

// Flags that count only beside another one: they are refused rather than ignored.
extension TrainCommand {
    /// Refuses settings that would have no effect.
    ///
    /// A value that is the default anyway is let through: the recipe that a run leaves lists every setting. So is one of a
    /// recipe if the command line overrides the setting that it depends on.
    ///
    /// - Parameters:
    ///   - arguments: The settings that follow from the flags.
    ///   - line: The command line and its recipe.
    /// - Throws: `ValidationError` naming the flag and the one that it needs.
    func requireEffect(_ arguments: TrainingArguments, _ line: TrainingCommandLine) throws {
        if let steps = saving.evalSteps, arguments.evalStrategy != .steps, steps != arguments.loggingSteps,
            !line.overrides("eval-strategy", neededBy: "eval-steps")
        {
            throw ValidationError(
                "--eval-steps \(steps) goes with --eval-strategy steps, and --eval-strategy is "
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

    /// A setting that counts only beside another one.
    private struct DependentSetting {
        var flag: String
        var needed: String
        /// What the other one must be given, if it takes a value.
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
    /// - Parameter arguments: The settings that follow from the flags.
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
            let instead = arguments.scheduler == .constant ? "; constant_with_warmup has" : ""
            remarks.append("warning: the warm-up has no effect: \(scheduler) has none\(instead)")
        }
        return remarks
    }
}

extension OptimizerName {
    /// Whether it keeps running means that the betas of Adam shape.
    fileprivate var hasBetas: Bool { isAdamW || self == .lion }
}
