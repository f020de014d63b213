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

/// Whole runs of a model whose weights are divided among ranks.
struct ZeroThreeTests {
    private static func run(_ kind: DataParallelTests.Kind, _ ranks: Int) -> DataParallelRun {
        var run = kind.run(ranks)
        run.arguments.zeroStage = .three
        return run
    }

    // The last step of an epoch has one example, so that all other ranks have none.
    @Test(.hangGuard, arguments: [2, 4], DataParallelTests.Kind.allCases)
    func `losses and weights are those of one process with all examples`(
        ranks: Int,
        kind: DataParallelTests.Kind
    ) throws {
        let run = Self.run(kind, ranks)
        let one = try run.byOneProcess(insteadOf: ranks)
        let all = try run.by(ranks)
        for (rank, ending) in all.enumerated() {
            try ending.expectEqual(to: one, "\(kind), rank \(rank) of \(ranks)")
        }
        #expect(all.allSatisfy { $0.steps == all[0].steps && $0.weights == all[0].weights })
    }

    @Test(.hangGuard, arguments: [2, 4]) func `ranks may be more than examples`(ranks: Int) throws {
        var run = Self.run(.weighted, ranks)
        run.texts = Array(run.texts.prefix(3))
        run.labels = Array(run.labels.prefix(3))
        let (one, all) = try (run.byOneProcess(insteadOf: ranks), run.by(ranks))
        for ending in all { try ending.expectEqual(to: one, "\(ranks) ranks") }
    }

    @Test(.hangGuard, arguments: [DataParallelTests.Kind.weighted, .accumulated, .adapter])
    func `the same number of ranks gives the same bytes`(kind: DataParallelTests.Kind) throws {
        let (first, second) = try (Self.run(kind, 2).by(2), Self.run(kind, 2).by(2))
        for (a, b) in try paired(first, second) { #expect(a.steps == b.steps && a.weights == b.weights) }
    }

    @Test(.hangGuard) func `after a step, no pages of other ranks' weights are in memory`() throws {
        for ending in try Self.run(.accumulated, 2).by(2) {
            #expect(ending.foreignBytes == Array(repeating: 0, count: 20))
            #if os(Linux)
            #expect(ending.foreignPages == Array(repeating: 0, count: 20))
            #endif
        }
    }

    // With two ranks, sums do not depend on the order, and only the adapter is summed.
    @Test(.hangGuard) func `an adapter over a divided bfloat16 base has the bytes of one over a whole base`()
        throws
    {
        var run = Self.run(.adapter, 2)
        run.weightsDType = .bfloat16
        run.arguments.precision = .bf16
        let divided = try run.by(2)
        run.arguments.zeroStage = .off
        run.arguments.gradientCheckpointing = true
        let whole = try run.by(2)
        for (a, b) in try paired(divided, whole) { #expect(a.steps == b.steps && a.weights == b.weights) }
    }

    // 1e-5: magnitudes start with the lengths of rows, which are gathered for them.
    @Test(.hangGuard) func `magnitudes over a divided base are those of one process`() throws {
        var run = Self.run(.adapter, 2)
        run.adapter?.usesMagnitudes = true
        let (one, all) = try (run.byOneProcess(insteadOf: 2), run.by(2))
        for ending in all { try ending.expectEqual(to: one, "DoRA") }
    }

    // 1e-3 relative: gradients are rounded to three digits, and weights to seven.
    @Test(.hangGuard, arguments: [2, 4])
    func `gradients sent in bfloat16 give nearly the same losses`(ranks: Int) throws {
        let exact = try Self.run(.weighted, ranks).by(ranks)
        var run = Self.run(.weighted, ranks)
        run.arguments.ddpCommHook = .bf16
        let rounded = try run.by(ranks)
        for (a, b) in try paired(rounded[0].steps, exact[0].steps) {
            #expect(abs(a.loss - b.loss) <= 1e-3 * b.loss)
        }
        #expect(rounded[0].weights != exact[0].weights)
        #expect(rounded.allSatisfy { $0.weights == rounded[0].weights })
    }

    @Test(.hangGuard) func `a run without weights outside of the blocks trains the blocks`() throws {
        var run = Self.run(.weighted, 2)
        run.arguments.frozenParameters = ["score", "model.embed_tokens", "model.norm"]
        let (one, all) = try (run.byOneProcess(insteadOf: 2), run.by(2))
        for ending in all { try ending.expectEqual(to: one, "blocks only") }
    }

    @Test(.hangGuard) func `an adapter that changes its base is refused`() throws {
        var run = Self.run(.adapter, 2)
        run.adapter?.initialization = .pissa
        for outcome in try Ranks.outcomes(2, { [run] in try run($0) }) {
            #expect { try outcome.get() } throws: { "\($0)".contains("--zero-stage 3") }
        }
    }
}

/// Evaluations, checkpoints and resumed runs of a divided model.
struct ZeroThreeRunTests {
    private static func place(_ group: ProcessGroup, in folder: URL) -> URL {
        folder.appending(path: "rank-\(group.rank)", directoryHint: .isDirectory)
    }

    private static func run(_ ranks: Int, _ stage: ZeroStage = .three) -> RankRun {
        var run = RankRun().divided(among: ranks)
        run.arguments.zeroStage = stage
        (run.arguments.saveStrategy, run.arguments.saveSteps) = (.steps, 3)
        return run
    }

    // Without clipping, whose norm is added up in another order.
    @Test(.hangGuard, arguments: [DType.float32, .bfloat16])
    func `a run of two ranks has the evaluations and checkpoints of one without division`(dtype: DType) throws
    {
        try withTemporaryFolder { folder in
            let endings = try [ZeroStage.off, .three].map { stage in
                try Ranks.run(2) { group in
                    var run = Self.run(2, stage)
                    run.weightsDType = dtype
                    run.arguments.maxGradNorm = 0
                    if dtype == .bfloat16 { run.arguments.precision = .bf16 }
                    return try run.train(in: Self.place(group, in: folder.appending(path: "\(stage)")), group)
                }
            }
            let all = endings.flatMap(\.self)
            #expect(all.allSatisfy { $0.weights == all[0].weights && $0.evaluations == all[0].evaluations })
            #expect(all.map(\.savedCount) == [2, 0, 2, 0])
            for step in [3, 6] {
                let places = [ZeroStage.off, .three].map {
                    RunFolder(folder.appending(path: "\($0)/rank-0")).checkpoint(step)
                }
                for name in ["model.safetensors", TrainerState.optimizerState, TrainerState.randomStates] {
                    let bytes = try places.map { try Data(contentsOf: $0.appending(path: name)) }
                    #expect(bytes[0] == bytes[1], "\(name) of step \(step)")
                }
            }
        }
    }

    @Test(.hangGuard, arguments: [2, 4], [1, 2, 4])
    func `a stopped run resumes with any number of processes`(first: Int, second: Int) throws {
        try withTemporaryFolder { folder in
            let whole = try Self.run(1).train(in: folder.appending(path: "whole"))
            _ = try Ranks.run(first) { group in
                try Self.run(first).train(in: Self.place(group, in: folder), group, stopAfter: 2)
            }
            let output = folder.appending(path: "rank-0", directoryHint: .isDirectory)
            let endings =
                second == 1
                ? [try Self.run(1).train(in: output, resumes: true)]
                : try Ranks.run(second) { group in
                    try Self.run(second).train(
                        in: Self.place(group, in: folder),
                        group,
                        resumes: group.isFirst
                    )
                }
            for ending in endings {
                #expect(try largestDifference(ending.weights, whole.weights) < 1e-5)
                #expect(ending.outcome.step == 6)
            }
        }
    }

    @Test(.hangGuard) func `the best weights are read by rank 0 and belong to their owners`() throws {
        try withTemporaryFolder { folder in
            @Sendable func run(_ ranks: Int) -> RankRun {
                var run = Self.run(ranks)
                // The loss falls, so that the first evaluation is the best.
                run.arguments.loadBestModelAtEnd = true
                (run.arguments.metricForBestModel, run.arguments.greaterIsBetter) = ("loss", true)
                return run
            }
            let one = try run(1).train(in: folder.appending(path: "one"))
            let all = try Ranks.run(2) { try run(2).train(in: Self.place($0, in: folder), $0) }
            #expect(one.outcome.weightsStep == 3)
            for ending in all {
                #expect(ending.outcome.weightsStep == 3)
                #expect(try largestDifference(ending.weights, one.weights) < 1e-5)
            }
        }
    }

    private static let texts = (0..<37).map {
        "text number \($0) " + String(repeating: $0 % 3 == 0 ? "good " : "rather bad ", count: 1 + $0 % 7)
    }

    private static func record(batchSize: Int?, _ group: ProcessGroup?) throws -> String {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["x", "y", "z"]
        options.shard = group.map { (rank: $0.rank, count: $0.size) }
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options).classifier
        if let group { try ShardedBlocks.connect(classifier.model, group) }
        let targets = Targets.classes(texts.indices.map { $0 % 5 == 0 ? 2 : $0 % 2 })
        var record = try #require(
            try evaluate(
                classifier,
                on: classifier.encode(texts, targets: targets),
                batchSize: batchSize,
                withIntervals: true,
                group: group
            )
        )
        record.runtime = 0
        return ShardedEvaluationTests.text(record)
    }

