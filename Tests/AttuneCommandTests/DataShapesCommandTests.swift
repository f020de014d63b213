import Foundation
import TestSupport
import Testing

/// The command with data in the formats of other programs.
struct DataShapesCommandTests {
    /// Runs `attune data describe` on a file with the given contents.
    private func describe(
        _ name: String,
        _ contents: String,
        _ more: [String],
        check: (CommandOutcome) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: name)
            try Data(contents.utf8).write(to: url)
            try check(
                try attune(["data", "describe", "--dataset", url.path(percentEncoded: false)] + more)
            )
        }
    }

    private static let tasks = (0..<4).map { row in
        "{\"id\": \(row), \"data\": {\"text\": \"t\(row)\"}, \"annotations\": [{\"result\": "
            + "[{\"value\": {\"choices\": [\"\(["Good", "Bad"][row % 2])\"]}}]}]}"
    }

    @Test func `an export of Label Studio can be described with the paths that the error names`() throws {
        let export = "[" + Self.tasks.joined(separator: ",\n") + "]"
        try describe("export.json", export, []) { outcome in
            #expect(outcome.code == 0, "\(outcome.errors)")
            let lines = outcome.output.split(separator: "\n").map {
                $0.split(separator: " ").joined(separator: " ")
            }
            #expect(lines.contains("annotations list of objects, read by its fields"))
            #expect(lines.contains("annotations.result.value.choices list of string"))
        }
        try describe("export.json", export, ["--text-column", "text"]) { outcome in
            #expect(outcome.code == 65)
            #expect(
                outcome.errors.contains(
                    "use --text-column data.text --label-column annotations.result.value.choices"
                )
            )
        }
        let paths = ["--text-column", "data.text", "--label-column", "annotations.result.value.choices"]
        try describe("export.json", export, paths) { outcome in
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("labels in \"annotations.result.value.choi…\": 2 classes"))
        }
    }

    @Test func `an object of 0 and 1 and separate columns give the same labels`() throws {
        let rows = (0..<4).map {
            "{\"text\": \"t\($0)\", \"cats\": {\"POS\": \($0 % 2), \"NEG\": \(1 - $0 % 2)}}\n"
        }
        for flags in [["--label-column", "cats"], ["--label-columns", "cats.POS,cats.NEG"]] {
            try describe("x.jsonl", rows.joined(), ["--text-column", "text", "--json"] + flags) { outcome in
                #expect(outcome.code == 0, "\(outcome.errors)")
                #expect(outcome.output.contains("\"count\": 2,\n        \"name\": \"POS\""))
                #expect(outcome.output.contains("\"multi_label\": true"))
            }
        }
    }

    @Test func `label vectors are counted by position, and partial lists are a finding`() throws {
        try describe("x.csv", "text,l\na,\"[0, 1, 0]\"\nb,\"[1, 1, 0]\"\n", ["--label-column", "l"]) {
            outcome in
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("labels in \"l\": 3 classes"))
            #expect(outcome.output.contains("lists of 3 zeros and ones, read as the labels 0 to 2"))
        }
        try describe("x.csv", "text,l\na,['x']\nb,['y']\nc,z\n", ["--label-column", "l"]) { outcome in
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("1. column \"l\": 2 labels are lists or objects written as text"))
            #expect(outcome.output.contains("   row 3\n"))
        }
    }

    @Test(arguments: [
        ("x.zip", 65, "unpack it"), ("x.xlsx", 65, "save its sheet as CSV"),
        ("values.json", 65, "orient=\"values\""),
    ])
    func `a file that cannot be read gives an error with a remedy`(
        name: String,
        code: Int32,
        advice: String
    ) throws {
        try describe(name, "[[\"a\", \"b\"]]", []) { outcome in
            #expect(outcome.code == code && outcome.errors.contains(advice), "\(outcome.errors)")
        }
    }
}
