import Attune
import Foundation
import JSON
import TestSupport
import Testing

/// Multi-label and regression, from a file to the saved classifier's predictions.
struct HeadTests {
    private func job(_ file: String, _ contents: String, in folder: URL) throws -> TrainingJob {
        let url = folder.appending(path: file)
        try Data(contents.utf8).write(to: url)
        var job = TrainingJob(dataset: url.path(percentEncoded: false), label: "label")
        job.recipe.evaluation = .holdOut(.fraction(0.25), stratification: .nothing, seed: 1)
        job.recipe.optimizer.learningRate = 1e-2
        job.recipe.length = .epochs(10)
        job.recipe.saving.strategy = .no
        return job
    }

    private func run(
        _ job: TrainingJob,
        in folder: URL
    ) throws -> (result: TrainingJob.Result, notes: [String], out: URL) {
        let out = folder.appending(path: "out", directoryHint: .isDirectory)
        var notes: [String] = []
        let result = try job.run(into: out) { if case .note(let text) = $0 { notes.append(text) } }
        return (result, notes, out)
    }

    /// Texts with the labels sunny, windy, both or neither.
    private let weather = (0..<48).map { number in
        let words = [number % 2 == 0 ? "sunny" : nil, number / 2 % 2 == 0 ? "windy" : nil].compactMap { $0 }
        return (text: "day \(number) " + words.joined(separator: " "), labels: words)
    }

