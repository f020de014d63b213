import Foundation
import JSON
import TestSupport
import Testing

/// `attune calibrate`, `attune errors`, `attune data apply` and `attune compare` on a small trained model.
@Suite struct DecisionCommandTests {
    /// Writes a model trained on two kinds of weather, and other labelled rows of which some labels are wrong.
    private func prepare(_ folder: URL) throws {
        func rows(_ range: Range<Int>, wrong: Set<Int> = []) -> String {
            let rows = range.map { row in
                let isSun = (row % 2 == 0) != wrong.contains(row)
                return "\(row % 2 == 0 ? "sunny" : "rainy") day \(row),\(isSun ? "sun" : "rain")"
            }
            return "text,label\n" + rows.joined(separator: "\n") + "\n"
        }
        try Data(rows(0..<24).utf8).write(to: folder.appending(path: "train.csv"))
        try Data(rows(24..<104, wrong: [30, 47]).utf8).write(to: folder.appending(path: "other.csv"))
        let outcome = try shell(
            """
            $ATTUNE train --model $BASE --dataset train.csv --text-column text --label-column label \
            --learning-rate 1e-2 --num-train-epochs 8 --output-dir run
            """,
            in: folder
        )
        try #require(outcome.code == 0, "\(outcome.errors)")
    }

    private func json(_ command: String, in folder: URL) throws -> JSONValue {
        let outcome = try shell("$ATTUNE \(command)", in: folder)
        try #require(outcome.code == 0, "\(outcome.errors)")
        return try JSONValue.parse(outcome.output.utf8)
    }

