import Checkpoints
import Foundation
import Models
import ProcessGroups
import TestSupport
import Testing
import Torch
import Training

@testable import Attune

/// A job of several processes, which are threads of this one here.
@Suite(.hangGuard)
struct GroupJobTests {
    /// The result of one rank.
    private struct Ending: Sendable, Equatable {
        var step = 0
        var meanLoss = 0.0
        var wasInterrupted = false
        var accuracy: Double?
        var hasBaseline = false
        var hasVerdict = false
        var saved: [String] = []
    }

    private func job(in folder: URL) throws -> TrainingJob {
        let rows = (0..<40).map {
            $0.isMultiple(of: 2) ? "number \($0) is sunny,ann" : "number \($0) is rainy,bob"
        }
        let url = folder.appending(path: "data.csv")
        try Data((["text,author"] + rows).joined(separator: "\n").utf8).write(to: url)
        var job = TrainingJob(dataset: url.path(percentEncoded: false), label: "author")
        job.recipe.evaluation = .holdOut(.fraction(0.2), stratification: .column("author"), seed: 1)
        job.recipe.optimizer.learningRate = 1e-2
        // Otherwise the first steps would turn rounding errors into updates of full size.
        job.recipe.adamEpsilon = 1e-4
        job.recipe.length = .steps(6)
        job.recipe.saving.steps = 3
        job.recipe.batch = Recipe.Batch(size: 4)
        job.recipe.reports = [.jsonLines]
        return job
    }

    private static func run(
        _ job: TrainingJob,
        into folder: URL,
        _ group: ProcessGroup?,
        stoppingAfter last: Int = .max
    ) throws -> Ending {
        var ending = Ending()
        var step = 0
        let result = try job.run(into: folder, shouldStop: { step >= last }, group: group) { event in
            if case .run(.step(let record)) = event { step = record.step }
            if case .run(.saved(let place)) = event { ending.saved.append(place.lastPathComponent) }
        }
        (ending.step, ending.meanLoss) = (result.outcome.step, result.outcome.meanLoss)
        ending.wasInterrupted = result.outcome.wasInterrupted
        ending.accuracy = result.evaluation?.metrics["accuracy"]
        (ending.hasBaseline, ending.hasVerdict) = (result.baseline != nil, result.verdict != nil)
        return ending
    }

    /// Runs a job with two ranks, each with its own output folder: `rank-0` and `rank-1`.
    private func runTogether(
        _ job: TrainingJob,
        in folder: URL,
        stoppingAfter last: @escaping @Sendable (Int) -> Int = { _ in .max }
    ) throws -> [Ending] {
        let server = try RendezvousStore(host: "127.0.0.1", port: 0, isServer: true, timeout: .seconds(60))
        let port = server.port
        let endings = try RankThreads.values(2) { rank in
            let group = try ProcessGroup(
                Launch(rank: rank, worldSize: 2, address: "127.0.0.1", port: port, isStoreHosted: true)
            )
            do {
                let place = folder.appending(path: "rank-\(rank)", directoryHint: .isDirectory)
                let ending = try Self.run(job, into: place, group, stoppingAfter: last(rank))
                try group.leave()
                return ending
            } catch {
                group.fail("\(error)")
                throw error
            }
        }
        withExtendedLifetime(server) {}
        return endings
    }

    private func names(_ name: String, in folder: URL) -> Set<String> {
        let path = folder.appending(path: name).path(percentEncoded: false)
        return Set((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
    }

    @Test func `all ranks train and evaluate, and only the first one writes`() throws {
        try withTemporaryFolder { folder in
            let job = try job(in: folder)
            let endings = try runTogether(job, in: folder)
            #expect(endings.map(\.step) == [6, 6] && endings[0].meanLoss == endings[1].meanLoss)
            #expect(endings[0].accuracy != nil && endings[0].accuracy == endings[1].accuracy)
            #expect(endings[0].hasBaseline && endings[0].hasVerdict)
            #expect(!endings[1].hasBaseline && !endings[1].hasVerdict)
            #expect(endings[0].saved == ["checkpoint-3", "checkpoint-6"] && endings[1].saved.isEmpty)
            #expect(names("rank-1", in: folder).isEmpty)
            var one = job
            one.recipe.batch.size = 8
            let alone = try Self.run(one, into: folder.appending(path: "one"), nil)
            #expect(names("rank-0", in: folder) == names("one", in: folder))
            #expect(
                abs(endings[0].meanLoss - alone.meanLoss) < 1e-3,
                "\(endings[0].meanLoss) \(alone.meanLoss)"
            )
        }
    }

    // 1e-3: the ranks add up the gradients in another order.
    @Test func `ranks divide the teacher's texts, and all learn from the same logits`() throws {
        try withTemporaryFolder { folder in
            let teacher = folder.appending(path: "teacher")
            var job = try job(in: folder)
            _ = try Self.run(job, into: teacher, nil)
            job.recipe.teacher = Recipe.Teacher(ModelSource(teacher.path(percentEncoded: false)))
            (job.recipe.evaluation, job.recipe.labels) = (.holdOut(0.2), [])
            var taught = TrainingJob(job.recipe)
            let endings = try runTogether(taught, in: folder)
            #expect(endings.map(\.step) == [6, 6] && endings[0].meanLoss == endings[1].meanLoss)
            #expect(endings[0].accuracy != nil && endings[0].accuracy == endings[1].accuracy)
            #expect(names("rank-1", in: folder).isEmpty)
            #expect(names("rank-0", in: folder).contains("teacher-logits"))
            taught.recipe.batch.size = 8
            let alone = try Self.run(taught, into: folder.appending(path: "alone"), nil)
            #expect(
                abs(endings[0].meanLoss - alone.meanLoss) < 1e-3,
                "\(endings[0].meanLoss) \(alone.meanLoss)"
            )
        }
    }

