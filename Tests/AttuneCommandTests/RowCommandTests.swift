import Foundation
import TestSupport
import Testing

/// Messages of `attune train` and `attune evaluate` about rows.
struct RowCommandTests {
    private var model: String {
        Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
    }

    private func withFile(_ name: String, _ text: String, _ body: (URL, String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: name)
            try Data(text.utf8).write(to: url)
            try body(folder, url.path(percentEncoded: false))
        }
    }

    private func train(_ dataset: String, _ folder: URL, _ more: [String] = []) throws -> CommandOutcome {
        try attune(
            [
                "train", "--model", model, "--dataset", dataset, "--text-column", "text", "--output-dir",
                folder.appending(path: "out").path(percentEncoded: false), "--max-steps", "1",
            ] + more
        )
    }

    @Test func `ids as labels are refused with exit code 65, unless --allow-many-classes is given`() throws {
        let rows = "text,id\n" + (0..<30).map { "ticket \($0),\($0)\n" }.joined()
        try withFile("tickets.csv", rows) { folder, path in
            let refused = try train(path, folder, ["--label-column", "id"])
            #expect(refused.code == 65)
            #expect(
                refused.errors.contains(
                    "column \"id\" has 30 different labels in 30 rows, like a column of ids or texts; choose another "
                        + "--label-column, learn numbers with --problem-type regression, or train anyway with "
                        + "--allow-many-classes\n"
                ),
                "\(refused.errors)"
            )
            let insisted = try train(path, folder, ["--label-column", "id", "--allow-many-classes"])
            #expect(insisted.code == 0, "\(insisted.errors)")
        }
    }

    @Test func `training and evaluation report a repeated header with its row`() throws {
        let rows = "text,label\nsun,a\nrain,b\nfog,a\ntext,label\nhail,b\n"
        let told = "row 4 of "
        try withFile("both.csv", rows) { folder, path in
            let trained = try train(path, folder, ["--label-column", "label"])
            #expect(
                trained.code == 0 && trained.errors.contains("warning: \(told)\(path) repeats the header"),
                "\(trained.errors)"
            )
            let output = folder.appending(path: "out").path(percentEncoded: false)
            let evaluated = try attune(["evaluate", "--model", output, "--dataset", path])
            #expect(
                evaluated.code == 0 && evaluated.errors.contains("\(told)\(path) repeats the header"),
                "\(evaluated.errors)"
            )
        }
    }

    @Test func `lists of one label are trained as single labels, and rows without a label are dropped`()
        throws
    {
        let rows = (0..<12).map { row in
            "{\"text\": \"text \(row)\", \"label\": [\(row == 3 ? "" : row % 2 == 0 ? "\"ham\"" : "\"spam\"")]}"
        }
        .joined(separator: "\n")
        try withFile("one.jsonl", rows) { folder, path in
            let single = ["--label-column", "label", "--problem-type", "single-label"]
            let refused = try train(path, folder, single)
            #expect(
                refused.code == 65
                    && refused.errors.contains(
                        "column \"label\" gives 1 row no label (row 4 of "
                    )
            )
            let trained = try train(path, folder, single + ["--missing-labels", "drop"])
            #expect(
                trained.code == 0 && trained.errors.contains("left out 1 row without a label\n"),
                "\(trained.errors)"
            )
            // The single-label classifier reads the same lists.
            let output = folder.appending(path: "out").path(percentEncoded: false)
            let evaluated = try attune([
                "evaluate", "--model", output, "--dataset", path, "--missing-labels", "drop",
            ])
            #expect(
                evaluated.code == 0 && evaluated.output.contains("on 11 texts: loss"),
                "\(evaluated.errors)"
            )
        }
    }

    @Test func `files and folders need no flag, and an evaluation on the rows of training is remarked`()
        throws
    {
        try withTemporaryFolder { folder in
            try writeWeather(20, to: folder)
            let data = folder.appending(path: "d.csv").path(percentEncoded: false)
            let model = folder.appending(path: "out").path(percentEncoded: false)
            let described = try attune(["data", "describe", data])
            #expect(described.code == 0 && described.output.contains("20 rows"), "\(described.errors)")
            let trained = try train(data, folder, ["--label-column", "label", "--test-size", "0.2"])
            #expect(trained.code == 0, "\(trained.errors)")
            let remark = "trained on \(data), on all of its rows but those held out: this score is better"
            let evaluated = try attune(["evaluate", model, data])
            #expect(evaluated.code == 0 && evaluated.errors.contains(remark), "\(evaluated.errors)")
            let other = folder.appending(path: "new.csv")
            try FileManager.default.copyItem(at: folder.appending(path: "d.csv"), to: other)
            let new = try attune(["evaluate", model, other.path(percentEncoded: false)])
            #expect(new.code == 0 && !new.errors.contains("was trained on"), "\(new.errors)")
        }
    }

    @Test
    func
        `resuming a finished run says that nothing was left, and a .csv gets predictions with the input's columns`()
        throws
    {
        try withTemporaryFolder { folder in
            try writeWeather(20, to: folder)
            let data = folder.appending(path: "d.csv").path(percentEncoded: false)
            let flags = ["--label-column", "label", "--save-steps", "1"]
            #expect(try train(data, folder, flags).code == 0)
            let again = try train(data, folder, flags + ["--resume-from-checkpoint", "latest"])
            #expect(
                again.code == 0
                    && again.output.contains("nothing was left to train: the run had done its 1 step")
            )
            let answers = folder.appending(path: "a.csv").path(percentEncoded: false)
            let model = folder.appending(path: "out").path(percentEncoded: false)
            let predicted = try attune(["predict", model, data, "--output", answers])
            #expect(predicted.code == 0, "\(predicted.errors)")
            #expect(try String(contentsOfFile: answers, encoding: .utf8).hasPrefix("text,"))
        }
    }
}