    @Test("calibrate writes decisions that predict and evaluate apply, --raw ignores and --remove removes")
    func calibrate() throws {
        try withTemporaryFolder { folder in
            try prepare(folder)
            let predict = "$ATTUNE predict --model run --text 'a sunny day'"
            let before = try shell(predict, in: folder)
            func card() throws -> String {
                try String(contentsOf: folder.appending(path: "run/README.md"), encoding: .utf8)
            }
            let cardOfRun = try card()
            let found = try json("calibrate run --dataset other.csv --json", in: folder)
            let temperature = try #require(found["temperature"].double)
            #expect(found["rows"].int == 40 && found["measured_rows"].int == 40)
            #expect(found["before"]["accuracy"] == found["after"]["accuracy"])
            #expect(found["model_card"].string == "run/README.md")
            #expect(
                try card().contains("## Decisions\n") && card().contains("`other.csv`, and measured on 40")
            )
            let after = try shell(predict, in: folder)
            #expect(after.errors.contains("as calibrated: temperature"), "\(after.errors)")
            let scores = try [before, after].map { outcome in
                try #require(try JSONValue.parse(outcome.output.utf8)["score"].double)
            }
            #expect(temperature == 1 || scores[0] != scores[1])
            #expect(try shell(predict + " --raw", in: folder).output == before.output)
            let evaluated = try shell("$ATTUNE evaluate --model run --dataset other.csv --json", in: folder)
            let raw = try shell("$ATTUNE evaluate --model run --dataset other.csv --raw --json", in: folder)
            let losses = try [evaluated, raw].map { outcome in
                try #require(try JSONValue.parse(outcome.output.utf8)["eval_log_loss"].double)
            }
            #expect(losses[0] != losses[1])
            #expect(try JSONValue.parse(raw.output.utf8)["decisions"] == .null)
            let removed = try shell("$ATTUNE calibrate run --remove", in: folder)
            #expect(
                removed.output == "removed run/decisions.json; removed its section from run/README.md\n",
                "\(removed.output)\(removed.errors)"
            )
            #expect(try card() == cardOfRun)
            #expect(try shell(predict, in: folder).output == before.output)
        }
    }

    @Test(
        "Thresholds and conformal sets are shown for each label, and evaluate says how many texts are answered"
    )
    func decisions() throws {
        try withTemporaryFolder { folder in
            try prepare(folder)
            let plain = try shell(
                "$ATTUNE calibrate run --dataset other.csv --thresholds precision:0.9",
                in: folder
            )
            #expect(plain.code == 0, "\(plain.errors)")
            #expect(
                plain.output.contains("fitted on 40 rows, measured on 40 other rows: temperature"),
                "\(plain.output)"
            )
            #expect(plain.output.contains("calibration error (ECE)") && plain.output.contains("threshold"))
            #expect(plain.output.contains("answered: ") && plain.output.contains("next: attune evaluate"))
            let evaluated = try json("evaluate --model run --dataset other.csv --json", in: folder)
            #expect(evaluated["decisions"]["rows"].int == 80)
            let sets = try json(
                "calibrate run --dataset other.csv --conformal lac --coverage 0.8 --json",
                in: folder
            )
            #expect(try #require(sets["decisions"]["coverage"].double) > 0.5)
            #expect(sets["decisions"]["labels"].array?.count == 2)
            let predicted = try shell("$ATTUNE evaluate --model run --dataset other.csv", in: folder)
            #expect(predicted.output.contains("set size"), "\(predicted.output)")
        }
    }

    @Test(
        "Flags that contradict each other are refused",
        arguments: [
            (
                "--dataset d.csv --thresholds f1 --conformal lac",
                "--thresholds and --conformal exclude each other"
            ),
            ("--dataset d.csv --coverage 0.9", "--coverage needs --conformal"),
            ("--dataset d.csv --conformal lac --coverage 1.5", "--coverage must be between 0 and 1"),
            ("--dataset d.csv --method none", "--method none needs --thresholds or --conformal"),
            ("--dataset d.csv --threshold-label a", "--threshold-label needs --thresholds"),
            ("--dataset d.csv --test-size 1", "--test-size must be between 0 and 1"),
            ("--remove --dataset d.csv", "--remove takes neither --dataset nor --output"),
            ("", "--dataset"),
        ]
    )
    func refused(flags: String, message: String) throws {
        try withTemporaryFolder { folder in
            let outcome = try shell("$ATTUNE calibrate run \(flags)", in: folder)
            #expect(outcome.code == 64 && outcome.errors.contains(message), "\(outcome.errors)")
        }
    }

    @Test("A calibration on the rows of training warns")
    func trainingRows() throws {
        try withTemporaryFolder { folder in
            try prepare(folder)
            let outcome = try shell("$ATTUNE calibrate run --dataset train.csv", in: folder)
            #expect(
                outcome.errors.contains("decisions fitted on such rows are too confident"),
                "\(outcome.errors)"
            )
        }
    }

    @Test("errors finds wrong labels, and data apply takes the edited table back")
    func errors() throws {
        try withTemporaryFolder { folder in
            try prepare(folder)
            let outcome = try shell(
                """
                $ATTUNE errors run --dataset other.csv --output suspects.csv --json
                """,
                in: folder
            )
            try #require(outcome.code == 0, "\(outcome.errors)")
            let suspects = try JSONValue.parse(outcome.output.utf8)["suspects"].elements()
            let rows = suspects.compactMap { $0["row"].int }
            // Rows 30 and 47 of the numbers from 24.
            #expect(rows.contains(7) && rows.contains(24), "\(rows)")
            let table = folder.appending(path: "suspects.csv")
            let lines = try String(contentsOf: table, encoding: .utf8).split(separator: "\n")
            #expect(lines[0] == "row,text,label,proposed_label,confidence,keep")
            #expect(lines.contains { $0.hasPrefix("7,sunny day 30,rain,sun,") })
            let edited = [
                String(lines[0]), "7,sunny day 30,sun,sun,0.9,yes", "24,rainy day 47,sun,rain,0.9,no",
            ]
            try Data((edited.joined(separator: "\n") + "\n").utf8).write(to: table)
            let applied = try json(
                "data apply suspects.csv --dataset other.csv --output fixed.csv --json",
                in: folder
            )
            #expect(applied["changed"].int == 1 && applied["removed"].int == 1 && applied["rows"].int == 79)
            let before = try String(contentsOf: folder.appending(path: "other.csv"), encoding: .utf8)
            let after = try String(contentsOf: folder.appending(path: "fixed.csv"), encoding: .utf8)
            #expect(
                after
                    == before.replacing("sunny day 30,rain", with: "sunny day 30,sun")
                    .replacing("rainy day 47,sun\n", with: "")
            )
        }
    }

    @Test("errors judges each row by the run that held it out, and names it by its row in the dataset")
    func folds() throws {
        try withTemporaryFolder { folder in
            func texts(_ range: Range<Int>) -> [String] {
                range.map { "\($0 % 2 == 0 ? "sunny" : "rainy") day \($0)" }
            }
            func table(_ range: Range<Int>, wrong: Int? = nil) -> Data {
                let rows = zip(range, texts(range)).map { row, text in
                    "\(text),\((row % 2 == 0) != (row == wrong) ? "sun" : "rain")"
                }
                return Data(("text,label\n" + rows.joined(separator: "\n") + "\n").utf8)
            }
            try table(0..<40, wrong: 31).write(to: folder.appending(path: "all.csv"))
            for (name, range) in [("one", 20..<40), ("two", 0..<20)] {
                try table(range, wrong: 31).write(to: folder.appending(path: name + ".csv"))
            }
            let trained = try shell(
                """
                for name in one two; do
                    test $name = one && other=two || other=one
                    $ATTUNE train --model $BASE --dataset $other.csv --eval-dataset $name.csv --text-column text \
                        --label-column label --learning-rate 1e-2 --num-train-epochs 8 --no-baseline --output-dir $name || exit 1
                done
                """,
                in: folder
            )
            try #require(trained.code == 0, "\(trained.errors)")
            let found = try json("errors one two --dataset all.csv --output suspects.csv --json", in: folder)
            #expect(found["rows"].int == 40)
            let rows = try found["suspects"].elements().compactMap { $0["row"].int }
            #expect(rows.contains(32), "\(rows)")
            let lines = try String(contentsOf: folder.appending(path: "suspects.csv"), encoding: .utf8)
                .split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix("32,rainy day 31,sun,rain,") }, "\(lines)")
            let part = try shell("$ATTUNE errors one one --dataset all.csv", in: folder)
            #expect(part.errors.contains("20 rows of 40 are not checked"), "\(part.errors)")
            let other = try shell("$ATTUNE errors one two --dataset one.csv", in: folder)
            #expect(
                other.code == 65 && other.errors.contains("is not in the dataset"),
                "\(other.code) \(other.errors)"
            )
        }
    }

    @Test(
        "data apply refuses a table of other rows, naming its row",
        arguments: [
            (
                "1,other text,sun,sun,0.9,yes",
                "suspects.csv: its text in column \"text\" is not that of row 1"
            ),
            ("9,sunny day 0,sun,sun,0.9,yes", "suspects.csv: the dataset has no row 9; it has 4"),
            (
                "1,sunny day 0,sun,sun,0.9,yes\n1,sunny day 0,sun,sun,0.9,yes",
                "suspects.csv: row 1 of the dataset appears twice"
            ),
            ("1,sunny day 0,sun,sun,0.9,perhaps", "keep must be yes or no, but is \"perhaps\""),
        ]
    )
    func otherRows(line: String, message: String) throws {
        try withTemporaryFolder { folder in
            try writeWeather(4, to: folder)
            try Data("row,text,label,proposed_label,confidence,keep\n\(line)\n".utf8)
                .write(to: folder.appending(path: "suspects.csv"))
            let outcome = try shell(
                "$ATTUNE data apply suspects.csv --dataset d.csv --output fixed.csv",
                in: folder
            )
            #expect(outcome.code == 65 && outcome.errors.contains(message), "\(outcome.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "fixed.csv").path()))
        }
    }

    @Test("compare shows metrics, the test, changed settings and changed predictions of two runs")
    func compare() throws {
        try withTemporaryFolder { folder in
            for (name, hash, logits) in [
                ("one", "h0", "[1, -1]"), ("two", "h0", "[-1, 1]"), ("three", "x", "[1, -1]"),
            ] {
                let run = folder.appending(path: name)
                try FileManager.default.createDirectory(at: run, withIntermediateDirectories: true)
                try Data(#"{"version": 1, "label_names": ["a","b"]}"#.utf8)
                    .write(to: run.appending(path: "attune.json"))
                try Data("seed: 1\nlearning_rate: \(name == "one" ? "1e-5" : "2e-5")\n".utf8)
                    .write(to: run.appending(path: "recipe.yaml"))
                func line(_ row: Int, _ label: String, _ logits: String, _ hash: String) -> String {
                    "{\"row\": \(row), \"label\": \"\(label)\", \"logits\": \(logits), \"tokens\": 3, \"truncated\": false, "
                        + "\"text_hash\": \"\(hash)\"}\n"
                }
                let lines = line(0, "a", logits, hash) + line(1, "b", "[-1, 1]", "h1")
                try Data(lines.utf8).write(to: run.appending(path: "eval_predictions.jsonl"))
            }
            let outcome = try shell("$ATTUNE compare one two", in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            for part in [
                "2 rows, the same for all runs", "accuracy", "two against one:\n  accuracy -0.5000",
                "McNemar's exact p = 1.0000", "learning_rate", "1 row predicted differently",
            ] { #expect(outcome.output.contains(part), "\(part) in \(outcome.output)") }
            #expect(!outcome.output.contains("seed"))
            let paged = try shell("$ATTUNE compare one two --output both.html", in: folder)
            let page = try String(contentsOf: folder.appending(path: "both.html"), encoding: .utf8)
            #expect(paged.output == outcome.output && page.contains("<h1>one · two</h1>"))
            #expect(page.contains("Settings that differ") && page.contains("Metrics of each run"))
            let found = try json("compare one two --json", in: folder)
            #expect(found["flips"].array?.first?["row"].int == 1)
            #expect(found["settings"]["learning_rate"].array?.compactMap(\.string) == ["1e-5", "2e-5"])
            let refused = try shell("$ATTUNE compare one three", in: folder)
            #expect(
                refused.code == 65 && refused.errors.contains("different texts in 1 of 2 rows (1)"),
                "\(refused.errors)"
            )
            let missing = try shell("mkdir empty; $ATTUNE compare one empty", in: folder)
            #expect(
                missing.code == 66 && missing.errors.contains("eval_predictions.jsonl"),
                "\(missing.errors)"
            )
        }
    }
}
