import Attune
import Foundation
import TestSupport
import Testing

@testable import AttuneCommand

/// Spellings of commands and flags: those of transformers' scripts are accepted, mistakes get a suggestion.
struct SpellingTests {
    private let needed = ["--model", "m", "--dataset", "d.csv", "--text-column", "t", "--label-column", "l"]

    /// The words of a command line as the command gets them.
    private func read(_ typed: [String]) throws -> [String] { try CommandRequest(typed).words }

    private func error(_ typed: [String]) -> String? {
        do { _ = try CommandRequest(typed) } catch { return "\(error)" }
        return nil
    }

    // MARK: Accepted

    @Test(
        arguments: [
            (
                ["train", "--per_device_train_batch_size", "4"],
                ["train", "--per-device-train-batch-size", "4"]
            ),
            (["train", "--learning_rate=1e-4"], ["train", "--learning-rate", "1e-4"]),
            (["train", "--bf16", "True"], ["train", "--bf16"]),
            (["train", "--bf16=false"], ["train", "--bf16", "false"]),
            (["predict", "--max_length", "9"], ["predict", "--max-length", "9"]),
            (["predict", "--logits", "true", "--model", "m"], ["predict", "--logits", "--model", "m"]),
            (["data", "split", "--test_size=0.5"], ["data", "split", "--test-size", "0.5"]),
            (["hub", "upload", "a", "b", "--pull_request"], ["hub", "upload", "a", "b", "--pull-request"]),
            (["predict", "--text", "- milk", "--text", "-1"], ["predict", "--text=- milk", "--text=-1"]),
        ]
    )
    func `underscores, equals signs and true or false are accepted everywhere`(
        typed: [String],
        meant: [String]
    ) throws {
        #expect(try read(typed) == meant)
        #expect(try read(meant) == meant)
    }

    @Test(
        arguments: [
            ("epochs", "num-train-epochs"), ("lr", "learning-rate"),
            ("batch-size", "per-device-train-batch-size"),
            ("train_batch_size", "per-device-train-batch-size"), ("model-name-or-path", "model"),
            ("model_name_or_path", "model"), ("train-file", "dataset"), ("dataset_name", "dataset"),
            ("validation_file", "eval-dataset"), ("output", "output-dir"), ("max_seq_length", "max-length"),
            ("text_column_name", "text-column"), ("optimizer", "optim"),
            ("label_smoothing", "label-smoothing-factor"),
            ("random_state", "seed"), ("patience", "early-stopping-patience"),
            ("evaluation_strategy", "eval-strategy"),
        ]
    )
    func `popular names of flags are accepted`(typed: String, meant: String) throws {
        for command in ["train", "plan"] {
            #expect(try read([command, "--" + typed, "1"]) == [command, "--" + meant, "1"])
        }
        // A recipe takes the same names.
        if let setting = try? Recipe.setting(typed.replacing("-", with: "_")) {
            #expect(setting.flag == meant)
        }
    }

