import Checkpoints
import Classification
import Files
import Foundation
import Models
import NN
import Torch

// What to say where a loss or a gradient is no longer a number: which examples, and where it began; and a file that runs
// the step again.
extension Trainer {
    /// The error for a loss that is no number; the weights have not been touched.
    ///
    /// - Parameters:
    ///   - start: The step.
    ///   - loss: The loss.
    ///   - examples: Those of the micro-batch.
    /// - Returns: What to throw.
    func lossIsNotFinite(_ start: StepStart, _ loss: Double, _ examples: ArraySlice<Int>) -> TrainingError {
        // A NaN may have a sign, which says nothing.
        let loss = loss.isNaN ? Double.nan : loss
        let replay = replay(of: start, fault: "the loss is \(loss)")
        let saved = saved(replay)
        let found = Result { try replay.runForward(on: classifier.model, loss: self.loss) }
        let whose = (try? found.get())?.microBatches.last.map(\.nonFiniteExamples) ?? []
        return TrainingError(
            .notFinite,
            "step \(replay.step): the loss is \(loss), and training stopped before the weights were touched. It comes of "
                + "\(Self.list(whose.isEmpty ? Array(examples) : whose)); \(explanation(of: found)). \(remedy)\(saved)"
        )
    }

    /// The error for gradients that are no numbers though the loss is one.
    ///
    /// - Parameters:
    ///   - start: The step.
    ///   - loss: Its loss.
    ///   - first: The parameter that lost them, where the gradients are gone already.
    ///   - hasMoved: Whether weights nearer to the loss have been moved.
    /// - Returns: What to throw.
    func gradientIsNotFinite(
        _ start: StepStart,
        loss: Double,
        first: String? = nil,
        hasMoved: Bool = false
    ) -> TrainingError {
        let replay = replay(of: start, fault: "gradients are no numbers", hasMoved: hasMoved)
        let saved = saved(replay)
        let touched =
            hasMoved
            ? "training stopped when the weights above had been moved (the last checkpoint is whole)"
            : "training stopped before the weights were touched"
        var whose = replay.examples
        var place: String
        if hasMoved, let first, let parameter = classifier.model.parameters[first] {
            // The step cannot be taken again: some of its weights are the next one's.
            place = "the first in the backward pass is that of \(first) (\(parameter.value.dtype.rawValue))"
        } else {
            let found = Result { try replay.run(on: classifier.model, loss: self.loss) }
            place = explanation(of: found)
            whose = (try? found.get())?.examples ?? whose
        }
        return TrainingError(
            .notFinite,
            "step \(replay.step): the loss is \(loss), but gradients are no numbers, and \(touched); \(place). They come of "
                + "\(Self.list(whose)). \(remedy)\(saved)"
        )
    }

    private func explanation(of found: Result<ReplayReport, any Error>) -> String {
        switch found {
        case .success(let report): report.explanation
        case .failure(let error): "running the step again to find the layer failed: \(error)"
        }
    }

    /// Writes the replay file; what to say of it.
    private func saved(_ replay: StepReplay) -> String {
        guard arguments.writesReplayFile else { return "" }
        let file = StepReplay.place(of: replay.step, in: outputFolder)
        do {
            try replay.write(classifier.model, to: file)
            return
                ". `attune replay \(shellQuoted(file.path(percentEncoded: false)))` runs the step again, layer by layer"
        } catch {
            return ". No replay file was written: \(error)"
        }
    }

    private var remedy: String {
        "Try a lower --learning-rate" + (arguments.precision == .bf16 ? " or --precision fp32" : "")
    }

    /// Examples for a message, by their places in the training data.
    static func list(_ examples: [Int]) -> String {
        let shown = examples.prefix(20).map(String.init).joined(separator: ", ")
        return (examples.count == 1 ? "example " : "examples ") + shown
            + (examples.count > 20 ? " and \(examples.count - 20) more" : "")
    }
}
