import CTorch

// In-place steps for the optimizers in NN.

/// Returns the L2 norm over all elements of all tensors.
///
/// - Parameter tensors: The tensors, usually gradients.
/// - Returns: The norm; 0 for no tensors.
/// - Throws: `.outOfMemory`.
///
/// Source: `torch.nn.utils.get_total_norm`.
package func totalNorm(_ tensors: [Tensor]) throws(TorchError) -> Double {
    guard !tensors.isEmpty else { return 0 }
    return try makeTensor("totalNorm") { out in
        withHandles(tensors) { ct_optim_total_norm(out, $0, tensors.count) }
    }.item()
}

/// Multiplies every element of every tensor in place.
///
/// - Parameters:
///   - tensors: The tensors to change.
///   - factor: The factor.
/// - Throws: `.failed`.
package func scale(_ tensors: [Tensor], by factor: Double) throws(TorchError) {
    try check("scale", withHandles(tensors) { ct_optim_scale_($0, tensors.count, factor) })
}

/// The hyperparameters of one optimizer step.
package struct OptimizerStep: Sendable {
    /// One-based number of the step.
    package var step: Int
    package var learningRate: Double
    package var weightDecay: Double

    package init(step: Int, learningRate: Double, weightDecay: Double) {
        self.step = step
        self.learningRate = learningRate
        self.weightDecay = weightDecay
    }

    private var native: ct_step {
        ct_step(step: Int64(step), learning_rate: learningRate, weight_decay: weightDecay)
    }

    /// AdamW: updates parameters and moments in place.
    ///
    /// - Parameters:
    ///   - parameters: The weights.
    ///   - gradients: The gradients, in the same order.
    ///   - firstMoments: Running means of the gradients.
    ///   - secondMoments: Running means of their squares.
    ///   - copies: bfloat16 tensors that also receive the updated weights: empty, or one or nil per parameter.
    ///   - betas: Decay rates of the two moments.
    ///   - epsilon: Added to the square root of the second moment.
    ///   - gradientScale: Factor that is first applied to every gradient.
    ///   - plain: Whether to use libtorch's fused kernel instead of ours, to compare the two.
    /// - Throws: `.failed` if shapes or dtypes differ.
    ///
    /// Source: Loshchilov and Hutter 2019; `torch._fused_adamw_`.
    package func adamW(
        _ parameters: [Tensor],
        gradients: [Tensor],
        firstMoments: [Tensor],
        secondMoments: [Tensor],
        copies: [Tensor?] = [],
        betas: (Double, Double),
        epsilon: Double,
        gradientScale: Double = 1,
        plain: Bool = false
    ) throws(TorchError) {
        let copies = copies.isEmpty ? Array(repeating: nil, count: parameters.count) : copies
        let copyHandles = copies.map { $0?.handle ?? ct_tensor() }
        let status = withHandles(parameters) { p in
            withHandles(gradients) { g in
                withHandles(firstMoments) { m in
                    withHandles(secondMoments) { v in
                        ct_optim_adamw_(
                            p,
                            g,
                            m,
                            v,
                            copyHandles,
                            parameters.count,
                            native,
                            betas.0,
                            betas.1,
                            epsilon,
                            gradientScale,
                            plain
                        )
                    }
                }
            }
        }
        withExtendedLifetime(copies) {}
        try check("AdamW", status)
    }

    /// Stochastic gradient descent: updates parameters and momenta in place with libtorch's fused kernel.
    ///
    /// - Parameters:
    ///   - parameters: The weights.
    ///   - gradients: The gradients, in the same order.
    ///   - momenta: Running sums of the gradients; empty if `momentum` is 0.
    ///   - momentum: Decay rate of the momenta.
    ///   - dampening: Reduction of a gradient's weight in the momenta.
    ///   - nesterov: Whether to use Nesterov momentum.
    /// - Throws: `.failed` if shapes or dtypes differ.
    ///
    /// Source: `torch._fused_sgd_`.
    package func sgd(
        _ parameters: [Tensor],
        gradients: [Tensor],
        momenta: [Tensor],
        momentum: Double,
        dampening: Double,
        nesterov: Bool
    ) throws(TorchError) {
        let status = withHandles(parameters) { p in
            withHandles(gradients) { g in
                withHandles(momenta) { m in
                    ct_optim_sgd_(
                        p,
                        g,
                        momenta.isEmpty ? nil : m,
                        parameters.count,
                        native,
                        momentum,
                        dampening,
                        nesterov
                    )
                }
            }
        }
        try check("SGD", status)
    }

    /// Lion: updates a parameter and its moment in place.
    ///
    /// - Parameters:
    ///   - parameter: The weights.
    ///   - gradient: The gradient of the weights.
    ///   - moment: The running mean of the gradients.
    ///   - betas: Decay rates within the step and of the running mean.
    /// - Throws: `.failed` if shapes differ.
    ///
    /// Source: Chen et al. 2023, "Symbolic discovery of optimization algorithms".
    package func lion(
        _ parameter: Tensor,
        gradient: Tensor,
        moment: Tensor,
        betas: (Double, Double)
    ) throws(TorchError) {
        let status = withExtendedLifetime((parameter, gradient, moment)) {
            ct_optim_lion_(parameter.handle, gradient.handle, moment.handle, native, betas.0, betas.1)
        }
        try check("Lion", status)
    }

    /// Adafactor: updates a parameter and the means of its squared gradients in place.
    ///
    /// - Parameters:
    ///   - parameter: The weights.
    ///   - gradient: The gradient of the weights.
    ///   - rows: Means over the last dimension; if `columns` is nil, the second moment of every element.
    ///   - columns: Means over the second to last dimension.
    /// - Throws: `.failed` if shapes differ.
    ///
    /// Source: Shazeer and Stern 2018; `Adafactor` of transformers 5.23 without its own learning rates.
    package func adafactor(
        _ parameter: Tensor,
        gradient: Tensor,
        rows: Tensor,
        columns: Tensor?
    ) throws(TorchError) {
        let status = withExtendedLifetime((parameter, gradient, rows, columns)) {
            ct_optim_adafactor_(
                parameter.handle,
                gradient.handle,
                rows.handle,
                columns?.handle ?? ct_tensor(),
                native
            )
        }
        try check("Adafactor", status)
    }

    /// AdamW with 8-bit moments: updates a parameter and its moments in place.
    ///
    /// - Parameters:
    ///   - parameter: The weights.
    ///   - gradient: The gradient of the weights.
    ///   - moments: Codes in the parameter's shape, and a scale per 256 elements.
    ///   - copy: A bfloat16 tensor that also receives the updated weights.
    ///   - betas: Decay rates of the moments.
    ///   - epsilon: Added to the square root of the second moment.
    ///   - gradientScale: Factor on the gradient.
    ///   - roundingKey: Key of the random bits that round bfloat16 weights.
    ///   - plain: Whether to use libtorch's operations instead of our kernel.
    /// - Throws: `.failed` if shapes or dtypes differ.
    ///
    /// Source: Dettmers et al. 2022, "8-bit optimizers via block-wise quantization".
    package func adamW8(
        _ parameter: Tensor,
        gradient: Tensor,
        moments: Moments8,
        copy: Tensor? = nil,
        betas: (Double, Double),
        epsilon: Double,
        gradientScale: Double = 1,
        roundingKey: UInt64 = 0,
        plain: Bool = false
    ) throws(TorchError) {
        let status = withExtendedLifetime((parameter, gradient, moments, copy)) {
            let handles = ct_moments8(
                first_codes: moments.firstCodes.handle,
                first_sizes: moments.firstSizes.handle,
                second_codes: moments.secondCodes.handle,
                second_sizes: moments.secondSizes.handle
            )
            return ct_optim_adamw8_(
                parameter.handle,
                gradient.handle,
                handles,
                copy?.handle ?? ct_tensor(),
                native,
                betas.0,
                betas.1,
                epsilon,
                gradientScale,
                roundingKey,
                plain
            )
        }
        try check("8-bit AdamW", status)
    }
}

