import Foundation
import TestSupport
import Testing

/// `attune data split`, `convert` and `cache`, run as a person runs them.
struct DataCommandTests {
    private var model: String {
        Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
    }

    private func path(_ name: String, in folder: URL) -> String {
        folder.appending(path: name).path(percentEncoded: false)
    }

    private func text(_ name: String, in folder: URL) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    @Test func `rows go from format to format and come back as they were`() throws {
        try withTemporaryFolder { folder in
            let csv = "text,label\n\"a, b\",x\n\"\",y\n,x\n"
            try Data(csv.utf8).write(to: folder.appending(path: "data.csv"))
            var from = path("data.csv", in: folder)
            for name in ["a.parquet", "b.jsonl", "c.arrow", "d.tsv", "e.csv"] {
                let to = path(name, in: folder)
                let outcome = try attune(["data", "convert", "--dataset", from, "--output", to])
                #expect(outcome.code == 0 && outcome.output == "\(to): 3 rows\n", "\(outcome.errors)")
                from = to
            }
            #expect(try text("e.csv", in: folder) == csv)
            let b = try text("b.jsonl", in: folder)
            #expect(
                b == """
                    {"text": "a, b", "label": "x"}
                    {"text": "", "label": "y"}
                    {"text": null, "label": "x"}

                    """
            )
        }
    }

    @Test func `classes keep their names in a file of ids, and columns of 0 and 1 become labels`() throws {
        try withTemporaryFolder { folder in
            try Data("text,toxic,kind,label\na,1,0,z\nb,1,1,y\n".utf8)
                .write(to: folder.appending(path: "data.csv"))
            let ids = path("ids.parquet", in: folder)
            let first = try attune([
                "data", "convert", "--dataset", path("data.csv", in: folder), "--label-columns",
                "toxic, kind",
                "--labels-name", "all", "--class-encode", "label", "--output", ids,
            ])
            #expect(first.code == 0, "\(first.errors)")
            let rows = path("rows.jsonl", in: folder)
            _ = try attune(["data", "convert", "--dataset", ids, "--output", rows])
            #expect(
                try text("rows.jsonl", in: folder) == """
                    {"text": "a", "label": "z", "all": ["toxic"]}
                    {"text": "b", "label": "y", "all": ["kind", "toxic"]}

                    """
            )
        }
    }

    @Test func `a split writes both parts, tokenized where a model is named`() throws {
        try withTemporaryFolder { folder in
            let rows = (0..<10).map { "{\"text\": \"number \($0)\", \"label\": \"\($0 % 2)\"}" }
            try Data(rows.joined(separator: "\n").utf8).write(to: folder.appending(path: "data.jsonl"))
            let outcome = try attune([
                "data", "split", "--dataset", path("data.jsonl", in: folder), "--test-size", "0.2",
                "--stratify-by",
                "label", "--seed", "1", "--model", model, "--output-dir", path("parts", in: folder),
            ])
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(
                outcome.output.contains("train.jsonl: 8 rows")
                    && outcome.output.contains("test.jsonl: 2 rows")
            )
            let test = try text("parts/test.jsonl", in: folder)
            #expect(test.split(separator: "\n").count == 2 && test.contains("\"input_ids\": ["))
        }
    }

    @Test func `rows without a class are refused by a stratified split, or left out of both parts`() throws {
        try withTemporaryFolder { folder in
            let rows = (0..<12).map { "text \($0),\($0 % 2)" } + ["none,-1", "none,-100"]
            let card = """
                ---
                dataset_info:
                  features:
                  - name: label
                    dtype: {class_label: {names: [no, yes]}}
                ---
                """
            try Data(card.utf8).write(to: folder.appending(path: "README.md"))
            try Data((["text,label"] + rows).joined(separator: "\n").utf8).write(
                to: folder.appending(path: "data.csv")
            )
            let arguments = [
                "data", "split", "--dataset", folder.path(percentEncoded: false), "--test-size", "4",
                "--stratify-by",
                "label", "--output-dir", path("parts", in: folder),
            ]
            let refused = try attune(arguments)
            #expect(refused.code == 65)
            #expect(
                refused.errors.contains(
                    "2 rows have no value or hold -1 or -100 in column \"label\" (the first is row 13 of "
                ),
                "\(refused.errors)"
            )
            let dropped = try attune(arguments + ["--missing-labels", "drop"])
            #expect(
                dropped.code == 0 && dropped.errors.contains("left out 2 rows without a label\n"),
                "\(dropped.errors)"
            )
            #expect(
                dropped.output.contains("train.jsonl: 8 rows")
                    && dropped.output.contains("test.jsonl: 4 rows")
            )
            #expect(try attune(arguments + ["--missing-labels", "keep"]).code == 64)
        }
    }

    @Test func `the cache tells that it is empty, and what is no ending is refused`() throws {
        try withTemporaryFolder { folder in
            let cache = path("cache", in: folder)
            let shown = try attune(["data", "cache", "--token-cache", cache])
            #expect(shown.code == 0 && shown.output.hasPrefix("0 files, 0 B, in "))
            let cleared = try attune(["data", "cache", "--token-cache", cache, "--clear"])
            #expect(cleared.output == "deleted 0 files, 0 B\n")
            #expect(try attune(["data", "cache", "--unused-for", "3"]).code == 64)
            let wrong = try attune(["data", "convert", "--dataset", "x.csv", "--output", "x.xls"])
            #expect(wrong.code == 64 && wrong.errors.contains("the extension must be one of .csv"))
            let missing = try attune(["data", "convert", "--dataset", "'no*.csv'", "--output", "x.csv"])
            #expect(missing.code == 66 && missing.errors.contains("no data file matches"))
        }
    }
}
