import Datasets
import Training

extension Recipe {
    /// Every setting of a recipe.
    ///
    /// A setting comes after those that it depends on.
    public static let settings =
        dataSettings + evaluationSettings + adapterSettings + trainingSettings + teacherSettings
        + memorySettings
        + processSettings + timesSettings
        + hubSettings

    // MARK: Model and data

    private static let dataSettings: [Setting] = [
        Setting(
            "model",
            .model,
            isCommon: true,
            isRequired: true,
            \.model,
            "A folder in the Hub's layout, a .gguf or .attune file, or an id of the Hub: org/name[@revision].",
            placeholder: "model",
            aliases: ["model_name_or_path", "model_name", "base_model"]
        ),
        Setting(
            "dataset",
            .data,
            isCommon: true,
            isRequired: true,
            \.data.name,
            """
            A file of rows, a folder or a quoted pattern: .csv, .tsv, .tab (Orange), .jsonl, .json, .txt, .parquet, .arrow; \
            text also compressed. Or an id of the Hub: org/name[@revision].
            """,
            placeholder: "path",
            aliases: ["dataset_name", "train_file", "data"]
        ),
        Setting(
            "split",
            .data,
            \.data.split,
            "The split of a folder to train on: train, validation, test. Default: train.",
            placeholder: "name",
            aliases: ["train_split_name"]
        ),
        Setting(
            "dataset_config",
            .data,
            \.data.configuration,
            "The configuration, of those that a folder's README.md lists.",
            placeholder: "name",
            aliases: ["dataset_config_name"]
        ),
        Setting(
            "text_column",
            .data,
            isCommon: true,
            isRequired: true,
            \.text,
            "The column of texts.",
            placeholder: "name",
            aliases: ["text_column_name", "text_column_names"]
        ),
        Setting(
            "text_pair_column",
            .data,
            \.textPair,
            "The column of second texts, to classify pairs.",
            placeholder: "name"
        ),
        Setting(
            "label_column",
            .data,
            isCommon: true,
            isRequired: true,
            \.labelColumn,
            "The column of label names, lists of label names, or numbers; may be repeated, for columns of 0 and 1.",
            placeholder: "name",
            aliases: ["label_column_name"]
        ),
        Setting(
            "label_columns",
            .data,
            \.labelColumns,
            "Columns of 0 and 1, one for each label. A name with a comma is quoted.",
            placeholder: "a,b,c"
        ),
        Setting(
            "problem_type",
            .data,
            \.problemType,
            """
            single-label, multi-label or regression: a text has one label, several or a number. Default: multi-label if the \
            column holds lists or there are several columns, else single-label.
            """,
            placeholder: "type"
        ),
        Setting(
            "label_names",
            .model,
            \.labelNames,
            "Names for the labels of the model's head, by id.",
            placeholder: "a,b,c"
        ),
        Setting(
            "max_length",
            .data,
            isCommon: true,
            \.maxLength,
            "The maximum number of tokens of a text; longer texts are cut. The model keeps it for evaluation and prediction.",
            placeholder: "tokens",
            aliases: ["max_seq_length", "max_seq_len", "max_len"],
            allowed: atLeastOne
        ),
        Setting(
            "long_text",
            .data,
            \.longText,
            "The part of a longer text that is read: its head, its tail, both, or all of it in windows, whose logits are averaged. "
                + "The model keeps it for evaluation and prediction.",
            placeholder: "part"
        ),
        Setting(
            "missing_labels",
            .data,
            \.missingLabels,
            "Rows without a label: refuse (and name the first) or drop.",
            placeholder: "policy",
            allowed: ("refuse or drop", { $0 != .keep })
        ),
        Setting(
            "empty_texts",
            .data,
            \.emptyTexts,
            "Rows whose text is empty: keep, drop or refuse.",
            placeholder: "policy"
        ),
        Setting(
            "sample",
            .data,
            \.sampleSize,
            "Use only a share or a number of the rows; 1.0 is all of them.",
            placeholder: "size"
        ),
        Setting(
            "sample_seed",
            .data,
            \.sampleSeed,
            "The seed of the sample.",
            placeholder: "seed",
            unless: { $0.sample == nil ? Setting.Need("sample") : nil }
        ),
        Setting(
            "sample_stratify_by",
            .data,
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
            isCommon: true,
            \.holdOutSize,
            "Hold out a share (0.2) or a number (500) of the rows; every label keeps its share.",
            placeholder: "size",
            aliases: ["validation_size", "val_size"],
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
            isCommon: true,
            \.evaluationData,
            "Evaluate on this file, folder or dataset of the Hub instead of a hold-out.",
            placeholder: "path",
            aliases: ["validation_file", "eval_file"]
        ),
        Setting(
            "eval_split",
            .evaluation,
            \.evaluationSplit,
            "Evaluate on this split of the dataset's folder, or of eval_dataset.",
            placeholder: "name",
            aliases: ["validation_split_name"]
        ),
    ]

    // MARK: Memory

    private static let memorySettings: [Setting] = [
        Setting(
            "gradient_checkpointing",
            .memory,
            \.memory.gradientCheckpointing,
            "Compute blocks again in the backward pass instead of keeping their activations: less memory, more time."
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
        Setting(
            "offload_to",
            .memory,
            \.memory.offloadFolder,
            """
            Keep the weights and moments of blocks that are not in use in a temporary file in this folder, which should be on a \
            fast disk. Needs optimizer_in_backward; the numbers stay the same.
            """,
            placeholder: "folder"
        ),
        Setting(
            "cache_frozen_states",
            .memory,
            \.memory.keepsFrozenStates,
            """
            Keep each text's states after the frozen first blocks, so that later epochs need not compute them again. They \
            take at most half of the free memory.
            """
        ),
    ]

    // MARK: Checks that several settings share

    /// Nil is allowed.
    static let atLeastOne: (words: String, test: @Sendable (Int?) -> Bool) = (
        "a whole number above 0", { ($0 ?? 1) > 0 }
    )
    static let notNegative: (words: String, test: @Sendable (Double) -> Bool) = (
        "a number from 0", { $0 >= 0 && $0.isFinite }
    )
    static let belowOne: (words: String, test: @Sendable (Double) -> Bool) = (
        "a number from 0 to 1, 1 excluded", { (0..<1).contains($0) }
    )
    /// The setting that turns evaluation on, if it is off.
    static let evaluating: @Sendable (Recipe) -> Setting.Need? = {
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
