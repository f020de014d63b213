public import Torch

/// A loss summed over examples.
///
/// The sum, and not the mean: a step divides by the weight of its whole effective batch (``totalWeight(of:)``), so that
/// accumulation is exact whatever the micro-batches.
public protocol ClassificationLoss: Sendable {
    /// What to divide the summed loss of these examples by to have transformers' mean.
    ///
    /// - Parameter targets: Some examples' targets, of the loss's kind.
    /// - Returns: A weight; not negative.
    func totalWeight(of targets: Targets) -> Double

    /// The summed loss.
    ///
    /// - Parameters:
    ///   - logits: `[B, K]`, float32 on the model's device. Evaluation calls a loss of your own without gradients, and on
    ///     parts of the examples: their sum must be that of all.
    ///   - targets: Those of the B examples.
    /// - Returns: `[]`.
    /// - Throws: `.failed` for targets of another kind or number; `.indexOutOfRange` for a class that is none of the K.
    func callAsFunction(_ logits: Tensor, _ targets: Targets) throws(TorchError) -> Tensor
}

extension ClassificationLoss {
    /// The error for targets that this loss cannot be computed for.
    func unfit(_ targets: Targets, _ logits: Tensor) -> TorchError {
        TorchError(
            operation: "\(Self.self)",
            message:
                "logits of shape \(logits.shape) do not go with \(targets.kind) of \(targets.count) examples"
        )
    }
}

extension Targets {
    /// For messages.
    fileprivate var kind: String {
        switch self {
        case .classes: "class ids"
        case .labelSets: "sets of labels"
        case .numbers: "numbers"
        }
    }
}
