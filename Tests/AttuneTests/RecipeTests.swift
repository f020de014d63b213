import Foundation
import Testing

@testable import Attune

@Suite struct RecipeTests {
    private let plain = Recipe(
        model: .folder("models/bert"),
        data: .file("tweets.csv"),
        text: "text",
        label: "author"
    )

    /// A recipe in which other settings have an effect.
    private var rich: Recipe {
        var recipe = plain
        recipe.evaluation = .holdOut(.count(50), stratification: .column("sex"), seed: 7)
        recipe.sample = Recipe.Sample(.fraction(0.5), stratifyBy: "sex", seed: 3)
        recipe.optimizer = .adamW(
            learningRate: 1e-3,
            weightDecay: 0.1,
            beta1: 0.8,
            epsilon: 1e-6,
            moments: .eightBit
        )
        recipe.schedule = .cosineWithMinimum(cycles: 1.5, minimum: 1e-5, warmup: .ratio(0.1))
        recipe.length = .steps(100)
        recipe.batch = Recipe.Batch(size: 4, accumulation: 2, maxTokens: 512)
        recipe.loss.classWeights = .named(["C, C++": 0.5, "Swift": 2])
        recipe.evaluates = .every(steps: 10)
        recipe.selection.patience = 3
        recipe.frozen.parameters = ["embeddings", "encoder.layer.*"]
        recipe.reports = [.jsonLines]
        recipe.labelNames = ["no", "yes"]
        return recipe
    }

    @Test func `defaults are those of transformers`() {
        #expect(TrainingArguments(plain) == TrainingArguments())
    }

    @Test func `a recipe is the same after JSON and after YAML`() throws {
        for recipe in [plain, rich] {
            let json = try JSONEncoder().encode(recipe)
            #expect(try JSONDecoder().decode(Recipe.self, from: json) == recipe)
            #expect(try Recipe(yaml: recipe.yaml()) == recipe)
        }
    }

