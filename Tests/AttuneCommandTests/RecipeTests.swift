import Foundation
import JSON
import TestSupport
import Testing

/// Recipes with the built executable.
struct RecipeTests {
    private var model: String {
        Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
    }

    private var recipes: URL {
        Fixture.folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: "recipes")
    }

    private func file(_ text: String, _ name: String, in folder: URL) throws -> String {
        let url = folder.appending(path: name)
        try Data(text.utf8).write(to: url)
        return url.path(percentEncoded: false)
    }

    /// 400 posts with the columns of the mission's data.
    private func posts(in folder: URL) throws -> String {
        let types = ["INTP", "INTJ", "ENFP", "ESFJ"]
        let rows = (0..<400).map { row in
            let type = types[row % 7 % 4]
            return "user\(row % 9),post \(row) of one who is \(type.suffix(1)),\(type),\(type.suffix(1))"
        }
        return try file("author,body,mbti,J-P\n" + rows.joined(separator: "\n"), "posts.csv", in: folder)
    }

    @Test func `all recipes of this repository can be read, and flags override them`() throws {
        let files = try FileManager.default.contentsOfDirectory(
            at: recipes,
            includingPropertiesForKeys: nil
        )
        #expect(
            files.map(\.lastPathComponent).sorted() == [
                "bert-mbti.yaml", "llama32-mbti.yaml", "phi3-mbti-qlora.yaml", "phi3-mbti.yaml",
            ]
        )
        try withTemporaryFolder { folder in
            let data = try posts(in: folder)
            for recipe in files {
                let outcome = try attune([
                    "train", recipe.path(percentEncoded: false), "--model", model, "--dataset", data,
                    "--sample",
                    "0.5", "--dry-run",
                ])
                #expect(outcome.code == 0, "\(outcome.errors)")
                // 200 sampled and 40 held out leave 160 texts, 20 steps of 8.
                #expect(outcome.output.contains("train on       160 texts"), "\(outcome.output)")
                #expect(outcome.output.contains("20 of 8 texts"), "\(outcome.output)")
                #expect(outcome.output.contains("J 0.6, P 0.4"), "\(outcome.output)")
                let rate = recipe.lastPathComponent.contains("qlora") ? "0.0002" : "2e-05"
                #expect(outcome.output.contains("linear: \(rate) at step 1"), "\(outcome.output)")
            }
        }
    }

    @Test func `a run writes its recipe with all values, and the recipe repeats the run to the byte`() throws
    {
        try withTemporaryFolder { folder in
            let data = try posts(in: folder)
            let recipe = try file(
                """
                model: \(model)
                dataset: \(data)
                text_column: body
                label_column: [J-P]
                class_weights: {J: 0.6, P: 0.4}
                evaluation_strategy: no
                max_steps: 3
                sample: null
                hf_compat_ga: false
                test_size: 0.1
                """,
                "mine.yaml",
                in: folder
            )
            let outputs = ["first", "second"].map { folder.appending(path: $0) }
            let first = try attune([
                "train", recipe, "--max-steps", "2", "--output-dir", outputs[0].path(percentEncoded: false),
            ])
            #expect(first.code == 0, "\(first.errors)")
            let left = outputs[0].appending(path: "recipe.yaml")
            let text = try String(contentsOf: left, encoding: .utf8)
            for line in [
                "max_steps: 2", "label_column: [J-P]", "class_weights: {J: 0.6, P: 0.4}", "eval_strategy: no",
                "stratify_by: J-P",
                "learning_rate: 5e-05", "sample: null", "data_seed: 42", "eval_steps: 500",
                "hf_compat_ga: false",
            ] {
                #expect(text.split(separator: "\n").contains(Substring(line)), "\(line) in \(text)")
            }
            #expect(!text.contains("resume_from_checkpoint") && !text.contains("dry_run"))

            let again = try attune([
                "train", left.path(percentEncoded: false), "--output-dir",
                outputs[1].path(percentEncoded: false),
            ])
            #expect(again.code == 0, "\(again.errors)")
            let weights = try outputs.map { try Data(contentsOf: $0.appending(path: "model.safetensors")) }
            #expect(weights[0] == weights[1])
            let second = try String(
                contentsOf: outputs[1].appending(path: "recipe.yaml"),
                encoding: .utf8
            )
            #expect(second.replacing("/second", with: "/first") == text)
        }
    }

    @Test func `a run reports to TensorBoard and to JSON lines, with evaluations at steps and at the end`()
        throws
    {
        try withTemporaryFolder { folder in
            let data = try posts(in: folder)
            let out = folder.appending(path: "out")
            let recipe = try file(
                """
                model: \(model)
                dataset: \(data)
                text_column: body
                label_column: J-P
                max_steps: 4
                logging_steps: 2
                eval_strategy: steps
                save_strategy: no
                sample: 40
                test_size: 0.5
                report_to: [tensorboard, jsonl]
                """,
                "mine.yaml",
                in: folder
            )
            let run = try attune(["train", recipe, "--output-dir", out.path(percentEncoded: false)])
            #expect(run.code == 0, "\(run.errors)")
            let lines = try String(contentsOf: out.appending(path: "events.jsonl"), encoding: .utf8)
                .split(separator: "\n").map { try JSONValue.parse($0.utf8) }
            // The evaluation after the last step is also the result, and is not repeated.
            #expect(lines.map { $0["event"].string } == ["started", "log", "eval", "log", "eval"])
            #expect(lines.map { $0["step"].int } == [nil, 2, 2, 4, 4])
            let results = try JSONValue.parse(
                Data(contentsOf: out.appending(path: "eval_results.json"))
            )
            #expect(lines.last?["eval_roc_auc"] == results["eval_roc_auc"])
            #expect(results["eval_roc_auc_interval"].array?.count == 2)
            #expect(results["eval_majority_baseline"].double ?? 0 >= 0.5)

            let events = try FileManager.default.contentsOfDirectory(
                atPath: out.appending(path: "runs").path(percentEncoded: false)
            )
            #expect(events.count == 1 && events[0].hasPrefix("events.out.tfevents."), "\(events)")
            let none = try attune([
                "train", recipe, "--report-to", "none", "--report-to", "jsonl", "--output-dir", "x",
            ])
            #expect(
                none.code == 64
                    && none.errors.contains("--report-to must be tensorboard, jsonl, both of them, or none"),
                "\(none.errors)"
            )
        }
    }

    @Test func `an error names the line, and suggests the right name`() throws {
        try withTemporaryFolder { folder in
            let start = "model: m\ndataset: d\ntext_column: t\nlabel_column: l\noutput_dir: o\n"
            let mistakes: [(String, String)] = [
                (
                    "learning_rat: 1",
                    "line 6: unknown setting \"learning_rat\"; did you mean learning_rate?"
                ),
                ("learning-rate: 1", "did you mean learning_rate?"),
                ("learning_rate: fast", "line 6: learning_rate must be a number above 0, not \"fast\""),
                (
                    "lr_scheduler_type: cosine\nlearning_rate: -1",
                    "line 7: learning_rate must be a number above 0, not \"-1\""
                ),
                (
                    "warmup_steps: 3\nwarmup_ratio: 0.1",
                    "lines 6 and 7: warmup_steps and warmup_ratio exclude"
                ),
                ("seed: 1\nseed: 2", "mine.yaml"),
                ("eval_strategy: no\nevaluation_strategy: no", "line 6 already"),
                ("hf_compat_ga: 3", "line 6: hf_compat_ga must be true or false"),
                ("max_steps: [[1]]", "line 6: max_steps takes one value"),
                ("class_weights: {", "mine.yaml: not YAML"),
            ]
            for (lines, part) in mistakes {
                let recipe = try file(start + lines, "mine.yaml", in: folder)
                let outcome = try attune(["train", recipe])
                #expect(outcome.code == 64 && outcome.output.isEmpty, "\(outcome.errors)")
                #expect(outcome.errors.contains(part), "\(outcome.errors)")
            }
            let list = try attune(["train", try file("- a\n", "list.yaml", in: folder)])
            #expect(
                list.code == 64 && list.errors.contains("a mapping with lines NAME: VALUE"),
                "\(list.errors)"
            )
            let missing = try attune(["train", "nowhere.yaml"])
            #expect(missing.code == 66 && missing.errors.contains("cannot read the recipe nowhere.yaml"))
            let unknown = try attune(["train", "--modle", "m"])
            #expect(
                unknown.code == 64 && unknown.errors.contains("unknown flag --modle; did you mean --model?"),
                "\(unknown.errors)"
            )
        }
    }
}

