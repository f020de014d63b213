import CTorch

/// The versions of the kernel for products of 8-bit integers, which all compute the same sums.
package enum Int8Kernel: Sendable, CaseIterable {
    /// The fastest for this machine.
    case automatic
    /// Without instructions of a certain machine.
    case portable
    case avx2
    case avxVNNI
    case avx512VNNI

    var native: ct_int8_kernel {
        switch self {
        case .automatic: CT_INT8_AUTOMATIC
        case .portable: CT_INT8_PORTABLE
        case .avx2: CT_INT8_AVX2
        case .avxVNNI: CT_INT8_AVX_VNNI
        case .avx512VNNI: CT_INT8_AVX512_VNNI
        }
    }

    /// Whether this machine has its instructions.
    package var isSupported: Bool { ct_quant_has_int8_kernel(native) }
}

/// A matrix in the layout of integer products: 8-bit codes with a scale per row.
///
/// The rows of an input are quantized when it is multiplied, each with its own scale and zero point.
///
/// Source: Dettmers et al. 2022, "LLM.int8()"; Yao et al. 2022, "ZeroQuant".
package struct Int8Panels {
    /// Codes from -127 to 127, int8 `[rows / 16, columns / 4, 16, 4]`, both rounded up.
    let codes: Tensor
    /// One number per row, float32.
    let scales: Tensor
    /// The sum of each row's codes, int32.
    let sums: Tensor
    let rows: Int
    let columns: Int
    /// A few numbers of a row of inputs that are larger than this many times its mean magnitude are multiplied in float32; 0 for
    /// none.
    let outlierFactor: Float

    /// The most columns of a matrix, so that no sum of products overflows.
    package static var mostColumns: Int { Int(ct_quant_int8_most_columns()) }

    /// Quantizes a matrix by rows, of which only some are in floating point at a time.
    ///
    /// - Parameters:
    ///   - rows: The number of rows.
    ///   - columns: The number of columns, at most ``mostColumns``.
    ///   - outlierFactor: See ``outlierFactor``.
    ///   - values: Returns consecutive rows, `[R, columns]`, float32, bfloat16 or float16, on the CPU.
    /// - Throws: `.failed` for NaN and infinity, and for a size that is not supported; the errors of `values`.
    init(
        rows: Int,
        columns: Int,
        outlierFactor: Float,
        _ values: (Range<Int>) throws(TorchError) -> Tensor
    ) throws(TorchError) {
        var (codes, scales, sums) = (ct_tensor(), ct_tensor(), ct_tensor())
        try check("quantizing", ct_quant_int8_new(&codes, &scales, &sums, Int64(rows), Int64(columns)))
        (self.codes, self.scales) = (Tensor(handle: codes), Tensor(handle: scales))
        self.sums = Tensor(handle: sums)
        (self.rows, self.columns, self.outlierFactor) = (rows, columns, outlierFactor)
        // About 16 MB in float32, of whole panels.
        let height = max(16, (1 << 22) / columns / 16 * 16)
        for start in stride(from: 0, to: rows, by: height) {
            let part = try values(start..<min(start + height, rows))
            let status = withExtendedLifetime((part, self)) {
                ct_quant_int8_pack(native, part.handle, Int64(start))
            }
            try check("quantizing", status)
        }
    }

    /// The handles, which are valid as long as the tensors.
    fileprivate var native: ct_int8_matrix {
        ct_int8_matrix(
            panels: codes.handle,
            scales: scales.handle,
            sums: sums.handle,
            rows: Int64(rows),
            columns: Int64(columns),
            outlier_factor: outlierFactor
        )
    }

    var byteCount: Int { codes.count + scales.count * 4 + sums.count * 4 }

    func dequantize(from row: Int, into output: Tensor) throws(TorchError) {
        let status = withExtendedLifetime((self, output)) {
            ct_quant_int8_unpack(output.handle, native, Int64(row))
        }
        try check("dequantize", status)
    }
}

extension QuantizedMatrix {
    /// Whether products with it are sums of integers; see ``packing(_:outlierFactor:)``.
    package var isPacked: Bool { panels != nil }

    /// The layout of integer products; nil for another form.
    package var panels: Int8Panels? {
        if case .packed(let panels) = contents { panels } else { nil }
    }

