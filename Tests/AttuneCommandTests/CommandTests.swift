import Foundation
import TestSupport
import Testing

/// Runs the built executable and checks output, messages and exit codes.
struct CommandTests {
    private var model: String {
        Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
    }

    private func train(_ dataset: String, in folder: URL, _ more: [String] = []) throws -> CommandOutcome {
        try attune(
            [
                "train", "--model", model, "--dataset", dataset, "--text-column", "text", "--label-column",
                "label",
                "--output-dir", folder.appending(path: "out").path(percentEncoded: false),
            ] + more
        )
    }

    private func file(_ text: String, _ name: String = "data.csv", in folder: URL) throws -> String {
        let url = folder.appending(path: name)
        try Data(text.utf8).write(to: url)
        return url.path(percentEncoded: false)
    }

    @Test func `train, evaluate, predict`() throws {
        try withTemporaryFolder { folder in
            let rows = (0..<24).map { $0 % 2 == 0 ? "sunny day \($0),sun" : "rainy day \($0),rain" }.joined(
                separator: "\n"
            )
            let data = try file("text,label\n" + rows, in: folder)
            let trained = try train(
                data,
                in: folder,
                ["--test-size", "0.25", "--learning-rate", "1e-2", "--num-train-epochs", "8"]
            )
            #expect(trained.code == 0, "\(trained.errors)")
            #expect(
                trained.output.contains("Matthews correlation 1.000")
                    && trained.output.contains("next: attune predict")
            )
            let out = folder.appending(path: "out").path(percentEncoded: false)
            let measured = try attune([
                "evaluate", "--model", out, "--dataset", data, "--text-column", "text", "--label-column",
                "label",
            ])
            #expect(measured.code == 0 && measured.output.contains("on 24 texts"))
            let said = try attune(["predict", "--model", out, "--text", "rainy day 77", "--logits"])
            #expect(said.output.hasPrefix("{\"label\": \"rain\", \"score\": 0.9"))
            #expect(said.output.contains("\"logits\": ["))
            let tokens = try attune(["tokenize", "--model", out, "--input", data])
            #expect(tokens.output.split(separator: "\n").count == 24)
        }
    }

    @Test func `multi-label and regression: train, evaluate, predict`() throws {
        try withTemporaryFolder { folder in
            let lines = (0..<24).map { row in
                "{\"text\": \"day \(row) \(row % 2 == 0 ? "sunny" : "")\", \"label\": [\(row % 2 == 0 ? "\"sun\"" : "")"
                    + "\(row % 4 == 0 ? ", \"heat\"" : "")], \"degrees\": \(row % 2 == 0 ? 30.5 : 3)}"
            }
            let data = try file(lines.joined(separator: "\n"), "data.jsonl", in: folder)
            let out = folder.appending(path: "out").path(percentEncoded: false)
            let settings = ["--learning-rate", "1e-2", "--num-train-epochs", "8", "--test-size", "0.25"]
            let several = try train(data, in: folder, settings)
            #expect(several.code == 0 && several.errors.contains("holds lists"), "\(several.errors)")
            #expect(several.output.contains("F1 micro"))
            let said = try attune(["predict", "--model", out, "--text", "day 7 ", "--text", "day 8 sunny"])
            #expect(said.output.contains("{\"labels\": [], \"scores\": {\"heat\": 0."), "\(said.output)")
            let measured = try attune([
                "evaluate", "--model", out, "--dataset", data, "--text-column", "text", "--label-column",
                "label",
            ])
            #expect(measured.code == 0 && measured.output.contains("Hamming loss"), "\(measured.errors)")

            let numbers = try attune(
                [
                    "train", "--model", model, "--dataset", data, "--text-column", "text", "--label-column",
                    "degrees", "--problem-type", "regression", "--overwrite-output-dir", "--output-dir", out,
                ] + settings
            )
            #expect(numbers.code == 0 && numbers.output.contains("RMSE"), "\(numbers.errors)")
            let number = try attune(["predict", "--model", out, "--text", "day 8 sunny", "--logits"])
            #expect(number.output.hasPrefix("{\"score\": ") && number.output.contains("\"logits\": ["))
        }
    }

    @Test func `an error has a clear message and the right exit code, and leaves no partial files`() throws {
        try withTemporaryFolder { folder in
            let good = try file("text,label\na,x\nb,y\n", in: folder)
            let cases: [(CommandOutcome, Int32, String)] = [
                (try train("nowhere.csv", in: folder), 66, "there is no such file"),
                (try train(try file("", "empty.csv", in: folder), in: folder), 65, "is empty"),
                (
                    try train(try file("text,who\na,x\n", "b.csv", in: folder), in: folder), 65,
                    "the columns are \"text\", \"who\""
                ),
                (
                    try train(try file("text,label\na,x\nb,x\n", "c.csv", in: folder), in: folder), 65,
                    "only one label"
                ),
                (
                    try train(good, in: folder, ["--learning-rate", "0"]), 64,
                    "--learning-rate must be a number above 0, not \"0\""
                ),
                (
                    try train(good, in: folder, ["--test-size", "0.2", "--eval-dataset", good]), 64,
                    "--test-size and --eval-dataset exclude each other"
                ),
                (try train(good, in: folder, ["--nonsense"]), 64, "unknown flag --nonsense"),
                (
                    try train(good, in: folder, ["--problem-type", "both"]), 64,
                    "--problem-type must be single-label, multi-label or regression, not \"both\""
                ),
                (
                    try train(good, in: folder, ["--label-column", "text", "--problem-type", "regression"]),
                    64,
                    "learns the numbers of one column"
                ),
                (
                    try train(
                        good,
                        in: folder,
                        ["--problem-type", "regression", "--class-weights", "balanced"]
                    ),
                    64, "a regression has no classes"
                ),
                (
                    try train(good, in: folder, ["--weights-dtype", "bf16", "--precision", "fp32"]), 64,
                    "needs --precision bf16, not fp32"
                ),
                (
                    try attune(["evaluate", "--model", model, "--dataset", good, "--text-column", "text"]),
                    64,
                    "Missing expected argument '--label-column <name>'"
                ),
                (
                    try attune(["predict", "--model", "./nowhere", "--text", "x"]), 66,
                    "there is no model at ./nowhere"
                ),
                (try attune(["predict", "--model", model, "--text", "x"]), 65, "train one first"),
                (try attune(["predict", "--model", model]), 64, "give either --text or --input"),
            ]
            for (outcome, code, part) in cases {
                #expect(outcome.code == code, "\(outcome.errors)")
                #expect(outcome.errors.contains(part), "\(outcome.errors)")
                #expect(outcome.output.isEmpty)
            }
            // The output folder may have been created to check whether it can be written, but it must be empty.
            let out = folder.appending(path: "out").path(percentEncoded: false)
            #expect(((try? FileManager.default.contentsOfDirectory(atPath: out)) ?? []).isEmpty)
        }
    }

    @Test func `data is described and split`() throws {
        try withTemporaryFolder { folder in
            let rows = (0..<20).map { "text \($0 % 19),\($0 % 4 == 0 ? "rare" : "often")" }.joined(
                separator: "\n"
            )
            let data = try file("text,label\n" + rows + "\n", in: folder)
            let described = try attune([
                "data", "describe", "--dataset", data, "--text-column", "text", "--label-column", "label",
            ])
            #expect(
                described.output.contains("often")
                    && described.output.contains("1 row repeats the text of an earlier one")
            )
            let out = folder.appending(path: "parts").path(percentEncoded: false)
            let split = try attune([
                "data", "split", "--dataset", data, "--test-size", "0.2", "--stratify-by", "label", "--seed",
                "1",
                "--output-dir", out, "--format", "csv",
            ])
            #expect(split.code == 0 && split.output.hasSuffix("test.csv: 4 rows\n"), "\(split.errors)")
            let test = try String(contentsOfFile: out + "/test.csv", encoding: .utf8)
            #expect(test.split(separator: "\n").count == 5 && test.contains(",rare"))
        }
    }

    @Test func `texts are shown with their tokens marked`() throws {
        let shown = try attune(["tokenize", "--model", model, "--text", "rainy day", "--text", "x", "--show"])
        #expect(shown.code == 0, "\(shown.errors)")
        let lines = shown.output.split(separator: "\n")
        try #require(lines.count == 4)
        // Standard output is a file here, so tokens are separated by bars, not coloured.
        #expect(lines[0].contains("│") && lines[0].replacing("│", with: "").contains("rainy day"))
        #expect(lines[1].hasSuffix("tokens, 9 characters") && !shown.output.contains("\u{1B}"))
        let colored = try attune([
            "tokenize", "--model", model, "--text", "day", "--show", "--color", "always",
        ])
        #expect(colored.output.contains("\u{1B}[30;48;5;") && !colored.output.contains("│"))
    }

    @Test func `ids are decoded to text`() throws {
        try withTemporaryFolder { folder in
            let data = try file("text\n\"a rainy\nday\"\nsun 👍\n", in: folder)
            let tokens = try attune(["tokenize", "--model", model, "--input", data, "--no-special-tokens"])
            let lines = try file(tokens.output, "tokens.jsonl", in: folder)
            let decoded = try attune(["decode", "--model", model, "--input", lines])
            #expect(
                decoded.output == "{\"text\": \"a rainy\\nday\"}\n{\"text\": \"sun \\ud83d\\udc4d\"}\n",
                "\(decoded.errors)"
            )
            let bare = try file("[0]\n\n[]\n", "bare.jsonl", in: folder)
            let special = try attune(["decode", "--model", model, "--input", bare])
            #expect(special.output.split(separator: "\n").count == 2)
            let skipped = try attune(["decode", "--model", model, "--input", bare, "--skip-special-tokens"])
            #expect(skipped.output == "{\"text\": \"\"}\n{\"text\": \"\"}\n")

            let mistakes: [([String], Int32, String)] = [
                (["--ids", "1", "99999999"], 65, "has no token with the id 99999999; its ids are 0 to"),
                (["--ids", "one"], 64, "'one' is invalid"), ([], 64, "give either --ids or --input"),
                (["--input", "nowhere.jsonl"], 66, "cannot read nowhere.jsonl"),
                (
                    ["--input", try file("[1]\n{\"x\": 1}", "a", in: folder)], 65,
                    "line 2 holds an object without input_ids"
                ),
                (["--input", try file("[1.5]", "b", in: folder)], 65, "line 1 holds the number 1.5"),
                (["--input", try file("[1", "c", in: folder)], 65, "line 1 is not JSON"),
            ]
            for (arguments, code, part) in mistakes {
                let outcome = try attune(["decode", "--model", model] + arguments)
                #expect(outcome.code == code && outcome.output.isEmpty, "\(outcome.errors)")
                #expect(outcome.errors.contains(part), "\(outcome.errors)")
            }
        }
    }
}
