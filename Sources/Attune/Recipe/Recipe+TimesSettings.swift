import Training

extension Recipe {
    /// The settings of logging, evaluation, saving and the choice of the best model.
    static let timesSettings: [Setting] = [
        Setting(
            "logging_strategy",
            .reporting,
            \.logging.strategy,
            "When to log: no, steps or epoch.",
            placeholder: "strategy",
            allowed: ("no, steps or epoch", { $0 != .best })
        ),
        Setting(
            "eval_strategy",
            .evaluation,
            isCommon: true,
            \.evaluates.strategy,
            "When to evaluate during training: no, steps or epoch. Default: no; steps if eval_steps is given.",
            placeholder: "strategy",
            aliases: ["evaluation_strategy"],
            allowed: ("no, steps or epoch", { $0 != .best })
        ),
        Setting(
            "logging_steps",
            .reporting,
            \.logging.steps,
            "Steps between rows of the log.",
            placeholder: "steps",
            unless: {
                let isUsed = $0.logging.strategy == .steps || $0.evaluates.strategy == .steps
                return isUsed ? nil : Setting.Need("logging_strategy", "steps")
            },
            allowed: ("a whole number above 0", { $0 > 0 })
        ),
        Setting("logging_first_step", .reporting, \.logging.firstStep, "Log the first step as well."),
        Setting(
            "eval_steps",
            .evaluation,
            \.evaluates.steps,
            "Steps between evaluations. Default: logging_steps.",
            placeholder: "steps",
            allowed: atLeastOne
        ),
        Setting(
            "eval_delay",
            .evaluation,
            \.evaluates.delay,
            "Steps, or epochs, before the first evaluation.",
            placeholder: "count",
            unless: evaluating,
            allowed: notNegative
        ),
        Setting(
            "eval_on_start",
            .evaluation,
            \.evaluates.atStart,
            "Evaluate before the first step as well.",
            unless: evaluating
        ),
        Setting(
            "per_device_eval_batch_size",
            .evaluation,
            \.evaluates.batchSize,
            "Examples of an evaluation batch; affects memory only.",
            placeholder: "examples",
            aliases: ["eval_batch_size"],
            allowed: atLeastOne
        ),
        Setting(
            "no_baseline",
            .evaluation,
            \.noBaseline,
            """
            Do not compare the last evaluation with a linear baseline: TF-IDF and logistic regression, trained on the same \
            rows in seconds.
            """
        ),
        Setting(
            "eval_accumulation_steps",
            .evaluation,
            \.evaluationAccumulation,
            "Accepted for transformers' scripts without an effect, because evaluation here takes little memory.",
            placeholder: "steps"
        ),
        Setting(
            "save_strategy",
            .saving,
            \.saving.strategy,
            "When to save checkpoints: no, steps, epoch or best.",
            placeholder: "strategy"
        ),
        Setting(
            "load_best_model_at_end",
            .evaluation,
            isCommon: true,
            \.selection.loadsBestModel,
            "End with the weights of the best evaluation, whose checkpoint is always kept.",
            unless: evaluating
        ),
        Setting(
            "save_steps",
            .saving,
            \.saving.steps,
            "Steps between checkpoints.",
            placeholder: "steps",
            unless: { $0.saving.strategy == .steps ? nil : Setting.Need("save_strategy", "steps") },
            allowed: ("a whole number above 0", { $0 > 0 })
        ),
        Setting(
            "save_total_limit",
            .saving,
            \.saving.limit,
            "The number of checkpoints to keep; the oldest are removed first, the best never.",
            placeholder: "count",
            unless: {
                $0.saving.strategy == .no && !$0.selection.loadsBestModel
                    ? Setting.Need("save_strategy", "steps, epoch or best") : nil
            },
            allowed: atLeastOne
        ),
        Setting(
            "save_only_model",
            .saving,
            \.saving.modelOnly,
            "Save only the model in checkpoints: smaller, but such checkpoints cannot be resumed.",
            unless: {
                $0.saving.strategy == .no ? Setting.Need("save_strategy", "steps, epoch or best") : nil
            }
        ),
        Setting(
            "save_sharded",
            .saving,
            \.saving.isSharded,
            """
            Let each of several processes write its own part of checkpoints and of the trained model, as torch's distributed \
            checkpoint does, instead of rank 0 everything. transformers and Attune open such folders, too. The output \
            folder must be on a file system that all processes share. No effect with one process or an adapter.
            """
        ),
        Setting(
            "report_to",
            .reporting,
            \.reportNames,
            "tensorboard, jsonl or none: where numbers are written during training; may be repeated.",
            placeholder: "report",
            allowed: ("tensorboard, jsonl, both of them, or none", areReportNames)
        ),
        Setting(
            "report_texts",
            .reporting,
            \.reportsTexts,
            "Show texts of evaluated rows in report.html. By default it has only row numbers, so that it can be shared."
        ),
        Setting(
            "no_replay_file",
            .saving,
            \.noReplayFile,
            """
            If the loss or gradients become NaN or infinite, stop without the file that `attune replay` runs again; it holds \
            all weights.
            """
        ),
        Setting(
            "metric_for_best_model",
            .evaluation,
            \.selection.metric,
            "The metric that decides which evaluation is the best. Default: the loss.",
            placeholder: "metric",
            unless: evaluating
        ),
        Setting(
            "greater_is_better",
            .evaluation,
            \.selection.greaterIsBetter,
            "Whether a greater value is better. Default: the metric's own direction.",
            placeholder: "true|false",
            unless: evaluating
        ),
        Setting(
            "early_stopping_patience",
            .evaluation,
            \.selection.patience,
            "Stop after this many evaluations without improvement.",
            placeholder: "evaluations",
            aliases: ["patience"],
            unless: evaluating,
            allowed: atLeastOne
        ),
        Setting(
            "early_stopping_threshold",
            .evaluation,
            \.selection.threshold,
            "The smallest difference that counts as an improvement.",
            placeholder: "difference",
            unless: { $0.selection.patience == nil ? Setting.Need("early_stopping_patience") : nil },
            allowed: notNegative
        ),
    ]
}
