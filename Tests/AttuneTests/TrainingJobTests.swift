import Attune
import Files
import Foundation
import JSON
import TestSupport
import Testing

struct TrainingJobTests {
    private var model: String {
        Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
    }

    /// A file of texts by two authors, identified by a word.
    private func write(_ rows: [String], in folder: URL) throws -> String {
        let url = folder.appending(path: "data.csv")
        try Data((["text,author"] + rows).joined(separator: "\n").utf8).write(to: url)
        return url.path(percentEncoded: false)
    }

    /// A job with that file.
    private func job(_ rows: [String], in folder: URL) throws -> TrainingJob {
        TrainingJob(model: model, dataset: try write(rows, in: folder), label: "author")
    }

    private let rows = (0..<40).map {
        $0.isMultiple(of: 2) ? "number \($0) is sunny,ann" : "number \($0) is rainy,bob"
    }

    @Test func `the same command starts, resumes where it was killed, and does nothing when it is done`()
        throws
    {
        try withTemporaryFolder { folder in
            var job = try job(rows, in: folder)
            (job.recipe.optimizer.learningRate, job.recipe.length, job.recipe.saving.steps) = (
                1e-2, .steps(6), 2
            )
            job.recipe.logging.steps = 3
            job.resumesFromLatest = true
            struct Killed: Error {}
            /// The notes, the steps taken and the saved results.
            func run(in output: URL, killedAfter last: Int = .max) throws -> ([String], [Int], [JSONValue]) {
                var (notes, steps) = ([String](), [Int]())
                let result = Swift.Result {
                    try job.run(into: output) { event in
                        if case .note(let text) = event { notes.append(text) }
                        guard case .run(.step(let record)) = event else { return }
                        steps.append(record.step)
                        if record.step == last { throw Killed() }
                    }
                }
                if case .failure(let error) = result {
                    guard error is Killed else { throw error }
                    return (notes, steps, [])
                }
                let results = try ["trainer_state.json", "train_results.json"].map {
                    try JSONValue.parse(Data(contentsOf: output.appending(path: $0)))
                }
                return (notes, steps, results)
            }
            let whole = try run(in: folder.appending(path: "whole"))
            #expect(whole.0.contains { $0.hasSuffix(": starting from scratch") })
            let output = folder.appending(path: "out")
            #expect(try run(in: output, killedAfter: 5).1 == [1, 2, 3, 4, 5])
            let resumed = try run(in: output)
            #expect(resumed.1 == [5, 6])
            #expect(resumed.2[0] == whole.2[0])
            #expect(resumed.2[1]["train_loss"] == whole.2[1]["train_loss"])
            let model = try Data(contentsOf: output.appending(path: "model.safetensors"))
            #expect(
                try model
                    == Data(contentsOf: folder.appending(path: "whole").appending(path: "model.safetensors"))
            )
            let again = try run(in: output)
            #expect(again.1.isEmpty && again.2[0] == whole.2[0])
            job.resumesFromLatest = false
            #expect(throws: FileError.self) { try run(in: output) }
            job.overwritesOutputFolder = true
            #expect(try run(in: output).1.first == 1)
        }
    }

    @Test func `a file of texts is trained to a saved classifier that predicts them`() throws {
        try withTemporaryFolder { folder in
            var job = try job(rows, in: folder)
            job.recipe.evaluation = .holdOut(.fraction(0.2), stratification: .column("author"), seed: 1)
            job.recipe.optimizer.learningRate = 1e-2
            job.recipe.length = .epochs(6)
            job.recipe.saving.strategy = .no
            job.recipe.loss.classWeights = .balanced
            let output = folder.appending(path: "out")
            var notes: [String] = []
            let result = try job.run(into: output) { if case .note(let text) = $0 { notes.append(text) } }
            #expect(result.evaluation?.metrics["accuracy"] == 1)
            #expect(notes.contains { $0.hasPrefix("class weights: ann 1, bob 1") })
            let files = Set(
                try FileManager.default.contentsOfDirectory(atPath: output.path(percentEncoded: false))
            )
            #expect(
                files == [
                    "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
                    "attune.json", ".attune-run.json", "eval_predictions.jsonl", "parity.json", "report.html",
                    "all_results.json",
                    "train_results.json", "eval_results.json", "trainer_state.json", "README.md",
                    "parity.json",
                ]
            )
            let state = try JSONValue.parse(Data(contentsOf: output.appending(path: "trainer_state.json")))
            #expect(state["global_step"] == .int(24))
            #expect(state["log_history"].array?.last?["eval_accuracy"].double == 1)
            let (classifier, _) = try TextClassifier.load(output.path(percentEncoded: false))
            #expect(
                try classifier.classify(["number 99 is rainy", "number 98 is sunny"]).map(\.label) == [
                    "bob", "ann",
                ]
            )
        }
    }

    @Test func `the evaluation after the last step is the result, and is not repeated`() throws {
        try withTemporaryFolder { folder in
            var job = try job(rows, in: folder)
            job.recipe.evaluation = .holdOut(.fraction(0.2), stratification: .column("author"), seed: 1)
            job.recipe.evaluates.strategy = .epoch
            (job.recipe.length, job.recipe.optimizer.learningRate) = (.epochs(2), 1e-2)
            job.recipe.saving.strategy = .epoch
            job.resumesFromLatest = true
            let output = folder.appending(path: "out")
            /// The evaluated steps, the result, and the evaluations in the log.
            func run(
                _ change: (inout TrainingJob) -> Void = { _ in }
            ) throws -> (evaluated: [Int], result: EvaluationRecord, logged: [JSONValue]) {
                final class Listener: RunObserver {
                    var steps: [Int] = []
                    func receive(_ event: RunEvent) {
                        if case .evaluated(let record) = event { steps.append(record.step) }
                    }
                }
                var job = job
                change(&job)
                let listener = Listener()
                let result = try job.run(into: output, observers: [listener]) { _ in }
                let state = try JSONValue.parse(
                    Data(contentsOf: output.appending(path: "trainer_state.json"))
                )
                let rows = (state["log_history"].array ?? []).filter { $0["eval_loss"] != .null }
                return (listener.steps, try #require(result.evaluation), rows.map { $0["step"] })
            }
            let first = try run()
            #expect(first.evaluated == [4, 8] && first.logged == [.int(4), .int(8)])
            #expect(!first.result.metrics.intervals.isEmpty)
            // No step is left: the result is evaluated once, and its row replaces the run's row.
            let again = try run()
            #expect(again.evaluated == [8] && again.logged == [.int(4), .int(8)])
            #expect(again.result.loss == first.result.loss && again.result.metrics == first.result.metrics)
            // The best weights are not the last ones, and have a separate row.
            let best = try run {
                $0.resumesFromLatest = false
                $0.overwritesOutputFolder = true
                $0.recipe.selection.loadsBestModel = true
                $0.recipe.selection.greaterIsBetter = true
            }
            #expect(best.evaluated == [4, 8, 8] && best.logged == [.int(4), .int(8), .int(8)])
            #expect(best.result.loss > first.result.loss)
        }
    }

    /// The error for a job with these rows.
    private func complaint(
        _ rows: [String],
        _ change: (inout TrainingJob) -> Void = { _ in }
    ) throws -> String {
        try withTemporaryFolder { folder in
            var job = try job(rows, in: folder)
            change(&job)
            do {
                _ = try job.run(into: folder.appending(path: "out")) { _ in }
                return "nothing"
            } catch {
                #expect(
                    !FileManager.default.fileExists(
                        atPath: folder.appending(path: "out").path(percentEncoded: false)
                    )
                )
                return "\(error)"
            }
        }
    }

    @Test func `invalid data is refused before any work, and nothing is written`() throws {
        #expect(try complaint(["a,ann", "b,ann"]).contains("has only one label"))
        #expect(
            try complaint(["a,ann", "b,"]).contains(
                "1 row has no value in column \"author\" (the first is row 2 of "
            )
        )
        #expect(
            try complaint(rows) { $0.recipe.labels = ["who"] }.contains(
                "the columns are \"text\", \"author\""
            )
        )
        #expect(
            try complaint(rows) { $0.recipe.loss.classWeights = .named(["ann": 1]) }.contains(
                "no weight for \"bob\""
            )
        )
        #expect(
            try complaint(rows) { $0.recipe.loss.classWeights = .named(["ann": 1, "eve": 1]) }.contains(
                "names the unknown label \"eve\""
            )
        )
    }

    @Test(arguments: ["nan", "inf"]) func `a row with a NaN or infinite number is named`(
        number: String
    ) throws {
        let complaint = try complaint(["a,1", "b,\(number)", "c,3"]) { $0.recipe.problemType = .regression }
        #expect(
            complaint.hasPrefix(
                "row 2 of "
            ) && complaint.contains("column \"author\" holds \(number), which is not a valid target"),
            "\(complaint)"
        )
    }

    @Test(
        arguments: [
            ("balanced", ClassWeights.balanced), ("J=0.6,P=0.4", .named(["J": 0.6, "P": 0.4])),
            ("a=b=2", .named(["a=b": 2])), ("\"C, C++\"=1,a=b=2", .named(["C, C++": 1, "a=b": 2])),
            ("C, C++=1", .named(["C, C++": 1])), ("J=0.6, P=0.4", .named(["J": 0.6, "P": 0.4])),
            ("\"\"\"quoted\"\"\"=1,\"=\"=2", .named(["\"quoted\"": 1, "=": 2])),
            ("J", nil), ("J=x", nil), ("J=-1", nil), ("J=0", nil), ("J=inf", nil), ("", nil),
            ("J=1,J=2", nil),
            ("balanced,J=1", nil), ("effective-number=1", nil),
        ] as [(String, ClassWeights?)]
    )
    func `class weights are read as typed`(text: String, weights: ClassWeights?) {
        #expect(ClassWeights(text) == weights)
    }
}

