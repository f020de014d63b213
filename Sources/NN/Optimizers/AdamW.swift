public import Torch

/// AdamW, with two float32 moments per weight.
///
/// On a CPU it uses our own kernel, on other devices libtorch's fused one.
///
/// Source: Loshchilov and Hutter 2019; `torch.optim.AdamW(fused=True)`.
public struct AdamW: OptimizerRule {
    /// Decay rate of the running mean of gradients.
    public var beta1 = 0.9
    /// Decay rate of the running mean of squared gradients.
    public var beta2 = 0.999
    /// Added to the square root of the second moment.
    public var epsilon = 1e-8
    /// Whether to use libtorch's fused kernel instead of ours, to compare the two.
    package var usesLibtorchKernel = false

    /// True, because the kernel also writes bfloat16 copies when it updates weights.
    public var writesNarrowCopies: Bool { true }

    /// True: moments of unused rows are zeros that are never written to.
    public var keepsEmbeddingStateOnDemand: Bool { true }

    /// Creates the rule with transformers' defaults.
    public init() {}

    /// Returns the moments, `exp_avg` and `exp_avg_sq`.
    ///
    /// - Parameter parameter: The parameter.
    /// - Returns: Zeros in the parameter's shape.
    /// - Throws: `.outOfMemory`.
    public func initialState(of parameter: Parameter) throws(TorchError) -> [(name: String, tensor: Tensor)] {
        try ["exp_avg", "exp_avg_sq"].map { (name) throws(TorchError) in
            (name: name, tensor: try Self.moment(of: parameter))
        }
    }

    /// Returns zeros in a parameter's shape; for an embedding only used rows take memory.
    static func moment(of parameter: Parameter) throws(TorchError) -> Tensor {
        let device = parameter.value.device
        return parameter.role == .embedding
            ? try .zerosOnDemand(parameter.shape, device: device)
            : try .zeros(parameter.shape, device: device)
    }

    /// Performs one step; the kernel applies the gradient scale.
    ///
    /// - Parameters:
    ///   - updates: Parameters that share a weight decay.
    ///   - numbers: The step's hyperparameters.
    /// - Throws: `.failed` or `.outOfMemory` from the kernel.
    public func update(_ updates: [ParameterUpdate], _ numbers: StepHyperparameters) throws(TorchError) {
        try numbers.native.adamW(
            updates.map(\.value),
            gradients: updates.map(\.gradient),
            firstMoments: updates.map { $0.state[0] },
            secondMoments: updates.map { $0.state[1] },
            copies: updates.map(\.bfloat16Copy),
            betas: (beta1, beta2),
            epsilon: epsilon,
            gradientScale: numbers.gradientScale,
            plain: usesLibtorchKernel
        )
    }
}
