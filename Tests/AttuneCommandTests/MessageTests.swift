import Attune
import Foundation
import JSON
import TestSupport
import Testing

/// Messages on standard error: whole lines in a file, events with `--json`, only errors with `--quiet`.
@Suite(.hangGuard)
struct MessageTests {
    private let training = """
        $ATTUNE train --model $BASE --dataset d.csv --text-column text --label-column label --threads 1 --max-steps 6 \
        --test-size 0.2 --eval-strategy steps --eval-steps 3 --logging-steps 2 --metric-for-best-model f1_macro \
        --output-dir out
        """

    @Test func `a file gets whole lines: a row at each log step, and evaluations with their own metric`()
        throws
    {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcome = try shell(training, in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let errors = outcome.errors
            #expect(
                errors.hasSuffix("\n") && !errors.contains("\r") && !errors.contains("\u{1B}"),
                "\(errors)"
            )
            let lines = errors.split(separator: "\n")
            for step in [2, 4, 6] {
                let rows = lines.filter {
                    $0.hasPrefix("train step \(step)/6  epoch") && $0.contains("  loss ")
                }
                #expect(rows.count == 1, "\(errors)")
            }
            for step in [3, 6] {
                let row = try #require(lines.first { $0.hasPrefix("eval  step \(step)/6") }, "\(errors)")
                #expect(row.contains("  f1_macro ") && row.contains("  accuracy "), "\(row)")
            }
        }
    }

    @Test func `--quiet shows only results and errors`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcome = try shell("\(training) --quiet", in: folder)
            #expect(outcome.code == 0 && outcome.errors == "", "\(outcome.errors)")
            #expect(outcome.output.contains("accuracy"))
            let wrong = try shell("$ATTUNE predict --quiet --model nowhere --text a", in: folder)
            #expect(wrong.code == 66 && wrong.errors.hasPrefix("attune: error: "), "\(wrong.errors)")
            let both = try shell("$ATTUNE predict --quiet --verbose --model nowhere --text a", in: folder)
            #expect(both.code == 64 && both.errors.contains("--quiet and --verbose exclude each other"))
        }
    }

    @Test func `--verbose rows have every metric`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcome = try shell("\(training) --verbose", in: folder)
            #expect(outcome.code == 0)
            let rows = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("eval  ") }
            #expect(rows.count == 2 && rows.allSatisfy { $0.contains("  roc_auc ") }, "\(outcome.errors)")
            #expect(outcome.errors.contains("  grad norm "))
        }
    }

    @Test func `--json prints events on standard error, and the result on both streams`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcome = try shell("\(training) --json", in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let events = try outcome.errors.split(separator: "\n").map { try JSONValue.parse($0.utf8) }
            let names = events.map { $0["event"].string ?? "" }
            #expect(
                Set(["phase", "progress", "note", "started", "log", "eval", "result"]).isSubset(of: names)
            )
            #expect(events.allSatisfy { $0["time"].double != nil })
            let phases = events.filter { $0["event"].string == "phase" }.compactMap(\.["phase"].string)
            #expect(phases.starts(with: ["read", "load", "tokenize"]) && phases.last == "save", "\(phases)")
            let evaluations = events.filter { $0["event"].string == "eval" }
            #expect(evaluations.map(\.["step"].int) == [3, 6])
            #expect(evaluations.allSatisfy { $0["metric"].string == "eval_f1_macro" })
            let result = try JSONValue.parse(outcome.output.utf8)
            #expect(result["step"].int == 6 && result["per_label"].array?.count == 2)
            #expect(events.last?["event"].string == "result")
            #expect(events.last?["eval_accuracy"] == result["eval_accuracy"])
            let verdicts = events.filter { $0["event"].string == "verdict" }
            #expect(verdicts.count == 1 && events.dropLast().last?["event"].string == "verdict")
            #expect(verdicts.first?["quality"].string == "too_few_examples")
            #expect(verdicts.first?["examples"].int == 8)
            #expect(verdicts.first?["text"] == result["verdict"] && result["verdict"].string != nil)
        }
    }

    @Test func `tokenize and decode: --quiet leaves out notes but no error, --json makes them events`() throws
    {
        try withTemporaryFolder { folder in
            let tokenize = "$ATTUNE tokenize --model $BASE --text sunny --output"
            let told = try shell("\(tokenize) a.jsonl", in: folder)
            #expect(
                told.code == 0 && told.errors == "wrote the tokens of 1 text to a.jsonl\n",
                "\(told.errors)"
            )
            let quiet = try shell("\(tokenize) b.jsonl --quiet", in: folder)
            #expect(quiet.code == 0 && quiet.errors.isEmpty, "\(quiet.errors)")
            let json = try JSONValue.parse(try shell("\(tokenize) c.jsonl --json", in: folder).errors.utf8)
            #expect(json["event"].string == "note" && json["text"].string?.hasPrefix("wrote") == true)
            let both = try shell("\(tokenize) d.jsonl --json --show", in: folder)
            #expect(both.code == 64 && both.errors.contains("--show and --json exclude each other"))

            let decode = "$ATTUNE decode --model $BASE --ids"
            let object = try JSONValue.parse(try shell("\(decode) 5 6 --json", in: folder).output.utf8)
            let plain = try shell("\(decode) 5 6 --quiet", in: folder)
            #expect(plain.output == (object["text"].string ?? "-") + "\n" && plain.errors.isEmpty)
            let wrong = try shell("\(decode) 999 --quiet", in: folder)
            #expect(wrong.code == 65 && wrong.errors.hasPrefix("attune: error: "), "\(wrong.errors)")
            #expect(wrong.errors.hasSuffix(" has no token with the id 999; its ids are 0 to 481\n"))
            let event = try JSONValue.parse(try shell("\(decode) 999 --json", in: folder).errors.utf8)
            #expect(event["event"].string == "error" && event["exit_code"].int == 65)
        }
    }

    @Test func `with --json an error is an event with the exit code`() throws {
        try withTemporaryFolder { folder in
            let outcome = try shell("$ATTUNE predict --json --model nowhere --text a", in: folder)
            let event = try JSONValue.parse(outcome.errors.utf8)
            #expect(outcome.code == 66 && event["event"].string == "error" && event["exit_code"].int == 66)
            #expect(event["message"].string?.contains("nowhere") == true)
        }
    }

    @Test func `the data commands print their results as JSON, too`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let converted = try shell(
                "$ATTUNE data convert --json --dataset d.csv --output d.jsonl",
                in: folder
            )
            #expect(try JSONValue.parse(converted.output.utf8)["rows"].int == 40, "\(converted)")
            let split = try shell(
                "$ATTUNE data split --json --dataset d.csv --test-size 8 --output-dir o",
                in: folder
            )
            let result = try JSONValue.parse(split.output.utf8)
            #expect(result["train"]["rows"].int == 32 && result["test"]["rows"].int == 8, "\(split)")
        }
    }
}