    /// Quantizes a matrix for integer products.
    ///
    /// - Parameters:
    ///   - values: `[out, in]`, float32, bfloat16 or float16, on the CPU; also a transposed view.
    ///   - outlierFactor: A few numbers of a row of inputs that are larger than this many times its mean magnitude are multiplied in
    ///     float32; 0 for none.
    /// - Returns: The quantized matrix.
    /// - Throws: `.failed` for NaN and infinity, and for a matrix with more than ``Int8Panels/mostColumns`` columns.
    package static func packing(
        _ values: Tensor,
        outlierFactor: Float = 0
    ) throws(TorchError) -> QuantizedMatrix {
        guard values.shape.count == 2 else {
            throw TorchError(operation: "quantizing", message: "shape \(values.shape) is not a matrix")
        }
        let panels = try Int8Panels(
            rows: values.shape[0],
            columns: values.shape[1],
            outlierFactor: outlierFactor
        ) { (rows) throws(TorchError) in try values.narrowed(0, to: rows) }
        return QuantizedMatrix(panels, originalDType: values.dtype)
    }

    /// Quantizes the dequantized values again, for integer products.
    ///
    /// - Parameter outlierFactor: See ``packing(_:outlierFactor:)``.
    /// - Returns: The quantized matrix.
    /// - Throws: As ``packing(_:outlierFactor:)``.
    package func packed(outlierFactor: Float = 0) throws(TorchError) -> QuantizedMatrix {
        let panels = try Int8Panels(
            rows: shape[0],
            columns: shape[1],
            outlierFactor: outlierFactor
        ) { (rows) throws(TorchError) in try dequantized(rows: rows) }
        return QuantizedMatrix(panels, originalDType: originalDType)
    }
}

extension Tensor {
    /// `self · weightᵀ + bias` by sums of 8-bit integers, plus the product of an adapter in float32.
    ///
    /// Each row of this tensor is quantized alone, so its result does not depend on the other rows, nor on the number of threads.
    /// The result of a row with NaN or infinity is NaN.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`; this tensor is `[.., in]`, float32 on the CPU.
    ///   - bias: `[out]`, float32.
    ///   - adapter: The adapter's matrices; nil for none.
    ///   - routes: The library for the adapter's products.
    ///   - kernel: The version of the kernel, which does not change the result.
    /// - Returns: `[.., out]`, float32. Its gradient is that of a product with the dequantized weight.
    /// - Throws: `.failed` if the sizes differ, for another device, and for a kernel that this machine does not support.
    package func linear(
        _ weight: Int8Panels,
        bias: Tensor? = nil,
        adding adapter: LowRankProduct? = nil,
        routes: ProductRoutes = .suggested,
        kernel: Int8Kernel = .automatic
    ) throws(TorchError) -> Tensor {
        try makeTensor("linear", from: self, self) { out in
            withExtendedLifetime((weight, bias, adapter)) {
                let bias = bias?.handle ?? ct_tensor()
                guard let adapter else {
                    return ct_nn_int8_linear(
                        out,
                        handle,
                        weight.native,
                        bias,
                        nil,
                        routes.native,
                        kernel.native
                    )
                }
                return withUnsafePointer(to: adapter.native) {
                    ct_nn_int8_linear(out, handle, weight.native, bias, $0, routes.native, kernel.native)
                }
            }
        }
    }

    /// Applies a feed-forward layer by sums of 8-bit integers.
    ///
    /// Faster than its layers one after another. For prediction: there is no gradient.
    ///
    /// - Parameters:
    ///   - layers: The first layer, or gate and up, and then the last layer; this tensor is `[.., in]`, float32 on the CPU.
    ///   - biases: `[out]` of each layer, float32; nil if they have none.
    ///   - activation: The function; of the gate, if there is one.
    ///   - kernel: The version of the kernel, which does not change the result.
    /// - Returns: `[.., out]` of the last layer, float32. A row's result does not depend on the other rows.
    /// - Throws: As ``linear(_:bias:adding:routes:kernel:)``.
    package func feedForward(
        _ layers: [Int8Panels],
        biases: [Tensor]?,
        activation: FusedActivation,
        kernel: Int8Kernel = .automatic
    ) throws(TorchError) -> Tensor {
        try makeTensor("feedForward", from: self) { out in
            withExtendedLifetime(layers) {
                withHandles(biases ?? []) { start in
                    ct_nn_int8_feed_forward(
                        out,
                        handle,
                        layers.map(\.native),
                        biases == nil ? nil : start,
                        layers.count,
                        activation.native,
                        kernel.native
                    )
                }
            }
        }
    }
}
