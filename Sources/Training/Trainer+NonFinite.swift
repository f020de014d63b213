import Checkpoints
import Classification
import Models
import NN
import Torch

// What to say where a loss or a gradient is no longer a number: which examples, and where it began.
extension Trainer {
    /// The error for a loss that is no number; the weights have not been touched.
    func lossIsNotFinite(
        step: Int,
        _ loss: Double,
        _ examples: ArraySlice<Int>,
        _ logits: Tensor
    ) throws -> TrainingError {
        let width = logits.shape[1]
        let values = try logits.array(of: Double.self)
        let rows = examples.enumerated().filter { row, _ in
            values[row * width..<(row + 1) * width].contains { !$0.isFinite }
        }.map(\.element)
        let whose = rows.isEmpty ? Array(examples) : rows
        return TrainingError(
            .notFinite,
            "step \(step + 1): the loss is \(loss), and training stopped before the weights were touched. It comes of "
                + "\(Self.list(whose)); \(try origin(in: whose)). \(remedy)"
        )
    }

    /// The error for gradients that are no numbers though the loss is one.
    ///
    /// - Parameters:
    ///   - step: Which, from 0.
    ///   - loss: The step's.
    ///   - window: The step's examples.
    ///   - first: The parameter that lost them, where the gradients are gone already.
    ///   - hasMoved: Whether weights nearer to the loss have been moved.
    /// - Returns: What to throw.
    /// - Throws: `TorchError`.
    func gradientIsNotFinite(
        step: Int,
        loss: Double,
        _ window: ArraySlice<Int>,
        first: String? = nil,
        hasMoved: Bool = false
    ) throws -> TrainingError {
        // Gradients are made from the last layer to the first: what is amiss in the last one spoils all before.
        let first = try classifier.model.parameters.trainable.last { parameter throws(TorchError) in
            if let first { return parameter.name == first }
            guard let gradient = try parameter.value.gradient() else { return false }
            return try !gradient.isFinite()
        }
        let place = first.map {
            "the first in the backward pass is that of \($0.name) (\($0.value.dtype.rawValue))"
        }
        let touched =
            hasMoved
            ? "training stopped when the weights above had been moved (the last checkpoint is whole)"
            : "training stopped before the weights were touched"
        return TrainingError(
            .notFinite,
            "step \(step + 1): the loss is \(loss), but gradients are no numbers, and \(touched); \(place ?? "their norm alone is too large for float32"). The step's are "
                + "\(Self.list(Array(window))). \(remedy)"
        )
    }

    /// Runs the examples again, layer by layer, and says where the first number was lost.
    private func origin(in examples: [Int]) throws -> String {
        for parameter in classifier.model.parameters.parameters {
            if let fault = try nonFinite(in: parameter.value.detached()) {
                return
                    "the weight \(parameter.name) (\(parameter.value.dtype.rawValue)) itself holds \(fault.count) "
                    + "such values"
            }
        }
        let batch = try train.batch(
            examples,
            padTokenID: classifier.model.configuration.padTokenID,
            device: classifier.model.device
        )
        let dtype = arguments.precision.matmulDType
        var found: String?
        var context = ForwardContext(matmulDType: dtype)
        context.inspect = { (layer, input, output) throws(TorchError) in
            guard found == nil else { return }
            if try !input.isFinite() {
                found = "numbers were lost on the way to \(layer)"
            } else if try !output.isFinite() {
                found = "the first layer that loses them is \(layer), in \(dtype.rawValue)"
            }
        }
        _ = try withNoGradient { () throws(TorchError) in try classifier.model.logits(batch, context) }
        return found ?? "every layer's output is finite, so they are lost in the loss itself"
    }

    private var remedy: String {
        "Try a lower --learning-rate" + (arguments.precision == .bf16 ? " or --precision fp32" : "")
    }

    /// Examples for a message, by their places in the training data.
    private static func list(_ examples: [Int]) -> String {
        let shown = examples.prefix(20).map(String.init).joined(separator: ", ")
        return "examples " + shown + (examples.count > 20 ? " and \(examples.count - 20) more" : "")
    }
}