/// transformers' spellings, and its arguments that are not needed here.
struct ReferenceArgumentTests {
    private let needed = [
        "train", "--model", "m", "--dataset", "d.csv", "--text-column", "t", "--label-column", "l",
        "--output-dir", "o",
    ]

    @Test(arguments: [
        (["--fp16"], "--fp16 is not supported, because float16 overflows: --precision bf16"),
        (["--use_cpu"], "--use-cpu is called --device cpu here"),
        (
            ["--dataloader-num-workers", "4"],
            "--dataloader-num-workers is not needed: texts are tokenized before"
        ),
        (["--logging-nan-inf-filter", "false"], "a NaN or infinite loss stops the run"),
        (["--bf16", "--precision", "tf32"], "--bf16 and --precision exclude each other"),
        (["--eval-on-start"], "--eval-on-start has no effect without --eval-strategy steps or epoch"),
        (["--learning-rat", "1"], "did you mean --learning-rate?"),
    ])
    func `an argument without a flag is refused with advice`(typed: [String], answer: String) throws {
        let outcome = try attune(needed + typed)
        #expect(outcome.code == 64)
        #expect(outcome.errors.contains(answer), "\(outcome.errors)")
    }

    @Test func `a flag may be followed by true or false, as in transformers' scripts`() throws {
        let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        try withTemporaryFolder { folder in
            let data = folder.appending(path: "texts.csv")
            try Data("t,l\na,x\nb,y\nc,x\nd,y\n".utf8).write(to: data)
            let outcome = try attune([
                "train", "--model", model, "--dataset", data.path(percentEncoded: false), "--text-column",
                "t",
                "--label-column", "l", "--output-dir", folder.path(percentEncoded: false), "--dry-run",
                "--tf32", "True",
                "--gradient-checkpointing", "False",
            ])
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("tf32"), "\(outcome.output)")
            #expect(outcome.output.contains("adamw_torch_fused\n"), "\(outcome.output)")
            // False on the command line overrides a recipe's true.
            let recipe = folder.appending(path: "recipe.yaml")
            let settings = [
                "model: \(model)", "dataset: \(data.path(percentEncoded: false))", "text_column: t",
                "label_column: l",
                "output_dir: out", "gradient_checkpointing: true",
            ]
            try Data(settings.joined(separator: "\n").utf8).write(to: recipe)
            let typed = ["train", recipe.path(percentEncoded: false), "--dry-run"]
            #expect(try attune(typed).output.contains("blocks are recomputed"))
            #expect(
                try !attune(typed + ["--gradient-checkpointing", "false"]).output.contains("recomputed")
            )
        }
    }
}
