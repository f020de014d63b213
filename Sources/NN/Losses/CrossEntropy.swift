public import Torch

/// Weighted cross-entropy between class logits and class ids, summed over examples, optionally with label smoothing or as
/// focal loss.
public struct CrossEntropy: ClassificationLoss, Equatable {
    /// One weight per class; nil weights all classes equally.
    public let classWeights: [Float]?
    /// The share of the target distribution that is spread evenly over all classes.
    public let labelSmoothing: Double
    /// γ of the focal loss: an example's weight is (1 - p)^γ, where p is the probability of its class; 0 for none.
    public let focalGamma: Double

    /// Creates a loss.
    ///
    /// - Parameters:
    ///   - classWeights: One weight per class.
    ///   - labelSmoothing: A fraction in `0 ..< 1`.
    ///   - focalGamma: γ, not negative.
    public init(classWeights: [Float]? = nil, labelSmoothing: Double = 0, focalGamma: Double = 0) {
        self.classWeights = classWeights
        self.labelSmoothing = labelSmoothing
        self.focalGamma = focalGamma
    }

    /// The divisor of the summed loss of these examples.
    ///
    /// - Parameter targets: Class ids in `0 ..< K`.
    /// - Returns: The sum of the examples' class weights; without weights the number of examples.
    public func totalWeight(of targets: Targets) -> Double {
        guard let classWeights, case .classes(let labels) = targets else { return Double(targets.count) }
        // An unknown label is refused when the loss is computed.
        return labels.reduce(0) { $0 + (classWeights.indices.contains($1) ? Double(classWeights[$1]) : 0) }
    }

    /// Returns the summed loss.
    ///
    /// - Parameters:
    ///   - logits: `[B, K]`, float32.
    ///   - targets: B class ids in `0 ..< K`.
    /// - Returns: `[]`, in nats.
    /// - Throws: `.indexOutOfRange` for a label outside `0 ..< K`; `.failed` for targets that are not class ids.
    ///
    /// Source: `torch.nn.CrossEntropyLoss` with `reduction="sum"`; without class weights its smoothing equals
    /// transformers' `LabelSmoother`. Lin et al. 2017, "Focal loss for dense object detection".
    public func callAsFunction(_ logits: Tensor, _ targets: Targets) throws(TorchError) -> Tensor {
        guard case .classes(let labels) = targets, logits.shape.count == 2, logits.shape[0] == labels.count
        else {
            throw unfit(targets, logits)
        }
        let classCount = logits.shape[1]
        if let unknown = labels.first(where: { !(0..<classCount).contains($0) }) {
            throw TorchError(
                code: .indexOutOfRange,
                operation: "CrossEntropy",
                message: "label \(unknown) is not in the range 0 to \(classCount - 1)"
            )
        }
        if let classWeights, classWeights.count != classCount {
            throw TorchError(
                operation: "CrossEntropy",
                message: "\(classWeights.count) class weights do not match \(classCount) classes"
            )
        }
        let device = logits.device
        let ids = try Tensor(labels.map(Int64.init), shape: [labels.count, 1]).to(device: device)
        let all = try logits.logSoftmax(along: 1)
        var chosen = try all.gather(along: 1, ids)
        if focalGamma > 0 {
            // (1 - p)^γ = e^(γ log(1 - p)); the 1e-12 keeps the logarithm's gradient finite if p rounds to 1.
            let rest = try chosen.map(.exp) * -1 + 1 + 1e-12
            chosen = try chosen * (rest.map(.log) * focalGamma).map(.exp)
        }
        if let classWeights {
            let weights = try Tensor(labels.map { classWeights[$0] }, shape: [labels.count, 1])
            chosen = try chosen * weights.to(device: device)
        }
        let sum = try chosen.sum() * -1
        guard labelSmoothing > 0 else { return sum }
        let spread =
            try classWeights.map { (weights) throws(TorchError) in
                try all * Tensor(weights, shape: [1, classCount]).to(device: device)
            } ?? all
        return try sum * (1 - labelSmoothing) + spread.sum() * (-labelSmoothing / Double(classCount))
    }

    /// Returns the summed loss of class ids.
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
