public import Torch

/// A loss of your own: a closure gives every example's, and the trainer reduces them, exactly under accumulation.
///
/// ```swift
/// let hinge = CustomLoss { logits, targets, weights in … }   // returns [B]
/// ```
public struct CustomLoss: ClassificationLoss {
    /// From logits `[B, K]`, B targets and B weights to B losses, not yet weighted.
    public typealias Function =
        @Sendable (_ logits: Tensor, _ targets: Targets, _ weights: [Float]) throws(TorchError)
        -> Tensor

    /// A weight per class; nil weighs all examples alike.
    public let classWeights: [Float]?
    private let function: Function

    /// A loss.
    ///
    /// - Parameters:
    ///   - classWeights: As many as there are classes, for examples of one class each.
    ///   - function: Gives every example's loss; the weights it is told are multiplied in afterwards.
    public init(classWeights: [Float]? = nil, _ function: @escaping Function) {
        self.classWeights = classWeights
        self.function = function
    }

    private func weights(of targets: Targets) -> [Float] {
        guard let classWeights, case .classes(let ids) = targets else {
            return [Float](repeating: 1, count: targets.count)
        }
        return ids.map { classWeights.indices.contains($0) ? classWeights[$0] : 1 }
    }

    /// What to divide the summed loss of these examples by.
    ///
    /// - Parameter targets: Some examples' targets.
    /// - Returns: The sum of their weights.
    public func totalWeight(of targets: Targets) -> Double {
        weights(of: targets).reduce(0) { $0 + Double($1) }
    }

    /// The weighted sum of what the closure gives.
    ///
    /// - Parameters:
    ///   - logits: `[B, K]`, float32.
    ///   - targets: Those of the B examples.
    /// - Returns: `[]`.
    /// - Throws: What the closure throws; `.failed` where it gives something else than B losses.
    public func callAsFunction(_ logits: Tensor, _ targets: Targets) throws(TorchError) -> Tensor {
        let weights = weights(of: targets)
        let losses = try function(logits, targets, weights)
        guard losses.shape == [targets.count] else {
            throw TorchError(
                operation: "CustomLoss",
                message: "gave losses of shape \(losses.shape) for \(targets.count) examples; "
                    + "return one for each, not their sum or mean"
            )
        }
        return try (losses * Tensor(weights).to(device: losses.device)).sum()
    }
}
