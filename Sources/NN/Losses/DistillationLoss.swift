public import Torch

/// The loss of knowledge distillation: the divergence of a student's scores from its teacher's, and the loss of the labels.
///
/// An example's loss is A · T² · KL(teacher / T ‖ student / T) + (1 - A) · l. T is the temperature, A a share, and l the
/// ordinary loss, which an example without a label does not have. For labels that do not exclude each other the divergence is
/// the sum of every label's own, and for a regression the squared difference from the teacher's number.
///
/// Source: Hinton et al. 2015, "Distilling the knowledge in a neural network", [arXiv:1503.02531](https://arxiv.org/abs/1503.02531).
public struct DistillationLoss: ClassificationLoss {
    /// T, by which logits are divided before their scores are compared.
    public let temperature: Double
    /// A, the share of the teacher.
    public let alpha: Double
    /// The loss of the labels.
    public let labelLoss: any ClassificationLoss

    /// Creates a loss.
    ///
    /// - Parameters:
    ///   - temperature: T, above 0.
    ///   - alpha: A, from 0 to 1.
    ///   - labelLoss: The loss of the labels.
    public init(temperature: Double, alpha: Double, labelLoss: any ClassificationLoss) {
        precondition(temperature > 0 && (0...1).contains(alpha), "temperature above 0, alpha from 0 to 1")
        (self.temperature, self.alpha, self.labelLoss) = (temperature, alpha, labelLoss)
    }

    /// The divisor of the summed loss of these examples.
    ///
    /// - Parameter targets: The examples' targets.
    /// - Returns: The number of examples with a teacher, with a label or without; times the number of labels if they do not
    ///   exclude each other. Class weights do not count. Without a teacher, the divisor of the loss of the labels.
    public func totalWeight(of targets: Targets) -> Double {
        guard case .taught(let taught) = targets else { return labelLoss.totalWeight(of: targets) }
        if case .labelSets = taught.labels { return Double(taught.count * taught.width) }
        return Double(taught.count)
    }

    /// Returns the summed loss.
    ///
    /// - Parameters:
    ///   - logits: `[B, K]`, float32 or float64.
    ///   - targets: B targets with a teacher; or labels alone, for their ordinary loss, as in an evaluation.
    /// - Returns: `[]`.
    /// - Throws: `.failed` if the teacher has another number of labels than the logits; the errors of the loss of the labels.
    public func callAsFunction(_ logits: Tensor, _ targets: Targets) throws(TorchError) -> Tensor {
        guard case .taught(let taught) = targets else { return try labelLoss(logits, targets) }
        guard logits.shape == [taught.count, taught.width] else { throw unfit(targets, logits) }
        let teacher = try Tensor(taught.logits, shape: logits.shape)
            .to(dtype: logits.dtype, device: logits.device)
        let divergence = try divergence(of: logits, from: teacher, taught.labels)
        let labelled = taught.labelled
        guard alpha < 1, !labelled.isEmpty else { return try divergence * alpha }
        let chosen = try labelled.count == taught.count ? logits : rows(labelled, of: logits)
        return try divergence * alpha
            + labelLoss(chosen, taught.labels.selecting(labelled)) * (1 - alpha)
    }

    private func rows(_ indices: [Int], of logits: Tensor) throws(TorchError) -> Tensor {
        try logits.gatheringRows(Tensor(indices.map(Int64.init)).to(device: logits.device))
    }

    /// T² times the divergence, summed over examples.
    private func divergence(
        of student: Tensor,
        from teacher: Tensor,
        _ labels: Targets
    ) throws(TorchError) -> Tensor {
        switch labels {
        // T cancels: both numbers are divided by it, and the square is multiplied by its square.
        case .numbers: return try (student - teacher).map(.square).sum()
        case .labelSets:
            let (own, wanted) = (try decisions(student), try decisions(teacher))
            return try divergence(own, wanted, along: 2)
        case .classes, .taught: return try divergence(student, teacher, along: 1)
        }
    }

    /// T² · KL of the softmax of teacher / T and student / T.
    private func divergence(
        _ student: Tensor,
        _ teacher: Tensor,
        along dimension: Int
    ) throws(TorchError) -> Tensor {
        let own = try (student * (1 / temperature)).logSoftmax(along: dimension)
        let wanted = try (teacher * (1 / temperature)).logSoftmax(along: dimension)
        return try (wanted.map(.exp) * (wanted - own)).sum() * (temperature * temperature)
    }

    /// `[B, K, 2]`: a sigmoid is the softmax of the logit and 0; its logarithm neither overflows nor loses its gradient.
    private func decisions(_ logits: Tensor) throws(TorchError) -> Tensor {
        let zeros = try Tensor.zeros(logits.shape + [1], dtype: logits.dtype, device: logits.device)
        return try Tensor.concatenated([logits.unsqueezed(2), zeros], dimension: 2)
    }
}