    // 1e-4: the ranks add up the gradients of the adapter in another order.
    @Test func `an adapter on a quantized base that ranks divide is that of one process`() throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            job.recipe.adapter = .lora(targets: .allLinear)
            job.recipe.adapter?.frozenStorage = .quantized(.nf4, isDouble: true)
            job.recipe.processes.zeroStage = .three
            let endings = try runTogether(job, in: folder)
            #expect(endings.map(\.step) == [6, 6] && endings[0].meanLoss == endings[1].meanLoss)
            #expect(endings[0].accuracy != nil && endings[0].accuracy == endings[1].accuracy)
            #expect(endings[0].saved == ["checkpoint-3", "checkpoint-6"] && endings[1].saved.isEmpty)
            var one = job
            one.recipe.batch.size = 8
            let alone = try Self.run(one, into: folder.appending(path: "one"), nil)
            #expect(
                abs(endings[0].meanLoss - alone.meanLoss) < 1e-4,
                "\(endings[0].meanLoss) \(alone.meanLoss)"
            )
            let files = try ["rank-0", "one"].map {
                try SafetensorsFile(contentsOf: folder.appending(path: "\($0)/adapter_model.safetensors"))
            }
            #expect(files[0].tensorNames == files[1].tensorNames)
            // The fingerprint of the base, and its storage.
            #expect(files[0].metadata == files[1].metadata)
        }
    }

    @Test func `a request to stop on one rank stops all, and any number of processes resumes`() throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            job.recipe.saving.strategy = .no
            // Rank 1 alone is asked to stop.
            let stopped = try runTogether(job, in: folder) { $0 == 1 ? 2 : .max }
            #expect(stopped.allSatisfy { $0.wasInterrupted && $0.step == stopped[0].step && $0.step < 6 })
            #expect(stopped[0].saved == ["checkpoint-\(stopped[0].step)"])
            #expect(stopped.allSatisfy { $0.accuracy == nil && !$0.hasBaseline })
            var one = job
            (one.recipe.batch.size, one.resumesFromLatest) = (8, true)
            let resumed = try Self.run(one, into: folder.appending(path: "rank-0"), nil)
            #expect(resumed.step == 6 && !resumed.wasInterrupted && resumed.accuracy != nil)
        }
    }

    @Test func `an output folder in the way ends all ranks, and the others learn the reason`() throws {
        try withTemporaryFolder { folder in
            let job = try job(in: folder)
            let place = folder.appending(path: "rank-0", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data("{}".utf8).write(to: place.appending(path: "config.json"))
            let server = try RendezvousStore(
                host: "127.0.0.1",
                port: 0,
                isServer: true,
                timeout: .seconds(60)
            )
            let port = server.port
            let outcomes = RankThreads.outcomes(2) { rank in
                let group = try ProcessGroup(
                    Launch(rank: rank, worldSize: 2, address: "127.0.0.1", port: port, isStoreHosted: true)
                )
                do {
                    return try Self.run(job, into: folder.appending(path: "rank-\(rank)"), group)
                } catch {
                    group.fail("\(error)")
                    throw error
                }
            }
            withExtendedLifetime(server) {}
            let errors = outcomes.map { outcome -> (any Error)? in
                if case .failure(let error) = outcome { error } else { nil }
            }
            #expect((errors[0] as? FileError)?.code == .exists)
            let other = try #require(errors[1] as? DistributedError)
            #expect(other.code == .peerFailed && other.message.contains("config.json"), "\(other)")
        }
    }

    @Test func `seeds repeat with all ranks, and the first one writes their results`() throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            job.recipe.length = .steps(2)
            let run = job
            let server = try RendezvousStore(
                host: "127.0.0.1",
                port: 0,
                isServer: true,
                timeout: .seconds(60)
            )
            let port = server.port
            /// The number of steps of each rank, and the seeds of its results.
            func repeated(_ resuming: Bool) throws -> [[Int]] {
                try RankThreads.values(2) { rank in
                    let group = try ProcessGroup(
                        Launch(
                            rank: rank,
                            worldSize: 2,
                            address: "127.0.0.1",
                            port: port,
                            isStoreHosted: true
                        )
                    )
                    var steps = 0
                    let place = folder.appending(path: "rank-\(rank)", directoryHint: .isDirectory)
                    let results = try run.run(seeds: 2, into: place, resuming: resuming, group: group) {
                        _,
                        event in
                        if case .run(.step) = event { steps += 1 }
                    }
                    try group.leave()
                    return [steps] + results.rows.map { Int($0.seed) }
                }
            }
            #expect(try repeated(false) == [[4, 42, 43], [4, 42, 43]])
            #expect(names("rank-0", in: folder).contains("seeds_results.json"))
            #expect(names("rank-1", in: folder).isEmpty)
            // Only the first rank has the file of the finished seeds.
            #expect(try repeated(true) == [[0, 42, 43], [0, 42, 43]])
            withExtendedLifetime(server) {}
        }
    }
}
