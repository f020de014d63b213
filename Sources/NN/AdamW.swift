public import Torch

/// AdamW by libtorch's fused kernel, with decayed and undecayed parameters.
///
/// Source: Loshchilov and Hutter 2019; `torch.optim.AdamW(fused=True)`.
public final class AdamW {
    /// The numbers that stay the same over a run.
    public struct Options: Sendable, Equatable {
        /// Decay of the gradients' running mean.
        public var beta1 = 0.9
        /// Decay of their squares' running mean.
        public var beta2 = 0.999
        /// Added to the root of the second moment.
        public var epsilon = 1e-8
        /// Fraction of a decayed weight taken off per step and unit of learning rate.
        public var weightDecay = 0.0

        /// The reference's defaults.
        public init() {}
    }

    /// Parameters that share a weight decay, and their moments in the same order.
    private struct Group {
        var parameters: [Parameter]
        var weightDecay: Double
        var firstMoments: [Tensor]
        var secondMoments: [Tensor]
    }

    private let options: Options
    private var groups: [Group]
    /// Steps taken so far.
    public private(set) var stepCount = 0

    /// An optimizer over a model's trainable parameters.
    ///
    /// - Parameters:
    ///   - parameters: In the model's order: all decayed ones come first in the state, then the others.
    ///   - options: Its numbers.
    /// - Throws: `.outOfMemory` for the moments, two float32 numbers a weight.
    public init(_ parameters: [Parameter], options: Options) throws(TorchError) {
        self.options = options
        groups = []
        for decayed in [true, false] {
            let members = parameters.filter { Self.isDecayed($0.name) == decayed }
            var group = Group(
                parameters: members,
                weightDecay: decayed ? options.weightDecay : 0,
                firstMoments: [],
                secondMoments: []
            )
            for member in members {
                group.firstMoments.append(try .zeros(member.shape, device: member.value.device))
                group.secondMoments.append(try .zeros(member.shape, device: member.value.device))
            }
            groups.append(group)
        }
    }

    /// Whether weight decay applies to a parameter: not to biases and normalisation layers.
    ///
    /// - Parameter name: The checkpoint's name.
    /// - Returns: Whether it is decayed.
    ///
    /// Source: `Trainer.get_decay_parameter_names` of transformers 5.23.
    public static func isDecayed(_ name: String) -> Bool {
        let name = name.lowercased()
        if name.contains("bias") || name.contains("layernorm") || name.contains("rmsnorm") { return false }
        return !name.split(separator: ".").contains { $0 == "norm" || $0.hasSuffix("_norm") }
    }

    /// Moves every parameter that has a gradient, then forgets the gradients.
    ///
    /// - Parameter learningRate: This step's.
    /// - Throws: `.failed` or `.outOfMemory` from the kernel.
    public func step(learningRate: Double) throws(TorchError) {
        stepCount += 1
        for group in groups {
            var moving: (p: [Tensor], g: [Tensor], m: [Tensor], v: [Tensor]) = ([], [], [], [])
            for (index, parameter) in group.parameters.enumerated() {
                guard let gradient = try parameter.value.gradient() else { continue }
                moving.p.append(parameter.value)
                moving.g.append(gradient)
                moving.m.append(group.firstMoments[index])
                moving.v.append(group.secondMoments[index])
            }
            try AdamWStep(
                step: stepCount,
                learningRate: learningRate,
                beta1: options.beta1,
                beta2: options.beta2,
                epsilon: options.epsilon,
                weightDecay: group.weightDecay
            ).apply(to: moving.p, gradients: moving.g, firstMoments: moving.m, secondMoments: moving.v)
        }
        try clearGradients()
    }

    /// Forgets all gradients.
    ///
    /// - Throws: `.failed`.
    public func clearGradients() throws(TorchError) {
        for group in groups { for parameter in group.parameters { try parameter.value.clearGradient() } }
    }

    /// The moments by name, `<parameter>.exp_avg` and `<parameter>.exp_avg_sq`, for a checkpoint.
    public var state: [(name: String, tensor: Tensor)] {
        groups.flatMap { group in
            group.parameters.indices.flatMap { index in
                [
                    (group.parameters[index].name + ".exp_avg", group.firstMoments[index]),
                    (group.parameters[index].name + ".exp_avg_sq", group.secondMoments[index]),
                ]
            }
        }
    }

    /// Goes on from a saved state.
    ///
    /// - Parameters:
    ///   - stepCount: Steps that were taken.
    ///   - tensor: Gives the moment of a name in ``state``.
    /// - Throws: What `tensor` throws, or `.failed` where a shape is another.
    public func restore(stepCount: Int, _ tensor: (String) throws -> Tensor) throws {
        for (name, moment) in state { try moment.assign(tensor(name)) }
        self.stepCount = stepCount
    }
}

/// Scales gradients down so that their L2 norm over all parameters is at most `maxNorm`.
///
/// - Parameters:
///   - parameters: Those without a gradient are skipped.
///   - maxNorm: The limit; 0 leaves the gradients as they are.
/// - Returns: The norm before scaling.
/// - Throws: `.outOfMemory`.
///
/// Source: `torch.nn.utils.clip_grad_norm_`.
public func clipGradientNorm(_ parameters: [Parameter], to maxNorm: Double) throws(TorchError) -> Double {
    var gradients: [Tensor] = []
    for parameter in parameters {
        if let gradient = try parameter.value.gradient() { gradients.append(gradient) }
    }
    let norm = try totalNorm(gradients)
    if maxNorm > 0, norm.isFinite, norm + 1e-6 > maxNorm { try scale(gradients, by: maxNorm / (norm + 1e-6)) }
    return norm
}
