public import Torch

/// Parameters that are moved with the same numbers.
public struct ParameterGroup {
    /// In the model's order.
    public var parameters: [Parameter]
    /// Fraction of a weight taken off per step and unit of learning rate.
    public var weightDecay: Double
    /// What the run's learning rate is multiplied by.
    public var learningRateFactor: Double

    /// A group.
    ///
    /// - Parameters:
    ///   - parameters: In the model's order.
    ///   - weightDecay: Of all of them.
    ///   - learningRateFactor: What the run's learning rate is multiplied by.
    public init(_ parameters: [Parameter], weightDecay: Double, learningRateFactor: Double = 1) {
        self.parameters = parameters
        self.weightDecay = weightDecay
        self.learningRateFactor = learningRateFactor
    }
}

extension Parameter {
    /// Whether weight decay applies to it: not to biases and normalisation layers.
    ///
    /// Source: `Trainer.get_decay_parameter_names` of transformers 5.23.
    public var isDecayed: Bool { role != .layerNorm && Self.isDecayed(name) }

    /// Whether weight decay applies to a parameter of a name that is no layer normalisation's.
    package static func isDecayed(_ name: String) -> Bool {
        let name = name.lowercased()
        if name.contains("bias") || name.contains("layernorm") || name.contains("rmsnorm") { return false }
        return !name.split(separator: ".").contains { $0 == "norm" || $0.hasSuffix("_norm") }
    }
}

/// transformers' groups: all decayed parameters, then all others, each in the model's order.
///
/// - Parameters:
///   - parameters: Those to be trained.
///   - weightDecay: Of the first group.
///   - learningRateFactor: What the run's learning rate is multiplied by for a parameter; groups of several factors are
///     split, the largest factor first.
/// - Returns: Two groups, or two for each factor.
public func parameterGroups(
    _ parameters: [Parameter],
    weightDecay: Double,
    learningRateFactor: (Parameter) -> Double = { _ in 1 }
) -> [ParameterGroup] {
    [true, false].flatMap { decayed in
        let members = parameters.filter { $0.isDecayed == decayed }
        let byFactor = Dictionary(grouping: members, by: learningRateFactor)
        return byFactor.keys.sorted(by: >).map {
            ParameterGroup(
                byFactor[$0] ?? [],
                weightDecay: decayed ? weightDecay : 0,
                learningRateFactor: $0
            )
        }
    }
}

/// The gradients' L2 norm over all parameters, and what to multiply them by so that it is at most a limit.
///
/// - Parameters:
///   - parameters: Those without a gradient are skipped.
///   - maxNorm: The limit; 0 leaves the gradients as they are.
/// - Returns: The norm as it is, and the factor; 1 where there is nothing to clip or the norm is not finite.
/// - Throws: `.outOfMemory`.
///
/// Source: `torch.nn.utils.clip_grad_norm_`.
public func gradientClipping(
    _ parameters: [Parameter],
    to maxNorm: Double
) throws(TorchError) -> (norm: Double, factor: Double) {
    var gradients: [Tensor] = []
    for parameter in parameters {
        if let gradient = try parameter.updatableGradient() { gradients.append(gradient) }
    }
    let norm = try totalNorm(gradients)
    return (norm, clippingFactor(norm, to: maxNorm))
}

/// What to multiply gradients of a norm by so that it is at most a limit.
func clippingFactor(_ norm: Double, to maxNorm: Double) -> Double {
    let clips = maxNorm > 0 && norm.isFinite && norm + 1e-6 > maxNorm
    return clips ? maxNorm / (norm + 1e-6) : 1
}
