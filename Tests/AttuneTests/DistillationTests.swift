import Checkpoints
import Classification
import Evaluation
import Files
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch
import Training

@testable import Attune

/// Students of small classifiers.
struct DistillationTests {
    /// Texts of two kinds.
    private static let texts = (0..<40).map { "number \($0) is \($0.isMultiple(of: 2) ? "sunny" : "rainy")" }
    private static let authors = (0..<40).map { $0.isMultiple(of: 2) ? "ann" : "bob" }

    private var tiny: String {
        Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
    }

    private func write(_ lines: [String], _ name: String, in folder: URL) throws -> String {
        let url = folder.appending(path: name)
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: url)
        return url.path(percentEncoded: false)
    }

    /// The file of all texts, without labels.
    private func plain(in folder: URL) throws -> String {
        try write(["text"] + Self.texts, "plain.csv", in: folder)
    }

    /// Trains a teacher on all texts, and returns its path.
    private func teacher(in folder: URL, _ labels: [String] = DistillationTests.authors) throws -> String {
        let data = try write(
            ["text,author"] + zip(Self.texts, labels).map { "\($0),\($1)" },
            "labelled.csv",
            in: folder
        )
        var job = TrainingJob(dataset: data, label: "author")
        (job.recipe.optimizer.learningRate, job.recipe.length) = (1e-2, .epochs(6))
        job.recipe.saving.strategy = .no
        let place = folder.appending(path: "teacher")
        _ = try job.run(into: place) { _ in }
        return place.path(percentEncoded: false)
    }

    /// The run of a student.
    private func student(
        _ data: String,
        of teacher: String,
        labels: [String] = [],
        _ change: (inout Recipe) -> Void = { _ in }
    ) -> TrainingJob {
        var recipe = Recipe(model: ModelSource(tiny), data: DataSource(data), text: "text", labels: labels)
        recipe.teacher = Recipe.Teacher(ModelSource(teacher))
        (recipe.optimizer.learningRate, recipe.length) = (1e-2, .steps(6))
        (recipe.saving.strategy, recipe.comparesBaseline) = (.no, false)
        change(&recipe)
        return TrainingJob(recipe)
    }

    /// Runs a job, and returns its result and notes.
    private func run(_ job: TrainingJob, into place: URL) throws -> (TrainingJob.Result, [String]) {
        var notes: [String] = []
        let result = try job.run(into: place) { if case .note(let text) = $0 { notes.append(text) } }
        return (result, notes)
    }

    private func weights(_ folder: URL) throws -> Data {
        try Data(contentsOf: folder.appending(path: "model.safetensors"))
    }

    private func complaint(_ job: TrainingJob, _ place: URL) -> String {
        do { _ = try run(job, into: place) } catch { return "\(error)" }
        return "nothing"
    }

    @Test func `a student learns from texts without labels, and its agreement with the teacher is measured`()
        throws
    {
        try withTemporaryFolder { folder in
            let teacher = try teacher(in: folder)
            let job = student(try plain(in: folder), of: teacher) {
                $0.evaluation = .holdOut(0.2)
                $0.length = .epochs(8)
                $0.teacher?.alpha = 1
            }
            let place = folder.appending(path: "out")
            let (result, notes) = try run(job, into: place)
            #expect(result.classifier.labels == ["ann", "bob"])
            #expect(result.evaluation?.metrics["accuracy"] == 1 && result.evaluation?.teacherAgreement == 1)
            #expect(notes.contains { $0.hasPrefix("no evaluation text has a label") })
            #expect(notes.contains { $0.hasPrefix("the teacher answered 32 training texts") })
            let results = try JSONValue.parse(Data(contentsOf: place.appending(path: "eval_results.json")))
            #expect(results["eval_teacher_agreement"].double == 1)
            let card = try String(contentsOf: place.appending(path: "README.md"), encoding: .utf8)
            #expect(card.contains("It learned the scores of") && card.contains("no text had a label"))
            // The model remembers only a loss of labels that differs from the usual one.
            let (loaded, _) = try TextClassifier.load(place.path(percentEncoded: false))
            #expect(loaded.settings.loss == nil && loaded.settings.labelColumns == nil)
        }
    }

    @Test func `logits are those of a prediction, are computed once, and are checked when they are read`()
        throws
    {
        try withTemporaryFolder { folder in
            let teacher = try teacher(in: folder)
            let data = try plain(in: folder)
            let shared = folder.appending(path: "logits").path(percentEncoded: false)
            let job = student(data, of: teacher) { $0.teacher?.logitsFolder = shared }
            let (_, first) = try run(job, into: folder.appending(path: "first"))
            #expect(first.contains { $0.hasPrefix("loaded the teacher") })
            let key = try #require(FileManager.default.contentsOfDirectory(atPath: shared).first)
            let file = URL(filePath: shared).appending(path: "\(key)/logits-000000000.safetensors")
            let stored = try SafetensorsFile(contentsOf: file).tensor("logits").array(of: Float.self)
            var predicted: [Float] = []
            let (classifier, _) = try TextClassifier.load(teacher)
            _ = try BulkPrediction(classifier).run(GivenTexts(.texts(Self.texts))) {
                predicted += $0.answeredLogits
            }
            #expect(stored == predicted && stored.count == 80)

            // Another temperature, student and seed read the same logits.
            var other = job
            other.recipe.teacher?.temperature = 4
            other.recipe.seed = 7
            let (_, second) = try run(other, into: folder.appending(path: "second"))
            #expect(!second.contains { $0.hasPrefix("loaded the teacher") })
            #expect(second.contains { $0.hasPrefix("the teacher's logits of all 40 training texts are in") })

            // A damaged file is computed again, to the same bytes.
            let good = try Data(contentsOf: file)
            var bad = good
            bad[bad.count - 1] ^= 1
            try bad.write(to: file)
            let (_, third) = try run(job, into: folder.appending(path: "third"))
            #expect(third.contains { $0.contains("is damaged; its logits are computed again") })
            #expect(try Data(contentsOf: file) == good)
            #expect(
                try weights(folder.appending(path: "first")) == weights(folder.appending(path: "third"))
            )
            // Other texts have other logits.
            let fewer = try write(["text"] + Self.texts.prefix(20), "fewer.csv", in: folder)
            let job20 = student(fewer, of: teacher) { $0.teacher?.logitsFolder = shared }
            _ = try run(job20, into: folder.appending(path: "fourth"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: shared).count == 2)
        }
    }

    @Test func `a killed run resumes with its logits to the byte, and only with the same ones`() throws {
        try withTemporaryFolder { folder in
            let teacher = try teacher(in: folder)
            var job = student(try plain(in: folder), of: teacher)
            (job.recipe.saving.strategy, job.recipe.saving.steps) = (.steps, 2)
            job.resumesFromLatest = true
            let (whole, out) = (folder.appending(path: "whole"), folder.appending(path: "out"))
            _ = try run(job, into: whole)
            struct Killed: Error {}
            #expect(throws: Killed.self) {
                try job.run(into: out) { event in
                    if case .run(.step(let record)) = event, record.step == 5 { throw Killed() }
                }
            }
            var warmer = job
            warmer.recipe.teacher?.temperature = 3
            #expect(complaint(warmer, out).contains("has the distillation temperature 2.0, alpha 0.5"))
            let (_, notes) = try run(job, into: out)
            #expect(!notes.contains { $0.hasPrefix("loaded the teacher") })
            #expect(try weights(out) == weights(whole))

            // Other logits under the same texts: another teacher.
            let flipped = folder.appending(path: "flipped")
            try FileManager.default.createDirectory(at: flipped, withIntermediateDirectories: true)
            let opposite = try self.teacher(in: flipped, Self.authors.reversed())
            var changed = job
            changed.teacher = opposite
            changed.recipe.length = .steps(8)
            #expect(complaint(changed, out).contains("learned other logits of its teacher"))
        }
    }

    @Test func `a teacher that is stopped continues with the windows that are complete`() throws {
        try withTemporaryFolder { folder in
            let teacher = try teacher(in: folder)
            // Windows end at rows 64 and 512.
            let rows = (0..<150).map { "number \($0) is \($0 % 3 == 0 ? "sunny" : "rainy")" }
            let job = student(try write(["text"] + rows, "many.csv", in: folder), of: teacher) {
                $0.length = .steps(2)
            }
            let out = folder.appending(path: "out")
            var done = 0
            #expect {
                try job.run(into: out, shouldStop: { done >= 64 }) { event in
                    if case .progress(let progress) = event, progress.phase == .predict {
                        done = progress.done
                    }
                }
            } throws: {
                "\($0)".contains("the same command continues with those that are complete")
            }
            let (_, notes) = try run(job, into: out)
            #expect(
                notes.contains { $0.hasPrefix("the teacher's logits of 64 of 150 training texts are in") }
            )
            #expect(notes.contains { $0.hasPrefix("the teacher answered 86 training texts") })
            let whole = folder.appending(path: "whole")
            _ = try run(job, into: whole)
            #expect(try weights(out) == weights(whole))
        }
    }

    @Test func `labels count where rows have them, and the evaluation uses only those rows`() throws {
        try withTemporaryFolder { folder in
            let teacher = try teacher(in: folder)
            let lines = zip(Self.texts, Self.authors).enumerated().map { row, pair in
                "\(pair.0),\(row < 20 ? pair.1 : "")"
            }
            let data = try write(["text,author"] + lines, "some.csv", in: folder)
            let job = student(data, of: teacher, labels: ["author"]) {
                $0.evaluation = .holdOut(0.5)
                $0.loss.classWeights = .balanced
                $0.length = .epochs(6)
            }
            let (result, notes) = try run(job, into: folder.appending(path: "out"))
            let note = try #require(notes.first { $0.hasPrefix("the evaluation uses the ") })
            #expect(note.hasSuffix("with a label, of 20"))
            let count = try #require(result.evaluation?.metrics.count)
            #expect(count < 20 && note.contains("the \(count) text"))
            #expect(result.evaluation?.teacherAgreement == nil)
            let alone = student(data, of: teacher, labels: ["author"]) { $0.missingLabels = .drop }
            let (_, dropped) = try run(alone, into: folder.appending(path: "dropped"))
            #expect(dropped.contains("left out 20 rows without a label"))
        }
    }

    // 1e-4: float32 sums in another order, over six steps.
    @Test func `accumulation is exact with labels on some rows`() throws {
        try withTemporaryFolder { folder in
            let teacher = try teacher(in: folder)
            let lines = zip(Self.texts, Self.authors).enumerated().map { row, pair in
                "\(pair.0),\(row % 3 == 0 ? pair.1 : "")"
            }
            let data = try write(["text,author"] + lines, "some.csv", in: folder)
            func loss(_ size: Int, _ accumulation: Int, _ name: String) throws -> Double {
                let job = student(data, of: teacher, labels: ["author"]) {
                    $0.batch = Recipe.Batch(size: size, accumulation: accumulation)
                    $0.optimizer.learningRate = 1e-4
                }
                return try run(job, into: folder.appending(path: name)).0.outcome.meanLoss
            }
            let whole = try loss(8, 1, "whole")
            #expect(try abs(loss(2, 4, "parts") - whole) < 1e-4 * whole)
        }
    }

    @Test(arguments: [ProblemType.multiLabel, .regression])
    func `several labels and numbers are taught, too`(type: ProblemType) throws {
        try withTemporaryFolder { folder in
            let lines = Self.texts.enumerated().map { row, text in
                let sunny = row.isMultiple(of: 2)
                return type == .regression
                    ? "{\"text\": \"\(text)\", \"author\": \(sunny ? 3 : -1)}"
                    : "{\"text\": \"\(text)\", \"author\": [\(sunny ? "\"warm\", \"dry\"" : "\"wet\"")]}"
            }
            let data = try write(lines, "rows.jsonl", in: folder)
            var job = TrainingJob(dataset: data, label: "author")
            job.recipe.problemType = type
            (job.recipe.optimizer.learningRate, job.recipe.length) = (1e-2, .epochs(6))
            job.recipe.saving.strategy = .no
            let place = folder.appending(path: "teacher")
            let teacher = try job.run(into: place) { _ in }
            let taught = student(try plain(in: folder), of: place.path(percentEncoded: false)) {
                $0.evaluation = .holdOut(0.2)
                $0.length = .epochs(8)
            }
            let (result, _) = try run(taught, into: folder.appending(path: "out"))
            #expect(result.classifier.problemType == type)
            #expect(result.classifier.labels == teacher.classifier.labels)
            #expect(result.outcome.meanLoss.isFinite && result.evaluation != nil)
            #expect((result.evaluation?.teacherAgreement == nil) == (type == .regression))
        }
    }

    @Test func `seeds share the logits, and each is the same as a run alone`() throws {
        try withTemporaryFolder { folder in
            let job = student(try plain(in: folder), of: try teacher(in: folder)) { $0.seed = 7 }
            let all = folder.appending(path: "all")
            var notes: [String] = []
            _ = try job.run(seeds: 2, into: all) { _, event in
                if case .note(let text) = event { notes.append(text) }
            }
            #expect(notes.count { $0.hasPrefix("loaded the teacher") } == 1)
            var alone = job
            alone.recipe.seed = 8
            _ = try run(alone, into: folder.appending(path: "alone"))
            #expect(try weights(all.appending(path: "seed-8")) == weights(folder.appending(path: "alone")))
        }
    }

    @Test func `what does not fit is refused before the teacher is loaded`() throws {
        try withTemporaryFolder { folder in
            let teacher = try teacher(in: folder)
            let data = try plain(in: folder)
            let out = folder.appending(path: "out")
            func refusal(_ job: TrainingJob) -> String {
                let text = complaint(job, out)
                #expect(!FileManager.default.fileExists(atPath: out.path(percentEncoded: false)), "\(text)")
                return text
            }
            #expect(refusal(student(data, of: tiny)).contains("is not a classifier"))
            #expect(refusal(student(data, of: "nowhere")).contains("nowhere"))
            #expect(
                refusal(student(data, of: teacher) { $0.text = "body" }).contains("\"body\"")
            )
            #expect(
                refusal(student(data, of: teacher) { $0.problemType = .regression })
                    .contains("the teacher's is single-label")
            )
            let others = try write(["text,author", "a,eve", "b,"], "others.csv", in: folder)
            #expect(refusal(student(others, of: teacher, labels: ["author"])).contains("eve"))
            // A student with a head for three labels.
            let rows = zip(Self.texts, 0...).map { "\($0),\(["x", "y", "z"][$1 % 3])" }
            let file = try write(["text,author"] + rows, "three.csv", in: folder)
            var three = TrainingJob(dataset: file, label: "author")
            (three.recipe.length, three.recipe.saving.strategy) = (.steps(1), .no)
            let place = folder.appending(path: "three")
            _ = try three.run(into: place) { _ in }
            let kept = student(data, of: teacher) {
                $0.model = ModelSource(place.path(percentEncoded: false))
            }
            let text = refusal(kept)
            #expect(
                text.contains("has 3 labels (x, y, z), but the teacher has 2 labels (ann, bob)"),
                "\(text)"
            )
            #expect(text.contains("--reinit-head"))
            var fresh = kept
            fresh.recipe.reinitializesHead = true
            #expect(
                try run(fresh, into: folder.appending(path: "fresh")).0.classifier.labels == ["ann", "bob"]
            )
        }
    }

    @Test func `a plan needs no logits`() throws {
        try withTemporaryFolder { folder in
            let job = student(try plain(in: folder), of: try teacher(in: folder)) {
                $0.evaluation = .holdOut(0.2)
            }
            let plan = try job.plan()
            #expect(
                plan.labels == ["ann", "bob"] && plan.training.count == 32 && plan.evaluation?.count == 8
            )
            #expect(plan.targets.labelCounts(of: 2) == [0, 0])
        }
    }
}
