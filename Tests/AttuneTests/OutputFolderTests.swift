import Attune
import Files
import Foundation
import JSON
import TestSupport
import Testing

/// No file in an output folder is silently overwritten.
struct OutputFolderTests {
    private let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)

    private func job(in folder: URL) throws -> TrainingJob {
        let rows = (0..<24).map { "number \($0) is \($0 % 2 == 0 ? "sunny,ann" : "rainy,bob")" }
        let data = folder.appending(path: "data.csv")
        try Data((["text,author"] + rows).joined(separator: "\n").utf8).write(to: data)
        var job = TrainingJob(model: model, dataset: data.path(percentEncoded: false), label: "author")
        job.recipe.evaluation = .holdOut(.fraction(0.25), stratification: .labels, seed: 1)
        (job.recipe.length, job.recipe.saving.steps) = (.steps(4), 2)
        return job
    }

    private func names(_ folder: URL) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)))
    }

    /// Every file of a folder with its bytes.
    private func contents(_ folder: URL) throws -> [String: Data] {
        let paths = FileManager.default.enumerator(atPath: folder.path(percentEncoded: false))
        var contents: [String: Data] = [:]
        for path in (paths?.allObjects ?? []).compactMap({ $0 as? String }) {
            contents[path] = try? Data(contentsOf: folder.appending(path: path))
        }
        return contents
    }

    /// The error with which a job refuses a folder, after checking that the folder is unchanged.
    private func refusal(of job: TrainingJob, in folder: URL) throws -> String {
        let before = try contents(folder)
        var job = job
        // It is refused before anything is read.
        job.dataset = "nowhere.csv"
        let error = #expect(throws: FileError.self) { try job.run(into: folder) { _ in } }
        #expect(error?.code == .exists)
        #expect(try contents(folder) == before)
        return error?.message ?? ""
    }

    @Test func `a trained model or checkpoints are refused unless overwriting is requested`()
        throws
    {
        try withTemporaryFolder { folder in
            let job = try job(in: folder)
            let output = folder.appending(path: "out")
            _ = try job.run(into: output) { _ in }
            let refusal = try refusal(of: job, in: output)
            #expect(
                refusal.contains("holds a trained model and checkpoints up to checkpoint-4"),
                "\(refusal)"
            )
            #expect(
                refusal.contains("--resume-from-checkpoint latest")
                    && refusal.contains("--overwrite-output-dir")
            )
            for name in try names(output) where !name.hasPrefix("checkpoint-") {
                try FileManager.default.removeItem(at: output.appending(path: name))
            }
            let second = try self.refusal(of: job, in: output)
            #expect(second.contains("holds checkpoints of an earlier run, up to checkpoint-4"), "\(second)")
        }
    }

    @Test func `overwriting removes a model with its results, and keeps files that no run wrote`() throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            job.recipe.reports = [.jsonLines, .tensorBoard]
            let output = folder.appending(path: "out")
            _ = try job.run(into: output) { _ in }
            let mine = Data("mine".utf8)
            for name in ["notes.txt", "runs/notes.txt", "replay-step-3.safetensors"] {
                try mine.write(to: output.appending(path: name))
            }
            #expect(try names(output).isSuperset(of: ["eval_results.json", "checkpoint-2", "events.jsonl"]))

            job.overwritesOutputFolder = true
            job.recipe.evaluation = .none
            job.recipe.reports = []
            job.recipe.saving.strategy = .no
            _ = try job.run(into: output) { _ in }
            let left = try names(output)
            #expect(
                left.isSuperset(of: ["config.json", "model.safetensors", "README.md", "all_results.json"])
            )
            #expect(
                left.isDisjoint(with: [
                    "eval_results.json", "checkpoint-2", "checkpoint-4", "events.jsonl",
                    "replay-step-3.safetensors",
                ])
            )
            #expect(try names(output.appending(path: "runs")) == ["notes.txt"])
            #expect(try Data(contentsOf: output.appending(path: "notes.txt")) == mine)
        }
    }

    @Test(arguments: ["README.md", "recipe.yaml"])
    func `a model card or recipe that no run wrote is refused, and kept even when overwriting`(
        name: String
    ) throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            let output = folder.appending(path: "out")
            let own = Data("# my own".utf8)
            try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
            try own.write(to: output.appending(path: name))
            #expect(try refusal(of: job, in: output).contains("holds a \(name) that no run wrote"))

            job.overwritesOutputFolder = true
            var notes: [String] = []
            for _ in 0..<2 {
                _ = try job.run(into: output) { if case .note(let text) = $0 { notes.append(text) } }
                #expect(try Data(contentsOf: output.appending(path: name)) == own)
            }
            #expect(
                notes.count { $0.hasPrefix("\(name) in ") && $0.contains("was not written by a run") } == 2
            )
        }
    }

    @Test(arguments: [
        "config.json", "model.safetensors", "tokenizer.json", "checkpoint-2", "adapter_config.json",
    ])
    func `a model that no run wrote is never overwritten`(name: String) throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            let output = folder.appending(path: "out")
            let place = output.appending(path: name.hasPrefix("checkpoint") ? "\(name)/notes.txt" : name)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data("{}".utf8).write(to: place)
            for overwrites in [false, true] {
                job.overwritesOutputFolder = overwrites
                let refusal = try refusal(of: job, in: output)
                #expect(refusal.contains("holds \(name), which no training run wrote"), "\(refusal)")
            }
        }
    }

    @Test func `files that a run does not write are accepted`() throws {
        try withTemporaryFolder { folder in
            // The folder contains the data, and files of a run that was killed immediately.
            let job = try job(in: folder)
            let former = "# Until step 2: learning_rate: 1e-3\n"
            try Data((former + OutputFolder.recipeHeading + "seed: 1").utf8).write(
                to: folder.appending(path: "recipe.yaml")
            )
            _ = try job.run(into: folder) { _ in }
            #expect(try names(folder).isSuperset(of: ["data.csv", "config.json"]))
        }
    }

    @Test func `the model's own folder is refused, whatever the path`() throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            let place = folder.appending(path: "model")
            try FileManager.default.copyItem(atPath: model, toPath: place.path(percentEncoded: false))
            let link = folder.appending(path: "link")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: place)
            let path = place.path(percentEncoded: false)
            let before = try contents(place)
            for (model, output) in [
                (path, place), (path + "/", place), (path, link),
                (link.path(percentEncoded: false), URL(filePath: path + "/", directoryHint: .isDirectory)),
                (folder.path(percentEncoded: false) + "/./model", place),
            ] {
                job.model = model
                job.overwritesOutputFolder = true
                let error = #expect(throws: TrainingError.self) { try job.run(into: output) { _ in } }
                #expect(
                    error?.code == .badArgument && error?.message.contains("the folder of --model") == true
                )
            }
            #expect(try contents(place) == before)
        }
    }

    @Test func `a checkpoint of the run to be removed cannot be the base model`() throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            let output = folder.appending(path: "out")
            _ = try job.run(into: output) { _ in }
            job.model = output.appending(path: "checkpoint-2").path(percentEncoded: false)
            job.overwritesOutputFolder = true
            let error = #expect(throws: TrainingError.self) { try job.run(into: output) { _ in } }
            #expect(
                error?.message.contains("is in the folder that --overwrite-output-dir would empty") == true
            )
        }
    }

    @Test func `a resumed run keeps its folder, and removes old results together with the old model`() throws
    {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            let output = folder.appending(path: "out")
            _ = try job.run(into: output) { _ in }
            #expect(try names(output).contains("eval_results.json"))
            job.resumesFromLatest = true
            // Resuming has priority over overwriting, which would remove the checkpoint.
            job.overwritesOutputFolder = true
            job.recipe.length = .steps(6)
            var steps: [Int] = []
            // A second Ctrl-C stops the evaluation before its last batch, so there is no result.
            job.recipe.evaluates.batchSize = 1
            let result = try job.run(into: output, shouldStop: { steps.last == 6 }) { event in
                if case .run(.step(let step)) = event { steps.append(step.step) }
            }
            #expect(steps == [5, 6] && result.evaluation == nil)
            #expect(try !names(output).contains("eval_results.json"))
            #expect(try names(output).isSuperset(of: ["checkpoint-4", "checkpoint-6", "config.json"]))

            job.resumesFromLatest = false
            job.overwritesOutputFolder = false
            job.checkpoint = output.appending(path: "checkpoint-4")
            _ = try job.run(into: output) { _ in }
            let elsewhere = folder.appending(path: "elsewhere")
            _ = try job.run(into: elsewhere) { _ in }
            #expect(try refusal(of: job, in: elsewhere).contains("holds a trained model"))
        }
    }

    @Test func `several seeds count as one run: refused, removed or resumed together`() throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            (job.recipe.length, job.recipe.seed) = (.steps(2), 7)
            let output = folder.appending(path: "out")
            _ = try job.run(seeds: 3, into: output) { _, _ in }
            let error = #expect(throws: FileError.self) { try job.run(seeds: 2, into: output) { _, _ in } }
            #expect(
                error?.code == .exists && error?.message.contains("seed-7") == true,
                "\(String(describing: error))"
            )
            #expect(try refusal(of: job, in: output).contains("seeds_results.json"))
            try Data("mine".utf8).write(to: output.appending(path: "seed-9/notes.txt"))
            let resumed = try job.run(seeds: 3, into: output, resuming: true) { _, _ in }
            #expect(resumed.rows.map(\.seed) == [7, 8, 9])
            job.overwritesOutputFolder = true
            let fewer = try job.run(seeds: 2, into: output) { _, _ in }
            #expect(fewer.rows.map(\.seed) == [7, 8])
            #expect(try names(output) == ["seeds_results.json", "seed-7", "seed-8", "seed-9"])
            #expect(try names(output.appending(path: "seed-9")) == ["notes.txt"])
        }
    }
}