    @Test func `other commands take the names of the flags that they have`() throws {
        #expect(try read(["predict", "--model_name_or_path", "m"]) == ["predict", "--model", "m"])
        #expect(try read(["predict", "--batch_size", "4"]) == ["predict", "--batch-size", "4"])
        #expect(
            try read(["evaluate", "--per_device_eval_batch_size", "4"]) == ["evaluate", "--batch-size", "4"]
        )
        #expect(try read(["evaluate", "--test_file", "x"]) == ["evaluate", "--dataset", "x"])
        #expect(try read(["hub", "push", "a", "b"]) == ["hub", "upload", "a", "b"])
    }

    @Test(
        arguments: [
            (["--resume"], "latest"), (["--resume", "--seed", "1"], "latest"),
            (["--resume", "true"], "latest"),
            (["--resume", "my.yaml"], "latest"), (["--resume", "out/checkpoint-5"], "out/checkpoint-5"),
            (["--resume_from_checkpoint", "True"], "latest"), (["--resume=latest"], "latest"),
        ]
    )
    func `resuming without a checkpoint means the latest`(typed: [String], checkpoint: String) throws {
        let words = try read(["train"] + typed)
        let index = try #require(words.firstIndex(of: "--resume-from-checkpoint"))
        #expect(words[index + 1] == checkpoint)
        #expect(words.contains("my.yaml") == typed.contains("my.yaml"))
    }

    @Test func `a run takes other names in a recipe and on the command line`() throws {
        let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        try withTemporaryFolder { folder in
            try Data("t,l\na,x\nb,y\nc,x\nd,y\n".utf8).write(to: folder.appending(path: "d.csv"))
            try Data(
                "model_name_or_path: \(model)\ntrain_file: d.csv\nlr: 3e-4\nepochs: 2\noutput: out\n".utf8
            )
            .write(to: folder.appending(path: "mine.yaml"))
            let outcome = try shell(
                "$ATTUNE train mine.yaml --text_column t --label_column=l --batch_size 2 --dry_run True",
                in: folder
            )
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(
                outcome.output.contains("0.0003") && outcome.output.contains("of 2 texts"),
                "\(outcome.output)"
            )
        }
    }

    // MARK: Suggestions

    @Test(
        arguments: [
            (["trian", "--model", "x"], #"unknown command "trian"; did you mean `attune train`?"#),
            (["evalaute"], #"unknown command "evalaute"; did you mean `attune evaluate`?"#),
            (["data", "spilt"], #"unknown command "spilt"; did you mean `attune data split`?"#),
            (["split", "--dataset", "x"], #"unknown command "split"; did you mean `attune data split`?"#),
            (["finetune"], #"unknown command "finetune"; did you mean `attune train`?"#),
            (["help", "trian"], #"unknown command "trian"; did you mean `attune train`?"#),
            (["xyzzy"], #"unknown command "xyzzy"; `attune help` lists the commands"#),
            (["data", "xyzzy"], #"unknown command "xyzzy"; `attune help data` lists the commands"#),
            (["predict", "--modle", "x"], "unknown flag --modle; did you mean --model?"),
            (["predict", "--max-lenght", "x"], "unknown flag --max-lenght; did you mean --max-length?"),
            (["train", "--learn-rate", "1"], "unknown flag --learn-rate; did you mean --learning-rate?"),
            (["train", "--epoch", "1"], "unknown flag --epoch; did you mean --num-train-epochs?"),
            (
                ["train", "--warmup", "1"],
                "unknown flag --warmup; did you mean --warmup-steps or --warmup-ratio?"
            ),
            (["train", "--lern-rate", "1"], "unknown flag --lern-rate; did you mean --learning-rate?"),
            (
                ["train", "--batchsize", "1"],
                "unknown flag --batchsize; did you mean --per-device-train-batch-size?"
            ),
            (["predict", "--batchsize", "1"], "unknown flag --batchsize; did you mean --batch-size?"),
            (
                ["train", "--eval-stratgy", "no"],
                "unknown flag --eval-stratgy; did you mean --eval-strategy?"
            ),
            (["train", "--label-colum", "l"], "unknown flag --label-colum; did you mean --label-column?"),
            (
                ["train", "--gradient-acumulation", "2"],
                "unknown flag --gradient-acumulation; did you mean --gradient-accumulation-steps?"
            ),
            (["train", "--wieght-decay", "0"], "unknown flag --wieght-decay; did you mean --weight-decay?"),
            (["train", "--stratgy", "no"], "unknown flag --stratgy; `attune help train` lists the flags"),
            (["train", "--gpus", "1"], "unknown flag --gpus; `attune help train` lists the flags"),
            (["train", "--use-lora"], "--use-lora is called --adapter lora here"),
            (
                ["train", "--temperature", "1"],
                "unknown flag --temperature; did you mean --distillation-temperature?"
            ),
            (["train", "--bogus"], "unknown flag --bogus; `attune help train` lists the flags"),
            (["inspect", "-model", "x"], "unknown flag -model; did you mean --model?"),
            (["evaluate", "--test-size", "1"], "unknown flag --test-size; it is a flag of"),
            (
                ["inspect", "runs/x"],
                #"`attune inspect` does not take the word "runs/x"; did you mean --model runs/x?"#
            ),
            (["predict", "--model"], "--model needs a value: --model <model>"),
            (["predict", "--logits=5"], #"--logits takes no value, or true or false, not "5""#),
            (["train", "--do_regression"], "--do-regression is called --problem-type regression here"),
            (["predict", "--no_cuda"], "--no-cuda is called --device cpu here"),
            (["--model", "x"], "attune needs a command before the flag --model: "),
        ]
    )
    func `a mistake gets the right suggestion, and nothing far-fetched`(typed: [String], message: String) {
        #expect(error(typed)?.hasPrefix(message) ?? false, "\(error(typed) ?? "no error")")
    }

    @Test(
        arguments: [
            (
                ["train", "--optim", "adamw_troch"],
                #"or lion_32bit, not "adamw_troch"; did you mean "adamw_torch"?"#
            ),
            (["train", "--lr-scheduler-type", "cosin"], #"not "cosin"; did you mean "cosine"?"#),
            (["train", "--precision", "pf16"], #"--precision must be fp32, tf32 or bf16, not "pf16""#),
            (["train", "--eval-strategy", "epochs"], #"not "epochs"; did you mean "epoch"?"#),
            (["plan", "--problem-type", "multilabel"], #"not "multilabel"; did you mean "multi-label"?"#),
            (
                ["predict", "--precision", "fp31"],
                #"--precision must be fp32, tf32 or bf16, not "fp31"; did you mean "fp32"?"#
            ),
            (
                ["data", "split", "--format", "cvs"],
                #"--format must be csv, tsv, jsonl, parquet or arrow, not "cvs"; did you mean "csv"?"#
            ),
        ]
    )
    func `a misspelt value gets the allowed ones and a suggestion`(typed: [String], message: String) throws {
        let more =
            typed[0] == "predict"
            ? ["--model", "m", "--text", "x"]
            : typed[0] == "data"
                ? ["--dataset", "d", "--test-size", "1", "--output-dir", "o"]
                : needed + ["--output-dir", "o"]
        let outcome = try attune(typed + more)
        #expect(outcome.code == 64 && outcome.output.isEmpty)
        #expect(
            outcome.errors.hasPrefix("attune: error: ") && outcome.errors.contains(message),
            "\(outcome.errors)"
        )
    }

    @Test func `a misspelt metric, label and column get a suggestion`() throws {
        let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        try withTemporaryFolder { folder in
            try Data("text,label\na,x\nb,y\nc,x\nd,y\n".utf8).write(to: folder.appending(path: "d.csv"))
            let metric = try shell(
                """
                $ATTUNE train --model \(model) --dataset d.csv --text-column text --label-column label --output-dir out \
                --eval-strategy epoch --test-size 2 --metric-for-best-model acuracy
                """,
                in: folder
            )
            #expect(metric.code == 64, "\(metric.errors)")
            #expect(
                metric.errors.contains("acuracy is not available; did you mean accuracy?"),
                "\(metric.errors)"
            )
            let column = try shell(
                "$ATTUNE train --model \(model) --dataset d.csv --text-column txet --label-column label --output-dir out",
                in: folder
            )
            #expect(column.code == 65 && column.errors.contains(#"did you mean "text"?"#), "\(column.errors)")
        }
    }

    // MARK: The parser's errors

    @Test(
        arguments: [
            (
                ["predict"],
                "attune: error: Missing expected argument '--model <model>': a folder that `attune train` saved, a .gguf or .attune file, or an id of the Hub: org/name[@revision]; see `attune help predict`\n"
            ),
            (
                ["hub", "upload"],
                "attune: error: Missing expected argument '<place>'; see `attune help hub upload`\n"
            ),
            (
                ["predict", "--model", "m", "--text", "x", "--threads", "many"],
                "attune: error: The value 'many' is invalid for '--threads <count>'; see `attune help predict`\n"
            ),
        ]
    )
    func `an error is one line, without the whole usage`(typed: [String], message: String) throws {
        let outcome = try attune(typed)
        #expect(outcome.code == 64 && outcome.output.isEmpty)
        #expect(outcome.errors == message)
    }
}
