import Foundation
import TestSupport
import Testing

/// The built executable, run as a person runs it: output, messages, exit codes.
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

    @Test func `a mistake has a clear line and the right exit code, and nothing is left half-written`() throws
    {
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
                    "one label only"
                ),
                (
                    try train(good, in: folder, ["--learning-rate", "0"]), 64,
                    "--learning-rate must be positive"
                ),
                (
                    try train(good, in: folder, ["--test-size", "0.2", "--eval-dataset", good]), 64,
                    "exclude each other"
                ),
                (try train(good, in: folder, ["--nonsense"]), 64, "Unknown option"),
                (
                    try attune(["predict", "--model", "nowhere", "--text", "x"]), 66,
                    "there is no model at nowhere"
                ),
                (try attune(["predict", "--model", model, "--text", "x"]), 65, "train one first"),
                (try attune(["predict", "--model", model]), 64, "give either --text or --input"),
            ]
            for (outcome, code, part) in cases {
                #expect(outcome.code == code, "\(outcome.errors)")
                #expect(outcome.errors.contains(part), "\(outcome.errors)")
                #expect(outcome.output.isEmpty)
            }
            // The output folder may have been made to see whether it can be written; it holds nothing.
            let out = folder.appending(path: "out").path(percentEncoded: false)
            #expect(((try? FileManager.default.contentsOfDirectory(atPath: out)) ?? []).isEmpty)
        }
    }

    @Test func `data is described and divided`() throws {
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

    @Test func `help teaches, with an example`() throws {
        let help = try attune(["--help"])
        #expect(help.code == 0 && help.output.contains("attune train --model"))
        #expect(try attune(["help", "train"]).output.contains("--gradient-accumulation-steps"))
    }
}
