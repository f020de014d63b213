import CTorch

// libtorch's fused steps over many tensors at once, for the optimizers in NN.

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

/// The numbers of one AdamW step.
package struct AdamWStep: Sendable {
    /// Which step this is, from 1.
    package var step: Int
    package var learningRate: Double
    package var beta1: Double
    package var beta2: Double
    package var epsilon: Double
    package var weightDecay: Double

    package init(
        step: Int,
        learningRate: Double,
        beta1: Double,
        beta2: Double,
        epsilon: Double,
        weightDecay: Double
    ) {
        self.step = step
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }

    /// Moves parameters and moments in place by libtorch's fused kernel.
    ///
    /// - Parameters:
    ///   - parameters: The weights.
    ///   - gradients: Theirs, in the same order.
    ///   - firstMoments: Running means of the gradients.
    ///   - secondMoments: Running means of their squares.
    /// - Throws: `.failed` if shapes or dtypes differ.
    ///
    /// Source: Loshchilov and Hutter 2019; `torch._fused_adamw_`.
    package func apply(
        to parameters: [Tensor],
        gradients: [Tensor],
        firstMoments: [Tensor],
        secondMoments: [Tensor]
    ) throws(TorchError) {
        let status = withHandles(parameters) { p in
            withHandles(gradients) { g in
                withHandles(firstMoments) { m in
                    withHandles(secondMoments) { v in
                        ct_optim_adamw_(
                            p,
                            g,
                            m,
                            v,
                            parameters.count,
                            Int64(step),
                            learningRate,
                            beta1,
                            beta2,
                            weightDecay,
                            epsilon
                        )
                    }
                }
            }
        }
        try check("AdamW", status)
    }
}