struct RowPolicyTests {
    private let rows: Dataset

    init() throws {
        rows = try Dataset(["text": ["a", " ", "c", nil], "label": ["x", "y", nil, "x"]])
    }

    private func cleaned(_ missing: RowPolicy, _ empty: RowPolicy) throws -> (rows: Dataset, notes: [String])
    {
        try rows.cleaned(
            textColumn: "text",
            labelColumns: ["label"],
            missingLabels: missing,
            emptyTexts: empty
        )
    }

    @Test func `rows without a label or a text are dropped on request, and counted`() throws {
        let both = try cleaned(.drop, .drop)
        #expect(try both.rows.strings("text") == ["a"])
        #expect(both.notes == ["left out 1 row without a label", "left out 2 rows without a text"])
        #expect(try cleaned(.drop, .keep).rows.count == 3)
    }

    @Test func `refusing names the first row`() {
        #expect { try cleaned(.refuse, .keep) } throws: { "\($0)".contains("(the first is row 3)") }
        #expect { try cleaned(.drop, .refuse) } throws: {
            "\($0)".contains("2 rows have no text in column \"text\" (the first is row 2)")
        }
    }
}

struct TokenCacheTests {
    @Test func `texts are tokenized once for the same tokenizer and length`() throws {
        let tokenizer = try Tokenizer(folder: Fixture.folder.appending(path: "tokenizers/gpt2"))
        let texts = (0..<1000).map { "text number \($0)" }
        try withTemporaryFolder { folder in
            let cache = TokenCache(DatasetCache(folder: folder))
            func encode(_ texts: [String], _ maxLength: Int?) -> (encodings: PackedEncodings, wasFound: Bool)
            {
                cache.encodeBatch(.texts(texts), with: tokenizer, maxLength: maxLength, source: "test")
            }
            let first = encode(texts, 4)
            #expect(!first.wasFound && first.encodings == tokenizer.encodeBatch(texts, maxLength: 4))
            let second = encode(texts, 4)
            #expect(second.wasFound && second.encodings == first.encodings)
            #expect(!encode(texts, 5).wasFound && !encode(texts.reversed(), 4).wasFound)
            #expect(!encode(Array(texts.dropLast()), 4).wasFound, "few texts are not kept")
            #expect(cache.datasets.entries().count == 3)
            // Windows come back as windows, and which texts were cut as well.
            for part in [LongText.window(stride: 2), .tail] {
                let words = texts.map { $0 + " and more words" }
                let made = (0..<2).map { _ in
                    cache.encodeBatch(
                        .texts(words),
                        with: tokenizer,
                        maxLength: 4,
                        longText: part,
                        source: "test"
                    )
                }
                #expect(!made[0].wasFound && made[1].wasFound && made[0].encodings == made[1].encodings)
                #expect(made[0].encodings == tokenizer.encodeBatch(words, maxLength: 4, longText: part))
                #expect(made[0].encodings.windowStarts.isEmpty == (part == .tail))
            }
        }
    }
}

