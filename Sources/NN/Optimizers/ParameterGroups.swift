public import Torch

/// Parameters with the same hyperparameters.
public struct ParameterGroup {
    /// The parameters in the model's order.
    public var parameters: [Parameter]
    /// The fraction of a weight that is subtracted per step and unit of learning rate.
    public var weightDecay: Double
    /// Factor on the run's learning rate.
    public var learningRateFactor: Double

    /// Creates a group.
    ///
    /// - Parameters:
    ///   - parameters: The parameters in the model's order.
    ///   - weightDecay: The weight decay of the group.
    ///   - learningRateFactor: Factor on the run's learning rate.
    public init(_ parameters: [Parameter], weightDecay: Double, learningRateFactor: Double = 1) {
        self.parameters = parameters
        self.weightDecay = weightDecay
        self.learningRateFactor = learningRateFactor
    }
}

extension Parameter {
    /// Whether weight decay applies to the parameter; false for biases, normalization layers and the magnitudes of DoRA.
    ///
    /// Source: `Trainer.get_decay_parameter_names` of transformers 5.23, which decays magnitudes, too.
    public var isDecayed: Bool { role != .layerNorm && role != .magnitude && Self.isDecayed(name) }

    /// Returns whether weight decay applies to a parameter with this name outside of layer normalization.
    package static func isDecayed(_ name: String) -> Bool {
        let name = name.lowercased()
        if name.contains("bias") || name.contains("layernorm") || name.contains("rmsnorm") { return false }
        return !name.split(separator: ".").contains { $0 == "norm" || $0.hasSuffix("_norm") }
    }
}

/// Returns transformers' groups: all decayed parameters, then all others, each in the model's order.
///
/// - Parameters:
///   - parameters: The trained parameters.
///   - weightDecay: The weight decay of the first group.
///   - learningRateFactor: Factor on the run's learning rate for a parameter. Groups with several factors are split, the
///     largest factor first.
/// - Returns: Two groups, or two per factor.
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

/// Returns the gradient norm over all parameters, and the factor that clips it to a limit.
///
/// - Parameters:
///   - parameters: The parameters; those without a gradient are skipped.
///   - maxNorm: The limit; 0 for no clipping.
/// - Returns: The norm before clipping, and the factor: 1 if there is nothing to clip or the norm is not finite.
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

/// Returns the factor that clips gradients to a limit.
///
/// - Parameters:
///   - norm: The norm of the gradients.
///   - maxNorm: The limit; 0 for no clipping.
/// - Returns: The factor: 1 if there is nothing to clip or the norm is not finite.
package func clippingFactor(_ norm: Double, to maxNorm: Double) -> Double {
    let clips = maxNorm > 0 && norm.isFinite && norm + 1e-6 > maxNorm
    return clips ? maxNorm / (norm + 1e-6) : 1
}
