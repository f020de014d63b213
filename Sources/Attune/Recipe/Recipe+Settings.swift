import Datasets
import Models
import NN
import Training

extension Recipe {
    /// Every setting of a recipe.
    ///
    /// A setting comes after those that it depends on.
    public static let settings =
        dataSettings + evaluationSettings + trainingSettings + memorySettings + timesSettings

    // MARK: Model and data

    private static let dataSettings: [Setting] = [
        Setting(
            "model",
            .modelAndData,
            \.model,
            "A model's folder in the Hub's layout, a .gguf file, or an id of the Hub: org/name[@revision].",
            placeholder: "model"
        ),
        Setting(
            "dataset",
            .modelAndData,
            \.data.name,
            """
            A file of rows, a folder or a quoted pattern: .csv, .tsv, .tab (Orange), .jsonl, .json, .txt, .parquet, .arrow; \
            text also compressed. Or an id of the Hub: org/name[@revision].
            """,
            placeholder: "path"
        ),
        Setting(
            "split",
            .modelAndData,
            \.data.split,
            "The split of a folder to train on: train, validation, test. Default: train.",
            placeholder: "name"
        ),
        Setting(
            "dataset_config",
            .modelAndData,
            \.data.configuration,
            "The configuration, of those that a folder's README.md lists.",
            placeholder: "name"
        ),
        Setting("text_column", .modelAndData, \.text, "The column of texts.", placeholder: "name"),
        Setting(
            "text_pair_column",
            .modelAndData,
            \.textPair,
            "The column of second texts, to classify pairs.",
            placeholder: "name"
        ),
        Setting(
            "label_column",
            .modelAndData,
            \.labelColumn,
            "The column of label names, lists of label names, or numbers; may be repeated, for columns of 0 and 1.",
            placeholder: "name"
        ),
        Setting(
            "label_columns",
            .modelAndData,
            \.labelColumns,
            "Columns of 0 and 1, one for each label. A name with a comma is quoted.",
            placeholder: "a,b,c"
        ),
        Setting(
            "problem_type",
            .modelAndData,
            \.problemType,
            """
            single-label, multi-label or regression: a text has one label, several or a number. Default: multi-label if the \
            column holds lists or there are several columns, else single-label.
            """,
            placeholder: "type"
        ),
        Setting(
            "label_names",
            .modelAndData,
            \.labelNames,
            "Names for the labels of the model's head, by id.",
            placeholder: "a,b,c"
        ),
        Setting(
            "max_length",
            .modelAndData,
            \.maxLength,
            "The maximum number of tokens of a text; longer texts are cut. The model keeps it for evaluation and prediction.",
            placeholder: "tokens",
            allowed: atLeastOne
        ),
        Setting(
            "missing_labels",
            .rows,
            \.missingLabels,
            "Rows without a label: refuse (and name the first) or drop.",
            placeholder: "policy",
            allowed: ("refuse or drop", { $0 != .keep })
        ),
        Setting(
            "empty_texts",
            .rows,
            \.emptyTexts,
            "Rows whose text is empty: keep, drop or refuse.",
            placeholder: "policy"
        ),
        Setting(
            "sample",
            .rows,
            \.sampleSize,
            "Use only a share or a number of the rows; 1.0 is all of them.",
            placeholder: "size"
        ),
        Setting(
            "sample_seed",
            .rows,
            \.sampleSeed,
            "The seed of the sample.",
            placeholder: "seed",
            unless: { $0.sample == nil ? Setting.Need("sample") : nil }
        ),
        Setting(
            "sample_stratify_by",
            .rows,
            \.sampleColumn,
            "A column whose values keep their shares in the sample; none draws at random. Default: stratify_by's column.",
            placeholder: "column|none",
            unless: { $0.sample == nil ? Setting.Need("sample") : nil }
        ),
    ]

    // MARK: Evaluation

