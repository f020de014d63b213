import Classification
import Foundation
import JSON
import Models
import NN
import ProcessGroups
import TestSupport
import Testing
import Torch

@testable import Training

/// The common state of a group's ranks: at the beginning, on resuming, and after loading the best model.
struct SharedStateTests {
    /// The output folder of a rank; only that of rank 0 may get files.
    private static func place(_ group: ProcessGroup, in folder: URL) -> URL {
        folder.appending(path: "rank-\(group.rank)", directoryHint: .isDirectory)
    }

    private static func exists(_ place: URL) -> Bool {
        FileManager.default.fileExists(atPath: place.path(percentEncoded: false))
    }

    /// Begins a run without a step, and returns the weights before and after it.
    private static func begin(
        _ run: RankRun,
        _ group: ProcessGroup,
        in folder: URL
    ) throws -> (before: [[Float]], after: [[Float]]) {
        let (trainer, classifier) = try run.trainer(in: place(group, in: folder), group)
        let before = try RankRun.weights(of: classifier)
        var state = TrainerState(
            arguments: trainer.arguments,
            totalSteps: trainer.totalSteps,
            examples: trainer.train.count
        )
        let stepState = try trainer.stepState()
        let shared = SharedState(group)
        try shared.agree(on: trainer, RunIdentity(trainer, modelName: nil))
        let isResumed = try shared.shareStart(
            classifier,
            optimizer: stepState.optimizer,
            &state,
            isResumed: false
        )
        #expect(!isResumed && state.productRoutes == classifier.model.productRoutes)
        return (before, try RankRun.weights(of: classifier))
    }

    @Test(.hangGuard, arguments: [2, 3]) func `all ranks begin with the weights of rank 0`(ranks: Int) throws
    {
        try withTemporaryFolder { folder in
            for dtype in [DType.float32, .bfloat16] {
                let weights = try Ranks.run(ranks) { group in
                    var run = RankRun()
                    (run.headSeed, run.weightsDType) = (UInt64(group.rank), dtype)
                    if dtype == .bfloat16 { run.arguments.precision = .bf16 }
                    return try Self.begin(run, group, in: folder)
                }
                #expect(weights[0].before == weights[0].after && weights[1].before != weights[1].after)
                #expect(weights.allSatisfy { $0.after == weights[0].after })
            }
        }
    }

    private static let differences: [(String, @Sendable (inout RankRun) -> Void)] = [
        ("the fingerprint of the training data", { $0.texts[3] += " indeed" }),
        ("the number of training examples", { $0.texts.append("one more") }),
        ("learning_rate", { $0.arguments.learningRate = 1 }),
        ("ddp_bucket_cap_mb", { $0.arguments.ddpBucketCapMB = 1 }),
        ("save_strategy", { $0.arguments.saveStrategy = .best }),
        ("save_sharded", { $0.arguments.saveSharded = true }),
        ("the model's parameters", { $0.arguments.frozenLayerCount = 1 }),
        ("the custom metrics", { $0.metrics = [CustomMetric("mine") { _ in 0 }] }),
    ]

