import JSON

/// The treatment of a resumed run with a setting that differs from its checkpoint's.
enum ResumeRule: Sendable, Equatable {
    /// The run is refused, because weights, moments, position in the data or loss would no longer match.
    case refused
    /// Refused if the checkpoint has a best evaluation, which could not be compared with later ones; else reported.
    case refusedWithBest
    /// The new value is used, and both values are reported.
    case reported
    /// The new value is used without a note, because it does not change the weights.
    case free
}

/// One setting of ``TrainingArguments``, and the treatment of a resumed run that changes it.
struct RecordedSetting: Sendable {
    /// The name in recipes.
    let name: String
    /// The properties of ``TrainingArguments`` that the setting covers.
    let properties: [String]
    /// The treatment of a run that changes the setting.
    let rule: ResumeRule
    /// The value in a checkpoint.
    let value: @Sendable (TrainingArguments) -> JSONValue

    private init(
        _ name: String,
        _ properties: [String],
        _ rule: ResumeRule,
        _ value: @escaping @Sendable (TrainingArguments) -> JSONValue = { _ in .null }
    ) {
        (self.name, self.properties, self.rule, self.value) = (name, properties, rule, value)
    }

    /// All settings.
    ///
    /// A test checks that each property is covered exactly once.
    static let all: [RecordedSetting] = identity + loss + steps + evaluation + free

    /// Settings that determine the position in the data and the meaning of the state.
    private static let identity: [RecordedSetting] = [
        RecordedSetting(
            "batch_size",
            ["perDeviceTrainBatchSize", "gradientAccumulationSteps", "worldSize"],
            .refused
        ) { .int($0.examplesPerStep) },
        RecordedSetting("order", ["dataSeed", "trainSamplingStrategy"], .refused) {
            .string(
                $0.trainSamplingStrategy == .sequential
                    ? "sequential" : "random, seed \($0.dataSeed ?? $0.seed)"
            )
        },
        RecordedSetting("optim", ["optimizer"], .refused) { .string($0.optimizer.rawValue) },
        RecordedSetting("dataloader_drop_last", ["dataloaderDropLast"], .refused) {
            .bool($0.dataloaderDropLast)
        },
        // A seed may be too large for an integer in JSON readers.
        RecordedSetting("seed", ["seed"], .refused) { .string("\($0.seed)") },
        RecordedSetting("freeze", ["frozenParameters"], .refused) {
            .array($0.frozenParameters.map(JSONValue.string))
        },
        RecordedSetting("freeze_layers", ["frozenLayerCount"], .refused) { .optional($0.frozenLayerCount) },
        // A checkpoint without momentum lacks the running sum that momentum needs.
        RecordedSetting("optim_args momentum", ["sgdMomentum"], .refused) { .double($0.sgdMomentum) },
    ]

    /// Settings of the loss.
    ///
    /// Class weights and a custom loss are recorded separately.
    private static let loss: [RecordedSetting] = [
        RecordedSetting("label_smoothing_factor", ["labelSmoothingFactor"], .refused) {
            .double($0.labelSmoothingFactor)
        },
        RecordedSetting("focal_gamma", ["focalGamma"], .refused) { .double($0.focalGamma) },
        RecordedSetting("distillation", ["distillation"], .refused) {
            $0.distillation.map { JSONValue.string("temperature \($0.temperature), alpha \($0.alpha)") }
                ?? .null
        },
        // transformers' inexact loss weighs micro-batches, so their size matters, too.
        RecordedSetting("hf_compat_ga", ["hfCompatGradientAccumulation"], .refused) {
            .string(
                $0.hfCompatGradientAccumulation ? "true, \($0.perDeviceTrainBatchSize) at once" : "false"
            )
        },
    ]

    /// Settings of the following steps.
    private static let steps: [RecordedSetting] = [
        RecordedSetting("learning_rate", ["learningRate"], .reported) { .double($0.learningRate) },
        RecordedSetting("lr_scheduler_type", ["scheduler"], .reported) { .string($0.scheduler.rawValue) },
        RecordedSetting("lr_scheduler_kwargs", ["schedulerOptions"], .reported) {
            .string($0.schedulerOptions.recorded)
        },
        RecordedSetting("warmup_steps", ["warmup"], .reported) {
            switch $0.warmup {
            case .steps(let steps): .int(steps)
            case .ratio(let ratio): .string("\(ratio) of all")
            }
        },
        RecordedSetting("weight_decay", ["weightDecay"], .reported) { .double($0.weightDecay) },
        RecordedSetting("adam_beta1", ["adamBeta1"], .reported) { .double($0.adamBeta1) },
        RecordedSetting("adam_beta2", ["adamBeta2"], .reported) { .double($0.adamBeta2) },
        RecordedSetting("adam_epsilon", ["adamEpsilon"], .reported) { .double($0.adamEpsilon) },
        RecordedSetting("optim_args dampening", ["sgdDampening"], .reported) { .double($0.sgdDampening) },
        RecordedSetting("optim_args nesterov", ["sgdNesterov"], .reported) { .bool($0.sgdNesterov) },
        RecordedSetting("max_grad_norm", ["maxGradNorm"], .reported) { .double($0.maxGradNorm) },
        RecordedSetting("layerwise_lr_decay", ["layerwiseLearningRateDecay"], .reported) {
            .double($0.layerwiseLearningRateDecay)
        },
        RecordedSetting("precision", ["precision"], .reported) { .string($0.precision.rawValue) },
    ]

