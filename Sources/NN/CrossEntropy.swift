public import Torch

/// Cross-entropy between class logits and label ids, summed over examples with a weight each.
public struct CrossEntropy: ClassificationLoss, Equatable {
    /// A weight per class; nil weighs all alike.
    public let classWeights: [Float]?

    /// A loss with or without class weights.
    ///
    /// - Parameter classWeights: As many as there are classes.
    public init(classWeights: [Float]? = nil) { self.classWeights = classWeights }

    /// What to divide the summed loss of these examples by.
    ///
    /// - Parameter targets: Class ids in `0 ..< K`.
    /// - Returns: The sum of their classes' weights; their number where there are no weights.
    public func totalWeight(of targets: Targets) -> Double {
        guard let classWeights, case .classes(let labels) = targets else { return Double(targets.count) }
        return labels.reduce(0) { $0 + Double(classWeights[$1]) }
    }

    /// The summed loss.
    ///
    /// - Parameters:
    ///   - logits: `[B, K]`, float32.
    ///   - targets: B class ids in `0 ..< K`.
    /// - Returns: `[]`, in nats.
    /// - Throws: `.indexOutOfRange` for a label outside `0 ..< K`; `.failed` for targets that are no class ids.
    ///
    /// Source: `torch.nn.CrossEntropyLoss` with `reduction="sum"`.
    public func callAsFunction(_ logits: Tensor, _ targets: Targets) throws(TorchError) -> Tensor {
        guard case .classes(let labels) = targets, logits.shape.first == labels.count else {
            throw unfit(targets, logits)
        }
        let ids = try Tensor(labels.map(Int64.init), shape: [labels.count, 1]).to(device: logits.device)
        let logProbabilities = try logits.logSoftmax(along: 1).gather(along: 1, ids)
        guard let classWeights else { return try logProbabilities.sum() * -1 }
        let weights = try Tensor(labels.map { classWeights[$0] }, shape: [labels.count, 1])
        return try (logProbabilities * weights.to(device: logits.device)).sum() * -1
    }

    /// The summed loss of class ids.
    ///
    /// - Parameters:
    ///   - logits: `[B, K]`, float32.
    ///   - labels: B class ids in `0 ..< K`.
    /// - Returns: `[]`, in nats.
    /// - Throws: `.indexOutOfRange` for a label outside `0 ..< K`.
    public func callAsFunction(_ logits: Tensor, labels: [Int]) throws(TorchError) -> Tensor {
        try self(logits, .classes(labels))
    }
}