    @Test func `a column of lists makes the task multi-label, with a note`() throws {
        try withTemporaryFolder { folder in
            let lines = weather.map { row in
                let labels = row.labels.map { "\"\($0)\"" }.joined(separator: ", ")
                return "{\"text\": \"\(row.text)\", \"label\": [\(labels)]}"
            }
            var job = try job("data.jsonl", lines.joined(separator: "\n"), in: folder)
            job.recipe.loss.classWeights = .balanced
            let (result, notes, out) = try run(job, in: folder)
            #expect(
                notes.contains(
                    "column \"label\" holds lists: multi-label, so a text may have several labels, or none"
                )
            )
            #expect(notes.contains { $0.hasPrefix("class weights: sunny ") })
            let evaluation = try #require(result.evaluation)
            #expect(try #require(evaluation.metrics["accuracy"]) == 1 && evaluation.loss < 0.2)

            let (classifier, _) = try TextClassifier.load(out.path(percentEncoded: false))
            #expect(classifier.problemType == .multiLabel && classifier.labels == ["sunny", "windy"])
            let said = try classifier.classify(["day 99 sunny windy", "day 98", "day 97 windy"])
            #expect(said.map(\.labels) == [["sunny", "windy"], [], ["windy"]])

            let state = try JSONValue.parse(Data(contentsOf: out.appending(path: "trainer_state.json")))
            let row = try #require(state["log_history"].array?.last?.object)
            #expect(row["eval_f1_samples"].double != nil && row["eval_hamming_loss"].double == 0)
            let card = try String(contentsOf: out.appending(path: "README.md"), encoding: .utf8)
            let table = "| id | label | training texts |\n|---:|---|---:|\n| 0 | sunny | "
            #expect(card.contains("which may be several or none:\n\n" + table))
            #expect(card.contains("exact match          1.000"))
        }
    }

    @Test func `columns of 0 and 1 are labels named like the columns`() throws {
        try withTemporaryFolder { folder in
            let lines = weather.map { row in
                "\(row.text),\(row.labels.contains("windy") ? 1 : 0),\(row.labels.contains("sunny") ? 1 : 0)"
            }
            let contents = (["text,wind,sun"] + lines).joined(separator: "\n")
            var job = try job("data.csv", contents, in: folder)
            job.recipe.labels = ["wind", "sun"]
            let (result, notes, _) = try run(job, in: folder)
            #expect(
                notes.contains("2 label columns: multi-label, so a text may have several labels, or none")
            )
            #expect(result.classifier.labels == ["wind", "sun"])
            #expect(try #require(result.evaluation?.metrics["f1_micro"]) == 1)
        }
    }

    @Test func `numbers are classes unless regression is requested`() throws {
        try withTemporaryFolder { folder in
            let lines = (0..<48).map {
                "\($0 % 2 == 0 ? "good" : "bad") film \($0),\($0 % 2 == 0 ? 1.5 : -0.5)"
            }
            let contents = (["text,label"] + lines).joined(separator: "\n")
            var job = try job("data.csv", contents, in: folder)
            job.recipe.length = .steps(1)
            let classes = try run(job, in: folder)
            #expect(classes.result.classifier.labels == ["-0.5", "1.5"])

            job.recipe.problemType = .regression
            job.overwritesOutputFolder = true
            job.recipe.length = .epochs(20)
            let (result, _, out) = try run(job, in: folder)
            let evaluation = try #require(result.evaluation)
            #expect(try #require(evaluation.metrics["rmse"]) < 0.3)
            #expect(try #require(evaluation.metrics["pearson"]) > 0.95)
            #expect(try abs(#require(evaluation.metrics["mse"]) - evaluation.loss) < 1e-9)

            let (classifier, _) = try TextClassifier.load(out.path(percentEncoded: false))
            #expect(classifier.problemType == .regression && classifier.labels == ["label"])
            let said = try classifier.classify(["good film 99", "bad film 98"])
            #expect(abs(said[0].score - 1.5) < 0.5 && abs(said[1].score + 0.5) < 0.5)
            #expect(said[0].labels.isEmpty)
            let card = try String(contentsOf: out.appending(path: "README.md"), encoding: .utf8)
            #expect(card.contains("predict the number `label`") && card.contains("mean baseline:"))
        }
    }

    /// The error for a job.
    private func complaint(
        _ file: String,
        _ contents: String,
        _ change: (inout TrainingJob) -> Void = { _ in }
    ) throws -> String {
        try withTemporaryFolder { folder in
            var job = try job(file, contents, in: folder)
            job.recipe.evaluation = .none
            change(&job)
            do {
                _ = try run(job, in: folder)
                return "nothing"
            } catch { return "\(error)" }
        }
    }

    @Test func `invalid labels are refused with the row or the column`() throws {
        let lists = "{\"text\": \"a\", \"label\": [\"x\"]}\n{\"text\": \"b\", \"label\": [\"y\"]}"
        let same =
            "{\"text\": \"a\", \"label\": [\"x\", \"y\"]}\n{\"text\": \"b\", \"label\": [\"y\", \"x\"]}"
        #expect(
            try complaint("b.jsonl", same).contains(
                "all labelled \"x\", \"y\"; a classifier needs examples with different labels"
            )
        )
        #expect(
            try complaint("g.jsonl", lists) { $0.recipe.problemType = .regression }.contains(
                "holds lists, but a regression learns one number per row"
            )
        )
        func regression(_ rows: String) throws -> String {
            try complaint("c.csv", "text,label\n" + rows) { $0.recipe.problemType = .regression }
        }
        #expect(
            try regression("a,1\nb,many").contains(
                "row 2: column \"label\" holds \"many\", which cannot become float64"
            )
        )
        #expect(try regression("a,1\nb,inf").contains("column \"label\" holds inf"))
        let infinite = "{\"text\": \"a\", \"label\": 1.5}\n{\"text\": \"b\", \"label\": -Infinity}\n"
        for type in [ProblemType.regression, .singleLabel] {
            #expect(
                try complaint("i-\(type).jsonl", infinite) { $0.recipe.problemType = type }.contains(
                    "column \"label\" holds -Infinity, but a label must be finite"
                )
            )
        }
        #expect(
            try complaint("m.csv", "text,label\na,['x']\nb,['y']\nc,z\n").contains(
                "2 labels are lists or objects written as text, such as \"['x']\", and 1 is not, such as \"z\" (row 3 of "
            )
        )
        let scores = "{\"text\": \"a\", \"label\": {\"x\": 1}}\n{\"text\": \"b\", \"label\": {\"x\": 0.3}}\n"
        #expect(try complaint("o.jsonl", scores).contains("o.jsonl has \"x\": 0.3, which is neither 0 nor 1"))
        #expect(
            try regression("a,1\nb,").contains(
                "1 row has no value in column \"label\" (the first is row 2 of "
            )
        )
        #expect(try regression("a,2\nb,2.0").contains("all with the number 2.0"))
        #expect(
            try complaint("d.csv", "text,label\na,1\nb,2") {
                $0.recipe.problemType = .regression
                $0.recipe.loss.classWeights = .balanced
            }.contains("--class-weights needs classes")
        )
        #expect(
            try complaint("e.csv", "text,x,y\na,1,0\nb,0,1") {
                $0.recipe.labels = ["x", "y"]
                $0.recipe.problemType = .regression
            }.contains("a regression learns the numbers of one column")
        )
        #expect(
            try complaint("f.csv", "text,x,y\na,1,0\nb,0,maybe") { $0.recipe.labels = ["x", "y"] }.contains(
                "column \"y\" holds \"maybe\""
            )
        )
    }

    @Test func `weights by label are those of positive relative to negative examples`() throws {
        let sets = Targets.labelSets([[0], [0, 1], [0], [0, 2]])
        #expect(try ClassWeights.balanced.values(labels: ["a", "b", "c"], targets: sets) == [1, 3, 3])
        let named = ClassWeights.named(["a": 1, "b": 5, "c": 0.5])
        #expect(try named.values(labels: ["a", "b", "c"], targets: sets) == [1, 5, 0.5])
    }

    @Test func `ids follow the order of the model's labels`() throws {
        let rows = try Dataset(["text": ["a", "b", "c"], "label": [["x"], ["y", "x"], []]])
        let several = try LabelledTexts(
            rows,
            textColumn: "text",
            labelColumns: ["label"],
            problemType: .multiLabel
        )
        #expect(try several.targets(among: ["z", "y", "x"]) == .labelSets([[2], [1, 2], []]))
        #expect { try several.targets(among: ["x", "z"]) } throws: {
            "\($0)" == "row 2 is labelled \"y\", which the model does not know; it knows \"x\", \"z\"; "
                + "correct or remove the row"
        }
        let single = try LabelledTexts(
            Dataset(["text": ["a", "b"], "label": ["x", "y"]]),
            textColumn: "text",
            labelColumns: ["label"]
        )
        #expect(try single.targets(among: ["y", "x"]) == .classes([1, 0]))
    }
}
