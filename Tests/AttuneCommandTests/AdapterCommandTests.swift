import Attune
import Foundation
import JSON
import TestSupport
import Testing

/// Adapters on the command line: trained, resumed, used, merged.
struct AdapterCommandTests {
    private static let train =
        "$ATTUNE train --model $BASE --dataset d.csv --text-column text --label-column label --test-size 0.25 "
        + "--max-steps 6 --per-device-train-batch-size 2 --quiet "

    private func names(_ folder: URL, _ place: String) throws -> Set<String> {
        Set(
            try FileManager.default.contentsOfDirectory(
                atPath: folder.appending(path: place).path(percentEncoded: false)
            )
        )
    }

    /// Merges the adapter `run` into the folder `whole` and expects the same logits.
    private func merge(in folder: URL) throws {
        let merged = try shell(
            "$ATTUNE adapter merge run --output whole --text 'sunny day 3' --json",
            in: folder
        )
        #expect(merged.code == 0, "\(merged.errors)")
        let change = try #require(JSONValue.parse(merged.output.utf8)["largest_logit_change"].double)
        // float32 sums in another order.
        #expect(change < 1e-4)
    }

    @Test(arguments: ["lora", "dora"])
    func `an adapter is trained, evaluated, used and merged by its folder`(kind: String) throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            let trained = try shell(
                Self.train + "--adapter \(kind) --lora-r 4 --lora-target-modules all-linear --output-dir run",
                in: folder
            )
            #expect(trained.code == 0, "\(trained.errors)")
            let files = try names(folder, "run")
            #expect(
                files.isSuperset(of: [
                    "adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "README.md",
                ])
            )
            #expect(files.isDisjoint(with: ["config.json", "model.safetensors"]))
            let predict = #"$ATTUNE predict --text "sunny day 3" --logits --quiet --model "#
            let before = try shell(predict + "run", in: folder)
            #expect(before.code == 0 && before.output.contains("sun"), "\(before.errors)")
            let evaluated = try shell("$ATTUNE evaluate --model run --dataset d.csv --quiet", in: folder)
            #expect(evaluated.code == 0, "\(evaluated.errors)")
            try merge(in: folder)
            #expect(try names(folder, "whole").isSuperset(of: ["config.json", "model.safetensors"]))
            let after = try shell(predict + "whole", in: folder)
            func label(_ text: String) throws -> String? { try JSONValue.parse(text.utf8)["label"].string }
            #expect(try label(after.output) == label(before.output))
            for verb in ["inspect", "tokenize --text sunny"] {
                let parts = verb.split(separator: " ", maxSplits: 1)
                let outcome = try shell(
                    "$ATTUNE \(parts[0]) --model run \(parts.dropFirst().joined())",
                    in: folder
                )
                #expect(outcome.code == 0, "\(verb): \(outcome.errors)")
            }
            let shown = try shell("$ATTUNE adapter show run --json", in: folder)
            #expect(try JSONValue.parse(shown.output.utf8)["rank"].int == 4, "\(shown.errors)")
        }
    }

    @Test func `training goes on with an adapter, and resumes from its checkpoint`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            let first = try shell(
                Self.train
                    + "--adapter lora --lora-r 4 --output-dir run --save-strategy steps --save-steps 3",
                in: folder
            )
            #expect(first.code == 0, "\(first.errors)")
            #expect(try names(folder, "run/checkpoint-3").contains("adapter_model.safetensors"))
            let resumed = try shell(
                "$ATTUNE train run/recipe.yaml --resume-from-checkpoint run/checkpoint-3 --output-dir again --quiet",
                in: folder
            )
            #expect(resumed.code == 0, "\(resumed.errors)")
            let weights = "adapter_model.safetensors"
            #expect(
                try Data(contentsOf: folder.appending(path: "again/\(weights)"))
                    == Data(contentsOf: folder.appending(path: "run/\(weights)"))
            )
            let further = try shell(
                Self.train.replacing("$BASE", with: "run") + "--output-dir further",
                in: folder
            )
            #expect(further.code == 0, "\(further.errors)")
            #expect(try names(folder, "further").contains("adapter_model.safetensors"))
        }
    }

    @Test func `several adapters over one base answer by name`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            for (name, kind) in [("tone", "lora"), ("topic", "dora")] {
                let flags = "--adapter \(kind) --lora-r 2 --output-dir all/\(name)"
                let trained = try shell(Self.train + flags, in: folder)
                #expect(trained.code == 0, "\(trained.errors)")
            }
            func predict(_ flags: String) throws -> JSONValue {
                let texts = #" --text "sunny day 3" --text "" --empty-texts drop --logits --quiet"#
                let outcome = try shell("$ATTUNE predict \(flags)" + texts, in: folder)
                #expect(outcome.code == 0, "\(outcome.errors)")
                let lines = outcome.output.split(separator: "\n")
                #expect(lines.count == 2)
                return try JSONValue.parse(#require(lines.first).utf8)
            }
            let both = try predict("--model all --adapter-name tone --adapter-name topic")
            #expect(try both["tone"] == predict("--model all --adapter-name tone"))
            #expect(try both["topic"] == predict("--model all/topic"))
            let elsewhere = try predict(
                "--model $BASE --adapter-name topic=all/topic --adapter-name tone=all/tone"
            )
            #expect(elsewhere["tone"] == both["tone"] && elsewhere["topic"] == both["topic"])
            for (flags, part) in [
                ("predict --model all --text a --adapter-name tome", "only \"tone\", \"topic\""),
                ("predict --model all --text a", "`attune evaluate`: --adapter-name tone"),
                (
                    "predict --model all --text a --adapter-name tone --adapter-name tone",
                    "there is an adapter named \"tone\" already"
                ),
                (
                    "evaluate --model all --dataset d.csv --adapter-name tone --adapter-name topic",
                    "give one adapter to evaluate"
                ),
            ] {
                let refused = try shell("$ATTUNE " + flags, in: folder)
                #expect(refused.code != 0 && refused.errors.contains(part), "\(flags): \(refused.errors)")
            }
        }
    }

    @Test(arguments: [
        ("--lora-r 4", "--adapter lora"),
        ("--adapter lora --lora-r 0", "--lora-r must be a whole number above 0"),
        ("--adapter lora --lora-target-modules q_prog", "q_prog matches no layer"),
        ("--adapter lora --lora-r 5000", "--lora-r 5000 is larger than the layer"),
        ("--adapter dora --lora-bias", "--lora-bias"), ("--adapter qlora", "lora or dora"),
    ])
    func `settings that cannot work are refused by their flag`(flags: String, part: String) throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            let outcome = try shell(Self.train + flags + " --output-dir run", in: folder)
            #expect(outcome.code != 0)
            #expect(outcome.errors.contains(part), "\(outcome.errors)")
        }
    }

    @Test func `a whole model is no adapter`() throws {
        try withTemporaryFolder { folder in
            let outcome = try shell("$ATTUNE adapter show $BASE", in: folder)
            #expect(
                outcome.code == 64 && outcome.errors.contains("is a whole model, not an adapter"),
                "\(outcome.errors)"
            )
        }
    }

    @Test(arguments: ["nf4 --double-quant", "fp4", "int8"])
    func `an adapter on a base that is quantized while loading is used on the same base`(kind: String) throws
    {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            let flags = "--adapter lora --lora-r 4 --quantize \(kind) --save-strategy steps --save-steps 3"
            let trained = try shell(
                Self.train.replacing("--quiet", with: "") + flags + " --output-dir run",
                in: folder
            )
            #expect(trained.code == 0, "\(trained.errors)")
            #expect(
                trained.errors.contains("kept in \(kind.prefix(4).uppercased().prefix(while: { $0 != " " }))")
            )
            let resumed = try shell(
                "$ATTUNE train run/recipe.yaml --resume-from-checkpoint run/checkpoint-3 --output-dir again --quiet",
                in: folder
            )
            #expect(resumed.code == 0, "\(resumed.errors)")
            let weights = "adapter_model.safetensors"
            let bytes = try ["run", "again"].map {
                try Data(contentsOf: folder.appending(path: "\($0)/\(weights)"))
            }
            #expect(bytes[0] == bytes[1])
            let evaluated = try shell("$ATTUNE evaluate --model run --dataset d.csv --json", in: folder)
            #expect(evaluated.code == 0, "\(evaluated.errors)")
            #expect(!evaluated.errors.contains("was trained on other weights"), "\(evaluated.errors)")
            try merge(in: folder)
        }
    }

    @Test func `an adapter is trained on a folder that bitsandbytes quantized`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            var options = SequenceClassifier.LoadOptions()
            options.frozenStorage = .quantized(.nf4, isDouble: true)
            options.labels = ["sun", "rain"]
            let tiny = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
            // In the form in which transformers writes and reads it.
            try TextClassifier.load(tiny, options: options).classifier.save(
                to: folder.appending(path: "base")
            )
            let train = Self.train.replacing("$BASE", with: "base").replacing("--quiet", with: "")
            let trained = try shell(
                train + "--adapter lora --lora-r 4 --output-dir run",
                in: folder
            )
            #expect(trained.code == 0, "\(trained.errors)")
            #expect(trained.errors.contains("kept in NF4"), "\(trained.errors)")
            let whole = try shell(train + "--output-dir whole", in: folder)
            #expect(whole.code == 0, "\(whole.errors)")
            let saved = try Data(contentsOf: folder.appending(path: "whole/config.json"))
            #expect(try JSONValue.parse(saved)["quantization_config"] == .null)
        }
    }

    @Test func `start values from the weights, and double quantization of eight bits, are refused`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            for (flags, message) in [
                ("--quantize nf4", "--quantize has no effect without --adapter lora"),
                ("--adapter lora --quantize nf4 --init-lora-weights pissa", "--init-lora-weights true"),
                ("--adapter lora --quantize int8 --double-quant", "--quantize nf4"),
                ("--adapter lora --quantize nf5", "did you mean \"nf4\"?"),
            ] {
                let refused = try shell(Self.train + flags + " --output-dir run", in: folder)
                #expect(refused.code == 64 && refused.errors.contains(message), "\(refused.errors)")
            }
        }
    }
}
