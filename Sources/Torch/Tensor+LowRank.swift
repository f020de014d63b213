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

    /// The product for C++, valid as long as the tensors.
    var native: ct_low_rank {
        ct_low_rank(a: a.handle, b: b.handle, scale: scale, dropout: dropout, seed: seed)
    }

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
                    adapter.native,
                    dtype.native,
                    routes.native
                )
            }
        }
    }
}

extension Tensor {
    /// `self · weightᵀ + bias` with a frozen weight that stays quantized, plus the product of an adapter.
    ///
    /// The weight is dequantized tile by tile, in the backward pass again; nothing of its size is kept. Products with a packed
    /// weight (``QuantizedMatrix/packing(_:outlierFactor:)``) are sums of 8-bit integers instead, in any type.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`; this tensor is `[.., in]`.
    ///   - bias: `[out]`, float32.
    ///   - adapter: The adapter's matrices; nil for none.
    ///   - dtype: The type that the factors are rounded to; `.float32` rounds nothing.
    ///   - routes: Whether a CPU multiplies in that type, or in float32 without rounding float32 factors.
    /// - Returns: `[.., out]`, float32.
    /// - Throws: `.failed` if the sizes differ.
    ///
    /// Source: `MatMul4Bit` of bitsandbytes 0.50 (bitsandbytes/autograd/_functions.py).
    package func linear(
        _ weight: QuantizedMatrix,
        bias: Tensor? = nil,
        adding adapter: LowRankProduct? = nil,
        in dtype: DType = .float32,
        routes: ProductRoutes = .suggested
    ) throws(TorchError) -> Tensor {
        if case .packed(let panels) = weight.contents {
            return try linear(panels, bias: bias, adding: adapter, routes: routes)
        }
        let box = Unmanaged.passRetained(QuantizedMatrixBox(weight))
        let stored = ct_stored_matrix(
            context: box.toOpaque(),
            read: { context, out, first in
                guard let context else { return Int32(CT_ERROR.rawValue) }
                let matrix = Unmanaged<QuantizedMatrixBox>.fromOpaque(context).takeUnretainedValue().matrix
                // The caller frees its handle, so make another one.
                var own = ct_tensor()
                guard ct_tensor_alias(&own, out) == Int32(CT_OK.rawValue) else {
                    return Int32(CT_ERROR.rawValue)
                }
                do throws(TorchError) {
                    try matrix.dequantize(from: Int(first), into: Tensor(handle: own))
                    return Int32(CT_OK.rawValue)
                } catch {
                    return ct_fail(error.code.native, "\(error.operation): \(error.message)")
                }
            },
            release: { context in
                context.map { Unmanaged<QuantizedMatrixBox>.fromOpaque($0).release() }
            },
            rows: Int64(weight.shape[0]),
            columns: Int64(weight.shape[1]),
            tile_rows: Int64(weight.tileRows)
        )
        return try makeTensor("linear", from: self, self) { out in
            withExtendedLifetime((bias, adapter?.a, adapter?.b)) {
                let bias = bias?.handle ?? ct_tensor()
                guard let adapter else {
                    return ct_nn_stored_linear(out, handle, stored, bias, nil, dtype.native, routes.native)
                }
                return withUnsafePointer(to: adapter.native) {
                    ct_nn_stored_linear(out, handle, stored, bias, $0, dtype.native, routes.native)
                }
            }
        }
    }
}

/// A quantized matrix that C++ refers to.
private final class QuantizedMatrixBox {
    let matrix: QuantizedMatrix

    init(_ matrix: QuantizedMatrix) { self.matrix = matrix }
}
