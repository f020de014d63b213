public import Torch

/// AdamW with moments of 8 bits, block by block: about two bytes a weight in place of eight.
///
/// Parameters of fewer than 4,096 numbers and embeddings keep moments of float32, as transformers' Trainer has it. On
/// every device it does what bitsandbytes' CPU backend does: weight decay comes before the update, as in AdamW itself (the
/// CUDA kernel decays after it), and codes are looked up in 65,536 steps, which keeps a second moment from becoming 0.
///
/// Source: Dettmers et al. 2022; `AdamW8bit` of bitsandbytes 0.50; transformers 5.23 (trainer.py:1328-1342).
public struct AdamW8: OptimizerRule {
    /// Decay of the gradients' running mean.
    public var beta1 = 0.9
    /// Decay of their squares' running mean.
    public var beta2 = 0.999
    /// Added to the root of the second moment.
    public var epsilon = 1e-8
    /// Whether to take libtorch's operations where our kernel could; to compare the two.
    package var isPlain = false

    /// Elements that share a scale.
    private static let block = 256
    /// Smaller parameters keep moments of float32.
    private static let smallest = 4096

    /// The kernel rounds weights to bfloat16 as it moves them.
    public var writesNarrowCopies: Bool { true }

    /// transformers' defaults.
    public init() {}

    /// Whether a parameter's moments have 8 bits.
    ///
    /// - Parameter parameter: Whose.
    /// - Returns: Not for small ones and embeddings.
    public static func is8Bit(_ parameter: Parameter) -> Bool {
        parameter.role != .embedding && parameter.shape.reduce(1, *) >= smallest
    }

    /// The moments, `state1` and `state2`, and where they are codes the blocks' largest, `absmax1` and `absmax2`.
    ///
    /// - Parameter parameter: Whose.
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

    /// One step; the gradients' scale is taken into the kernel.
    ///
    /// - Parameters:
    ///   - updates: Parameters that share a weight decay.
    ///   - numbers: The step's.
    /// - Throws: `.failed` or `.outOfMemory` from the kernel.
    public func update(_ updates: [ParameterUpdate], _ numbers: StepHyperparameters) throws(TorchError) {
        var wide = AdamW()
        (wide.beta1, wide.beta2, wide.epsilon, wide.isPlain) = (beta1, beta2, epsilon, isPlain)
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
                plain: isPlain
            )
        }
    }

    /// Where moments have 8 bits, the kernel reads and writes bfloat16 itself.
    ///
    /// - Parameter parameter: In bfloat16.
    /// - Returns: Not for embeddings and small parameters.
    public func updatesBFloat16(_ parameter: ParameterUpdate) -> Bool { parameter.state.count == 4 }
}
