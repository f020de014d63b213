import Attune
import Foundation
import JSON
import TestSupport
import Testing

/// Labels of the data are matched by name with those of an existing classifier.
struct LabelMatchTests {
    private let names = ["judging", "perceiving", "neither"]

    /// A classifier with labels in non-alphabetical order.
    private func classifier(
        in folder: URL,
        _ labels: [String]? = nil,
        _ problemType: ProblemType? = nil
    ) throws -> String {
        var options = SequenceClassifier.LoadOptions()
        options.labels = labels ?? names
        options.problemType = problemType
        let base = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let place = folder.appending(path: "model", directoryHint: .isDirectory)
        try TextClassifier.load(base, options: options, seed: 3).classifier.save(to: place)
        return place.path(percentEncoded: false)
    }

    private func job(
        _ model: String,
        _ data: URL,
        _ change: (inout TrainingJob) -> Void = { _ in }
    ) -> TrainingJob {
        var job = TrainingJob(model: model, dataset: data.path(percentEncoded: false), label: "label")
        job.recipe.optimizer.learningRate = 1e-12
        job.recipe.length = .steps(1)
        job.recipe.saving.strategy = .no
        change(&job)
        return job
    }

    /// Rows with the given labels, in order.
    private func rows(_ labels: [String], count: Int = 12) -> [(text: String, label: String)] {
        (0..<count).map { ("text number \($0)", labels[$0 % labels.count]) }
    }

    private func write(
        _ rows: [(text: String, label: String)],
        _ name: String = "data.csv",
        in folder: URL
    ) throws -> URL {
        let url = folder.appending(path: name)
        try Data((["text,label"] + rows.map { "\($0.text),\($0.label)" }).joined(separator: "\n").utf8).write(
            to: url
        )
        return url
    }

