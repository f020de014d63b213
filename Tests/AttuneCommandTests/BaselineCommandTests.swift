import Foundation
import JSON
import TestSupport
import Testing

struct BaselineCommandTests {
    private func withRows(_ body: (URL, String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let rows = (0..<60).map { "number \($0) is \($0.isMultiple(of: 3) ? "sunny,sun" : "rainy,rain")" }
            let file = folder.appending(path: "d.csv")
            try Data((["words,kind"] + rows).joined(separator: "\n").utf8).write(to: file)
            try body(folder, file.path(percentEncoded: false))
        }
    }

    private let columns = ["--text-column", "words", "--label-column", "kind"]

    @Test func `a baseline is trained, evaluated, saved, and predicts`() throws {
        try withRows { folder, file in
            let output = folder.appending(path: "linear").path(percentEncoded: false)
            let command =
                ["baseline", "--dataset", file, "--test-size", "0.25", "--output-dir", output] + columns
            let trained = try attune(command)
            #expect(trained.code == 0, "\(trained.errors)")
            #expect(trained.output.contains("on 15 texts:"))
            #expect(trained.output.contains("linear baseline (TF-IDF)    1.0000"))
            #expect(trained.output.contains("majority class              0.6667"))
            let predicted = try attune([
                "baseline", "--model", output, "--text", "a sunny day", "--text", "rainy",
            ])
            #expect(predicted.code == 0, "\(predicted.errors)")
            let lines = try predicted.output.split(separator: "\n").map { try JSONValue.parse(Data($0.utf8)) }
            #expect(lines.map { $0["label"].string } == ["sun", "rain"])
            let predictions = folder.appending(path: "p.jsonl")
            let rows = try attune([
                "baseline", "--model", output, "--input", file, "--output",
                predictions.path(percentEncoded: false),
            ])
            #expect(rows.code == 0, "\(rows.errors)")
            #expect(try String(contentsOf: predictions, encoding: .utf8).split(separator: "\n").count == 60)
            let again = try attune(command)
            #expect(again.code == 73 && again.errors.contains("--overwrite-output-dir"), "\(again.errors)")
            #expect(try attune(command + ["--overwrite-output-dir"]).code == 0)
        }
    }

    @Test func `--json prints the metrics by name`() throws {
        try withRows { _, file in
            let trained = try attune(
                ["baseline", "--dataset", file, "--eval-dataset", file, "--json"] + columns
            )
            #expect(trained.code == 0, "\(trained.errors)")
            let result = try JSONValue.parse(Data(trained.output.utf8))
            #expect(result["baseline_accuracy"].double == 1)
            #expect(result["majority_accuracy"].double == 40.0 / 60)
            #expect(result["baseline_train_rows"].int == 60)
        }
    }

    @Test(arguments: [
        (["--dataset", "d.csv"], "--label-column"), (["--model", "m"], "--text or --input"),
        (["--model", "m", "--dataset", "d.csv"], "give one of them"),
        (["--dataset", "d.csv", "--label-column", "kind", "--c", "0"], "--c must be"),
        (["--dataset", "d.csv", "--label-column", "kind", "--split-seed", "1"], "need --test-size"),
        (["--dataset", "d.csv", "--label-column", "kind", "--output", "p.jsonl"], "need --model"),
    ])
    func `flags that do not belong together are refused`(flags: [String], reason: String) throws {
        let refused = try attune(["baseline"] + flags)
        #expect(refused.code == 64 && refused.errors.contains(reason), "\(refused.errors)")
    }

    @Test func `training shows the comparison, and --no-baseline leaves it out`() throws {
        try withRows { folder, file in
            let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
            func train(_ name: String, _ more: [String]) throws -> CommandOutcome {
                try attune(
                    [
                        "train", "--model", model, "--dataset", file, "--test-size", "0.25", "--max-steps",
                        "1",
                        "--output-dir", folder.appending(path: name).path(percentEncoded: false),
                    ] + columns + more
                )
            }
            let compared = try train("with", [])
            #expect(compared.code == 0, "\(compared.errors)")
            #expect(compared.output.contains("this model"))
            #expect(compared.output.contains("linear baseline (TF-IDF)    1.0000"))
            let plain = try train("without", ["--no-baseline"])
            #expect(plain.code == 0 && !plain.output.contains("linear baseline"), "\(plain.output)")
        }
    }
}