struct TextPairTests {
    private let tokenizer: Tokenizer
    private let rows: Dataset

    init() throws {
        tokenizer = try Tokenizer(folder: Fixture.folder.appending(path: "models/sentence-transformers"))
        rows = try Dataset([
            "question": ["who is it?", "why", nil], "answer": ["a friend of mine", "because", "so"],
            "label": ["yes", "no", "yes"],
        ])
    }

    @Test func `pairs are tokenized together, with token types`() throws {
        let tokenized = try rows.tokenize("question", pair: "answer", with: tokenizer)
        let expected = tokenizer.encodeBatch(pairs: [
            ("who is it?", "a friend of mine"), ("why", "because"), ("", "so"),
        ])
        #expect(try tokenized.packed("input_ids").values == expected.ids)
        #expect(try tokenized.packed("token_type_ids").values == expected.typeIDs)
        #expect(try tokenized.packed("token_type_ids").cuSeqlens == expected.cuSeqlens)
        #expect(Set(expected.typeIDs) == [0, 1])
    }

    @Test func `pairs come unchanged from the cache, and differ from concatenated texts`() throws {
        let texts = (0..<1000).map { "text \($0)" }
        let pairs = TextInputs(texts, pairedTexts: texts.reversed())
        try withTemporaryFolder { folder in
            let cache = TokenCache(DatasetCache(folder: folder))
            func encode(_ inputs: TextInputs) -> (encodings: PackedEncodings, wasFound: Bool) {
                cache.encodeBatch(inputs, with: tokenizer, maxLength: nil, source: "test")
            }
            let first = encode(pairs)
            #expect(!first.wasFound && !first.encodings.typeIDs.isEmpty)
            let second = encode(pairs)
            #expect(second.wasFound && second.encodings == first.encodings)
            #expect(!encode(.texts(texts)).wasFound)
        }
    }

