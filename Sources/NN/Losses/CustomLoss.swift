public import Torch

/// A custom loss: a closure returns every example's loss, and the trainer reduces them exactly, also with accumulation.
///
/// ```swift
/// let hinge = CustomLoss { logits, targets, weights in … }   // returns [B]
/// ```
public struct CustomLoss: ClassificationLoss {
    /// A function from logits `[B, K]`, B targets and B weights to B losses, which it must not weight.
    public typealias Function =
        @Sendable (_ logits: Tensor, _ targets: Targets, _ weights: [Float]) throws(TorchError)
        -> Tensor

    /// One weight per class; nil weights all examples equally.
    public let classWeights: [Float]?
    private let function: Function

    /// Creates a loss.
    ///
    /// - Parameters:
    ///   - classWeights: One weight per class, for single-label targets.
    ///   - function: Returns every example's loss, which is then multiplied by the example's weight.
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

    /// The divisor of the summed loss of these examples.
    ///
    /// - Parameter targets: The examples' targets.
    /// - Returns: The sum of the examples' weights.
    public func totalWeight(of targets: Targets) -> Double {
        weights(of: targets).reduce(0) { $0 + Double($1) }
    }

    /// Returns the weighted sum of the closure's losses.
    ///
    /// - Parameters:
    ///   - logits: `[B, K]`, float32.
    ///   - targets: The targets of the B examples.
    /// - Returns: `[]`.
    /// - Throws: The closure's error; `.failed` unless it returns B losses.
    public func callAsFunction(_ logits: Tensor, _ targets: Targets) throws(TorchError) -> Tensor {
        let weights = weights(of: targets)
        let losses = try function(logits, targets, weights)
        guard losses.shape == [targets.count] else {
            throw TorchError(
                operation: "CustomLoss",
                message: "returned losses of shape \(losses.shape) for \(targets.count) examples; "
                    + "return one loss per example, not their sum or mean"
            )
        }
        return try (losses * Tensor(weights).to(device: losses.device)).sum()
    }
}
