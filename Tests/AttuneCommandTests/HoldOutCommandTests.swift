import Foundation
import TestSupport
import Testing

/// The hold-out of `--test-size`, and the syntax of sizes.
struct HoldOutCommandTests {
    private let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)

    private func file(_ rows: [String], in folder: URL) throws -> String {
        let url = folder.appending(path: "data.csv")
        try Data("text,label,group\n\(rows.joined(separator: "\n"))\n".utf8).write(to: url)
        return url.path(percentEncoded: false)
    }

    /// 20 rows labelled "often" and 5 labelled "rare".
    private func unequal(in folder: URL) throws -> String {
        try file((0..<25).map { "text \($0),\($0 % 5 == 0 ? "rare" : "often"),\($0 % 2)" }, in: folder)
    }

    private func train(_ data: String, in folder: URL, _ more: [String]) throws -> CommandOutcome {
        try attune(
            [
                "train", "--model", model, "--dataset", data, "--text-column", "text", "--label-column",
                "label",
                "--max-steps", "1", "--save-strategy", "no", "--overwrite-output-dir", "--output-dir",
                folder.appending(path: "out").path(percentEncoded: false),
            ] + more
        )
    }

    private func recipe(in folder: URL) throws -> [Substring] {
        try String(contentsOf: folder.appending(path: "out/recipe.yaml"), encoding: .utf8).split(
            separator: "\n"
        )
    }

    @Test func `the hold-out is stratified by label unless overridden, and the recipe records the choice`()
        throws
    {
        try withTemporaryFolder { folder in
            let data = try unequal(in: folder)
            // In less than half of ten seeds, a random draw of a fifth has exactly one of the five rare rows.
            for seed in 0..<10 {
                let plan = try train(
                    data,
                    in: folder,
                    ["--test-size", "0.2", "--split-seed", "\(seed)", "--dry-run"]
                )
                #expect(
                    plan.code == 0 && plan.output.contains("often 16 (80.0 %), rare 4 (20.0 %)"),
                    "\(plan.output)"
                )
            }
            let random = try (0..<10).map { seed in
                try train(
                    data,
                    in: folder,
                    ["--test-size", "0.2", "--split-seed", "\(seed)", "--stratify-by", "none", "--dry-run"]
                ).output
            }
            #expect(random.contains { !$0.contains("rare 4 (20.0 %)") })
            for (flags, used) in [
                ([], "label"), (["--stratify-by", "label"], "label"), (["--stratify-by", "group"], "group"),
                (["--stratify-by", "none"], "none"),
            ] {
                let outcome = try train(data, in: folder, ["--test-size", "0.2"] + flags)
                #expect(outcome.code == 0 && !outcome.errors.contains("warning"), "\(outcome.errors)")
                #expect(try recipe(in: folder).contains("stratify_by: \(used)"))
            }
            // The sample is drawn at random, unless a column is given.
            for (flags, used) in [
                ([], "none"), (["--stratify-by", "group"], "group"),
                (["--sample-stratify-by", "label"], "label"),
                (["--stratify-by", "group", "--sample-stratify-by", "none"], "none"),
            ] {
                let outcome = try train(data, in: folder, ["--test-size", "0.2", "--sample", "0.8"] + flags)
                #expect(outcome.code == 0, "\(outcome.errors)")
                #expect(try recipe(in: folder).contains("sample_stratify_by: \(used)"))
            }
        }
    }

    @Test func `a class with one row stays in training, and a class too small for the hold-out is reported`()
        throws
    {
        try withTemporaryFolder { folder in
            let rows = (0..<20).map { "text \($0),\($0 % 2 == 0 ? "a" : "b"),x" }
            let lonely = try train(
                try file(rows + ["one more,once,x"], in: folder),
                in: folder,
                ["--test-size", "0.2"]
            )
            #expect(lonely.code == 0, "\(lonely.errors)")
            #expect(
                lonely.errors.contains(
                    "column \"label\": 1 value has only one row (\"once\"): it stays in the training set"
                ),
                "\(lonely.errors)"
            )
            #expect(lonely.output.contains("on 5 held-out texts"), "\(lonely.output)")
            let few = try train(
                try file(rows + ["one more,twice,x", "another,twice,x"], in: folder),
                in: folder,
                ["--test-size", "2"]
            )
            #expect(
                few.code == 0 && few.errors.contains("too few rows for a hold-out of 2 (\"twice\")"),
                "\(few.errors)"
            )
            // data split behaves like datasets.
            let split = try attune([
                "data", "split", "--dataset", try file(rows + ["one more,once,x"], in: folder), "--test-size",
                "0.2",
                "--stratify-by", "label", "--output-dir",
                folder.appending(path: "parts").path(percentEncoded: false),
            ])
            #expect(split.code == 65 && split.errors.contains("only one row (\"once\")"), "\(split.errors)")
        }
    }

    @Test func `multi-label and regression data are held out at random, with a note`() throws {
        try withTemporaryFolder { folder in
            let rows = (0..<24).map { "text \($0),\($0 % 2),\($0 / 2 % 2)" }
            let data = try file(rows, in: folder)
            for (flags, reason) in [
                (["--label-column", "group"], "a text may have several labels"),
                (["--problem-type", "regression"], "the labels are numbers"),
            ] {
                let outcome = try train(data, in: folder, ["--test-size", "0.25"] + flags)
                #expect(
                    outcome.code == 0 && outcome.errors.contains("rows are held out at random: \(reason)"),
                    "\(outcome.errors)"
                )
                #expect(try recipe(in: folder).contains("stratify_by: none"))
            }
        }
    }

    @Test func `a run without a hold-out warns in one line`() throws {
        try withTemporaryFolder { folder in
            let data = try unequal(in: folder)
            let warning = "warning: no texts are held out, so the model will not be evaluated"
            let outcome = try train(data, in: folder, [])
            #expect(outcome.code == 0)
            #expect(
                outcome.errors.split(separator: "\n").count { $0.hasPrefix(warning) } == 1,
                "\(outcome.errors)"
            )
            #expect(try recipe(in: folder).contains("stratify_by: null"))
            #expect(try !train(data, in: folder, ["--eval-dataset", data]).errors.contains(warning))
        }
    }

    @Test func `a number with a decimal point is a share, and must be below 1`() throws {
        try withTemporaryFolder { folder in
            let data = try unequal(in: folder)
            func split(_ flags: [String]) throws -> CommandOutcome {
                try attune(
                    [
                        "data", "split", "--dataset", data, "--overwrite-output-dir", "--output-dir",
                        folder.appending(path: "parts").path(percentEncoded: false),
                    ] + flags
                )
            }
            func plan(_ flags: [String]) throws -> CommandOutcome {
                try train(data, in: folder, ["--dry-run"] + flags)
            }
            let recipe = folder.appending(path: "r.yaml")
            func inRecipe(_ setting: String) throws -> CommandOutcome {
                try Data("\(setting)\n".utf8).write(to: recipe)
                return try plan([recipe.path(percentEncoded: false)])
            }
            for size in ["1.0", "1.", "2.0", "1e0", "0", "0.0", "-1", "-0.5", "x", "1.5"] {
                for outcome in [
                    try plan(["--test-size", size]), try split(["--test-size", size]),
                    try inRecipe("test_size: \(size)"),
                    try attune(["plan", "--test-size", size, "--model", model, "--dataset", data] + columns),
                ] {
                    #expect(outcome.code == 64 && outcome.output.isEmpty, "\(size): \(outcome.errors)")
                    let named = outcome.errors.replacing("_", with: "-")
                    #expect(named.contains("test-size"), "\(size): \(outcome.errors)")
                }
            }
            #expect(try plan(["--test-size", "1.0"]).errors.contains("must be a share of the rows"))
            #expect(try inRecipe("test_size: 1.0").errors.contains("r.yaml: line 1: "))
            // A whole number counts rows.
            for outcome in [try plan(["--test-size", "2"]), try inRecipe("test_size: 2")] {
                #expect(
                    outcome.code == 0 && words(outcome).contains("evaluate on 2 texts"),
                    "\(outcome.output)"
                )
            }
            for outcome in [try plan(["--sample", "1.0"]), try inRecipe("sample: 1.0")] {
                #expect(
                    outcome.code == 0 && words(outcome).contains("train on 25 texts"),
                    "\(outcome.output)"
                )
            }
            #expect(try plan(["--sample", "1"]).code == 65)
            #expect(try plan(["--sample", "1.5"]).code == 64)
            #expect(
                try split(["--test-size", "5", "--sample", "1.0"]).output.contains("train.jsonl: 20 rows")
            )
        }
    }

    /// The output with single spaces.
    private func words(_ outcome: CommandOutcome) -> String { outcome.output.replacing(/\ +/, with: " ") }

    private let columns = ["--text-column", "text", "--label-column", "label"]
}