    @Test func `the cache's key includes whether the model uses token types`() throws {
        let texts = (0..<1000).map { "text \($0)" }
        let pairs = TextInputs(texts, pairedTexts: texts.reversed())
        let source = Fixture.folder.appending(path: "models/sentence-transformers")
        try withTemporaryFolder { folder in
            let cache = TokenCache(DatasetCache(folder: folder.appending(path: "cache")))
            // The tokenizer files are the same; only the models' configurations differ.
            for (type, gives) in [("bert", true), ("llama", false)] {
                let model = folder.appending(path: type)
                try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
                try FileManager.default.copyItem(
                    at: source.appending(path: "tokenizer.json"),
                    to: model.appending(path: "tokenizer.json")
                )
                try Data("{\"model_type\": \"\(type)\"}".utf8).write(to: model.appending(path: "config.json"))
                let tokenizer = try Tokenizer(folder: model)
                let found = cache.encodeBatch(pairs, with: tokenizer, maxLength: nil, source: "test")
                #expect(!found.wasFound)
                #expect(found.encodings.typeIDs.isEmpty == !gives)
                let again = cache.encodeBatch(pairs, with: tokenizer, maxLength: nil, source: "test")
                #expect(again.wasFound && again.encodings == found.encodings)
            }
        }
    }

    @Test func `labelled rows keep both texts`() throws {
        let labelled = try LabelledTexts(
            rows,
            textColumn: "question",
            textPairColumn: "answer",
            labelColumns: ["label"]
        )
        #expect(labelled.pairedTexts == ["a friend of mine", "because", "so"])
        guard case .pairs(let pairs) = labelled.inputs else {
            Issue.record("the inputs are not pairs")
            return
        }
        #expect(pairs.map(\.0) == ["who is it?", "why", ""])
    }
}