    @Test(.hangGuard, arguments: differences.indices)
    func `a rank with other data or settings is refused, with both values`(index: Int) throws {
        let (name, change) = Self.differences[index]
        try withTemporaryFolder { folder in
            let outcomes = try Ranks.outcomes(2) { group in
                var run = RankRun()
                if group.rank == 1 { change(&run) }
                return try Self.begin(run, group, in: folder).after
            }
            for outcome in outcomes {
                #expect {
                    try outcome.get()
                } throws: { error in
                    (error as? DistributedError)?.code == .mismatch && "\(error)".contains(name)
                }
            }
        }
    }

    @Test(.hangGuard) func `other frozen weights are refused`() throws {
        try withTemporaryFolder { folder in
            let outcomes = try Ranks.outcomes(2) { group in
                var run = RankRun()
                run.arguments.frozenParameters = ["score"]
                run.headSeed = UInt64(group.rank)
                return try Self.begin(run, group, in: folder).after
            }
            for outcome in outcomes {
                #expect {
                    try outcome.get()
                } throws: { "\($0)".contains("the fingerprint of the frozen weights") }
            }
        }
    }

    @Test(.hangGuard, arguments: [1, 2, 4], [1, 2, 4])
    func `a run resumes with any number of processes, and only rank 0 needs the checkpoint`(
        first: Int,
        second: Int
    ) throws {
        try withTemporaryFolder { folder in
            let run = RankRun()
            let whole = try run.train(in: folder.appending(path: "whole"))
            let output = folder.appending(path: "rank-0", directoryHint: .isDirectory)
            let interrupted =
                first == 1
                ? [try run.train(in: output, stopAfter: 2)]
                : try Ranks.run(first) {
                    try run.divided(among: first).train(in: Self.place($0, in: folder), $0, stopAfter: 2)
                }
            #expect(interrupted.allSatisfy { $0.outcome.step == 2 && $0.outcome.wasInterrupted })
            #expect(interrupted.map(\.savedCount) == [1] + Array(repeating: 0, count: first - 1))
            let endings =
                second == 1
                ? [try run.train(in: output, resumes: true)]
                : try Ranks.run(second) {
                    try run.divided(among: second).train(
                        in: Self.place($0, in: folder),
                        $0,
                        resumes: $0.isFirst
                    )
                }
            for ending in endings {
                #expect(ending.outcome.step == 6 && !ending.outcome.wasInterrupted)
                #expect(ending.weights == endings[0].weights)
                #expect(ending.evaluations == endings[0].evaluations)
                #expect(abs(ending.outcome.meanLoss - whole.outcome.meanLoss) < 1e-4)
            }
            // float32 gradients summed in another order.
            #expect(try largestDifference(endings[0].weights, whole.weights) < 1e-5)
            for rank in 1..<max(first, second, 2) {
                #expect(!Self.exists(folder.appending(path: "rank-\(rank)")))
            }
        }
    }

    @Test(.hangGuard) func `a checkpoint of a group has the files and the identity of one process`() throws {
        try withTemporaryFolder { folder in
            var run = RankRun()
            (run.arguments.saveStrategy, run.arguments.saveSteps) = (.steps, 3)
            run.arguments.loggingSteps = 1
            let divided = run.divided(among: 2)
            _ = try Ranks.run(2) { try divided.train(in: Self.place($0, in: folder), $0) }
            let alone = folder.appending(path: "rank-alone", directoryHint: .isDirectory)
            _ = try run.train(in: alone)
            for step in [3, 6] {
                let places = [alone, folder.appending(path: "rank-0")].map { RunFolder($0).checkpoint(step) }
                let names = try places.map {
                    try FileManager.default.contentsOfDirectory(atPath: $0.path(percentEncoded: false))
                        .sorted()
                }
                #expect(names[0] == names[1] && names[0].contains(TrainerState.optimizerState))
                let states = try places.map {
                    try JSONValue.parse(Data(contentsOf: $0.appending(path: TrainerState.trainerState)))
                }
                for key in ["run", "global_step", "epoch", "max_steps", "product_routes"] {
                    #expect(states[0][key] == states[1][key] && states[0][key] != .null, "\(key)")
                }
                #expect(states[0]["log_history"].array?.count == states[1]["log_history"].array?.count)
            }
        }
    }

    @Test(.hangGuard) func `rank 0 chooses the best model, and all ranks get its weights`() throws {
        try withTemporaryFolder { folder in
            let weights = try Ranks.run(2) { group in
                var run = RankRun().divided(among: 2)
                (run.arguments.saveStrategy, run.arguments.saveSteps) = (.steps, 3)
                run.arguments.loadBestModelAtEnd = true
                run.arguments.metricForBestModel = "turns"
                // On rank 0 the first evaluation is the best, on rank 1 the last.
                let sign = group.isFirst ? -1.0 : 1.0
                let turns = Turns()
                run.metrics = [CustomMetric("turns") { _ in sign * turns.next() }]
                let ending = try run.train(in: Self.place(group, in: folder), group)
                #expect(ending.outcome.weightsStep == 3)
                #expect(ending.savedCount == (group.isFirst ? 2 : 0))
                return ending.weights
            }
            #expect(weights[0] == weights[1])
            let best = try RankRun().classifier()
            try best.loadWeights(from: RunFolder(folder.appending(path: "rank-0")).checkpoint(3))
            #expect(try RankRun.weights(of: best) == weights[0])
        }
    }
}

/// Counts calls.
private final class Turns: @unchecked Sendable {
    // Safe: used by one rank's thread.
    private var count = 0.0

    func next() -> Double {
        count += 1
        return count
    }
}