    private static let evaluationSettings: [Setting] = [
        Setting(
            "test_size",
            .evaluation,
            \.holdOutSize,
            "Hold out a share (0.2) or a number (500) of the rows; every label keeps its share.",
            placeholder: "size",
            allowed: (
                "a share of the rows between 0 and 1, or a whole number of rows above 0",
                { $0 != .fraction(1) }
            )
        ),
        Setting(
            "stratify_by",
            .evaluation,
            \.holdOutColumn,
            """
            A column whose values keep their shares in the hold-out; none draws at random. Default: the labels, if each text \
            has one. A value with one row only is trained on.
            """,
            placeholder: "column|none",
            unless: { $0.holdOutSize == nil ? Setting.Need("test_size") : nil }
        ),
        Setting(
            "split_seed",
            .evaluation,
            \.holdOutSeed,
            "The seed of the hold-out.",
            placeholder: "seed",
            unless: { $0.holdOutSize == nil ? Setting.Need("test_size") : nil }
        ),
        Setting(
            "eval_dataset",
            .evaluation,
            \.evaluationData,
            "Evaluate on this file, folder or dataset of the Hub instead of a hold-out.",
            placeholder: "path"
        ),
        Setting(
            "eval_split",
            .evaluation,
            \.evaluationSplit,
            "Evaluate on this split of the dataset's folder, or of eval_dataset.",
            placeholder: "name"
        ),
    ]

    // MARK: Training