    /// Settings that select the best evaluation or end the run.
    private static let evaluation: [RecordedSetting] = [
        RecordedSetting(
            "metric_for_best_model",
            ["metricForBestModel", "greaterIsBetter"],
            .refusedWithBest
        ) {
            let name = $0.metricForBestModel ?? "loss"
            let direction = $0.greaterIsBetter.map { $0 ? ", greater is better" : ", less is better" } ?? ""
            return .string(String(name.trimmingPrefix("eval_")) + direction)
        },
        RecordedSetting("eval_strategy", ["evalStrategy"], .reported) { .string($0.evalStrategy.rawValue) },
        RecordedSetting("eval_steps", ["evalSteps"], .reported) {
            $0.evalStrategy == .steps ? .int($0.evalSteps ?? $0.loggingSteps) : .null
        },
        RecordedSetting("eval_delay", ["evalDelay"], .reported) { .double($0.evalDelay) },
        RecordedSetting("load_best_model_at_end", ["loadBestModelAtEnd"], .reported) {
            .bool($0.loadBestModelAtEnd)
        },
        RecordedSetting("early_stopping_patience", ["earlyStoppingPatience"], .reported) {
            .optional($0.earlyStoppingPatience)
        },
        RecordedSetting("early_stopping_threshold", ["earlyStoppingThreshold"], .reported) {
            .double($0.earlyStoppingThreshold)
        },
    ]

    /// Settings that do not change any step.
    ///
    /// A different number of steps is reported with the run's schedule.
    private static let free: [RecordedSetting] = [
        RecordedSetting("length", ["numTrainEpochs", "maxSteps"], .free),
        RecordedSetting("log", ["loggingStrategy", "loggingSteps", "loggingFirstStep"], .free),
        RecordedSetting(
            "checkpoints",
            [
                "saveStrategy", "saveSteps", "saveTotalLimit", "saveOnlyModel", "saveSharded",
                "writesReplayFile",
            ],
            .free
        ),
        RecordedSetting("evaluation", ["perDeviceEvalBatchSize", "evalOnStart"], .free),
        RecordedSetting(
            "memory",
            [
                "maxTokensPerBatch", "optimizerInBackward", "gradientCheckpointing", "keepsFrozenStates",
                "offloadFolder",
            ],
            .free
        ),
        // Like the number of processes, they only change the order in which gradients are summed, or their rounding.
        RecordedSetting(
            "processes",
            ["ddpTimeout", "ddpBucketCapMB", "ddpCommHook", "zeroStage"],
            .free
        ),
    ]
}

extension JSONValue {
    /// An integer, or null.
    static func optional(_ value: Int?) -> JSONValue { value.map(JSONValue.int) ?? .null }

    /// The value for messages: texts without quotes, `none` for null.
    var shown: String {
        switch self {
        case .null: "none"
        case .string(let text): text
        case .array(let items) where items.count > 12:
            "\(items.prefix(3).map(\.shown).joined(separator: ", ")), … (\(items.count))"
        case .array(let items): items.isEmpty ? "none" : items.map(\.shown).joined(separator: ", ")
        default: compact
        }
    }
}

extension SchedulerOptions {
    /// The options that are set, `num_cycles=2, min_lr=1e-06`.
    fileprivate var recorded: String {
        let numbers: [(String, Double?)] = [
            ("num_cycles", numCycles), ("min_lr", minLr), ("min_lr_rate", minLrRate),
            ("warmup_lr_rate", warmupLrRate), ("lr_end", lrEnd), ("power", power),
            ("min_lr_ratio", minLrRatio),
            ("factor", factor), ("threshold", threshold),
        ]
        let counts: [(String, Int?)] = [
            ("timescale", timescale), ("num_decay_steps", numDecaySteps),
            ("num_stable_steps", numStableSteps),
            ("patience", patience), ("cooldown", cooldown),
        ]
        let curves: [(String, ScheduleCurve?)] = [("warmup_type", warmupType), ("decay_type", decayType)]
        let set =
            numbers.compactMap { name, value in value.map { "\(name)=\($0)" } }
            + counts.compactMap { name, value in value.map { "\(name)=\($0)" } }
            + curves.compactMap { name, value in value.map { "\(name)=\($0.rawValue)" } }
        return set.isEmpty ? "none" : set.joined(separator: ", ")
    }
}
