import Foundation
import Training

extension Recipe {
    /// The settings of optimizer, schedule, length, batch, loss, frozen parameters, precision and seeds.
    static let trainingSettings: [Setting] = [
        Setting(
            "optim",
            .optimizer,
            \.optimizer.name,
            "\(OptimizerName.expectation); adamw_8bit and lion for short.",
            placeholder: "name",
            aliases: ["optimizer"]
        ),
        Setting(
            "optim_args",
            .optimizer,
            \.optimizerOptions,
            "SGD's options: momentum=0.9,dampening=0,nesterov=true.",
            placeholder: "name=value,…",
            unless: { $0.optimizer.name == .sgd ? nil : Setting.Need("optim", "sgd") },
            whyInvalid: { recipe, value in
                guard recipe.optimizer.name == .sgd, let text = Assignments(value)?.text else { return nil }
                return reason(of: "optim_args") {
                    var arguments = TrainingArguments()
                    arguments.optimizer = .sgd
                    try arguments.setOptimizerArguments(text)
                }
            }
        ),
        Setting(
            "learning_rate",
            .optimizer,
            isCommon: true,
            \.optimizer.learningRate,
            "The highest learning rate.",
            placeholder: "rate",
            aliases: ["lr"],
            allowed: ("a number above 0", { $0 > 0 })
        ),
        Setting(
            "weight_decay",
            .optimizer,
            \.optimizer.weightDecay,
            "The weight decay of all weights except biases and norms.",
            placeholder: "decay",
            allowed: notNegative
        ),
        Setting(
            "adam_beta1",
            .optimizer,
            \.adamBeta1,
            "The decay of the gradients' running mean.",
            placeholder: "decay",
            unless: { $0.optimizer.betas == nil ? Setting.Need("optim", "adamw or lion") : nil },
            allowed: belowOne
        ),
        Setting(
            "adam_beta2",
            .optimizer,
            \.adamBeta2,
            "The decay of the squared gradients' running mean.",
            placeholder: "decay",
            unless: { $0.optimizer.betas == nil ? Setting.Need("optim", "adamw or lion") : nil },
            allowed: belowOne
        ),
        Setting(
            "adam_epsilon",
            .optimizer,
            \.adamEpsilon,
            "Added to the root of the second moment.",
            placeholder: "epsilon",
            unless: { $0.optimizer.epsilon == nil ? Setting.Need("optim", "adamw") : nil }
        ),
        Setting(
            "lr_scheduler_type",
            .schedule,
            \.scheduleType,
            "The learning rate's course: \(SchedulerType.expectation).",
            placeholder: "name",
            aliases: ["lr_scheduler", "scheduler"]
        ),
        Setting(
            "lr_scheduler_kwargs",
            .schedule,
            \.scheduleOptions,
            "The schedule's options by transformers' names: num_cycles, min_lr, power and so on.",
            placeholder: "name=value,…",
            whyInvalid: { recipe, value in
                guard let text = Assignments(value)?.text else { return nil }
                return reason(of: "lr_scheduler_kwargs") {
                    _ = try SchedulerOptions(text, for: recipe.schedule.type)
                }
            }
        ),
        Setting(
            "warmup_steps",
            .schedule,
            \.warmupSteps,
            "Warm-up steps; below 1 a share of all steps.",
            placeholder: "steps",
            allowed: (
                "a whole number of steps, or a share between 0 and 1",
                { $0.map { (0..<1).contains($0) || $0 >= 1 && Int(exactly: $0) != nil } ?? true }
            )
        ),
        Setting(
            "warmup_ratio",
            .schedule,
            \.warmupRatio,
            "The share of all steps that is warm-up.",
            placeholder: "share",
            allowed: ("a share from 0 to 1, 1 excluded", { $0.map { (0..<1).contains($0) } ?? true })
        ),
        Setting(
            "num_train_epochs",
            .schedule,
            isCommon: true,
            \.epochs,
            "Passes over the training data; fractions are allowed.",
            placeholder: "epochs",
            aliases: ["epochs", "num_epochs"]
        ),
        Setting(
            "max_steps",
            .schedule,
            \.maxSteps,
            "Optimizer steps; takes precedence over num_train_epochs.",
            placeholder: "steps",
            allowed: ("a whole number above 0", { $0.map { $0 > 0 || $0 == -1 } ?? true })
        ),
        Setting(
            "per_device_train_batch_size",
            .batches,
            isCommon: true,
            \.batch.size,
            "Examples of a micro-batch.",
            placeholder: "examples",
            aliases: ["batch_size", "train_batch_size"],
            allowed: ("a whole number above 0", { $0 > 0 })
        ),
        Setting(
            "gradient_accumulation_steps",
            .batches,
            \.batch.accumulation,
            "Micro-batches of an optimizer step; their mean is exact.",
            placeholder: "count",
            aliases: ["gradient_accumulation", "accumulation_steps"],
            allowed: ("a whole number above 0", { $0 > 0 })
        ),
        Setting(
            "hf_compat_ga",
            .batches,
            \.batch.repeatsAccumulationFault,
            "Repeat transformers' fault under gradient accumulation, to compare numbers."
        ),
        Setting(
            "max_grad_norm",
            .optimizer,
            \.maxGradNorm,
            "Scale gradients down to this L2 norm; 0 does not clip.",
            placeholder: "norm",
            aliases: ["max_gradient_norm"],
            allowed: notNegative
        ),
        Setting(
            "class_weights",
            .loss,
            isCommon: true,
            \.loss.classWeights,
            """
            The weight of each class: balanced, effective-number[=BETA], or NAME=WEIGHT,NAME=WEIGHT. May be repeated, one \
            class each. Quote a name that contains a comma. In multi-label data, a weight applies to texts that have the label.
            """,
            placeholder: "weights",
            aliases: ["class_weight"],
            whyInvalid: { _, value in
                switch value {
                case .numbers: nil
                case .list(let texts): reason(of: "class_weights") { _ = try ClassWeights(typed: texts) }
                default: reason(of: "class_weights") { _ = try ClassWeights(typed: [value.text]) }
                }
            }
        ),
        Setting(
            "label_smoothing_factor",
            .loss,
            \.loss.labelSmoothing,
            "Spread this share of the target distribution over all classes.",
            placeholder: "share",
            aliases: ["label_smoothing"],
            allowed: belowOne
        ),
        Setting(
            "focal_gamma",
            .loss,
            \.loss.focalGamma,
            "Focal loss: the larger, the less easy examples count; often 2.",
            placeholder: "gamma",
            allowed: notNegative
        ),
        Setting(
            "layerwise_lr_decay",
            .optimizer,
            \.layerwiseLearningRateDecay,
            "Multiply the learning rate by this factor for every block further from the head.",
            placeholder: "factor",
            allowed: ("a number above 0 and at most 1", { $0 > 0 && $0 <= 1 })
        ),
        Setting(
            "freeze",
            .model,
            \.frozenParameters,
            "Parameters to freeze: prefixes of their names, or quoted patterns with *.",
            placeholder: "name"
        ),
        Setting(
            "freeze_layers",
            .model,
            \.frozen.blocks,
            "Freeze this many of the lowest blocks and the embeddings below them.",
            placeholder: "count",
            allowed: ("a whole number from 0", { ($0 ?? 0) >= 0 })
        ),
        Setting(
            "precision",
            .memory,
            isCommon: true,
            \.precision,
            "fp32, tf32 or bf16: the type of matrix products.",
            placeholder: "type"
        ),
        Setting("bf16", .memory, \.asksForBF16, "The same as precision bf16."),
        Setting("tf32", .memory, \.asksForTF32, "The same as precision tf32."),
        Setting(
            "weights_dtype",
            .memory,
            \.weights,
            """
            fp32 or bf16: the type in which weights are kept in memory. bf16 needs half of it and is less exact; training \
            rounds stochastically.
            """,
            placeholder: "type"
        ),
        Setting(
            "seed",
            .batches,
            isCommon: true,
            \.seed,
            "The seed of head and dropout and, without data_seed, of the order of the data.",
            placeholder: "seed",
            aliases: ["random_seed", "random_state"]
        ),
        Setting(
            "data_seed",
            .batches,
            \.dataSeed,
            "The seed of the order of the data.",
            placeholder: "seed"
        ),
        Setting(
            "train_sampling_strategy",
            .batches,
            \.sampling,
            "random or sequential: the order of the examples.",
            placeholder: "order"
        ),
        Setting(
            "dataloader_drop_last",
            .batches,
            \.dropsLast,
            "Leave out the last examples of an epoch if they do not fill a micro-batch."
        ),
        Setting(
            "reinit_head",
            .model,
            \.reinitializesHead,
            "Start with a fresh head even if the model is a classifier."
        ),
        Setting(
            "allow_many_classes",
            .data,
            \.allowsManyClasses,
            "Train although nearly every row has a different label, as in a column of ids."
        ),
        Setting(
            "resize_embeddings",
            .model,
            \.resizesEmbeddings,
            """
            Add rows to the token embedding for tokens that only the tokenizer has. They are drawn around the mean of its \
            rows, as by transformers' resize_token_embeddings.
            """
        ),
    ]

    /// The message of an error without the flag that it begins with; nil if there is none.
    private static func reason(of name: String, _ body: () throws -> Void) -> String? {
        do { try body() } catch {
            return "\(error)".trimmingPrefix("--\(name.replacing("_", with: "-"))")
                .trimmingCharacters(in: .whitespaces)
        }
        return nil
    }
}
