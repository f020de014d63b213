public import Torch

/// The squared difference between one logit and a number, summed over examples.
public struct SquaredError: ClassificationLoss, Equatable {
    /// Creates the loss.
    public init() {}

    /// The divisor of the summed loss of these examples.
    ///
    /// - Parameter targets: The examples' targets.
    /// - Returns: The number of examples.
    public func totalWeight(of targets: Targets) -> Double { Double(targets.count) }

    /// Returns the summed loss.
    ///
    /// - Parameters:
    ///   - logits: `[B, 1]`, float32. With float64 logits the targets are not rounded either.
    ///   - targets: B numbers.
    /// - Returns: `[]`, in the targets' unit squared.
    /// - Throws: `.failed` for targets that are not numbers, or more than one logit per example.
    ///
    /// Source: `torch.nn.MSELoss` with `reduction="sum"`.
    public func callAsFunction(_ logits: Tensor, _ targets: Targets) throws(TorchError) -> Tensor {
        guard case .numbers(let numbers) = targets, logits.shape == [numbers.count, 1] else {
            throw unfit(targets, logits)
        }
        let wanted =
            logits.dtype == .float64
            ? try Tensor(numbers, shape: logits.shape)
            : try Tensor(numbers.map(Float.init), shape: logits.shape)
        return try (logits - wanted.to(device: logits.device)).map(.square).sum()
    }
}
