public import Torch

/// A binary cross-entropy for every label, each of which holds or does not, summed over examples and labels.
public struct BinaryCrossEntropy: ClassificationLoss, Equatable {
    /// The number of labels, K.
    public let labelCount: Int
    /// What a label that holds counts against one that does not, per label; nil counts them alike.
    public let positiveWeights: [Float]?
    /// γ: a decision counts (1 - p)^γ, where p is what the model gives the right one; 0 counts all alike.
    public let focalGamma: Double

    /// A loss with or without weights.
    ///
    /// - Parameters:
    ///   - labelCount: The number of labels, K.
    ///   - positiveWeights: As many as there are labels.
    ///   - focalGamma: Not negative.
    public init(labelCount: Int, positiveWeights: [Float]? = nil, focalGamma: Double = 0) {
        precondition(positiveWeights.map { $0.count == labelCount } ?? true, "a weight for each label")
        self.labelCount = labelCount
        self.positiveWeights = positiveWeights
        self.focalGamma = focalGamma
    }

    /// What to divide the summed loss of these examples by.
    ///
    /// - Parameter targets: Some examples' targets.
    /// - Returns: Their number times K: transformers' mean is over all labels of all examples, weighted or not.
    public func totalWeight(of targets: Targets) -> Double { Double(targets.count * labelCount) }

    /// The summed loss.
    ///
    /// - Parameters:
    ///   - logits: `[B, K]`, float32.
    ///   - targets: B sets of ids in `0 ..< K`.
    /// - Returns: `[]`, in nats.
    /// - Throws: `.indexOutOfRange` for a label outside `0 ..< K`; `.failed` for targets that are no sets of labels.
    ///
    /// Source: `torch.nn.BCEWithLogitsLoss` with `pos_weight` and `reduction="sum"`; `torchvision.ops.sigmoid_focal_loss`.
    public func callAsFunction(_ logits: Tensor, _ targets: Targets) throws(TorchError) -> Tensor {
        guard case .labelSets(let sets) = targets, logits.shape == [sets.count, labelCount] else {
            throw unfit(targets, logits)
        }
        // Of every label the weights of log σ(x), where it holds, and of log σ(-x), where it does not.
        var weights = [Float](repeating: 0, count: sets.count * labelCount * 2)
        for place in 0..<sets.count * labelCount { weights[2 * place + 1] = 1 }
        for (row, set) in sets.enumerated() {
            for id in set {
                guard (0..<labelCount).contains(id) else {
                    throw TorchError(
                        code: .indexOutOfRange,
                        operation: "BinaryCrossEntropy",
                        message: "label \(id) is not from 0 to \(labelCount - 1)"
                    )
                }
                let place = 2 * (row * labelCount + id)
                (weights[place], weights[place + 1]) = (positiveWeights?[id] ?? 1, 0)
            }
        }
        let shape = [sets.count, labelCount, 2]
        let zeros = try Tensor.zeros([sets.count, labelCount, 1], device: logits.device)
        // A sigmoid is the softmax of x and 0, whose logarithm neither overflows nor loses its gradient.
        let pairs = try Tensor.concatenated([logits.unsqueezed(2), zeros], dimension: 2)
        let decisions = try pairs.logSoftmax(along: 2)
        var weighted = try decisions * Tensor(weights, shape: shape).to(device: logits.device)
        if focalGamma > 0 {
            // What is left of a decision is the other one of its pair.
            let (yes, no) = (try decisions.narrowed(2, to: 0..<1), try decisions.narrowed(2, to: 1..<2))
            weighted = try weighted * (Tensor.concatenated([no, yes], dimension: 2) * focalGamma).map(.exp)
        }
        return try weighted.sum() * -1
    }
}