    private static let trainingSettings: [Setting] = [
        Setting(
            "optim",
            .training,
            \.optimizer.name,
            "\(OptimizerName.expectation); adamw_8bit and lion for short.",
            placeholder: "name"
        ),
        Setting(
            "optim_args",
            .training,
            \.optimizerOptions,
            "SGD's options: momentum=0.9,dampening=0,nesterov=true.",
            placeholder: "name=value,…",
            unless: { $0.optimizer.name == .sgd ? nil : Setting.Need("optim", "sgd") }
        ),
        Setting(
            "learning_rate",
            .training,
            \.optimizer.learningRate,
            "The highest learning rate.",
            placeholder: "rate",
            allowed: ("a number above 0", { $0 > 0 })
        ),
        Setting(
            "weight_decay",
            .training,
            \.optimizer.weightDecay,
            "The weight decay of all weights but biases and norms.",
            placeholder: "decay",
            allowed: notNegative
        ),
        Setting(
            "adam_beta1",
            .training,
            \.adamBeta1,
            "The decay of the gradients' running mean.",
            placeholder: "decay",
            unless: { $0.optimizer.beta1 == nil ? Setting.Need("optim", "adamw or lion") : nil },
            allowed: belowOne
        ),
        Setting(
            "adam_beta2",
            .training,
            \.adamBeta2,
            "The decay of the squared gradients' running mean.",
            placeholder: "decay",
            unless: { $0.optimizer.beta2 == nil ? Setting.Need("optim", "adamw or lion") : nil },
            allowed: belowOne
        ),
        Setting(
            "adam_epsilon",
            .training,
            \.adamEpsilon,
            "Added to the root of the second moment.",
            placeholder: "epsilon",
            unless: { $0.optimizer.epsilon == nil ? Setting.Need("optim", "adamw") : nil }
        ),
        Setting(
            "lr_scheduler_type",
            .training,
            \.scheduleType,
            "The learning rate's course: \(SchedulerType.expectation).",
            placeholder: "name"
        ),
        Setting(
            "lr_scheduler_kwargs",
            .training,
            \.scheduleOptions,
            "The schedule's options by transformers' names: num_cycles, min_lr, power and so on.",
            placeholder: "name=value,…"
        ),
        Setting(
            "warmup_steps",
            .training,
            \.warmupSteps,
            "Warm-up steps; below 1 a share of all steps.",
            placeholder: "steps",
            allowed: (
                "a whole number of steps, or a share between 0 and 1",
                { $0 >= 0 && ($0 < 1 || $0 == $0.rounded()) }
            )
        ),
        Setting(
            "warmup_ratio",
            .training,
            \.warmupRatio,
            "The share of all steps that is warm-up.",
            placeholder: "share",
            allowed: ("a share from 0 to 1, 1 excluded", { $0.map { (0..<1).contains($0) } ?? true })
        ),
        Setting(
            "num_train_epochs",
            .training,
            \.epochs,
            "Passes over the training data; fractions are allowed.",
            placeholder: "epochs"
        ),
        Setting(
            "max_steps",
            .training,
            \.maxSteps,
            "Optimizer steps; takes precedence over num_train_epochs.",
            placeholder: "steps",
            allowed: ("a whole number above 0", { $0.map { $0 > 0 || $0 == -1 } ?? true })
        ),
        Setting(
            "per_device_train_batch_size",
            .training,
            \.batch.size,
            "Examples of a micro-batch.",
            placeholder: "examples",
            allowed: ("a whole number above 0", { $0 > 0 })
        ),
        Setting(
            "gradient_accumulation_steps",
            .training,
            \.batch.accumulation,
            "Micro-batches of an optimizer step; their mean is exact.",
            placeholder: "count",
            allowed: ("a whole number above 0", { $0 > 0 })
        ),
        Setting(
            "hf_compat_ga",
            .training,
            \.batch.repeatsAccumulationFault,
            "Repeat transformers' fault under gradient accumulation, to compare numbers."
        ),
        Setting(
            "max_grad_norm",
            .training,
            \.maxGradNorm,
            "Scale gradients down to this L2 norm; 0 does not clip.",
            placeholder: "norm",
            allowed: notNegative
        ),
        Setting(
            "class_weights",
            .training,
            \.loss.classWeights,
            """
            The weight of each class: balanced, effective-number[=BETA], or NAME=WEIGHT,NAME=WEIGHT. May be repeated, one \
            class each. A name with a comma is quoted. If a text has several labels: the weight of those that it has.
            """,
            placeholder: "weights"
        ),
        Setting(
            "label_smoothing_factor",
            .training,
            \.loss.labelSmoothing,
            "Spread this share of the target distribution over all classes.",
            placeholder: "share",
            allowed: belowOne
        ),
        Setting(
            "focal_gamma",
            .training,
            \.loss.focalGamma,
            "Focal loss: how much less easy examples count, often 2.",
            placeholder: "gamma",
            allowed: notNegative
        ),
        Setting(
            "layerwise_lr_decay",
            .training,
            \.layerwiseLearningRateDecay,
            "Multiply the learning rate by this factor for every block further from the head.",
            placeholder: "factor",
            allowed: ("a number above 0 and at most 1", { $0 > 0 && $0 <= 1 })
        ),
        Setting(
            "freeze",
            .training,
            \.frozenParameters,
            "Parameters not to train: beginnings of their names, or quoted patterns with *.",
            placeholder: "name"
        ),
        Setting(
            "freeze_layers",
            .training,
            \.frozen.blocks,
            "Do not train this many of the first blocks, nor the embeddings below them.",
            placeholder: "count",
            allowed: ("a whole number from 0", { ($0 ?? 0) >= 0 })
        ),
        Setting(
            "precision",
            .training,
            \.precision,
            "fp32, tf32 or bf16: the type of matrix products.",
            placeholder: "type"
        ),
        Setting("bf16", .training, \.asksForBF16, "The same as precision bf16."),
        Setting("tf32", .training, \.asksForTF32, "The same as precision tf32."),
        Setting(
            "weights_dtype",
            .training,
            \.weights,
            """
            fp32 or bf16: the type in which weights are kept in memory. bf16 needs half of it and is less exact; training \
            rounds stochastically.
            """,
            placeholder: "type"
        ),
        Setting(
            "seed",
            .training,
            \.seed,
            "The seed of head and dropout and, without data_seed, of the order of the data.",
            placeholder: "seed"
        ),
        Setting(
            "data_seed",
            .training,
            \.dataSeed,
            "The seed of the order of the data.",
            placeholder: "seed"
        ),
        Setting(
            "train_sampling_strategy",
            .training,
            \.sampling,
            "random or sequential: the order of the examples.",
            placeholder: "order"
        ),
        Setting(
            "dataloader_drop_last",
            .training,
            \.dropsLast,
            "Leave out the last examples of an epoch if they do not fill a micro-batch."
        ),
        Setting(
            "reinit_head",
            .training,
            \.reinitializesHead,
            "Start a new head even if the model is a classifier."
        ),
        Setting(
            "allow_many_classes",
            .training,
            \.allowsManyClasses,
            "Train although nearly every row has a label of its own, as a column of ids has."
        ),
        Setting(
            "resize_embeddings",
            .training,
            \.resizesEmbeddings,
            """
            Add rows to the token embedding for tokens of the tokenizer that it lacks, drawn around the mean of its rows as \
            transformers' resize_token_embeddings does.
            """
        ),
    ]