    @Test(.hangGuard, arguments: [2, 3])
    func `an evaluation of a model that was divided while loading is that of one process, to the bit`(
        ranks: Int
    ) throws {
        // One batch for all ranks, and batches that cannot be divided equally.
        for batchSize in [nil, 1, 5] {
            let alone = try Self.record(batchSize: batchSize, nil)
            let records = try Ranks.run(ranks) { try Self.record(batchSize: batchSize, $0) }
            #expect(records == Array(repeating: alone, count: ranks))
        }
    }

    @Test
    func
        `a model that is divided while loading has the fingerprint of a whole one, and computes nothing alone`()
        throws
    {
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["x", "y"]
        let whole = try TextClassifier.load(path, options: options).classifier.model
        options.shard = (rank: 1, count: 2)
        let classifier = try TextClassifier.load(path, options: options).classifier
        let model = classifier.model
        let shards = try #require(model.blockWeights as? BlockShards)
        #expect(
            try WeightsFingerprint(model.parameters.parameters)
                == WeightsFingerprint(whole.parameters.parameters)
        )
        let foreign = shards.parts.joined().filter { $0.owner == 0 }
        #expect(!foreign.isEmpty)
        #if os(Linux)
        #expect(foreign.allSatisfy { $0.residentByteCount == 0 })
        #endif
        for slot in shards.all where slot.owner == 1 {
            let own = try slot.parameter.value.array(of: Float.self)
            #expect(try own == whole.parameters[slot.parameter.name]?.value.array(of: Float.self))
        }
        #expect {
            _ = try classifier.logits(classifier.encode(["a text"]))
        } throws: { "\($0)".contains("divided among 2 processes") }
    }
}
