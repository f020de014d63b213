import Foundation
import JSON
import TestSupport
import Testing

/// Names of classes and columns may contain commas, equals signs and quotes.
struct NamesWithCommasTests {
    private static let names = ["C, C++", "a=b", "New York", "🙂 ok", "x:y", "\"quoted\"", "50%"]
    private let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)

    private func data(in folder: URL) throws -> String {
        let rows = (0..<42).map { row in
            let name = Self.names[row % 7]
            return "{\"text\": \"text \(row)\", \"label\": \(JSONValue.string(name).oneLineInOrder)}"
        }
        let url = folder.appending(path: "data.jsonl")
        try Data(rows.joined(separator: "\n").utf8).write(to: url)
        return url.path(percentEncoded: false)
    }

    private func train(_ data: String, in folder: URL, _ more: [String]) throws -> CommandOutcome {
        try attune(
            [
                "train", "--model", model, "--dataset", data, "--text-column", "text", "--label-column",
                "label",
                "--test-size", "0.2", "--max-steps", "1", "--save-strategy", "no", "--overwrite-output-dir",
                "--output-dir", folder.appending(path: "out").path(percentEncoded: false),
            ] + more
        )
    }

    private static let weights =
        "class weights: \"quoted\" 6, 50% 7, C, C++ 1, New York 3, a=b 2, x:y 5, 🙂 ok 4"

    /// One flag, with names quoted as in CSV.
    private static let asList: [String] = [
        "--class-weights", "\"C, C++\"=1,a=b=2,New York=3,🙂 ok=4,x:y=5,\"\"\"quoted\"\"\"=6,50%=7",
    ]
    /// One flag per class, with unquoted names.
    private static let oneByOne: [String] = names.enumerated().flatMap { index, name in
        ["--class-weights", "\(name)=\(index + 1)"]
    }
    /// The same with `=`, in one argument each.
    private static let inOneWord: [String] = names.enumerated().map { index, name in
        "--class-weights=\(name)=\(index + 1)"
    }
    /// One flag per class, with quoted names.
    private static let quoted: [String] = names.enumerated().flatMap { index, name -> [String] in
        let doubled = name.replacing("\"", with: "\"\"")
        return ["--class-weights", "\"\(doubled)\"=\(index + 1)"]
    }

    @Test(arguments: [asList, oneByOne, inOneWord, quoted])
    func `class weights on the command line`(flags: [String]) throws {
        try withTemporaryFolder { folder in
            let outcome = try train(data(in: folder), in: folder, flags)
            #expect(outcome.code == 0 && outcome.errors.contains(Self.weights), "\(outcome.errors)")
        }
    }

    @Test func `a recipe's mapping, and the recipe that the run writes`() throws {
        try withTemporaryFolder { folder in
            let data = try data(in: folder)
            let recipe = folder.appending(path: "r.yaml")
            try Data(
                """
                class_weights:
                  "C, C++": 1
                  "a=b": 2
                  New York: 3
                  "🙂 ok": 4
                  "x:y": 5
                  "\\"quoted\\"": 6
                  50%: 7

                """.utf8
            ).write(to: recipe)
            let first = try train(data, in: folder, [recipe.path(percentEncoded: false)])
            #expect(first.code == 0 && first.errors.contains(Self.weights), "\(first.errors)")
            let left = folder.appending(path: "out/recipe.yaml")
            let text = try String(contentsOf: left, encoding: .utf8)
            let again = try attune([
                "train", left.path(percentEncoded: false), "--output-dir",
                folder.appending(path: "again").path(percentEncoded: false),
            ])
            #expect(again.code == 0 && again.errors.contains(Self.weights), "\(text) \(again.errors)")
            // A single entry is not split either.
            try Data("class_weights: {\"x=1,y\": 2}\n".utf8).write(to: recipe)
            let one = try train(data, in: folder, [recipe.path(percentEncoded: false)])
            #expect(
                one.code == 65 && one.errors.contains("names the unknown label \"x=1,y\""),
                "\(one.errors)"
            )
        }
    }

    @Test func `an invalid weight, a class given twice, an unknown class`() throws {
        try withTemporaryFolder { folder in
            let data = try data(in: folder)
            for (flags, code, part) in [
                (["--class-weights", "C, C++"], 64, "NAME=WEIGHT, not \"C, C++\""),
                (
                    ["--class-weights", "a=0"], 64,
                    "gives \"a\" the weight 0; a weight must be a finite number above 0"
                ),
                (["--class-weights", "a=1", "--class-weights", "a=2"], 64, "gives \"a\" two weights"),
                (
                    ["--class-weights", "balanced", "--class-weights", "a=2"], 64,
                    "not \"balanced\""
                ),
                (
                    ["--class-weights", "C++=1,a=b=1"], 65,
                    "--class-weights names the unknown label \"C++\"; the labels are"
                ),
            ] as [([String], Int32, String)] {
                let outcome = try train(data, in: folder, flags)
                #expect(outcome.code == code && outcome.errors.contains(part), "\(outcome.errors)")
            }
        }
    }

    @Test func `label columns`() throws {
        try withTemporaryFolder { folder in
            let rows = (0..<24).map { "text \($0),\($0 % 2),\($0 / 2 % 2)" }
            let url = folder.appending(path: "data.csv")
            try Data("text,\"a, b\",\"c \"\"d\"\"\"\n\(rows.joined(separator: "\n"))\n".utf8).write(to: url)
            let data = url.path(percentEncoded: false)
            let recipe = folder.appending(path: "r.yaml")
            try Data("label_columns: [\"a, b\", \"c \\\"d\\\"\"]\n".utf8).write(to: recipe)
            for flags in [
                ["--label-columns", "\"a, b\",\"c \"\"d\"\"\""],
                ["--label-columns", "\"a, b\"", "--label-columns", "c \"d\""],
                ["--label-column", "a, b", "--label-column", "c \"d\""], [recipe.path(percentEncoded: false)],
            ] {
                let out = folder.appending(path: "out").path(percentEncoded: false)
                let outcome = try attune(
                    [
                        "train", "--model", model, "--dataset", data, "--text-column", "text", "--max-steps",
                        "1",
                        "--overwrite-output-dir", "--output-dir", out,
                    ] + flags
                )
                #expect(outcome.code == 0, "\(outcome.errors)")
                let configuration = try JSONValue.parse(Data(contentsOf: URL(filePath: out + "/config.json")))
                #expect(configuration["id2label"]["0"].string == "a, b")
                #expect(configuration["id2label"]["1"].string == "c \"d\"")
                let again = try attune(["train", out + "/recipe.yaml", "--overwrite-output-dir"])
                #expect(again.code == 0, "\(again.errors)")
            }
            let converted = folder.appending(path: "converted.jsonl").path(percentEncoded: false)
            let outcome = try attune([
                "data", "convert", "--dataset", data, "--label-columns", "\"a, b\",\"c \"\"d\"\"\"",
                "--output", converted,
            ])
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(
                try String(contentsOfFile: converted, encoding: .utf8).contains("[\"a, b\", \"c \\\"d\\\"\"]")
            )
        }
    }
}