    // MARK: Memory

    private static let memorySettings: [Setting] = [
        Setting(
            "gradient_checkpointing",
            .memory,
            \.memory.gradientCheckpointing,
            "Compute blocks again in the backward pass instead of keeping them: less memory, more time."
        ),
        Setting(
            "max_tokens_per_batch",
            .memory,
            \.batch.maxTokens,
            "Cut a step's examples by length into micro-batches of at most this many tokens; the step stays the same.",
            placeholder: "tokens",
            allowed: atLeastOne
        ),
        Setting(
            "optimizer_in_backward",
            .memory,
            \.memory.optimizerInBackward,
            """
            Update the weights of each block as soon as the backward pass has their gradients, which then never exist all at \
            once. Clipping takes a second backward pass; max_grad_norm 0 avoids it.
            """
        ),
    ]

    // MARK: Logging, evaluation and saving

    private static let timesSettings: [Setting] = [
        Setting(
            "logging_strategy",
            .times,
            \.logging.strategy,
            "When to log: no, steps or epoch.",
            placeholder: "strategy",
            allowed: ("no, steps or epoch", { $0 != .best })
        ),
        Setting(
            "eval_strategy",
            .times,
            \.evaluates.strategy,
            "When to evaluate during training: no, steps or epoch. Default: no; steps if eval_steps is given.",
            placeholder: "strategy",
            aliases: ["evaluation_strategy"],
            allowed: ("no, steps or epoch", { $0 != .best })
        ),
        Setting(
            "logging_steps",
            .times,
            \.logging.steps,
            "Steps between rows of the log.",
            placeholder: "steps",
            unless: {
                let isUsed = $0.logging.strategy == .steps || $0.evaluates.strategy == .steps
                return isUsed ? nil : Setting.Need("logging_strategy", "steps")
            },
            allowed: ("a whole number above 0", { $0 > 0 })
        ),
        Setting("logging_first_step", .times, \.logging.firstStep, "Log the first step as well."),
        Setting(
            "eval_steps",
            .times,
            \.evaluates.steps,
            "Steps between evaluations. Default: logging_steps.",
            placeholder: "steps",
            allowed: atLeastOne
        ),
        Setting(
            "eval_delay",
            .times,
            \.evaluates.delay,
            "Steps, or epochs, before the first evaluation.",
            placeholder: "count",
            unless: evaluating,
            allowed: notNegative
        ),
        Setting(
            "eval_on_start",
            .times,
            \.evaluates.atStart,
            "Evaluate before the first step as well.",
            unless: evaluating
        ),
        Setting(
            "per_device_eval_batch_size",
            .times,
            \.evaluates.batchSize,
            "Examples of an evaluation batch; affects memory only.",
            placeholder: "examples",
            allowed: atLeastOne
        ),
        Setting(
            "eval_accumulation_steps",
            .times,
            \.evaluationAccumulation,
            "Accepted for transformers' scripts; the memory of an evaluation does not grow without it.",
            placeholder: "steps"
        ),
        Setting(
            "save_strategy",
            .times,
            \.saving.strategy,
            "When to save checkpoints: no, steps, epoch or best.",
            placeholder: "strategy"
        ),
        Setting(
            "load_best_model_at_end",
            .times,
            \.selection.loadsBestModel,
            "End with the weights of the best evaluation, whose checkpoint is always kept.",
            unless: evaluating
        ),
        Setting(
            "save_steps",
            .times,
            \.saving.steps,
            "Steps between checkpoints.",
            placeholder: "steps",
            unless: { $0.saving.strategy == .steps ? nil : Setting.Need("save_strategy", "steps") },
            allowed: ("a whole number above 0", { $0 > 0 })
        ),
        Setting(
            "save_total_limit",
            .times,
            \.saving.limit,
            "The number of checkpoints to keep; the oldest are removed, never the best.",
            placeholder: "count",
            unless: {
                $0.saving.strategy == .no && !$0.selection.loadsBestModel
                    ? Setting.Need("save_strategy", "steps, epoch or best") : nil
            },
            allowed: atLeastOne
        ),
        Setting(
            "save_only_model",
            .times,
            \.saving.modelOnly,
            "Save the model alone in checkpoints: smaller, but such checkpoints cannot be resumed.",
            unless: {
                $0.saving.strategy == .no ? Setting.Need("save_strategy", "steps, epoch or best") : nil
            }
        ),
        Setting(
            "report_to",
            .times,
            \.reportNames,
            "tensorboard, jsonl or none: where numbers are written during training; may be repeated.",
            placeholder: "report",
            allowed: ("tensorboard, jsonl, both of them, or none", areReportNames)
        ),
        Setting(
            "no_replay_file",
            .times,
            \.noReplayFile,
            """
            If the loss or gradients become NaN or infinite, stop without the file that `attune replay` runs again; it holds \
            all weights.
            """
        ),
        Setting(
            "metric_for_best_model",
            .times,
            \.selection.metric,
            "The metric that decides which evaluation is the best. Default: the loss.",
            placeholder: "metric",
            unless: evaluating
        ),
        Setting(
            "greater_is_better",
            .times,
            \.selection.greaterIsBetter,
            "Whether a greater value is better. Default: the metric's own direction.",
            placeholder: "true|false",
            unless: evaluating
        ),
        Setting(
            "early_stopping_patience",
            .times,
            \.selection.patience,
            "Stop after this many evaluations without improvement.",
            placeholder: "evaluations",
            unless: evaluating,
            allowed: atLeastOne
        ),
        Setting(
            "early_stopping_threshold",
            .times,
            \.selection.threshold,
            "The least difference that counts as an improvement.",
            placeholder: "difference",
            unless: { $0.selection.patience == nil ? Setting.Need("early_stopping_patience") : nil },
            allowed: notNegative
        ),
    ]

    // MARK: Checks that several settings share

    private static let atLeastOne: (words: String, test: @Sendable (Int?) -> Bool) = (
        "a whole number above 0", { ($0 ?? 1) > 0 }
    )
    private static let notNegative: (words: String, test: @Sendable (Double) -> Bool) = (
        "a number from 0", { $0 >= 0 && $0.isFinite }
    )
    private static let belowOne: (words: String, test: @Sendable (Double) -> Bool) = (
        "a number from 0 to 1, 1 excluded", { (0..<1).contains($0) }
    )
    private static let evaluating: @Sendable (Recipe) -> Setting.Need? = {
        $0.evaluates.strategy == .no ? Setting.Need("eval_strategy", "steps or epoch") : nil
    }
}

extension ModelSource: SettingConvertible {
    static var expectation: String { "a path or an id of the Hub" }

    init?(_ value: SettingValue) {
        guard let name = String(value) else { return nil }
        self.init(name)
    }

    var settingValue: SettingValue? { .text(name) }
}
