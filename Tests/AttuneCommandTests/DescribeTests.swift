import Foundation
import JSON
import TestSupport
import Testing

/// The exact output of `attune data describe`.
struct DescribeTests {
    private var model: String {
        Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
    }

    private static let train = """
        text,label
        sunny day,sun
        rainy day,rain
        sunny day,Sun
        "more
        rain",rain
        ,sun
        sunny day,sun
        a very long and mostly dry day with a little wind from the west,sun
        drizzle,
        hail,hail

        """
    private static let test = "text,label\nrainy day,rain\nfog,fog\n"

    private func describe(_ more: [String], check: (CommandOutcome) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try Data(Self.train.utf8).write(to: folder.appending(path: "train.csv"))
            try Data(Self.test.utf8).write(to: folder.appending(path: "test.csv"))
            let dataset = folder.path(percentEncoded: false)
            var outcome = try attune(["data", "describe", "--dataset", dataset] + more)
            outcome.output = outcome.output.replacingOccurrences(of: dataset, with: "weather/")
            outcome.errors = outcome.errors.replacingOccurrences(of: dataset, with: "weather/")
            try check(outcome)
        }
    }

    @Test func `a folder's splits, labels, lengths and findings, each with a remedy`() throws {
        try describe(["--text-column", "text", "--label-column", "label"]) { outcome in
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(outcome.output == Self.golden)
        }
    }

    private static let golden = """
        weather/: 9 rows
        compared with the split "test": 2 rows for evaluation

          text   string
          label  string

        labels in "label": 5 classes; columns: training rows, share, evaluation rows
          sun   ████████████████████████████████████████  4  44.4 %  0
          rain  ████████████████████                      2  22.2 %  1
          Sun   ██████████                                1  11.1 %  0
          hail  ██████████                                1  11.1 %  0
          fog                                             0     0 %  1

        length in characters: 0 to 63, half of the texts 7 to 9, median 9, 95 % at most 63
            0 to 9  ████████████████████████████████████████  8
          10 to 19                                            0
          20 to 29                                            0
          30 to 39                                            0
          40 to 49                                            0
          50 to 59                                            0
          60 to 69  █████                                     1

        to fix:
        1. 1 row has no label
           row 8
           → label them or leave them out: they cannot be trained on
        2. 1 row has no text
           row 5
           → leave them out: nothing can be learned from them
        3. 1 text has different labels in different rows (3 rows)
           rows 1, 3, 6: "sun", "Sun": “sunny day”
           → decide which label is right, or leave these rows out: no prediction can be right for all of them
        4. 2 rows repeat the text of an earlier one (1 text)
           rows 1, 3, 6: "sun", "Sun": “sunny day”
           → keep one row of each before you split: a text in both parts of a split inflates the metrics
        5. 1 evaluation row has a text that is also in the training data (50.0 %)
           row 2 and evaluation row 1: “rainy day”
           → leave them out of one part: the model may have memorized them, which inflates the metrics
        6. 1 class has no training row, but the evaluation data has some
           "fog"
           → add rows, or leave the class out of the evaluation: the model can never predict it
        7. 2 classes have only one row, but a stratified split needs two
           "Sun", "hail"
           → add rows, merge the class into another, or leave it out; without --stratify-by one part lacks it
        8. 2 classes have fewer than 10 rows
           "sun", "rain"
           → add rows or merge classes: a 20 % hold-out would get about one such row, so its score would mean nothing
        9. 1 group of label names differs in case or spaces only
           "Sun", "sun"
           → give each group one name, unless the names are meant to differ

        """

    @Test func `tokens are counted with a model's tokenizer, and truncation is reported by class`() throws {
        let arguments = [
            "--text-column", "text", "--label-column", "label", "--model", model, "--max-length", "12",
        ]
        try describe(arguments) { outcome in
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("length in tokens of \(model): "))
            #expect(outcome.output.contains("\ncut at 12 tokens: "))
        }
        try describe(arguments + ["--json"]) { outcome in
            let texts = try JSONValue.parse(Data(outcome.output.utf8))["texts"]
            let cut = texts["truncation"]
            #expect(cut["max_length"].int == 12 && texts["tokens"]["quartiles"].array?.count == 5)
            let byClass = cut["classes"].array?.compactMap { $0["cut"].int }.reduce(0, +)
            #expect(byClass == cut["texts"].int)
        }
    }

    @Test func `the advice on lengths respects the model's limit`() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.csv")
            let long = String(repeating: "rain and wind ", count: 60)
            try Data("text,label\n\(long)a,x\n\(long)b,y\nshort,x\n".utf8).write(to: url)
            let arguments = [
                "data", "describe", "--dataset", url.path(percentEncoded: false), "--text-column", "text",
                "--model",
                model,
            ]
            // The model has 64 positions.
            for (more, cut, advice) in [
                (
                    [], "cut at 64 tokens: 2 texts",
                    "the model accepts at most 64 tokens: shorten or split the texts"
                ),
                (
                    ["--max-length", "1332"], "cut at 64 tokens: 2 texts",
                    "the model accepts at most 64 tokens"
                ),
                (
                    ["--max-length", "32"], "cut at 32 tokens: 2 texts",
                    "--max-length 64, the model's maximum"
                ),
            ] {
                let outcome = try attune(arguments + more)
                #expect(
                    outcome.output.contains(cut) && outcome.output.contains("→ \(advice)"),
                    "\(outcome.output)"
                )
                #expect(
                    outcome.errors.contains(
                        "a maximum length of 1332 was requested, but texts are cut at 64 tokens"
                    )
                        == more.contains("1332"),
                    "\(outcome.errors)"
                )
            }
        }
    }

    @Test func `columns and labels missing in the evaluation set are reported, and so are skipped files`()
        throws
    {
        try withTemporaryFolder { folder in
            let files = [
                "train.csv": "text,label\na,x\nb,y\n", "test.csv": "text\nc\n",
                "notes.csv": "text,label\nd,x\n",
                "other/body.csv": "body,label\ne,x\n",
            ]
            for (name, text) in files {
                let url = folder.appending(path: name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data(text.utf8).write(to: url)
            }
            let path = folder.path(percentEncoded: false)
            let arguments = [
                "data", "describe", "--dataset", path, "--text-column", "text", "--label-column", "label",
            ]
            let split = try attune(arguments)
            #expect(split.code == 0)
            #expect(
                split.output.contains(
                    "the evaluation data has no column \"label\"\n   → choose evaluation data with labels"
                )
            )
            #expect(
                split.output.contains(
                    "left out 2 files with no split in the name: notes.csv, other/body.csv; "
                )
            )
            let file = try attune(arguments + ["--eval-dataset", path + "other/body.csv"])
            #expect(file.code == 0)
            #expect(
                file.output.contains("the evaluation data has no column \"text\"\n"),
                "\(file.output)\(file.errors)"
            )
        }
    }

    @Test func `without given columns it looks for them, as training does`() throws {
        try describe([]) { outcome in
            #expect(
                outcome.output.hasPrefix(
                    """
                    weather/: 9 rows
                    compared with the split "test": 2 rows for evaluation

                      text   string
                      label  string

                    texts in "text", by its name; labels in "label", by its name (--text-column and --label-column choose others)

                    labels in "label": 5 classes
                    """
                ),
                "\(outcome.output)"
            )
        }
    }

    @Test func `columns without obvious roles are listed, with the flags that choose`() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "rows.csv")
            try Data("a,b\n1,2\n3,4\n".utf8).write(to: file)
            let outcome = try attune(["data", "describe", "--dataset", file.path(percentEncoded: false)])
            #expect(outcome.code == 0)
            #expect(outcome.output.contains("--text-column"), "\(outcome.output)\(outcome.errors)")
        }
    }

    @Test func `the whole description as one JSON object, with rows from 1`() throws {
        try describe(["--text-column", "text", "--label-column", "label", "--json"]) { outcome in
            let object = try JSONValue.parse(Data(outcome.output.utf8))
            #expect(object["rows"].int == 9 && object["labels"]["missing"].int == 1)
            #expect(
                object["texts"]["repeated_rows"].int == 2 && object["texts"]["conflicting_texts"].int == 1
            )
            #expect(object["texts"]["evaluation"]["shared_rows"].int == 1)
            let conflict = object["findings"].array?.first { $0["kind"].string == "conflicting_labels" }
            let example = try #require(conflict?["examples"].array?.first)
            #expect(example["rows"].array?.compactMap(\.int) == [1, 3, 6])
            #expect(example["labels"].array?.compactMap(\.string) == ["sun", "Sun"])
            #expect(example["text"].string == "sunny day")
        }
    }

    @Test func `several columns of 0 and 1 are labels`() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.csv")
            try Data("text,toxic,rude words\na,1,0\nb,1,1\nc,0,0\n".utf8).write(to: url)
            let path = url.path(percentEncoded: false)
            for labels in [
                ["--label-columns", "toxic, rude words"],
                ["--label-column", "toxic", "--label-column", "rude words"],
            ] {
                let outcome = try attune(["data", "describe", "--dataset", path] + labels)
                #expect(
                    outcome.output.contains(
                        "labels in 2 columns of 0 and 1: 2 classes, 1.00 per row on average, 1 row without any\n"
                    ),
                    "\(outcome.output)\(outcome.errors)"
                )
            }
        }
    }

    @Test func `errors have a clear message and the right exit code`() throws {
        let cases: [([String], Int32, String)] = [
            (["--max-length", "5"], 64, "name the model with --model"),
            (["--text-pair-column", "label"], 64, "name the first with --text-column"),
            (["--label-columns", "label,label"], 64, "given twice"),
            (["--text-column", "txt"], 65, "did you mean \"text\"?"),
            (["--label-columns", "label,text"], 65, "must hold 0 or 1 each"),
            (["--eval-split", "dev"], 65, "it has \"train\", \"test\""),
        ]
        for (arguments, code, part) in cases {
            try describe(arguments) { outcome in
                #expect(outcome.code == code && outcome.errors.contains(part), "\(outcome.errors)")
                #expect(outcome.output.isEmpty)
            }
        }
    }
}
