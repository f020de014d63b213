import CTorch

/// The product that an adapter adds to a linear layer: `scale · drop(x) · aᵀ · bᵀ`.
package struct LowRankProduct {
    /// `[r, in]`, float32.
    package var a: Tensor
    /// `[out, r]`, float32.
    package var b: Tensor
    /// Factor on the product.
    package var scale: Double
    /// Probability that an element of the adapter's input is zeroed; fraction in `0 ..< 1`.
    package var dropout: Double
    /// Dropout's seed.
    package var seed: UInt64

    package init(a: Tensor, b: Tensor, scale: Double, dropout: Double = 0, seed: UInt64 = 0) {
        (self.a, self.b, self.scale) = (a, b, scale)
        (self.dropout, self.seed) = (dropout, seed)
    }
}

extension Tensor {
    /// `self · weightᵀ + bias` with a frozen weight, plus the product of an adapter.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`, float32 or `dtype`, without a gradient; this tensor is `[.., in]`.
    ///   - copy: The weight in that type; nil rounds the weight in this call.
    ///   - bias: `[out]`, float32.
    ///   - adapter: The adapter's matrices.
    ///   - dtype: The type that the factors of the weight's and of `a`'s product are rounded to; `.float32` rounds nothing.
    ///   - routes: Whether a CPU multiplies in that type, or in float32 without rounding float32 factors.
    /// - Returns: `[.., out]`, float32.
    /// - Throws: `.failed` if the sizes differ.
    ///
    /// Source: Hu et al. 2021; `Linear.forward` of peft 0.21 (tuners/lora/layer.py).
    package func linear(
        _ weight: Tensor,
        copy: Tensor? = nil,
        bias: Tensor? = nil,
        adding adapter: LowRankProduct,
        in dtype: DType = .float32,
        routes: ProductRoutes = .suggested
    ) throws(TorchError) -> Tensor {
        try makeTensor("linear", from: self, weight) { out in
            withExtendedLifetime((copy, bias, adapter.a, adapter.b)) {
                ct_nn_low_rank_linear(
                    out,
                    self.handle,
                    weight.handle,
                    copy?.handle ?? ct_tensor(),
                    bias?.handle ?? ct_tensor(),
                    ct_low_rank(
                        a: adapter.a.handle,
                        b: adapter.b.handle,
                        scale: adapter.scale,
                        dropout: adapter.dropout,
                        seed: adapter.seed
                    ),
                    dtype.native,
                    routes.native
                )
            }
        }
    }
}
