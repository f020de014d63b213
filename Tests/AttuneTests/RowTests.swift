import Attune
import Foundation
import TestSupport
import Testing

/// The rows on which a job trains and evaluates, its errors and its notes.
struct RowTests {
    /// A job with files of the given contents, in a folder.
    private func withJob<Result>(
        _ files: KeyValuePairs<String, String>,
        _ body: (inout TrainingJob, String) throws -> Result
    ) throws -> Result {
        try withTemporaryFolder { folder in
            for (name, text) in files {
                try Data(text.utf8).write(to: folder.appending(path: name))
            }
            let path = folder.path(percentEncoded: false)
            var job = TrainingJob(dataset: path + (files.count == 1 ? files[0].key : ""), label: "label")
            return try body(&job, path)
        }
    }

    /// The notes or the error of planning a job, without the folder's path.
    private func plan(
        _ files: KeyValuePairs<String, String>,
        _ change: (inout TrainingJob) throws -> Void = { _ in }
    ) throws -> (plan: DatasetSummary?, said: [String]) {
        try withJob(files) { job, path in
            try change(&job)
            var said: [String] = []
            var plan: DatasetSummary?
            do { plan = try job.plan { if case .note(let text) = $0 { said.append(text) } } } catch {
                said.append("\(error)")
            }
            // These jobs have no hold-out, so each one gives the warning.
            let other = said.filter { !$0.hasPrefix("warning: no texts are held out") }
            return (plan, other.map { $0.replacing(path, with: "") })
        }
    }

