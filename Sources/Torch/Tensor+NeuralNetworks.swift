import CTorch

// Operations of neural networks. In float32 on the CPU these are our own fused kernels (CTorch/kernels).
extension Tensor {
    /// `self · weightᵀ + bias`.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`; this tensor is `[.., in]`.
    ///   - bias: `[out]`.
    ///   - routes: The product routes on a CPU.
    /// - Returns: `[.., out]`, computed in true float32 if both inputs are float32.
    /// - Throws: `.failed` if the sizes differ.
    public func linear(
        _ weight: Tensor,
        bias: Tensor? = nil,
        routes: ProductRoutes = .suggested
    ) throws(TorchError) -> Tensor {
        try makeTensor("linear", from: self, weight) { out in
            withExtendedLifetime(bias) {
                ct_nn_linear(
                    out,
                    self.handle,
                    weight.handle,
                    bias?.handle ?? ct_tensor(),
                    routes.native
                )
            }
        }
    }

    /// `self · weightᵀ + bias` with factors in a type narrower than float32.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`, float32 or `dtype`; this tensor is `[.., in]`.
    ///   - copy: The weight in that type; nil rounds the weight in this call.
    ///   - bias: `[out]`, float32.
    ///   - dtype: `.bfloat16` or `.float16`, the type that float32 factors are rounded to.
    ///   - routes: Whether a CPU multiplies in that type, or in float32 without rounding float32 factors.
    /// - Returns: `[.., out]`, float32.
    /// - Throws: `.failed` if the sizes differ.
    package func linear(
        _ weight: Tensor,
        copy: Tensor? = nil,
        bias: Tensor?,
        in dtype: DType,
        routes: ProductRoutes = .suggested
    ) throws(TorchError) -> Tensor {
        try makeTensor("linear", from: self, weight) { out in
            withExtendedLifetime((copy, bias)) {
                ct_nn_narrow_linear(
                    out,
                    self.handle,
                    weight.handle,
                    copy?.handle ?? ct_tensor(),
                    bias?.handle ?? ct_tensor(),
                    dtype.native,
                    routes.native
                )
            }
        }
    }

    /// Looks up rows of this table `[V, H]` by id.
    ///
    /// - Parameters:
    ///   - ids: `[T]`, `int32` or `int64`, each in `0 ..< V`.
    ///   - paddingIndex: The row that gets no gradient; nil for none.
    /// - Returns: `[T, H]`.
    /// - Throws: `.indexOutOfRange`.
    public func embedding(_ ids: Tensor, paddingIndex: Int? = nil) throws(TorchError) -> Tensor {
        try makeTensor("embedding", from: self, ids) {
            ct_nn_embedding($0, self.handle, ids.handle, Int64(paddingIndex ?? -1))
        }
    }

    /// Root-mean-square normalization over the last dimension.
    ///
    /// - Parameters:
    ///   - weight: `[H]`; this tensor is `[.., H]`.
    ///   - epsilon: Added to the mean square.
    /// - Returns: A tensor of this shape.
    /// - Throws: `.failed` if the sizes differ.
    ///
    /// Source: Zhang and Sennrich 2019; `LlamaRMSNorm`.
    public func rmsNorm(_ weight: Tensor, epsilon: Double) throws(TorchError) -> Tensor {
        try makeTensor("rmsNorm", from: self, weight) {
            ct_nn_rms_norm($0, self.handle, weight.handle, epsilon)
        }
    }

    /// Layer normalization over the last dimension.
    ///
    /// - Parameters:
    ///   - residual: A tensor of this shape, added first.
    ///   - weight: `[H]`; this tensor is `[.., H]`.
    ///   - bias: `[H]`.
    ///   - epsilon: Added to the variance.
    /// - Returns: A tensor of this shape.
    /// - Throws: `.failed` if the sizes differ.
    public func layerNorm(
        adding residual: Tensor? = nil,
        _ weight: Tensor,
        bias: Tensor?,
        epsilon: Double
    ) throws(TorchError) -> Tensor {
        try makeTensor("layerNorm", from: self, weight) { out in
            withExtendedLifetime((residual, bias)) {
                ct_nn_layer_norm(
                    out,
                    self.handle,
                    residual?.handle ?? ct_tensor(),
                    weight.handle,
                    bias?.handle ?? ct_tensor(),
                    epsilon
                )
            }
        }
    }

    /// `silu(self) · up`.
    ///
    /// - Parameter up: A tensor of this shape.
    /// - Returns: A tensor of this shape.
    /// - Throws: `.failed` if the shapes differ.
    ///
    /// Source: Shazeer 2020, "GLU variants improve transformer".
    public func swiglu(_ up: Tensor) throws(TorchError) -> Tensor {
        try makeTensor("swiglu", from: self, up) { ct_nn_swiglu($0, self.handle, up.handle) }
    }

    /// Applies rotary position embedding to the first R elements of each head, in the half-split layout.
    ///
    /// - Parameters:
    ///   - cosine: `[T, R]`, R even and at most D; this tensor is `[T, N, D]`.
    ///   - sine: `[T, R]`.
    /// - Returns: A tensor of this shape.
    /// - Throws: `.failed` if the sizes differ.
    ///
    /// Source: Su et al. 2021; `apply_rotary_pos_emb` of transformers' Llama.
    public func rope(cosine: Tensor, sine: Tensor) throws(TorchError) -> Tensor {
        try makeTensor("rope", from: self, cosine, sine) {
            ct_nn_rope($0, self.handle, cosine.handle, sine.handle)
        }
    }

    /// Zeroes elements with a probability, and scales the rest to preserve the mean.
    ///
    /// - Parameters:
    ///   - probability: Probability that an element is zeroed; fraction in `0 ..< 1`.
    ///   - random: The stream to draw from.
    /// - Returns: A tensor of this shape.
    /// - Throws: `.outOfMemory`.
    public func dropout(_ probability: Double, random: RandomSource) throws(TorchError) -> Tensor {
        try dropout(probability, seed: random.draw())
    }

    /// Dropout with a mask that is computed from a seed, and recomputed instead of stored.
    ///
    /// - Parameters:
    ///   - probability: Probability that an element is zeroed; fraction in `0 ..< 1`.
    ///   - seed: The seed of the mask; equal seeds give equal masks on every device.
    ///   - plain: Whether to use libtorch's operations instead of our kernel, to compare the two.
    /// - Returns: A tensor of this shape.
    /// - Throws: `.outOfMemory`.
    package func dropout(
        _ probability: Double,
        seed: UInt64,
        plain: Bool = false
    ) throws(TorchError) -> Tensor {
        try makeTensor("dropout", from: self) { ct_nn_dropout($0, self.handle, probability, seed, plain) }
    }
}
