import CTorch

// Steps in place, for the optimizers in NN.

/// The L2 norm of all elements of all tensors together.
///
/// - Parameter tensors: Gradients, usually.
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
///   - tensors: What to change.
///   - factor: By what.
/// - Throws: `.failed`.
package func scale(_ tensors: [Tensor], by factor: Double) throws(TorchError) {
    try check("scale", withHandles(tensors) { ct_optim_scale_($0, tensors.count, factor) })
}

/// The numbers of one optimizer step.
package struct OptimizerStep: Sendable {
    /// Which step this is, from 1.
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

    /// AdamW: moves parameters and moments in place.
    ///
    /// - Parameters:
    ///   - parameters: The weights.
    ///   - gradients: Theirs, in the same order.
    ///   - firstMoments: Running means of the gradients.
    ///   - secondMoments: Running means of their squares.
    ///   - copies: What the moved weights also go into, in bfloat16; none at all, or one or nil for each parameter.
    ///   - betas: Decay of the two.
    ///   - epsilon: Added to the root of the second moment.
    ///   - gradientScale: What every gradient is multiplied by first.
    ///   - plain: Whether to take libtorch's fused kernel where ours could; to compare the two.
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

    /// Stochastic gradient descent: moves parameters and momenta in place by libtorch's fused kernel.
    ///
    /// - Parameters:
    ///   - parameters: The weights.
    ///   - gradients: Theirs, in the same order.
    ///   - momenta: Running sums of the gradients; none where `momentum` is 0.
    ///   - momentum: Their decay.
    ///   - dampening: What a gradient counts less in them.
    ///   - nesterov: Whether to look ahead.
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

    /// Lion: moves a parameter and its moment in place.
    ///
    /// - Parameters:
    ///   - parameter: The weights.
    ///   - gradient: Theirs.
    ///   - moment: The running mean of the gradients.
    ///   - betas: Decay within the step, and of the mean.
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

    /// Adafactor: moves a parameter and the means of its squared gradients in place.
    ///
    /// - Parameters:
    ///   - parameter: The weights.
    ///   - gradient: Theirs.
    ///   - rows: Means over the last dimension; of all elements where `columns` is nil.
    ///   - columns: Means over the dimension before it.
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

    /// AdamW with moments in 8 bits: moves a parameter and its moments in place.
    ///
    /// - Parameters:
    ///   - parameter: The weights.
    ///   - gradient: Theirs.
    ///   - moments: Codes of the parameter's shape, and a number for each 256 of them.
    ///   - copy: What the moved weights also go into, in bfloat16.
    ///   - betas: Decay of the moments.
    ///   - epsilon: Added to the root of the second moment.
    ///   - gradientScale: What a gradient is multiplied by.
    ///   - roundingKey: Of the bits by which bfloat16 weights are rounded.
    ///   - plain: Whether to take libtorch's operations where our kernel could.
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
        try check("AdamW in 8 bits", status)
    }
}

extension Tensor {
    /// Takes over float32 values as bfloat16, in place: up or down, each as likely as it is close.
    ///
    /// - Parameters:
    ///   - wide: float32, of this tensor's shape.
    ///   - roundingKey: Of the bits that decide; the same ones give the same values for any number of threads.
    ///   - plain: Whether to take libtorch's operations where our kernel could.
    /// - Throws: `.failed` unless this is bfloat16, contiguous and of that shape.
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

/// The moments of one parameter in 8 bits.
package struct Moments8 {
    /// uint8, of the parameter's shape.
    package var firstCodes: Tensor
    /// float32: the largest size of each 256 elements.
    package var firstSizes: Tensor
    /// uint8, of the parameter's shape.
    package var secondCodes: Tensor
    /// float32: the largest of each 256 elements.
    package var secondSizes: Tensor

    package init(firstCodes: Tensor, firstSizes: Tensor, secondCodes: Tensor, secondSizes: Tensor) {
        self.firstCodes = firstCodes
        self.firstSizes = firstSizes
        self.secondCodes = secondCodes
        self.secondSizes = secondSizes
    }

    /// The 256 values that codes stand for, as shares of a block's largest.
    ///
    /// - Parameter isSigned: Whether of first moments.
    /// - Returns: `[256]`, rising.
    /// - Throws: `.outOfMemory`.
    ///
    /// Source: `create_dynamic_map` of bitsandbytes 0.50.
    package static func dynamicMap(isSigned: Bool) throws(TorchError) -> Tensor {
        try makeTensor("dynamicMap") { ct_optim_dynamic_map($0, isSigned) }
    }
}
