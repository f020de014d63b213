import Attune
import Foundation
import JSON
import TestSupport
import Testing

/// A job repeated with several seeds.
struct SeedTests {
    private func job(in folder: URL) throws -> TrainingJob {
        let rows = (0..<40).map {
            $0.isMultiple(of: 2) ? "number \($0) is sunny,ann" : "number \($0) is rainy,bob"
        }
        let data = folder.appending(path: "data.csv")
        try Data((["text,author"] + rows).joined(separator: "\n").utf8).write(to: data)
        var job = TrainingJob(dataset: data.path(percentEncoded: false), label: "author")
        job.recipe.evaluation = .holdOut(.fraction(0.2), stratification: .column("author"), seed: 1)
        job.recipe.optimizer.learningRate = 3e-3
        job.recipe.length = .steps(6)
        job.recipe.seed = 7
        return job
    }

    private func weights(_ folder: URL) throws -> Data {
        try Data(contentsOf: folder.appending(path: "model.safetensors"))
    }

    @Test func `each seed saves the same model as a run with that seed alone`() throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            job.metrics = [CustomMetric("always") { _ in 3 }]
            let all = folder.appending(path: "all")
            var seeds: [UInt64] = []
            let results = try job.run(seeds: 3, into: all) { run, event in
                if case .run(.started) = event { seeds.append(run.seed) }
            }
            #expect(seeds == [7, 8, 9] && results.rows.map(\.seed) == seeds && !results.wasInterrupted)
            var alone = job
            alone.recipe.seed = 8
            let second = try alone.run(into: folder.appending(path: "alone")) { _ in }
            #expect(try weights(all.appending(path: "seed-8")) == weights(folder.appending(path: "alone")))
            #expect(try weights(all.appending(path: "seed-7")) != weights(all.appending(path: "seed-8")))

            let loss = try #require(results.spreads.first { $0.name == "eval_loss" }?.spread)
            #expect(loss.values.count == 3 && loss.values[1] == second.evaluation?.loss)
            #expect(try #require(loss.standardDeviation) > 0)
            #expect(results.spreads.contains { $0.name == "eval_always" && $0.spread.standardDeviation == 0 })
            #expect(!results.spreads.contains { $0.name == "eval_runtime" })
            let json = try JSONValue.parse(Data(contentsOf: all.appending(path: "seeds_results.json")))
            #expect(json["seeds"] == .array([.int(7), .int(8), .int(9)]))
            #expect(json["metrics"]["eval_loss"]["mean"].double == loss.mean)
            #expect(json["metrics"]["eval_loss"]["std"].double == loss.standardDeviation)
            #expect(json["metrics"]["eval_loss"]["values"].array?.map(\.double) == loss.values)
            let lines = results.table.split(separator: "\n")
            #expect(
                lines[0].split(separator: " ") == [
                    "mean", "std", "min", "max", "seed", "7", "seed", "8", "seed", "9",
                ]
            )
            #expect(lines.contains { $0.split(separator: " ").prefix(3) == ["always", "3.0000", "0.0000"] })
        }
    }

    @Test func `an interrupted repetition resumes its current seed, and keeps finished ones`()
        throws
    {
        try withTemporaryFolder { folder in
            let job = try job(in: folder)
            let whole = try job.run(seeds: 3, into: folder.appending(path: "whole")) { _, _ in }
            let place = folder.appending(path: "stopped")
            var shouldStop = false
            let stopped = try job.run(seeds: 3, into: place, shouldStop: { shouldStop }) { run, event in
                if run.seed == 8, case .run(.step(let record)) = event { shouldStop = record.step == 2 }
            }
            #expect(stopped.wasInterrupted && stopped.rows.map(\.seed) == [7])
            var started: [(seed: UInt64, step: Int)] = []
            var notes: [String] = []
            let resumed = try job.run(seeds: 3, into: place, resuming: true) { run, event in
                if case .run(.started(let plan)) = event { started.append((run.seed, plan.firstStep)) }
                if case .note(let note) = event { notes.append(note) }
            }
            #expect(started.map(\.seed) == [8, 9] && started.map(\.step) == [2, 0])
            #expect(notes.first == "seed 7, 1 of 3: already done")
            #expect(resumed == whole)
            for seed in 7...9 {
                let paths = ["whole", "stopped"].map { folder.appending(path: "\($0)/seed-\(seed)") }
                #expect(try weights(paths[0]) == weights(paths[1]))
            }
            // With more seeds of the same job, only the new ones run.
            started = []
            let more = try job.run(seeds: 4, into: place, resuming: true) { run, event in
                if case .run(.started(let plan)) = event { started.append((run.seed, plan.firstStep)) }
            }
            #expect(started.map(\.seed) == [10] && Array(more.rows.prefix(3)) == whole.rows)

            var other = job
            other.recipe.optimizer.learningRate = 1e-4
            #expect { try other.run(seeds: 3, into: place, resuming: true) { _, _ in } } throws: {
                "\($0)".contains("belongs to another job: learning_rate was 0.003 and is 0.0001.")
            }
            var fresh: [UInt64] = []
            other.overwritesOutputFolder = true
            _ = try other.run(seeds: 1, into: place) { run, event in
                if case .run(.started(let plan)) = event, plan.firstStep == 0 { fresh.append(run.seed) }
            }
            #expect(fresh == [7])
        }
    }

    @Test func `without evaluation the spread is that of the training loss`() throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            job.recipe.evaluation = .none
            job.recipe.dataSeed = 1
            let results = try job.run(seeds: 2, into: folder.appending(path: "out")) { _, _ in }
            #expect(results.spreads.map(\.name) == ["train_loss"])
            #expect(throws: TrainingError.self) { try job.run(seeds: 0, into: folder) { _, _ in } }
        }
    }
}
