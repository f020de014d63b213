public import Torch

/// AdamW: two float32 numbers a weight.
///
/// On a CPU by a kernel of our own, elsewhere by libtorch's fused one.
///
/// Source: Loshchilov and Hutter 2019; `torch.optim.AdamW(fused=True)`.
public struct AdamW: OptimizerRule {
    /// Decay of the gradients' running mean.
    public var beta1 = 0.9
    /// Decay of their squares' running mean.
    public var beta2 = 0.999
    /// Added to the root of the second moment.
    public var epsilon = 1e-8
    /// Whether to take libtorch's fused kernel where ours could; to compare the two.
    package var isPlain = false

    /// The kernel rounds weights to bfloat16 as it moves them.
    public var writesNarrowCopies: Bool { true }

    /// transformers' defaults.
    public init() {}

    /// The moments, `exp_avg` and `exp_avg_sq`.
    ///
    /// - Parameter parameter: Whose.
    /// - Returns: Zeros of its shape.
    /// - Throws: `.outOfMemory`.
    public func initialState(of parameter: Parameter) throws(TorchError) -> [(name: String, tensor: Tensor)] {
        try ["exp_avg", "exp_avg_sq"].map { (name) throws(TorchError) in
            (name: name, tensor: try Self.moment(of: parameter))
        }
    }

    /// Zeros of a parameter's shape; for a table they take memory only where a row is used.
    static func moment(of parameter: Parameter) throws(TorchError) -> Tensor {
        let device = parameter.value.device
        return parameter.role == .embedding
            ? try .zerosOnDemand(parameter.shape, device: device)
            : try .zeros(parameter.shape, device: device)
    }

    /// One step; the gradients' scale is taken into the kernel.
    ///
    /// - Parameters:
    ///   - updates: Parameters that share a weight decay.
    ///   - numbers: The step's.
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
            plain: isPlain
        )
    }
}