    private func complaint(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing"
        } catch { return "\(error)" }
    }

    @Test func `training a classifier keeps its head, its label order and its labels without rows`() throws {
        try withTemporaryFolder { folder in
            let model = try classifier(in: folder)
            let texts = ["text number 1", "a b c"]
            let before = try TextClassifier.load(model).classifier.classify(texts)
            for labels in [names, ["neither", "judging"]] {
                let job = try job(model, write(rows(labels), in: folder))
                var notes: [String] = []
                let out = folder.appending(path: "out-\(labels.count)")
                let result = try job.run(into: out) { if case .note(let text) = $0 { notes.append(text) } }
                #expect(result.classifier.labels == names)
                let after = try TextClassifier.load(out.path(percentEncoded: false)).classifier.classify(
                    texts
                )
                for (a, b) in zip(before, after) {
                    #expect(a.label == b.label)
                    for (a, b) in zip(a.logits, b.logits) { #expect(abs(a - b) < 1e-5) }
                }
                let kept = "the model is a classifier and keeps its head: judging, perceiving, neither"
                #expect(notes.contains { $0.hasPrefix(kept) })
                let subset = "the data has 2 of the model's 3 labels; no row has \"perceiving\""
                #expect(notes.contains(subset) == (labels.count == 2))
                let plan = try job.plan()
                #expect(plan.labels == names)
                let expected = rows(labels).map { names.firstIndex(of: $0.label) ?? -1 }
                #expect(plan.targets == .classes(expected))
            }
        }
    }

    @Test func `a new label is refused with its row in the file, even if rows were split off or dropped`()
        throws
    {
        try withTemporaryFolder { folder in
            let model = try classifier(in: folder)
            var rows = rows(names, count: 40)
            rows[3].label = ""
            rows[17].label = "cancellation"
            rows[30].label = "judgin"
            let data = try write(rows, in: folder)
            let job = job(model, data) {
                $0.recipe.evaluation = .holdOut(.fraction(0.5), stratification: .nothing, seed: 1)
                $0.recipe.missingLabels = .drop
            }
            for action in ["run", "plan", "forecast"] {
                let complaint = complaint {
                    switch action {
                    case "run": _ = try job.run(into: folder.appending(path: "out")) { _ in }
                    case "plan": _ = try job.plan()
                    default: _ = try job.forecast()
                    }
                }
                // At least one of the two rows is in the training set.
                let first = "data.csv: row 18 is labelled \"cancellation\", which the model does not know"
                let second = "data.csv: row 31 is labelled \"judgin\", which the model does not know"
                #expect(complaint.contains(first) || complaint.contains(second), "\(action): \(complaint)")
                let known = "it knows \"judging\", \"perceiving\", \"neither\""
                #expect(complaint.contains(known), "\(action): \(complaint)")
                #expect(complaint.contains("--reinit-head starts a fresh head"), "\(action): \(complaint)")
            }
            // The error names a separate evaluation file.
            let clean = try write(self.rows(names), "train.csv", in: folder)
            let measured = self.job(model, clean) {
                $0.recipe.evaluation = .data(.file(data.path(percentEncoded: false)))
            }
            rows[3].label = "neither"
            _ = try write(rows, in: folder)
            #expect(
                complaint { _ = try measured.plan() }.contains(
                    "data.csv: row 18 is labelled \"cancellation\", which the model does not know (2 rows have"
                )
            )
            let anew = self.job(model, data) { $0.recipe.reinitializesHead = true }
            #expect(try anew.plan().labels == ["cancellation", "judgin", "judging", "neither", "perceiving"])
        }
    }

    @Test func `lists, columns of 0 and 1, and classes with their own order are also matched by name`()
        throws
    {
        try withTemporaryFolder { folder in
            let model = try classifier(in: folder, names, .multiLabel)
            let lists = folder.appending(path: "lists.jsonl")
            try Data(
                """
                {"text": "a", "label": ["neither", "judging"]}
                {"text": "b", "label": ["judging"]}
                {"text": "c", "label": []}
                """.utf8
            ).write(to: lists)
            #expect(try job(model, lists).plan().targets == .labelSets([[0, 2], [0], []]))
            let columns = folder.appending(path: "columns.csv")
            try Data("text,neither,judging\na,1,1\nb,0,1\nc,0,0".utf8).write(to: columns)
            let several = job(model, columns) { $0.recipe.labels = ["neither", "judging"] }
            #expect(try several.plan().targets == .labelSets([[0, 2], [0], []]))
            // A column with one label per row: the head makes the task multi-label.
            let single = try write(rows(names, count: 3), in: folder)
            let plan = try job(model, single).plan()
            #expect(plan.problemType == .multiLabel && plan.targets == .labelSets([[0], [1], [2]]))
            let unknown = job(model, columns) { $0.recipe.labels = ["text", "judging"] }
            #expect(complaint { _ = try unknown.plan() }.contains("column \"text\" holds"))

            let other = folder.appending(path: "single", directoryHint: .isDirectory)
            let classes = try Dataset([
                "text": ["a", "b", "c"], "label": ["perceiving", "judging", "neither"],
            ])
            .castColumn(
                "label",
                to: .classLabel(ClassLabel(names: ["neither", "perceiving", "judging", "unused"]))
            )
            let parquet = folder.appending(path: "classes.parquet")
            try classes.write(to: parquet, as: .parquet)
            let singleModel = try classifier(in: other)
            #expect(try job(singleModel, parquet).plan().targets == .classes([1, 0, 2]))
        }
    }

    @Test func `ids match default label names; other spellings are explained, and given names apply`() throws
    {
        try withTemporaryFolder { folder in
            let model = try classifier(in: folder, ["LABEL_0", "LABEL_1", "LABEL_2"])
            let ids = try write(rows(["0", "1", "2"], count: 3), "ids.csv", in: folder)
            var notes: [String] = []
            let plan = try job(model, ids).plan { if case .note(let text) = $0 { notes.append(text) } }
            #expect(plan.targets == .classes([0, 1, 2]) && plan.labels == ["LABEL_0", "LABEL_1", "LABEL_2"])
            #expect(
                notes.contains(
                    "the model's labels have no names, so the data's labels are read as its ids, 0 to 2"
                )
            )

            let capitals = try write(
                rows(["JUDGING", "PERCEIVING", "NEITHER"], count: 3),
                "caps.csv",
                in: folder
            )
            let unnamed = complaint { _ = try job(model, capitals).plan() }
            #expect(
                unnamed.contains("caps.csv: row 1 is labelled \"JUDGING\", which the model does not know"),
                "\(unnamed)"
            )
            #expect(
                unnamed.contains(
                    "--label-names JUDGING,NEITHER,PERCEIVING renames \"LABEL_0\", \"LABEL_1\", \"LABEL_2\""
                )
            )
            #expect(
                unnamed.contains("labels may also be given as the model's ids, 0 to 2")
                    && unnamed.contains("--reinit-head")
            )
            let named = job(model, capitals) { $0.recipe.labelNames = ["JUDGING", "PERCEIVING", "NEITHER"] }
            #expect(try named.plan().targets == .classes([0, 1, 2]))
            let out = folder.appending(path: "out")
            _ = try named.run(into: out) { _ in }
            let config = try JSONValue.parse(Data(contentsOf: out.appending(path: "config.json")))
            #expect(config["id2label"]["1"].string == "PERCEIVING" && config["label2id"]["NEITHER"].int == 2)

            // In the model's order if the spellings match.
            let lower = try classifier(in: folder.appending(path: "lower", directoryHint: .isDirectory))
            let spelled = complaint { _ = try job(lower, capitals).plan() }
            #expect(
                spelled.contains("--label-names JUDGING,PERCEIVING,NEITHER renames \"judging\""),
                "\(spelled)"
            )
            let numbers = complaint { _ = try job(lower, ids).plan() }
            #expect(
                numbers.contains("--label-names 0,1,2 renames \"judging\", \"perceiving\", \"neither\""),
                "\(numbers)"
            )
            let both = job(lower, ids) {
                ($0.recipe.labelNames, $0.recipe.reinitializesHead) = (["0", "1", "2"], true)
            }
            #expect(complaint { _ = try both.plan() }.contains("--reinit-head replaces that head"))
        }
    }

    @Test func `a run saves its settings, and later training uses the model's maximum length`() throws {
        try withTemporaryFolder { folder in
            let model = try classifier(in: folder)
            let data = folder.appending(path: "pairs.csv")
            try Data("question,answer,kind\nwho is it,a friend,judging\nwhy,so,neither\n".utf8).write(
                to: data
            )
            let job = job(model, data) {
                ($0.recipe.text, $0.recipe.textPair, $0.recipe.labels) = ("question", "answer", ["kind"])
                ($0.recipe.maxLength, $0.recipe.emptyTexts, $0.recipe.missingLabels) = (9, .drop, .drop)
                ($0.recipe.saving.strategy, $0.recipe.saving.steps, $0.recipe.length) = (.steps, 1, .steps(2))
            }
            let out = folder.appending(path: "out", directoryHint: .isDirectory)
            _ = try job.run(into: out) { _ in }
            for place in ["", "checkpoint-1/", "checkpoint-2/"] {
                let text = try String(contentsOf: out.appending(path: place + "attune.json"), encoding: .utf8)
                #expect(
                    text == """
                        {
                          "version": 1,
                          "max_length": 9,
                          "text_column": "question",
                          "text_pair_column": "answer",
                          "label_columns": ["kind"],
                          "label_names": ["judging","perceiving","neither"],
                          "problem_type": "single_label_classification",
                          "empty_texts": "drop",
                          "missing_labels": "drop"
                        }

                        """,
                    "\(place)"
                )
            }
            var notes: [String] = []
            let texts = try write(rows(names), in: folder)
            let next = self.job(out.path(percentEncoded: false), texts)
            let plan = try next.plan { if case .note(let text) = $0 { notes.append(text) } }
            #expect(plan.lengthLimit == 9)
            #expect(
                notes.contains {
                    $0.hasPrefix("texts are cut to 9 tokens, the length used in training")
                }
            )
            let reader = try RowReader(model: out.path(percentEncoded: false))
            guard case .pairs(let pairs) = try reader.inputs(of: Dataset(data.path(percentEncoded: false)))
            else {
                Issue.record("pairs were trained on")
                return
            }
            #expect(pairs.map(\.0) == ["who is it", "why"] && pairs.map(\.1) == ["a friend", "so"])
            #expect { try reader.inputs(of: Dataset(texts.path(percentEncoded: false))) } throws: {
                "\($0)".contains("there is no column \"question\"")
                    && "\($0)".contains(
                        "the model was trained with \"question\": give yours with --text-column"
                    )
            }
        }
    }
}
