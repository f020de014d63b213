import Checkpoints
import Classification
import Files
import Foundation
import Models
import NN
import ProcessGroups
import Torch

// Errors for a NaN or infinite loss or gradient: they name the examples and the origin, and a replay file is written.
extension Trainer {
    /// The error for a NaN or infinite loss; the weights are unchanged.
    ///
    /// - Parameters:
    ///   - start: The step.
    ///   - loss: The loss.
    ///   - examples: The examples of the micro-batch.
    /// - Returns: The error to throw.
    func lossIsNotFinite(_ start: StepStart, _ loss: Double, _ examples: ArraySlice<Int>) -> TrainingError {
        // Remove a NaN's sign, which has no meaning.
        let loss = loss.isNaN ? Double.nan : loss
        let replay = replay(of: start, fault: "the loss is \(loss)")
        announce(replay)
        let saved = saved(replay)
        let found = Result {
            try requireWholeModel()
            return try replay.runForward(on: classifier.model, loss: self.loss)
        }
        let whose = (try? found.get())?.microBatches.last.map(\.nonFiniteExamples) ?? []
        return TrainingError(
            .notFinite,
            "step \(replay.step): the loss is \(loss), and training stopped before changing the weights. Caused by "
                + "\(Self.list(whose.isEmpty ? Array(examples) : whose)); \(explanation(of: found)). \(remedy)\(saved)"
        )
    }

    /// The error for NaN or infinite gradients with a finite loss.
    ///
    /// - Parameters:
    ///   - start: The step.
    ///   - loss: The step's loss.
    ///   - first: The first parameter with a non-finite gradient, if the gradients have already been freed.
    ///   - hasMoved: Whether weights closer to the loss have already been updated.
    ///   - replayed: The step's replay, if it has already been run.
    /// - Returns: The error to throw.
    func gradientIsNotFinite(
        _ start: StepStart,
        loss: Double,
        first: String? = nil,
        hasMoved: Bool = false,
        replayed: Result<ReplayReport, any Error>? = nil
    ) -> TrainingError {
        let replay = replay(of: start, fault: "gradients are NaN or infinite", hasMoved: hasMoved)
        let saved = saved(replay)
        let touched =
            hasMoved
            ? "training stopped after updating the weights above (the last checkpoint is intact)"
            : "training stopped before changing the weights"
        var whose = replay.examples
        var place: String
        if hasMoved, let first, let parameter = classifier.model.parameters[first] {
            // The step cannot be replayed, because some weights are already updated.
            place =
                "the first non-finite gradient in the backward pass is that of \(first) (\(parameter.value.dtype.rawValue))"
        } else {
            let found = replayed ?? Result { try replay.run(on: classifier.model, loss: self.loss) }
            place = explanation(of: found)
            whose = (try? found.get())?.examples ?? whose
        }
        return TrainingError(
            .notFinite,
            "step \(replay.step): the loss is \(loss), but gradients are NaN or infinite, and \(touched); \(place). Caused by "
                + "\(Self.list(whose)). \(remedy)\(saved)"
        )
    }

    /// The error for NaN or infinite sums of all ranks' gradients; the weights are unchanged.
    ///
    /// All ranks have the same sums, so all stop. Each replays its own examples, and the first one with a fault reports it.
    ///
    /// - Parameters:
    ///   - start: The step.
    ///   - loss: The step's loss.
    /// - Returns: The error to throw: on other ranks a `DistributedError` with that rank's report.
    func gradientSumIsNotFinite(_ start: StepStart, loss: Double) -> any Error {
        guard let parallel else { return gradientIsNotFinite(start, loss: loss) }
        if parallel.sharded != nil {
            // No rank can find the examples.
            var start = start
            start.share = nil
            return gradientIsNotFinite(start, loss: loss, replayed: .failure(ReplayError.divided))
        }
        let replay = replay(of: start, fault: "gradients are NaN or infinite")
        announce(replay)
        let replayed = Result { try replay.run(on: classifier.model, loss: self.loss) }
        let hasFault = (try? replayed.get().origin) != nil
        do {
            let rank = try parallel.firstRank(where: hasFault) ?? 0
            if rank != parallel.group.rank {
                try parallel.group.announce(nil)
                // That rank's report ends this wait.
                try parallel.group.barrier("the report of rank \(rank)")
            }
        } catch {
            return error
        }
        return gradientIsNotFinite(start, loss: loss, replayed: replayed)
    }

    /// Refuses a replay of a divided model, which other ranks would have to take part in.
    private func requireWholeModel() throws(ReplayError) {
        if parallel?.sharded != nil { throw .divided }
    }

    /// Tells the other ranks that this one may take longer.
    private func announce(_ replay: StepReplay) {
        // The step has already failed, and its own error is the one to report.
        try? parallel?.group.announce("replaying step \(replay.step)")
    }

    private func explanation(of found: Result<ReplayReport, any Error>) -> String {
        switch found {
        case .success(let report): report.explanation
        case .failure(let error): "replaying the step to find the layer failed: \(error)"
        }
    }

    /// Writes the replay file and returns a sentence about it for the error.
    private func saved(_ replay: StepReplay) -> String {
        // A replay file holds a whole model, and no adapter.
        guard arguments.writesReplayFile, classifier.model.adapter == nil, parallel?.sharded == nil else {
            return ""
        }
        let file = StepReplay.place(of: replay.step, in: outputFolder)
        do {
            try replay.write(classifier.model, to: file)
            return
                ". `attune replay \(shellQuoted(file.path(percentEncoded: false)))` replays the step, layer by layer"
        } catch {
            return ". No replay file was written: \(error)"
        }
    }

    private enum ReplayError: Error, CustomStringConvertible {
        case divided

        var description: String { "with --zero-stage 3 no process has the whole model" }
    }

    private var remedy: String {
        "Try a lower --learning-rate" + (arguments.precision == .bf16 ? " or --precision fp32" : "")
    }

    /// Lists examples for a message, by their zero-based indices in the data.
    static func list(_ examples: [Int]) -> String {
        let shown = examples.prefix(20).map(String.init).joined(separator: ", ")
        return (examples.count == 1 ? "example " : "examples ") + shown
            + (examples.count > 20 ? " and \(examples.count - 20) more" : "")
    }
}