    private func lists(_ labels: [[String]]) -> String {
        labels.enumerated().map { row, labels in
            "{\"text\": \"text \(row)\", \"label\": [\(labels.map { "\"\($0)\"" }.joined(separator: ", "))]}"
        }
        .joined(separator: "\n")
    }

    @Test func `lists of exactly one label are single labels if requested`() throws {
        let one = lists((0..<12).map { [$0 % 2 == 0 ? "ham" : "spam"] })
        let single = try plan(["x.jsonl": one]) { $0.recipe.problemType = .singleLabel }
        #expect(single.plan?.problemType == .singleLabel && single.plan?.labels == ["ham", "spam"])
        #expect(single.plan?.targets == .classes((0..<12).map { $0 % 2 }))
        #expect(!single.said.contains { $0.hasPrefix("warning") })
        let inferred = try plan(["x.jsonl": one])
        #expect(inferred.plan?.problemType == .multiLabel)
        #expect(
            inferred.said.contains(
                "warning: every row has exactly one label, though each may have several: to learn one label per "
                    + "text, use --problem-type single-label"
            )
        )
        let asked = try plan(["x.jsonl": one]) { $0.recipe.problemType = .multiLabel }
        #expect(!asked.said.contains { $0.hasPrefix("warning") })
    }

    @Test func `a single-label task names rows with several labels and rows without a label`() throws {
        let some = lists([["a"], [], ["b"], ["a", "b"], ["b"], [], ["b", "a"]])
        let refused = try plan(["x.jsonl": some]) { $0.recipe.problemType = .singleLabel }
        #expect(
            refused.said.last
                == "column \"label\" gives 2 rows several labels (rows 4, 7 of x.jsonl), and 2 rows have none (rows 2, 6 of "
                + "x.jsonl), but the task is single-label; use --problem-type multi-label, or leave one label in each row"
        )
        let empty = lists([["a"], [], ["b"], ["a"], ["b"]])
        #expect(
            try plan(["x.jsonl": empty]) { $0.recipe.problemType = .singleLabel }.said.last
                == "column \"label\" gives 1 row no label (row 2 of x.jsonl), but the task is single-label; remove them, or "
                + "leave them out with --missing-labels drop"
        )
        let dropped = try plan(["x.jsonl": empty]) {
            ($0.recipe.problemType, $0.recipe.missingLabels) = (.singleLabel, .drop)
        }
        #expect(dropped.plan?.training.count == 4 && dropped.said.contains("left out 1 row without a label"))
        let several = try plan(["x.jsonl": some]) {
            ($0.recipe.problemType, $0.recipe.missingLabels) = (.singleLabel, .drop)
        }
        #expect(
            several.said.last?.hasPrefix(
                "column \"label\" gives 2 rows several labels (rows 4, 7 of x.jsonl), "
            ) == true
        )
    }

    @Test func `columns of 0 and 1 are also single labels if each row has exactly one`() throws {
        let rows = "text,a,b\nx,1,0\ny,0,1\nz,1,0\n"
        let single = try plan(["x.csv": rows]) {
            ($0.recipe.labels, $0.recipe.problemType) = (["a", "b"], .singleLabel)
        }
        #expect(single.plan?.labels == ["a", "b"] && single.plan?.targets == .classes([0, 1, 0]))
    }

    @Test func `a repeated header from a second file is reported with its row`() throws {
        let rows = "text,label\na,x\nb,y\nc,x\ntext,label\nd,y\ne,x\n"
        let said = try plan(["x.csv": rows]).said
        #expect(
            said.first
                == "warning: row 4 of x.csv repeats the header, as if files had been concatenated: delete it, or the "
                + "column names count as a text and its label"
        )
    }

    private func tickets(_ label: (Int) -> String, count: Int = 40) -> String {
        "text,label\n" + (0..<count).map { "ticket \($0),\(label($0))\n" }.joined()
    }

    @Test func `a column of ids is refused unless explicitly allowed`() throws {
        let ids = tickets { "\($0)" }
        let refused = try plan(["x.csv": ids])
        #expect(
            refused.said.last
                == "x.csv: column \"label\" has 40 different labels in 40 rows, like a column of ids or texts; choose "
                + "another --label-column, learn numbers with --problem-type regression, or train anyway with "
                + "--allow-many-classes"
        )
        #expect(try plan(["x.csv": tickets { "id-\($0)" }]).said.last?.contains("regression") == false)
        #expect(try plan(["x.csv": ids]) { $0.recipe.allowsManyClasses = true }.plan?.labels.count == 40)
        #expect(try plan(["x.csv": ids]) { $0.recipe.problemType = .regression }.plan != nil)
        #expect(try plan(["x.csv": tickets { "\($0 % 20)" }]).plan?.labels.count == 20)
    }

    @Test func `each kind of suspicious labels is reported in one line`() throws {
        let names = ["Bug", "bug", "cold", "windy", "\"cold, windy\"", "caf\u{E9}", "cafe\u{301}"]
        let said = try plan(["x.csv": tickets({ names[$0 % 7] }, count: 42)]).said.filter {
            $0.hasPrefix("warning: ")
        }
        #expect(
            said == [
                "warning: 1 label name combines other names, and each counts as a class (\"cold, windy\"): if a text may have "
                    + "several labels, write lists such as [\"a\", \"b\"] into these cells",
                "warning: 1 group of label names differs in case or spaces only (\"Bug\", \"bug\"): give each group one "
                    + "name, unless the names are meant to differ",
                "warning: 1 group of label names looks the same but differs: accents as one character or two, or "
                    + "invisible characters (\"cafe\\u{301}\", \"caf\\u{E9}\"): give each group one spelling, for example "
                    + "Unicode NFC without invisible characters",
            ]
        )
        #expect(
            try plan(["x.csv": tickets { $0 % 2 == 0 ? "a" : "b" }]).said.allSatisfy {
                !$0.hasPrefix("warning")
            }
        )
    }

    @Test func `texts with two labels, and texts in both parts, are reported`() throws {
        let train = "text,label\na,x\na,y\nb,x\nc,y\n"
        let said = try plan(["train.csv": train, "test.csv": "text,label\nb,x\nd,y\n"]) {
            $0.recipe.evaluation = .split("test")
        }
        .said.filter { $0.hasPrefix("warning: ") }
        #expect(said.count == 2)
        #expect(
            said[0].hasPrefix(
                "warning: 1 text has different labels in different rows (2 rows) (rows 1, 2: \"x\", \"y\": “a”): "
            )
        )
        #expect(
            said[1].hasPrefix(
                "warning: 1 evaluation row has a text that is also in the training data (50.0 %)"
            )
        )
    }

    @Test func `notes common to two splits of a folder are given once`() throws {
        let rows = "text,label\na,x\nb,y\n"
        let said = try plan(["train.csv": rows, "test.csv": "text,label\nc,x\n", "notes.csv": rows]) {
            $0.recipe.evaluation = .split("test")
        }
        .said
        #expect(said.count { $0.contains("left out 1 file with no split in the name: notes.csv") } == 1)
    }

    @Test func `an unlabelled split is named, and rows without a label are dropped from both parts`() throws {
        try withTemporaryFolder { folder in
            func write(_ name: String, _ ids: [CellValue]) throws {
                try Dataset(columns: [("text", ids.indices.map { "\(name) \($0)" })])
                    .addColumn("label", ids, feature: .classLabel(ClassLabel(names: ["no", "yes"])))
                    .write(to: folder.appending(path: "\(name).parquet"), as: .parquet)
            }
            try write("train", [0, 1, -1, -100, 0, 1])
            try write("validation", [0, -100, 1])
            try write("test", [-1, -1])
            let path = folder.path(percentEncoded: false)
            var job = TrainingJob(dataset: path, label: "label")
            job.recipe.evaluation = .split("validation")
            #expect { try job.plan() } throws: {
                "\($0)".hasPrefix(
                    "2 rows have no value or hold -1 or -100 in column \"label\" (the first is row 3 of "
                )
            }
            job.recipe.missingLabels = .drop
            let plan = try job.plan()
            #expect(plan.training.count == 4 && plan.evaluation?.count == 2 && plan.labels == ["no", "yes"])
            job.recipe.sample = Recipe.Sample(.count(2), stratifyBy: "label")
            #expect(try job.plan().training.count == 2)
            job.recipe.evaluation = .split("test")
            #expect { try job.plan() } throws: {
                "\($0)".hasPrefix(
                    "\(path), split \"test\": none of the 2 rows has a label in column \"label\", which holds -1 for"
                )
            }
        }
    }

    @Test func `a label that the model does not know is reported with row, file and remedy`() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "tickets.csv")
            try Data("text,label\na,bug\nb,billing\nc,cancelation\nd,cancelation\n".utf8).write(to: url)
            let rows = try Dataset(contentsOf: url).select([3, 1, 2])
            let texts = try LabelledTexts(rows, textColumn: "text", labelColumns: ["label"])
            #expect { try texts.targets(among: ["billing", "bug", "cancellation"]) } throws: {
                "\($0)"
                    == "\(url.path(percentEncoded: false)): row 4 is labelled \"cancelation\", which the model does not know (2 "
                    + "rows have unknown labels); it knows \"billing\", \"bug\", \"cancellation\"; did you mean "
                    + "\"cancellation\"? correct or remove these rows"
            }
        }
    }

    @Test func `empty texts are counted, and pairs if both texts are empty`() {
        #expect(TextInputs(["a", "", " \n\u{A0}", "b"], pairedTexts: nil).emptyExamples == [1, 2])
        #expect(TextInputs(["", "", "a"], pairedTexts: ["", "b", ""]).emptyExamples == [0])
    }

    @Test func `class names with commas are kept in the plan`() throws {
        let names = ["C, C++", "a=b", "New York", "🙂 ok", "x:y", "\"quoted\"", "50%"]
        let rows = (0..<28).map { "text \($0),\"\(names[$0 % 7].replacing("\"", with: "\"\""))\"\n" }.joined()
        let found = try plan(["x.csv": "text,label\n" + rows])
        #expect(found.plan?.labels == ClassLabel(values: names).names)
        #expect(found.said.allSatisfy { !$0.hasPrefix("warning") })
    }
}
