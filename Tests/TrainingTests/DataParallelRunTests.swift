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

/// Runs of a group that are stopped, resumed, or fail.
struct DataParallelRunTests {
    private func run(dropout: Double) -> DataParallelRun {
        var run = DataParallelRun()
        run.adapter = AdapterConfiguration(rank: 4, dropout: dropout, targets: .allLinear)
        run.arguments.maxSteps = 9
        run.arguments.saveStrategy = .steps
        run.divide(among: 2)
        return run
    }

    // With dropout every rank has its own stream, which begins again in every step.
    @Test(.hangGuard, arguments: [0, 0.3])
    func `one rank stops all after the same step, and the run resumes to the bit`(dropout: Double) throws {
        let run = run(dropout: dropout)
        try withTemporaryFolder { folder in
            let whole = try Ranks.run(2) {
                try run($0, in: folder.appending(path: "whole-\($0.rank)"))
            }
            let stopped = try Ranks.run(2) { group in
                try run(
                    group,
                    in: folder.appending(path: "rank-\(group.rank)"),
                    stopAfter: group.rank == 1 ? 3 : .max
                )
            }
            // Rank 1 wants to stop after three steps, and tells rank 0 in the fourth.
            #expect(stopped.map { $0.steps.count } == [4, 4])
            #expect(stopped.map(\.wasInterrupted) == [true, true])
            #expect(stopped[0].saved == ["checkpoint-4"] && stopped[1].saved == [])
            let checkpoint = try #require(RunFolder(folder.appending(path: "rank-0")).latestCheckpoint)
            #expect(RunFolder(folder.appending(path: "rank-1")).latestCheckpoint == nil)

            let resumed = try Ranks.run(2) { group in
                try run(
                    group,
                    in: folder.appending(path: "rank-\(group.rank)"),
                    resumingFrom: group.isFirst ? checkpoint : nil
                )
            }
            for rank in 0..<2 {
                #expect(stopped[rank].steps + resumed[rank].steps == whole[rank].steps)
                #expect(resumed[rank].weights == whole[rank].weights)
            }

            guard dropout == 0 else { return }
            // One process with twice the batch resumes the same run.
            var one = run
            one.divide(among: 1)
            var alone = try one(in: folder.appending(path: "one"), resumingFrom: checkpoint)
            alone.steps = stopped[0].steps + alone.steps
            try alone.expectEqual(to: whole[0], "one process")
        }
    }

    @Test(.hangGuard) func `dropout is drawn by each rank, and the same in every run`() throws {
        var run = run(dropout: 0.3)
        run.arguments.saveStrategy = .no
        let (first, second) = try (run.by(2), run.by(2))
        #expect(first[0].weights == second[0].weights)
        var other = run
        (other.arguments.seed, other.arguments.dataSeed) = (43, run.arguments.seed)
        #expect(try other.by(2)[0].steps[0].loss == first[0].steps[0].loss)
        #expect(try other.by(2)[0].weights != first[0].weights)
    }

    @Test(.hangGuard) func `a checkpoint that one rank asks for is written by the first`() throws {
        let run = run(dropout: 0)
        try withTemporaryFolder { folder in
            let endings = try Ranks.run(2) { group in
                try run(
                    group,
                    in: folder.appending(path: "rank-\(group.rank)"),
                    saveAfter: group.rank == 1 ? 2 : nil
                )
            }
            #expect(endings.map { $0.steps.count } == [9, 9])
            #expect(endings.map(\.saved) == [["checkpoint-3", "checkpoint-9"], []])
        }
    }

    /// A loss with an infinite gradient for examples of class 1: the square root at 0.
    private static let lossWithInfiniteGradient = CustomLoss { (logits, targets, _) throws(TorchError) in
        guard case .classes(let ids) = targets else {
            throw TorchError(operation: "loss", message: "no classes")
        }
        let shift = try Tensor(ids.map { $0 == 1 ? Float(0) : 1 }, shape: [ids.count, 1])
        return try (logits - logits.detached() + shift).map(.sqrt).sum(along: 1)
    }

    @Test(.hangGuard) func `an infinite gradient stops all ranks, and the rank with the example names it`()
        throws
    {
        var run = DataParallelRun()
        run.divide(among: 2)
        run.loss = Self.lossWithInfiniteGradient
        run.arguments.trainSamplingStrategy = .sequential
        run.arguments.writesReplayFile = false
        run.labels = run.labels.indices.map { $0 == 3 ? 1 : 0 }
        let (report, heard) = try Self.errors(of: run)
        let beginning = "step 1: the loss is 1.75, but gradients are NaN or infinite"
        #expect(report.message.hasPrefix(beginning), "\(report)")
        #expect(report.message.contains("Caused by example 3."), "\(report)")
        #expect(heard.message.contains("gradients are NaN or infinite"), "\(heard)")
    }

    /// Runs two ranks, one of which reports a fault of which the other hears.
    private static func errors(
        of run: DataParallelRun
    ) throws -> (report: TrainingError, heard: DistributedError) {
        let errors = try Ranks.outcomes(2) { try run($0) }.map { outcome -> (any Error)? in
            if case .failure(let error) = outcome { error } else { nil }
        }
        let culprit = errors.firstIndex { ($0 as? TrainingError)?.code == .notFinite }
        let rank = try #require(culprit, "\(errors)")
        let report = try #require(errors[rank] as? TrainingError)
        let heard = try #require(errors[1 - rank] as? DistributedError, "\(errors)")
        #expect(heard.code == .peerFailed && heard.message.contains("rank \(rank)"), "\(heard)")
        return (report, heard)
    }

    @Test(.hangGuard) func `a rank with a NaN loss stops the others, which name it`() throws {
        var run = DataParallelRun()
        run.divide(among: 2)
        run.arguments.writesReplayFile = false
        // Class 1 has a NaN loss, and example 3 is the only one of it.
        run.loss = CustomLoss { (logits, targets, _) throws(TorchError) in
            guard case .classes(let ids) = targets else {
                throw TorchError(operation: "loss", message: "no classes")
            }
            let factor = try Tensor(ids.map { $0 == 1 ? Float.nan : 1 })
            return try logits.map(.square).sum(along: 1) * factor
        }
        run.arguments.trainSamplingStrategy = .sequential
        run.labels = run.labels.indices.map { $0 == 3 ? 1 : 0 }
        let (report, heard) = try Self.errors(of: run)
        #expect(report.message.hasPrefix("step 1: the loss is nan"), "\(report)")
        #expect(report.message.contains("Caused by example"), "\(report)")
        #expect(heard.message.contains("step 1: the loss is nan"), "\(heard)")
    }
}