extension Tensor {
    /// Overwrites this bfloat16 tensor with stochastically rounded float32 values: up or down, the nearer the likelier.
    ///
    /// - Parameters:
    ///   - wide: A float32 tensor of this shape.
    ///   - roundingKey: Key of the random bits; equal keys give equal values for any number of threads.
    ///   - plain: Whether to use libtorch's operations instead of our kernel.
    /// - Throws: `.failed` unless this tensor is bfloat16, contiguous and of that shape.
    ///
    /// Source: Zamirai et al. 2020, "Revisiting BFloat16 training".
    package func roundStochastically(
        _ wide: Tensor,
        roundingKey: UInt64,
        plain: Bool = false
    ) throws(TorchError) {
        try check(
            "stochastic rounding",
            withExtendedLifetime((self, wide)) { ct_optim_round_(handle, wide.handle, roundingKey, plain) }
        )
    }
}

/// The 8-bit moments of one parameter.
package struct Moments8 {
    /// Codes in uint8, in the parameter's shape.
    package var firstCodes: Tensor
    /// The largest magnitude per 256 elements, in float32.
    package var firstSizes: Tensor
    /// Codes in uint8, in the parameter's shape.
    package var secondCodes: Tensor
    /// The largest value per 256 elements, in float32.
    package var secondSizes: Tensor

    package init(firstCodes: Tensor, firstSizes: Tensor, secondCodes: Tensor, secondSizes: Tensor) {
        self.firstCodes = firstCodes
        self.firstSizes = firstSizes
        self.secondCodes = secondCodes
        self.secondSizes = secondSizes
    }

    /// Returns the 256 values of the codes, relative to a block's largest magnitude.
    ///
    /// - Parameter isSigned: Whether to return the signed values of first moments.
    /// - Returns: `[256]`, ascending.
    /// - Throws: `.outOfMemory`.
    ///
    /// Source: `create_dynamic_map` of bitsandbytes 0.50.
    package static func dynamicMap(isSigned: Bool) throws(TorchError) -> Tensor {
        try makeTensor("dynamicMap") { ct_optim_dynamic_map($0, isSigned) }
    }
}
