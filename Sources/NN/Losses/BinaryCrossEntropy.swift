public import Torch

/// Multi-label loss: the binary cross-entropy of every label, summed over examples and labels.
public struct BinaryCrossEntropy: ClassificationLoss, Equatable {
    /// The number of labels, K.
    public let labelCount: Int
    /// The weight of positive decisions relative to negative ones, per label; nil weights them equally.
    public let positiveWeights: [Float]?
    /// γ of the focal loss: a decision's weight is (1 - p)^γ, where p is the probability of the right decision; 0 for none.
    public let focalGamma: Double

    /// Creates a loss with or without weights.
    ///
    /// - Parameters:
    ///   - labelCount: The number of labels, K.
    ///   - positiveWeights: One weight per label.
    ///   - focalGamma: γ, not negative.
    public init(labelCount: Int, positiveWeights: [Float]? = nil, focalGamma: Double = 0) {
        precondition(
            positiveWeights.map { $0.count == labelCount } ?? true,
            "there must be one weight per label"
        )
        self.labelCount = labelCount
        self.positiveWeights = positiveWeights
        self.focalGamma = focalGamma
    }

    /// The divisor of the summed loss of these examples.
    ///
    /// - Parameter targets: The examples' targets.
    /// - Returns: The number of examples times K, like transformers' mean over all labels of all examples, weighted or not.
    public func totalWeight(of targets: Targets) -> Double { Double(targets.count * labelCount) }

    /// Returns the summed loss.
    ///
    /// - Parameters:
    ///   - logits: `[B, K]`, float32.
    ///   - targets: B sets of label ids in `0 ..< K`.
    /// - Returns: `[]`, in nats.
    /// - Throws: `.indexOutOfRange` for a label outside `0 ..< K`; `.failed` for targets that are not label sets.
    ///
    /// Source: `torch.nn.BCEWithLogitsLoss` with `pos_weight` and `reduction="sum"`; `torchvision.ops.sigmoid_focal_loss`.
    public func callAsFunction(_ logits: Tensor, _ targets: Targets) throws(TorchError) -> Tensor {
        guard case .labelSets(let sets) = targets, logits.shape == [sets.count, labelCount] else {
            throw unfit(targets, logits)
        }
        // For every label the weights of log σ(x) (positive) and log σ(-x) (negative).
        var weights = [Float](repeating: 0, count: sets.count * labelCount * 2)
        for place in 0..<sets.count * labelCount { weights[2 * place + 1] = 1 }
        for (row, set) in sets.enumerated() {
            for id in set {
                guard (0..<labelCount).contains(id) else {
                    throw TorchError(
                        code: .indexOutOfRange,
                        operation: "BinaryCrossEntropy",
                        message: "label \(id) is not in the range 0 to \(labelCount - 1)"
                    )
                }
                let place = 2 * (row * labelCount + id)
                (weights[place], weights[place + 1]) = (positiveWeights?[id] ?? 1, 0)
            }
        }
        let shape = [sets.count, labelCount, 2]
        let zeros = try Tensor.zeros([sets.count, labelCount, 1], device: logits.device)
        // Sigmoid is the softmax of x and 0; its logarithm neither overflows nor loses its gradient.
        let pairs = try Tensor.concatenated([logits.unsqueezed(2), zeros], dimension: 2)
        let decisions = try pairs.logSoftmax(along: 2)
        var weighted = try decisions * Tensor(weights, shape: shape).to(device: logits.device)
        if focalGamma > 0 {
            // 1 - p of a decision is the other one of its pair.
            let (yes, no) = (try decisions.narrowed(2, to: 0..<1), try decisions.narrowed(2, to: 1..<2))
            weighted = try weighted * (Tensor.concatenated([no, yes], dimension: 2) * focalGamma).map(.exp)
        }
        return try weighted.sum() * -1
    }
}