    @Test func `only settings that differ from their defaults are coded`() throws {
        var recipe = plain
        recipe.optimizer.learningRate = 2e-5
        #expect(
            recipe.givenValues.map(\.name) == [
                "model", "dataset", "text_column", "label_column", "learning_rate",
            ]
        )
    }

    /// A value other than the default for every setting, and the settings that it needs to have an effect.
    private static let others: [String: (value: SettingValue, needed: [String: SettingValue])] = {
        let held: [String: SettingValue] = ["test_size": .double(0.2)]
        let evaluating: [String: SettingValue] = ["test_size": .double(0.2), "eval_strategy": .text("epoch")]
        let sample: [String: SettingValue] = ["sample": .int(10)]
        let pushing: [String: SettingValue] = ["push_to_hub": .bool(true)]
        let lora: [String: SettingValue] = ["adapter": .text("lora")]
        let dora: [String: SettingValue] = ["adapter": .text("dora")]
        return [
            "model": (.text("other"), [:]), "dataset": (.text("other.csv"), [:]),
            "split": (.text("dev"), [:]),
            "dataset_config": (.text("en"), [:]), "text_column": (.text("body"), [:]),
            "text_pair_column": (.text("second"), [:]), "label_column": (.text("mood"), [:]),
            "label_columns": (.list(["good", "cheap"]), [:]), "problem_type": (.text("regression"), [:]),
            "label_names": (.list(["a", "b"]), [:]), "max_length": (.int(64), [:]),
            "long_text": (.text("head-tail:16"), [:]),
            "missing_labels": (.text("drop"), [:]), "empty_texts": (.text("drop"), [:]),
            "sample": (.int(10), [:]),
            "sample_seed": (.int(5), sample), "sample_stratify_by": (.text("sex"), sample),
            "test_size": (.double(0.2), [:]), "stratify_by": (.text("none"), held),
            "split_seed": (.int(5), held),
            "eval_dataset": (.text("test.csv"), [:]), "eval_split": (.text("test"), [:]),
            "adapter": (.text("dora"), [:]), "lora_r": (.int(16), lora), "lora_alpha": (.double(32), lora),
            "lora_dropout": (.double(0.1), lora), "lora_target_modules": (.list(["q_proj", "v_proj"]), lora),
            "lora_exclude_modules": (.text(".*down_proj"), lora),
            "layers_to_transform": (.list(["0", "2"]), lora),
            "layers_pattern": (.list(["layers"]), lora.merging(["layers_to_transform": .list(["0"])]) { $1 }),
            "rank_pattern": (.text("down_proj=16,a.b=4"), lora),
            "alpha_pattern": (.text("down_proj=2.5"), lora),
            "use_rslora": (.bool(true), lora), "modules_to_save": (.list(["norm"]), lora),
            "train_bias": (.text("lora_only"), lora), "lora_bias": (.bool(true), lora),
            "init_lora_weights": (.text("pissa"), lora), "loraplus_lr_ratio": (.double(16), lora),
            "quantize": (.text("nf4"), lora),
            "double_quant": (.bool(true), lora.merging(["quantize": .text("fp4")]) { $1 }),
            "decay_magnitudes": (.bool(true), dora), "adapter_base": (.text("models/base"), [:]),
            "optim": (.text("lion_32bit"), [:]),
            "optim_args": (.text("momentum=0.9"), ["optim": .text("sgd")]),
            "learning_rate": (.double(1e-3), [:]), "weight_decay": (.double(0.1), [:]),
            "adam_beta1": (.double(0.8), [:]), "adam_beta2": (.double(0.8), [:]),
            "adam_epsilon": (.double(1e-6), [:]), "lr_scheduler_type": (.text("cosine"), [:]),
            "lr_scheduler_kwargs": (.text("num_cycles=2"), ["lr_scheduler_type": .text("cosine")]),
            "warmup_steps": (.int(7), [:]), "warmup_ratio": (.double(0.1), [:]),
            "num_train_epochs": (.double(1.5), [:]), "max_steps": (.int(9), [:]),
            "per_device_train_batch_size": (.int(3), [:]), "gradient_accumulation_steps": (.int(3), [:]),
            "hf_compat_ga": (.bool(true), [:]), "max_grad_norm": (.double(0), [:]),
            "class_weights": (.text("balanced"), [:]), "label_smoothing_factor": (.double(0.1), [:]),
            "teacher": (.text("runs/large"), [:]),
            "distillation_temperature": (.double(4), ["teacher": .text("runs/large")]),
            "distillation_alpha": (.double(0.9), ["teacher": .text("runs/large")]),
            "teacher_logits": (.text("logits"), ["teacher": .text("runs/large")]),
            "focal_gamma": (.double(2), [:]), "layerwise_lr_decay": (.double(0.9), [:]),
            "freeze": (.list(["embeddings"]), [:]), "freeze_layers": (.int(2), [:]),
            "precision": (.text("bf16"), [:]), "bf16": (.bool(true), [:]), "tf32": (.bool(true), [:]),
            "weights_dtype": (.text("bf16"), [:]), "seed": (.int(1), [:]), "data_seed": (.int(1), [:]),
            "train_sampling_strategy": (.text("sequential"), [:]), "dataloader_drop_last": (.bool(true), [:]),
            "reinit_head": (.bool(true), [:]), "allow_many_classes": (.bool(true), [:]),
            "resize_embeddings": (.bool(true), [:]), "gradient_checkpointing": (.bool(true), [:]),
            "max_tokens_per_batch": (.int(512), [:]), "optimizer_in_backward": (.bool(true), [:]),
            "cache_frozen_states": (.bool(true), [:]),
            "offload_to": (.text("/tmp"), ["optimizer_in_backward": .bool(true)]),
            "ddp_timeout": (.int(60), [:]), "ddp_bucket_cap_mb": (.int(5), [:]),
            "ddp_comm_hook": (.text("bf16"), [:]), "zero_stage": (.int(1), [:]),
            "logging_strategy": (.text("epoch"), [:]), "logging_steps": (.int(10), [:]),
            "logging_first_step": (.bool(true), [:]), "eval_strategy": (.text("epoch"), held),
            "eval_steps": (.int(10), ["test_size": .double(0.2), "eval_strategy": .text("steps")]),
            "eval_delay": (.double(2), evaluating), "eval_on_start": (.bool(true), evaluating),
            "per_device_eval_batch_size": (.int(3), [:]), "save_strategy": (.text("epoch"), [:]),
            "save_steps": (.int(10), [:]), "save_total_limit": (.int(2), [:]),
            "save_only_model": (.bool(true), [:]), "save_sharded": (.bool(true), [:]),
            "report_to": (.list(["jsonl"]), [:]), "report_texts": (.bool(true), [:]),
            "no_replay_file": (.bool(true), [:]),
            "no_baseline": (.bool(true), [:]),
            "push_to_hub": (.bool(true), [:]),
            "hub_model_id": (.text("org/name"), pushing), "hub_private_repo": (.bool(true), pushing),
            "hub_strategy": (.text("end"), pushing),
            "load_best_model_at_end": (.bool(true), evaluating),
            "metric_for_best_model": (.text("f1"), evaluating),
            "greater_is_better": (.bool(true), evaluating), "early_stopping_patience": (.int(2), evaluating),
            "early_stopping_threshold": (
                .double(0.1), evaluating.merging(["early_stopping_patience": .int(2)]) { $1 }
            ),
        ]
    }()

    /// Accepted for transformers' scripts, without an effect.
    private static let ignored: Set = ["eval_accumulation_steps"]

    /// Settings that a job reads from its recipe; the training loop gets all others.
    private static let readByJob: Set = [
        "model", "dataset", "split", "dataset_config", "text_column", "text_pair_column", "label_column",
        "label_columns", "problem_type", "label_names", "max_length", "long_text", "missing_labels",
        "empty_texts",
        "sample",
        "sample_seed", "sample_stratify_by", "test_size", "stratify_by", "split_seed", "eval_dataset",
        "eval_split",
        "no_baseline", "class_weights", "weights_dtype", "reinit_head", "allow_many_classes",
        "resize_embeddings",
        "report_to", "report_texts", "push_to_hub", "hub_model_id", "hub_private_repo", "hub_strategy",
        "quantize", "double_quant", "adapter", "lora_r", "lora_alpha", "lora_dropout", "lora_target_modules",
        "lora_exclude_modules",
        "layers_to_transform", "layers_pattern", "rank_pattern", "alpha_pattern", "use_rslora",
        "modules_to_save",
        "train_bias", "lora_bias", "init_lora_weights", "loraplus_lr_ratio", "decay_magnitudes",
        "adapter_base", "teacher_logits",
    ]

    @Test(arguments: Recipe.settings.map(\.name).filter { !ignored.contains($0) })
    func `every setting changes the run, and is read back unchanged`(name: String) throws {
        let other = try #require(Self.others[name], "add a value for the new setting \(name)")
        var base = plain
        for setting in Recipe.settings {
            if let value = other.needed[setting.name] { try base.set(setting.name, to: value) }
        }
        var changed = base
        try changed.set(name, to: other.value)
        #expect(changed != base)
        #expect((TrainingArguments(changed) != TrainingArguments(base)) != Self.readByJob.contains(name))
        #expect(try Recipe(yaml: changed.yaml()) == changed)
    }

    @Test func `every setting of an adapter's file is reported by a flag that exists`() {
        for setting in AdapterConfiguration.Setting.allCases {
            #expect(Recipe.settings.contains { $0.flag == setting.flag }, "\(setting.flag)")
        }
    }

    @Test func `an adapter cannot add rows to the embedding`() {
        let text = fault(["adapter": .text("lora"), "resize_embeddings": .bool(true)])
        #expect(text?.contains("resize_embeddings contradicts adapter") == true, "\(text ?? "nothing")")
    }

    /// The error's message for settings; nil if they are valid.
    private func fault(_ values: [String: SettingValue]) -> String? {
        let complete: [String: SettingValue] = [
            "model": .text("m"), "dataset": .text("d"), "text_column": .text("t"), "label_column": .text("l"),
        ]
        do throws(SettingError) { _ = try Recipe(complete.merging(values) { $1 }) } catch {
            return error.description
        }
        return nil
    }

    @Test func `errors name the setting, the value and the allowed values`() {
        #expect(
            fault(["learnin_rate": .double(1)])
                == #"unknown setting "learnin_rate"; did you mean learning_rate?"#
        )
        #expect(
            fault(["learning_rate": .text("fast")]) == #"learning_rate must be a number above 0, not "fast""#
        )
        #expect(fault(["learning_rate": .int(0)]) == #"learning_rate must be a number above 0, not "0""#)
        #expect(
            fault(["eval_strategy": .text("best")])
                == #"eval_strategy must be no, steps or epoch, not "best""#
        )
        #expect(
            fault(["optim": .text("sgd"), "adam_beta1": .double(0.5)])
                == "adam_beta1 has no effect without optim adamw or lion; add that, or leave it out"
        )
        #expect(
            fault(["warmup_steps": .int(1), "warmup_ratio": .double(0.1)])
                == "warmup_steps and warmup_ratio exclude each other; leave one of them out"
        )
        #expect(
            fault(["class_weights": .list(["a=1", "a=2"])])?.hasPrefix(
                #"class_weights gives "a" two weights"#
            ) == true
        )
        #expect(fault(["lr_scheduler_kwargs": .text("power=2")])?.hasPrefix("lr_scheduler_kwargs ") == true)
        #expect(
            fault(["optim": .text("sgd"), "optim_args": .text("speed=2")])?.hasPrefix("optim_args ") == true
        )
        #expect(fault(["warmup_steps": .double(1e300)])?.hasPrefix("warmup_steps must be") == true)
        #expect(fault(["num_train_epochs": .int(2)]) == nil)
        let error = SettingError("learning_rate", .excludes("max_steps"))
        #expect(
            error.message { "--" + $0.replacing("_", with: "-") }.hasPrefix("--learning-rate and --max-steps")
        )
    }

    @Test func `an error in YAML names the line`() {
        let text = "model: m\ndataset: d\ntext_column: t\nlabel_column: l\nseed: -1\n"
        #expect(
            throws: RecipeFileError(name: "r.yaml", line: 5, #"seed must be a whole number from 0, not "-1""#)
        ) {
            try Recipe(yaml: text, name: "r.yaml")
        }
        #expect(throws: RecipeFileError.self) { try Recipe(yaml: "model: m\nmodel: n\n") }
        #expect(throws: RecipeFileError.self) { try Recipe(yaml: "- model") }
    }

    @Test func `a path is not taken for an id of the Hub`() {
        #expect(ModelSource.folder("runs/tweets").hubID == nil)
        #expect(ModelSource.hub("org/name", revision: "v1").hubID == "org/name")
        #expect(DataSource.file("data/tweets.csv").hubID == nil)
    }

    @Test func `each required setting is missed by its name, in the order of declaration`() throws {
        var values: [String: SettingValue] = [:]
        let required = Recipe.settings.filter(\.isRequired).map(\.name)
        #expect(required == ["model", "dataset", "text_column", "label_column"])
        for name in required {
            #expect(throws: SettingError(name, .missing)) { try Recipe(values) }
            values[name] = .text(name)
        }
        #expect(throws: Never.self) { try Recipe(values) }
        values["label_column"] = nil
        values["label_columns"] = .list(["a", "b"])
        #expect(try Recipe(values).labels == ["a", "b"])
        values["label_columns"] = nil
        values["teacher"] = .text("runs/large")
        #expect(try Recipe(values).labels.isEmpty)
    }

    @Test func `a teacher's settings need a teacher, and class weights need labels`() {
        #expect(
            fault(["distillation_alpha": .double(0.9)])
                == "distillation_alpha has no effect without teacher; add that, or leave it out"
        )
        #expect(
            fault(["teacher": .text("t"), "distillation_temperature": .int(0)])
                == "distillation_temperature must be a number above 0, not \"0\""
        )
        let values: [String: SettingValue] = [
            "model": .text("m"), "dataset": .text("d"), "text_column": .text("t"), "teacher": .text("t"),
            "class_weights": .text("balanced"),
        ]
        #expect(throws: SettingError("class_weights", .withoutEffect(Setting.Need("label_column")))) {
            try Recipe(values)
        }
    }
}
