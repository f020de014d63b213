public import Torch

/// A loss summed over examples.
///
/// It is a sum instead of a mean: a step divides it by the weight of the whole effective batch (``totalWeight(of:)``), so
/// that accumulation is exact for any micro-batches.
public protocol ClassificationLoss: Sendable {
    /// The divisor of the summed loss of these examples that gives transformers' mean.
    ///
    /// - Parameter targets: The examples' targets, of the loss's kind.
    /// - Returns: A weight that is not negative.
    func totalWeight(of targets: Targets) -> Double

    /// Returns the summed loss.
    ///
    /// - Parameters:
    ///   - logits: `[B, K]`, float32 on the model's device. Evaluation calls custom losses without gradients and on parts of
    ///     the examples, so the losses of parts must add up to the loss of all.
    ///   - targets: The targets of the B examples.
    /// - Returns: `[]`.
    /// - Throws: `.failed` for targets of another kind or number; `.indexOutOfRange` for a class outside `0 ..< K`.
    func callAsFunction(_ logits: Tensor, _ targets: Targets) throws(TorchError) -> Tensor
}

extension ClassificationLoss {
    /// The error for targets that do not fit the logits or the loss.
    func unfit(_ targets: Targets, _ logits: Tensor) -> TorchError {
        TorchError(
            operation: "\(Self.self)",
            message:
                "logits of shape \(logits.shape) do not match \(targets.kind) of \(targets.count) examples"
        )
    }
}

extension Targets {
    /// The kind of target, for messages.
    fileprivate var kind: String {
        switch self {
        case .classes: "class ids"
        case .labelSets: "label sets"
        case .numbers: "numbers"
        case .taught: "a teacher's logits"
        }
    }
}
