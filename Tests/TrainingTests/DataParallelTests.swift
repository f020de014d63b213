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

/// Steps of several ranks, which are those of one process with all their examples.
struct DataParallelTests {
    /// Runs with different work of a rank between two sums.
    enum Kind: String, CaseIterable, Sendable {
        case weighted, accumulated, packed, recomputed, unclipped, frozen, adapter

        /// The run for a number of ranks.
        func run(_ ranks: Int) -> DataParallelRun {
            var run = DataParallelRun()
            run.classWeights = [0.6, 1.4]
            run.divide(among: ranks)
            switch self {
            case .weighted: break
            case .accumulated: run.divide(among: ranks, accumulation: 2)
            case .packed: run.arguments.maxTokensPerBatch = 20
            case .recomputed: run.arguments.gradientCheckpointing = true
            case .unclipped: run.arguments.maxGradNorm = 0
            case .frozen: run.arguments.frozenLayerCount = 1
            case .adapter: run.adapter = AdapterConfiguration(rank: 4, targets: .allLinear)
            }
            return run
        }
    }

    // The last step of an epoch has one example, so that all other ranks have none.
    @Test(.hangGuard, arguments: [2, 4], Kind.allCases)
    func `losses and weights are those of one process with all examples`(ranks: Int, kind: Kind) throws {
        let run = kind.run(ranks)
        let one = try run.byOneProcess(insteadOf: ranks)
        #expect(one.steps.map(\.examples).prefix(4) == [8, 8, 1, 8])
        let all = try run.by(ranks)
        for (rank, ending) in all.enumerated() {
            try ending.expectEqual(to: one, "\(kind), rank \(rank) of \(ranks)")
        }
        #expect(all.allSatisfy { $0.steps == all[0].steps && $0.weights == all[0].weights })
    }

    @Test(.hangGuard, arguments: [2, 4], [Kind.weighted, .accumulated, .adapter])
    func `the same number of ranks gives the same bytes`(ranks: Int, kind: Kind) throws {
        let (first, second) = try (kind.run(ranks).by(ranks), kind.run(ranks).by(ranks))
        for (a, b) in try paired(first, second) { #expect(a.steps == b.steps && a.weights == b.weights) }
    }

    @Test(.hangGuard) func `recomputed blocks give the same bytes`() throws {
        let (plain, recomputed) = try (Kind.weighted.run(2).by(2), Kind.recomputed.run(2).by(2))
        #expect(recomputed[0].weights == plain[0].weights)
    }

    /// bfloat16 weights are rounded at random, so that any other last digit of a gradient may change them.
    ///
    /// Two ranks add the same
    /// two gradients as one process with two micro-batches, if these have the examples of the ranks.
    @Test(.hangGuard)
    func `bfloat16 weights are those of one process with the ranks' micro-batches`() throws {
        var run = DataParallelRun()
        run.weightsDType = .bfloat16
        run.arguments.precision = .bf16
        run.arguments.learningRate = 1e-2
        run.arguments.maxGradNorm = 0
        run.arguments.trainSamplingStrategy = .sequential
        // Of texts with equal lengths, every second one is another rank's.
        run.texts = (0..<16).map { text in (0..<6).map { 3 + (text * 31 + $0 * 17) % 470 } }
        run.labels = (0..<16).map { $0 % 3 == 0 ? 1 : 0 }
        run.divide(among: 2)
        var one = run
        one.arguments.gradientAccumulationSteps = 2
        let order = [0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15]
        one.texts = order.map { run.texts[$0] }
        one.labels = order.map { run.labels[$0] }
        let (expected, all) = try (one(), run.by(2))
        for (rank, ending) in all.enumerated() { try ending.expectEqual(to: expected, "rank \(rank)") }
        #expect(all[1].weights == all[0].weights)
    }

    // 0.02: bfloat16 has three digits, and the runs differ in every product and every step.
    @Test(.hangGuard) func `bfloat16 weights of four ranks match those of one process, except for rounding`()
        throws
    {
        var run = DataParallelRun()
        run.weightsDType = .bfloat16
        run.arguments.precision = .bf16
        run.divide(among: 4, accumulation: 2)
        let (one, all) = try (run.byOneProcess(insteadOf: 4), run.by(4))
        for (a, b) in try paired(all[0].steps, one.steps) { #expect(abs(a.loss - b.loss) < 0.02) }
        #expect(all.allSatisfy { $0.weights == all[0].weights })
    }

    // 1e-3 relative: gradients are rounded to three digits, and weights to seven.
    @Test(.hangGuard, arguments: [2, 4])
    func `gradients exchanged in bfloat16 give nearly the same losses, and the same weights on all ranks`(
        ranks: Int
    ) throws {
        let exact = try Kind.weighted.run(ranks).by(ranks)
        var run = Kind.weighted.run(ranks)
        run.arguments.ddpCommHook = .bf16
        let rounded = try run.by(ranks)
        for (a, b) in try paired(rounded[0].steps, exact[0].steps) {
            #expect(abs(a.loss - b.loss) <= 1e-3 * b.loss)
        }
        #expect(rounded[0].weights != exact[0].weights)
        #expect(rounded.allSatisfy { $0.weights == rounded[0].weights })
        #expect(try run.by(ranks)[0].weights == rounded[0].weights)
    }

    @Test(.hangGuard, arguments: [2, 4])
    func `transformers' inexact loss is the sum of all ranks' micro-batches`(ranks: Int) throws {
        var run = DataParallelRun()
        run.arguments.hfCompatGradientAccumulation = true
        run.arguments.trainSamplingStrategy = .sequential
        run.arguments.maxSteps = 6
        run.texts = Array(run.texts.prefix(16))
        run.labels = Array(run.labels.prefix(16))
        run.divide(among: ranks, accumulation: 2)
        var one = run
        one.arguments.gradientAccumulationSteps = 2 * ranks
        try run.by(ranks)[0].expectEqual(to: one(), "\(ranks) ranks")
    }

    @Test(.hangGuard) func `accelerate's last batches are filled with the first examples`() throws {
        var run = DataParallelRun()
        run.arguments.hfCompatGradientAccumulation = true
        run.arguments.perDeviceTrainBatchSize = 2
        run.arguments.maxSteps = 3
        run.texts = Array(run.texts.prefix(10))
        run.labels = Array(run.labels.prefix(10))
        #expect(try run.by(2)[1].steps.map(\.examples) == [4, 4, 4])
    }
}
