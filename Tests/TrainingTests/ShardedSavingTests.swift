import Checkpoints
import Classification
import Foundation
import Models
import NN
import ProcessGroups
import TestSupport
import Testing
import Torch

@testable import Training

/// Checkpoints and models to which every rank of a group writes its own tensors.
struct ShardedSavingTests {
    /// A run with six examples a step, which one, two or three ranks can share.
    private static func run(_ ranks: Int, _ stage: ZeroStage, isSharded: Bool = true) -> RankRun {
        var run = RankRun()
        run.arguments.perDeviceTrainBatchSize = 6
        run.arguments.zeroStage = stage
        run.arguments.saveSharded = isSharded
        (run.arguments.saveStrategy, run.arguments.saveSteps) = (.steps, 3)
        return run.divided(among: ranks)
    }

    private static func names(in folder: URL) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)))
    }

    /// The tensors of a checkpoint as bytes, with their types and shapes.
    private static func contents(_ checkpoint: any Checkpoint) throws -> [String: [String]] {
        var contents: [String: [String]] = [:]
        for name in checkpoint.tensorNames {
            let tensor = try checkpoint.tensor(name)
            let bytes = try tensor.withUnsafeBytes { Data($0) }
            contents[name] = ["\(tensor.dtype) \(tensor.shape)", bytes.base64EncodedString()]
        }
        return contents
    }

    private static func moments(_ folder: URL) throws -> any Checkpoint {
        try #require(try TrainerState.moments(in: folder))
    }

    // With three ranks the smallest model has ranks with few tensors.
    @Test(.hangGuard, arguments: [2, 3], ZeroStage.allCases)
    func `a checkpoint has the bytes of one that rank 0 writes, and each rank's tensors once`(
        ranks: Int,
        stage: ZeroStage
    ) throws {
        try withTemporaryFolder { folder in
            let (whole, sharded) = (folder.appending(path: "whole"), folder.appending(path: "sharded"))
            let before = try Ranks.run(ranks) { group in
                try Self.run(ranks, stage, isSharded: false).train(in: whole, group)
            }
            let after = try Ranks.run(ranks) { try Self.run(ranks, stage).train(in: sharded, $0) }
            #expect(after.map(\.savedCount) == [2] + Array(repeating: 0, count: ranks - 1))
            #expect(after.allSatisfy { $0.weights == before[0].weights })
            let shards = (0..<ranks).flatMap { rank in
                [RankShard.name(.model, rank: rank), RankShard.name(.optimizer, rank: rank)]
            }
            for step in [3, 6] {
                let (one, all) = (RunFolder(whole).checkpoint(step), RunFolder(sharded).checkpoint(step))
                let once = try Self.names(in: one).subtracting([
                    "model.safetensors", TrainerState.optimizerState,
                ])
                let expected = once.union(shards).union(["model.safetensors.index.json"])
                #expect(try Self.names(in: all) == expected)
                #expect(
                    try Self.contents(openCheckpoint(folder: all))
                        == Self.contents(openCheckpoint(folder: one))
                )
                #expect(try Self.contents(Self.moments(all)) == Self.contents(Self.moments(one)))
                // As torch's reader opens it, which does not read the index.
                #expect(
                    try Self.contents(DistributedCheckpoint(folder: all))
                        == Self.contents(openCheckpoint(folder: one))
                )
            }
            // No draft is left.
            #expect(try Self.names(in: sharded) == ["checkpoint-3", "checkpoint-6"])
        }
    }

    // 1e-5: float32 gradients are summed in another order.
    @Test(.hangGuard, arguments: [2, 3], [1, 2, 3])
    func `a stopped run resumes with any number of processes, and with or without shards`(
        first: Int,
        second: Int
    ) throws {
        for stage in ZeroStage.allCases {
            try withTemporaryFolder { folder in
                let whole = try Self.run(1, .off).train(in: folder.appending(path: "whole"))
                // Each way: from shards to none and back.
                for isSharded in [true, false] {
                    let output = folder.appending(path: "sharded-\(isSharded)")
                    _ = try Ranks.run(first) { group in
                        try Self.run(first, stage, isSharded: isSharded).train(
                            in: output,
                            group,
                            stopAfter: 2
                        )
                    }
                    let endings =
                        second == 1
                        ? [try Self.run(1, stage).train(in: output, resumes: true)]
                        : try Ranks.run(second) { group in
                            try Self.run(second, stage, isSharded: second == first ? isSharded : !isSharded)
                                .train(in: output, group, resumes: group.isFirst)
                        }
                    for ending in endings {
                        #expect(ending.outcome.step == 6)
                        #expect(try largestDifference(ending.weights, whole.weights) < 1e-5, "\(stage)")
                    }
                }
            }
        }
    }

    @Test(.hangGuard, arguments: [2, 3]) func `the same number of ranks ends with the bytes of a whole run`(
        ranks: Int
    ) throws {
        for stage in ZeroStage.allCases {
            try withTemporaryFolder { folder in
                let whole = try Ranks.run(ranks) {
                    try Self.run(ranks, stage).train(in: folder.appending(path: "whole"), $0)
                }
                let output = folder.appending(path: "resumed")
                _ = try Ranks.run(ranks) { try Self.run(ranks, stage).train(in: output, $0, stopAfter: 2) }
                let endings = try Ranks.run(ranks) {
                    try Self.run(ranks, stage).train(in: output, $0, resumes: $0.isFirst)
                }
                #expect(endings.allSatisfy { $0.weights == whole[0].weights }, "\(stage)")
            }
        }
    }

    @Test(.hangGuard, arguments: ZeroStage.allCases)
    func `the trained model has the bytes of one that rank 0 saves, and no former weights`(
        stage: ZeroStage
    )
        throws
    {
        try withTemporaryFolder { folder in
            let (sharded, whole) = (folder.appending(path: "sharded"), folder.appending(path: "whole"))
            try writeSafetensors(
                [("w", try Tensor.zeros([1]))],
                to: sharded.appending(path: "model.safetensors")
            )
            let weights = try Ranks.run(2) { group in
                let (trainer, classifier) = try Self.run(2, stage).trainer(in: folder, group)
                _ = try trainer.run(emit: { _ in })
                try trainer.saveShards(to: sharded)
                let model = classifier.model
                try model.shardedBlocks?.unite(model, everywhere: true)
                if group.isFirst { try classifier.save(to: whole) }
                return try RankRun.weights(of: classifier)
            }
            #expect(
                try Self.contents(openCheckpoint(folder: sharded))
                    == Self.contents(openCheckpoint(folder: whole))
            )
            let shards = [RankShard.name(.model, rank: 0), RankShard.name(.model, rank: 1)]
            #expect(
                try Self.names(in: sharded)
                    == Self.names(in: whole).subtracting(["model.safetensors"])
                    .union(shards + ["model.safetensors.index.json"])
            )
            let loaded = try TextClassifier.load(sharded.path(percentEncoded: false)).classifier
            #expect(try RankRun.weights(of: loaded) == weights[0])
            // Another save in one file replaces the shards.
            try loaded.save(to: sharded)
            #expect(try Self.names(in: sharded) == Self.names(in: whole))
        }
    }

    @Test(.hangGuard) func `the best weights are read from shards`() throws {
        try withTemporaryFolder { folder in
            let endings = try Ranks.run(2) { group in
                var run = Self.run(2, .three)
                // The loss falls, so that the first evaluation is the best.
                run.arguments.loadBestModelAtEnd = true
                (run.arguments.metricForBestModel, run.arguments.greaterIsBetter) = ("loss", true)
                return try run.train(in: folder, group)
            }
            let best = try RankRun().classifier()
            try best.loadWeights(from: RunFolder(folder).checkpoint(3))
            for ending in endings {
                #expect(ending.outcome.weightsStep == 3)
                #expect(try ending.weights == RankRun.weights(of: best))
            }
        }
    }

    @Test(.hangGuard) func `ranks with other folders are refused, with the rank and the folder`() throws {
        try withTemporaryFolder { folder in
            let outcomes = try Ranks.outcomes(2) { group in
                let own = folder.appending(path: "rank-\(group.rank)", directoryHint: .isDirectory)
                try SharedFolder(own, group, patience: .milliseconds(100)).requireShared()
            }
            #expect(throws: (any Error).self) { try outcomes[0].get() }
            #expect {
                try outcomes[1].get()
            } throws: { error in
                ["--save-sharded", "share, but rank 1", "rank-1"].allSatisfy { "\(error)".contains($0) }
            }
            // The file that the others looked for is removed.
            #expect(try Self.names(in: folder.appending(path: "rank-0")).isEmpty)
        }
    }

    private struct Fault: Error {}

    @Test(.hangGuard)
    func `if a rank fails while others save, the last checkpoint stays and nothing half-written`()
        throws
    {
        try withTemporaryFolder { folder in
            let last = folder.appending(path: "checkpoint-0")
            try writeSafetensors(
                [("w", try Tensor.zeros([1]))],
                to: last.appending(path: "model.safetensors")
            )
            let outcomes = try Ranks.outcomes(2) { group in
                guard group.isFirst else {
                    // It gets as far as the folder, and dies.
                    _ = try SharedFolder(folder, group).makeFolder("", "saving checkpoint-0")
                    throw Fault()
                }
                let (trainer, _) = try Self.run(2, .off).trainer(in: folder, group)
                let state = TrainerState(
                    arguments: trainer.arguments,
                    totalSteps: trainer.totalSteps,
                    examples: trainer.train.count
                )
                let stepState = try trainer.stepState()
                try trainer.beginSaving(state, stepState) { _ in }
                try trainer.finishSaving(stepState) { _ in }
            }
            for outcome in outcomes { #expect(throws: (any Error).self) { try outcome.get() } }
            #expect(try Self.names(in: folder) == ["checkpoint-0"])
            #expect(try openCheckpoint(folder: last).tensorNames == ["w"])
        }
    }

    @Test func `one process writes the usual files`() throws {
        try withTemporaryFolder { folder in
            _ = try Self.run(1, .one).train(in: folder)
            let names = try Self.names(in: RunFolder(folder).checkpoint(6))
            #expect(names.isSuperset(of: ["model.safetensors", TrainerState.optimizerState]))
            #expect(!names.contains { $0.hasPrefix("shard-") })
        }
    }
}
