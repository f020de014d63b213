import Foundation
import JSON
import TestSupport
import Testing

/// What a trained folder remembers, and how the commands use it, as a person meets it.
struct RememberedSettingsCommandTests {
    private let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)

    private func file(_ text: String, _ name: String, in folder: URL) throws -> String {
        let url = folder.appending(path: name)
        try Data(text.utf8).write(to: url)
        return url.path(percentEncoded: false)
    }

    private func lines(_ text: String) throws -> [JSONValue] {
        try text.split(separator: "\n").map { try JSONValue.parse($0.utf8) }
    }

    /// A model trained on long texts that were cut, and its data.
    private func trained(
        in folder: URL,
        _ more: [String] = []
    ) throws -> (out: String, data: String, eval: String) {
        func rows(_ range: Range<Int>) -> String {
            // The word that tells the classes apart comes after the cut in half of the rows.
            let rows = range.map { row in
                let word = row % 2 == 0 ? "sunny" : "rainy"
                let filler = "the day number \(row) was long and went by"
                return
                    "\(row % 4 < 2 ? "\(word) \(filler)" : "\(filler) \(word)"),\(row % 2 == 0 ? "sun" : "rain")"
            }
            return "body,sky\n" + rows.joined(separator: "\n")
        }
        let data = try file(rows(0..<24), "train.csv", in: folder)
        let eval = try file(rows(24..<36), "eval.csv", in: folder)
        let out = folder.appending(path: "out").path(percentEncoded: false)
        let outcome = try attune(
            [
                "train", "--model", model, "--dataset", data, "--text-column", "body", "--label-column",
                "sky",
                "--eval-dataset", eval, "--max-length", "6", "--learning-rate", "1e-2", "--num-train-epochs",
                "3",
                "--output-dir", out,
            ] + more
        )
        #expect(outcome.code == 0, "\(outcome.errors)")
        return (out, data, eval)
    }

    @Test func `evaluate repeats the numbers of training without being told columns or length`() throws {
        try withTemporaryFolder { folder in
            let (out, _, eval) = try trained(in: folder)
            let numbers = folder.appending(path: "numbers.json").path(percentEncoded: false)
            let plain = try attune(["evaluate", "--model", out, "--dataset", eval, "--output", numbers])
            #expect(plain.code == 0, "\(plain.errors)")
            #expect(
                plain.errors.contains(
                    "as in training: texts from column \"body\", at most 6 tokens per text"
                ),
                "\(plain.errors)"
            )
            func loss(_ path: String) throws -> Double {
                try #require(try JSONValue.parse(Data(contentsOf: URL(filePath: path)))["eval_loss"].double)
            }
            let trainingLoss = try loss(out + "/eval_results.json")
            #expect(try abs(loss(numbers) - trainingLoss) < 1e-6)
            let longer = try attune([
                "evaluate", "--model", out, "--dataset", eval, "--output", numbers, "--max-length", "64",
            ])
            #expect(try longer.code == 0 && abs(loss(numbers) - trainingLoss) > 1e-6, "\(longer.errors)")
            let batched = try attune([
                "evaluate", "--model", out, "--dataset", eval, "--output", numbers, "--batch-size", "2",
                "--threads",
                "1", "--precision", "tf32",
            ])
            #expect(try batched.code == 0 && abs(loss(numbers) - trainingLoss) < 1e-4, "\(batched.errors)")

            let shown = try attune(["inspect", "--model", out])
            #expect(
                shown.output.contains(
                    "trained     texts from column \"body\"\n            at most 6 tokens per text\n"
                ),
                "\(shown.output)"
            )
            let json = try JSONValue.parse(attune(["inspect", "--model", out, "--json"]).output.utf8)
            #expect(json["settings"]["max_length"].int == 6)
        }
    }

    @Test(
        arguments: [
            ["--class-weights", "rain=3,sun=1", "--label-smoothing-factor", "0.2"],
            ["--class-weights", "balanced", "--focal-gamma", "2"],
        ]
    )
    func `evaluate computes the loss of the run`(flags: [String]) throws {
        try withTemporaryFolder { folder in
            let (out, _, eval) = try trained(in: folder, flags)
            let numbers = folder.appending(path: "numbers.json").path(percentEncoded: false)
            func results(_ path: String) throws -> JSONValue {
                try JSONValue.parse(Data(contentsOf: URL(filePath: path)))
            }
            let outcome = try attune(["evaluate", "--model", out, "--dataset", eval, "--output", numbers])
            #expect(outcome.code == 0, "\(outcome.errors)")
            let (run, measured) = (try results(out + "/eval_results.json"), try results(numbers))
            for name in ["eval_loss", "eval_log_loss"] {
                let difference = try #require(run[name].double) - #require(measured[name].double)
                #expect(abs(difference) < 1e-6, "\(name)")
            }
            #expect(
                try abs(#require(measured["eval_loss"].double) - #require(measured["eval_log_loss"].double))
                    > 1e-3
            )
            // For other labels the loss is not that of the run, and this is said.
            let settings = try results(out + "/attune.json")
            let other = JSONValue.object(["kind": .string("binary_cross_entropy"), "label_count": .int(2)])
            var changed = try #require(settings.object)
            changed["loss"] = other
            try Data(JSONValue.object(changed).formatted.utf8).write(to: URL(filePath: out + "/attune.json"))
            let plain = try attune(["evaluate", "--model", out, "--dataset", eval, "--output", numbers])
            #expect(
                plain.errors.contains("has a loss for other labels than the model's"),
                "\(plain.errors)"
            )
            let loss = try results(numbers)
            #expect(
                try abs(#require(loss["eval_loss"].double) - #require(loss["eval_log_loss"].double)) < 1e-6
            )
        }
    }

    @Test func `predict and tokenize read the column and the length of training`() throws {
        try withTemporaryFolder { folder in
            let (out, data, _) = try trained(in: folder)
            let said = try attune(["predict", "--model", out, "--input", data])
            #expect(try said.code == 0 && lines(said.output).count == 24, "\(said.errors)")
            #expect(
                said.errors.contains("24 of 24 texts are longer than 6 tokens and were cut"),
                "\(said.errors)"
            )
            let text = "the day number 7 was long and went by rainy"
            func logits(_ more: [String]) throws -> JSONValue {
                try lines(attune(["predict", "--model", out, "--text", text, "--logits"] + more).output)[0][
                    "logits"
                ]
            }
            let short = try logits([])
            #expect(
                try short != .null && logits(["--max-length", "6", "--max-tokens-per-batch", "1"]) == short
            )
            #expect(try logits(["--max-length", "64"]) != short)

            let tokens = try attune(["tokenize", "--model", out, "--input", data])
            #expect(
                try lines(tokens.output).allSatisfy { $0["input_ids"].array?.count == 6 },
                "\(tokens.errors)"
            )
            #expect(tokens.errors.contains("the length used in training"))

            // Another file: its only column is taken, and a missing one is named.
            let plain = try file("a rainy day\na sunny day\n", "plain.txt", in: folder)
            #expect(try lines(attune(["predict", "--model", out, "--input", plain]).output).count == 2)
            let other = try file("id,message\n1,a rainy day\n", "other.csv", in: folder)
            let missing = try attune(["predict", "--model", out, "--input", other])
            #expect(missing.code == 65 && missing.output.isEmpty)
            #expect(
                missing.errors.contains("the model was trained with \"body\": give yours with --text-column"),
                "\(missing.errors)"
            )
            #expect(
                try attune(["predict", "--model", out, "--input", other, "--text-column", "message"]).code
                    == 0
            )
            try Data("{".utf8).write(to: URL(filePath: out + "/attune.json"))
            let damaged = try attune(["predict", "--model", out, "--text", "x"])
            #expect(
                damaged.code == 65 && damaged.errors.contains("attune.json is damaged"),
                "\(damaged.errors)"
            )
        }
    }

    @Test func `an empty text is said, left without an answer, or refused`() throws {
        try withTemporaryFolder { folder in
            let (out, _, _) = try trained(in: folder)
            let input = try file("body\nrainy day\n\" \"\nsunny day\n", "rows.csv", in: folder)
            func predict(_ more: [String]) throws -> CommandOutcome {
                try attune(["predict", "--model", out, "--input", input] + more)
            }
            let kept = try predict([])
            #expect(kept.code == 0)
            #expect(
                kept.errors.contains(
                    "rows.csv: row 2 is empty; a prediction for an empty text is meaningless; --empty-texts drop"
                ),
                "\(kept.errors)"
            )
            let dropped = try predict(["--empty-texts", "drop"])
            let answers = try lines(dropped.output)
            try #require(answers.count == 3)
            #expect(answers[1] == JSONValue.object(JSONObject([("label", .null)])))
            #expect(try [answers[0], answers[2]] == [lines(kept.output)[0], lines(kept.output)[2]])
            let refused = try predict(["--empty-texts", "refuse"])
            #expect(refused.code == 65 && refused.output.isEmpty && refused.errors.contains("row 2 is empty"))
            let typed = try attune(["predict", "--model", out, "--text", ""])
            #expect(typed.code == 0 && typed.errors.contains("text 1 is empty"), "\(typed.errors)")
        }
    }

    @Test func `evaluate treats rows without a label or a text as it is told, else as the training did`()
        throws
    {
        try withTemporaryFolder { folder in
            let (out, _, _) = try trained(in: folder, ["--missing-labels", "drop", "--empty-texts", "drop"])
            let rows = try file(
                "body,sky\nrainy day,rain\nsunny day,\n,sun\nsunny,sun\n",
                "rows.csv",
                in: folder
            )
            func evaluate(_ more: [String]) throws -> CommandOutcome {
                try attune(["evaluate", "--model", out, "--dataset", rows] + more)
            }
            let plain = try evaluate([])
            #expect(plain.code == 0 && plain.output.contains("on 2 texts"), "\(plain.errors)")
            let kept = try evaluate(["--empty-texts", "keep"])
            #expect(kept.code == 0 && kept.output.contains("on 3 texts"), "\(kept.errors)")
            let refused = try evaluate(["--missing-labels", "refuse"])
            #expect(refused.code == 65 && refused.errors.contains("the first is row 2"), "\(refused.errors)")
            #expect(try evaluate(["--missing-labels", "keep"]).code == 64)
        }
    }

    @Test func `other names are given with --label-names, and an unknown label is named with file and row`()
        throws
    {
        try withTemporaryFolder { folder in
            let (out, _, _) = try trained(in: folder)
            let capitals = try file(
                "body,sky\nrainy day,\"RAIN, heavy\"\nsunny day,SUN\n",
                "caps.csv",
                in: folder
            )
            func evaluate(_ data: String, _ more: [String]) throws -> CommandOutcome {
                try attune(["evaluate", "--model", out, "--dataset", data] + more)
            }
            let unknown = try evaluate(capitals, [])
            #expect(unknown.code == 65 && unknown.output.isEmpty)
            let reason = "caps.csv: row 1 is labelled \"RAIN, heavy\", which the model does not know"
            #expect(unknown.errors.contains(reason), "\(unknown.errors)")
            #expect(
                unknown.errors.contains(
                    "--label-names '\"RAIN, heavy\",SUN' renames \"rain\", \"sun\", in this order"
                ),
                "\(unknown.errors)"
            )
            for names in [["\"RAIN, heavy\",SUN"], ["RAIN, heavy", "SUN"]] {
                let named = try evaluate(capitals, names.flatMap { ["--label-names", $0] })
                #expect(named.code == 0 && named.output.contains("RAIN, heavy"), "\(named.errors)")
            }
            let said = try attune(["predict", "--model", out, "--text", "rainy", "--label-names", "wet,dry"])
            #expect(said.output.contains("\"wet\": ") && said.output.contains("\"dry\": "), "\(said.errors)")
            let wrong = try attune(["predict", "--model", out, "--text", "rainy", "--label-names", "wet"])
            #expect(
                wrong.code == 65
                    && wrong.errors.contains(
                        "--label-names gives 1 name (\"wet\"), but the model has 2 labels"
                    )
            )
            let some = try file("body,sky\nrainy day,rain\nsunny day,sunn\n", "some.csv", in: folder)
            let typo = try evaluate(some, [])
            #expect(
                typo.code == 65
                    && typo.errors.contains(
                        "some.csv: row 2 is labelled \"sunn\", which the model does not know; it knows \"rain\", \"sun\"; "
                            + "did you mean \"sun\"? correct or remove the row"
                    ),
                "\(typo.errors)"
            )
            let half = try file("body,sky\nrainy day,rain\nrainy night,rain\n", "half.csv", in: folder)
            let subset = try evaluate(half, [])
            #expect(
                subset.code == 0
                    && subset.errors.contains("the data has 1 of the model's 2 labels; no row has \"sun\""),
                "\(subset.errors)"
            )
        }
    }

    @Test func `an option of one value that is given twice is refused in every command`() throws {
        for (arguments, flag) in [
            (["evaluate", "--model", "a", "--model", "b", "--dataset", "x.csv"], "model"),
            (["predict", "--model=a", "--text", "x", "--text", "y", "--model=b"], "model"),
            (
                ["tokenize", "--model", "a", "--max-length", "3", "--max-length=4", "--text", "x"],
                "max-length"
            ),
            (["train", "--model", "a", "--seed", "1", "--seed", "2"], "seed"),
            (["plan", "--model", "a", "--dataset", "d", "--dataset", "e"], "dataset"),
            (["inspect", "--model", "a", "--model", "a"], "model"),
            (["decode", "--model", "a", "--input", "x", "--input", "y"], "input"),
            (["data", "describe", "--dataset", "a", "--dataset", "b"], "dataset"),
            (["data", "split", "--dataset", "a", "--seed", "1", "--seed", "1"], "seed"),
            (["hub", "download", "org/name", "--kind", "model", "--kind", "dataset"], "kind"),
        ] {
            let outcome = try attune(arguments)
            #expect(outcome.code == 64 && outcome.output.isEmpty, "\(arguments): \(outcome.errors)")
            #expect(
                outcome.errors.hasPrefix("attune: error: --\(flag) is given twice, as "),
                "\(arguments): \(outcome.errors)"
            )
        }
    }

    @Test func `pairs are tokenized as the model gets them`() throws {
        let tokenizer = Fixture.folder.appending(path: "tokenizers/bert-uncased/tokenizer.json")
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "model", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: tokenizer, to: place.appending(path: "tokenizer.json"))
            let pairs = place.path(percentEncoded: false)
            func names(_ names: String) throws {
                _ = try file("{\"model_input_names\": [\(names)]}", "tokenizer_config.json", in: place)
            }
            try names("\"input_ids\", \"token_type_ids\"")
            let one = try attune([
                "tokenize", "--model", pairs, "--text", "who is it", "--text-pair", "a friend", "--threads",
                "1",
            ])
            #expect(one.code == 0, "\(one.errors)")
            let line = try #require(try lines(one.output).first)
            let types = (line["token_type_ids"].array ?? []).map { $0.int ?? -1 }
            #expect(types.count == line["input_ids"].array?.count && Set(types) == [0, 1])
            let input = try file("text,second\nwho is it,a friend\n", "pairs.csv", in: folder)
            let columns = try attune([
                "tokenize", "--model", pairs, "--input", input, "--text-pair-column", "second",
            ])
            #expect(columns.output == one.output, "\(columns.errors)")
            let shown = try attune([
                "tokenize", "--model", pairs, "--text", "who is it", "--text-pair", "a friend", "--show",
            ])
            #expect(shown.output.contains("tokens together, special ones included"), "\(shown.output)")
            // A model that is not given token types.
            try names("\"input_ids\"")
            let without = try attune([
                "tokenize", "--model", pairs, "--text", "who is it", "--text-pair", "a friend",
            ])
            let bare = try #require(try lines(without.output).first)
            #expect(bare["token_type_ids"] == .null && bare["input_ids"] == line["input_ids"])
        }
    }
}
