import Checkpoints
import Classification
import Foundation
import Models
import ProcessGroups
import TestSupport
import Testing
import Torch

@testable import Training

/// Runs with an adapter on a quantized base whose codes and scales are divided among ranks.
struct ZeroThreeQuantizedTests {
    private static let storages: [FrozenStorage] = [
        .quantized(.nf4, isDouble: false), .quantized(.nf4, isDouble: true),
        .quantized(.fp4, isDouble: false), .quantized(.int8, isDouble: false),
    ]

    private static func run(_ storage: FrozenStorage, _ ranks: Int = 2) -> DataParallelRun {
        var run = DataParallelTests.Kind.adapter.run(ranks)
        run.frozenStorage = storage
        run.arguments.zeroStage = .three
        return run
    }

    // The last step of an epoch has one example, so that all other ranks have none.
    @Test(.hangGuard, arguments: [2, 4], storages)
    func `losses and adapters are those of one process with all examples`(
        ranks: Int,
        storage: FrozenStorage
    ) throws {
        let run = Self.run(storage, ranks)
        let one = try run.byOneProcess(insteadOf: ranks)
        for (rank, ending) in try run.by(ranks).enumerated() {
            try ending.expectEqual(to: one, "\(storage), rank \(rank) of \(ranks)")
            // After a step, no codes and scales of other ranks are in memory.
            #expect(ending.foreignBytes == Array(repeating: 0, count: 20))
            #if os(Linux)
            #expect(ending.foreignPages == Array(repeating: 0, count: 20))
            #endif
        }
    }

    // With two ranks, sums do not depend on the order, and only the adapter is summed.
    @Test(.hangGuard, arguments: storages)
    func `a divided base gives the bytes of a whole one, also if it is divided while loading`(
        storage: FrozenStorage
    ) throws {
        var run = Self.run(storage)
        let divided = try run.by(2)
        run.dividesWhileLoading = true
        let loaded = try run.by(2)
        run.dividesWhileLoading = false
        run.arguments.zeroStage = .off
        run.arguments.gradientCheckpointing = true
        let whole = try run.by(2)
        for endings in [divided, loaded] {
            for (a, b) in try paired(endings, whole) {
                #expect(a.steps == b.steps && a.weights == b.weights)
            }
        }
    }

    // Magnitudes start with the lengths of rows, which are gathered for them.
    @Test(.hangGuard, arguments: [false, true])
    func `magnitudes over a divided quantized base are those of one process`(isWhileLoading: Bool) throws {
        var run = Self.run(.quantized(.nf4, isDouble: true))
        run.adapter?.usesMagnitudes = true
        run.dividesWhileLoading = isWhileLoading
        let (one, all) = try (run.byOneProcess(insteadOf: 2), run.by(2))
        for ending in all { try ending.expectEqual(to: one, "DoRA") }
    }

    private static func classifier(_ storage: FrozenStorage, _ group: ProcessGroup?) throws -> TextClassifier
    {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["bad", "good"]
        options.frozenStorage = storage
        options.shard = group.map { (rank: $0.rank, count: $0.size) }
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        return try TextClassifier.load(path, options: options).classifier
    }

    // The tensors of a matrix have other names than the parameter, whose block must be received first.
    @Test(.hangGuard, arguments: storages)
    func `ranks write a divided quantized model with the bytes of a whole one`(storage: FrozenStorage) throws
    {
        try withTemporaryFolder { folder in
            let (whole, divided) = (folder.appending(path: "whole"), folder.appending(path: "divided"))
            try Self.classifier(storage, nil).model.save(to: whole, for: .resumption)
            _ = try Ranks.run(2) { group in
                let model = try Self.classifier(storage, group).model
                try ShardedBlocks.connect(model, group).together {
                    try model.save(to: divided, for: .resumption)
                }
            }
            for name in ["model.safetensors", "config.json"] {
                let bytes = try [whole, divided].map { try Data(contentsOf: $0.appending(path: name)) }
                #expect(bytes[0] == bytes[1], "\(name)")
            }
        }
    }

    @Test(.hangGuard, arguments: [storages[1], storages[3]])
    func `a stopped run resumes to the bit, and in one process`(storage: FrozenStorage) throws {
        var run = Self.run(storage)
        run.arguments.maxSteps = 9
        run.arguments.saveStrategy = .steps
        run.dividesWhileLoading = true
        let divided = run
        try withTemporaryFolder { folder in
            let whole = try Ranks.run(2) {
                try divided($0, in: folder.appending(path: "whole-\($0.rank)"))
            }
            let stopped = try Ranks.run(2) { group in
                try divided(
                    group,
                    in: folder.appending(path: "rank-\(group.rank)"),
                    stopAfter: group.isFirst ? 3 : .max
                )
            }
            #expect(stopped.map(\.wasInterrupted) == [true, true])
            let checkpoint = try #require(RunFolder(folder.appending(path: "rank-0")).latestCheckpoint)
            let resumed = try Ranks.run(2) { group in
                try divided(
                    group,
                    in: folder.appending(path: "rank-\(group.rank)"),
                    resumingFrom: group.isFirst ? checkpoint : nil
                )
            }
            for rank in 0..<2 {
                #expect(stopped[rank].steps + resumed[rank].steps == whole[rank].steps)
                #expect(resumed[rank].weights == whole[rank].weights)
            }
            var one = divided
            one.divide(among: 1)
            var alone = try one(in: folder.appending(path: "one"), resumingFrom: checkpoint)
            alone.steps = stopped[0].steps + alone.steps
            try alone.expectEqual(to: whole[0], "one process")
        }
    }
}
