public import Torch

/// AdamW with block-wise 8-bit moments: about two bytes per weight instead of eight.
///
/// Embeddings and parameters with fewer than 4,096 weights keep float32 moments, as in transformers' Trainer. On every device
/// it follows bitsandbytes' CPU backend: weight decay comes before the update, as in AdamW itself (the CUDA kernel decays
/// after it), and codes are looked up in 65,536 steps, which keeps a second moment from becoming 0.
///
/// Source: Dettmers et al. 2022; `AdamW8bit` of bitsandbytes 0.50; transformers 5.23 (trainer.py:1328-1342).
public struct AdamW8: OptimizerRule {
    /// Decay rate of the running mean of gradients.
    public var beta1 = 0.9
    /// Decay rate of the running mean of squared gradients.
    public var beta2 = 0.999
    /// Added to the square root of the second moment.
    public var epsilon = 1e-8
    /// Whether to use libtorch's operations instead of our kernel, to compare the two.
    package var usesLibtorchKernel = false

    /// The number of elements that share a scale.
    private static let block = 256
    /// Smaller parameters keep float32 moments.
    private static let smallest = 4096

    /// True, because the kernel also writes bfloat16 copies when it updates weights.
    public var writesNarrowCopies: Bool { true }

    /// True: moments of unused rows are zeros that are never written to.
    public var keepsEmbeddingStateOnDemand: Bool { true }

    /// Creates the rule with transformers' defaults.
    public init() {}

    /// Returns whether a parameter has 8-bit moments.
    ///
    /// - Parameter parameter: The parameter.
    /// - Returns: False for small parameters and embeddings.
    public static func is8Bit(_ parameter: Parameter) -> Bool {
        parameter.role != .embedding && parameter.shape.reduce(1, *) >= smallest
    }

    /// Returns the moments `state1` and `state2`, and for 8-bit moments the largest value per block, `absmax1` and `absmax2`.
    ///
    /// - Parameter parameter: The parameter.
    /// - Returns: Zeros.
    /// - Throws: `.outOfMemory`.
    public func initialState(of parameter: Parameter) throws(TorchError) -> [(name: String, tensor: Tensor)] {
        let device = parameter.value.device
        guard Self.is8Bit(parameter) else {
            return try ["state1", "state2"].map { (name) throws(TorchError) in
                (name: name, tensor: try AdamW.moment(of: parameter))
            }
        }
        let blocks = (parameter.shape.reduce(1, *) + Self.block - 1) / Self.block
        return [
            (name: "state1", tensor: try .zeros(parameter.shape, dtype: .uint8, device: device)),
            (name: "state2", tensor: try .zeros(parameter.shape, dtype: .uint8, device: device)),
            (name: "absmax1", tensor: try .zeros([blocks], device: device)),
            (name: "absmax2", tensor: try .zeros([blocks], device: device)),
        ]
    }

    /// Performs one step; the kernel applies the gradient scale.
    ///
    /// - Parameters:
    ///   - updates: Parameters that share a weight decay.
    ///   - numbers: The step's hyperparameters.
    /// - Throws: `.failed` or `.outOfMemory` from the kernel.
    public func update(_ updates: [ParameterUpdate], _ numbers: StepHyperparameters) throws(TorchError) {
        var wide = AdamW()
        (wide.beta1, wide.beta2, wide.epsilon, wide.usesLibtorchKernel) = (
            beta1, beta2, epsilon, usesLibtorchKernel
        )
        try wide.update(updates.filter { $0.state.count == 2 }, numbers)
        for parameter in updates where parameter.state.count == 4 {
            let state = parameter.state
            try numbers.native.adamW8(
                parameter.value,
                gradient: parameter.gradient,
                moments: Moments8(
                    firstCodes: state[0],
                    firstSizes: state[2],
                    secondCodes: state[1],
                    secondSizes: state[3]
                ),
                copy: parameter.bfloat16Copy,
                betas: (beta1, beta2),
                epsilon: epsilon,
                gradientScale: numbers.gradientScale,
                roundingKey: parameter.roundingKey,
                plain: usesLibtorchKernel
            )
        }
    }

    /// Returns whether the kernel updates a bfloat16 parameter itself, which it does for 8-bit moments.
    ///
    /// - Parameter parameter: A bfloat16 parameter.
    /// - Returns: False for embeddings and small parameters.
    public func updatesBFloat16(_ parameter: ParameterUpdate) -> Bool { parameter.state.count == 4 }
}
