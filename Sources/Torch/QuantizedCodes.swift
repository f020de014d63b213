import CTorch

/// 4-bit codes with a scale per block of consecutive elements in row-major order.
///
/// Source: Dettmers et al. 2023, "QLoRA"; `QuantState` of bitsandbytes 0.50.
package struct FourBitCodes {
    /// The sixteen values of the codes.
    package enum Map: Sendable {
        case nf4, fp4

        var native: ct_map4 { self == .nf4 ? CT_NF4 : CT_FP4 }

        /// The values, in the order of the codes.
        package var values: [Float] {
            var values = [Float](repeating: 0, count: 16)
            ct_quant_map4(&values, native)
            return values
        }
    }

    /// Scales in 8 bits, with their own scale per block of scales.
    package struct NestedScales {
        /// One code per block, uint8.
        package var codes: Tensor
        /// The values of the codes, float32 `[256]`.
        package var map: Tensor
        /// The largest magnitude per block of scales, float32.
        package var scales: Tensor
        /// The number that is added to every decoded scale.
        package var offset: Float
        /// The number of scales that share a scale.
        package var blockSize: Int

        package init(codes: Tensor, map: Tensor, scales: Tensor, offset: Float, blockSize: Int) {
            self.codes = codes
            self.map = map
            self.scales = scales
            self.offset = offset
            self.blockSize = blockSize
        }
    }

    /// The largest magnitude of each block.
    package enum Scales {
        /// One number per block, float32.
        case plain(Tensor)
        case nested(NestedScales)
    }

    package var map: Map
    /// Two codes per byte, the first in the high half: uint8 `[(count + 1) / 2, 1]`.
    package var codes: Tensor
    package var scales: Scales
    package var blockSize: Int
    package var rows: Int
    package var columns: Int

    package init(map: Map, codes: Tensor, scales: Scales, blockSize: Int, rows: Int, columns: Int) {
        self.map = map
        self.codes = codes
        self.scales = scales
        self.blockSize = blockSize
        self.rows = rows
        self.columns = columns
    }

    static func quantizing(_ values: Tensor, to map: Map, blockSize: Int) throws(TorchError) -> FourBitCodes {
        var (codes, scales) = (ct_tensor(), ct_tensor())
        let status = withExtendedLifetime(values) {
            ct_quant_quantize4(&codes, &scales, values.handle, map.native, Int64(blockSize))
        }
        try check("quantizing", status)
        return FourBitCodes(
            map: map,
            codes: Tensor(handle: codes),
            scales: .plain(Tensor(handle: scales)),
            blockSize: blockSize,
            rows: values.shape[0],
            columns: values.shape[1]
        )
    }

    /// The number of scales that share a scale in ``quantizeScales()``.
    static let nestedBlockSize = 256

    /// Quantizes plain scales to 8 bits, in blocks of ``nestedBlockSize``.
    mutating func quantizeScales() throws(TorchError) {
        guard case .plain(let plain) = scales else { return }
        let blockSize = Self.nestedBlockSize
        let map = try Moments8.dynamicMap(isSigned: true)
        var (codes, sizes, offset) = (ct_tensor(), ct_tensor(), Float(0))
        let status = withExtendedLifetime((plain, map)) {
            ct_quant_nest(&codes, &sizes, &offset, plain.handle, map.handle, Int64(blockSize))
        }
        try check("double quantization", status)
        scales = .nested(
            NestedScales(
                codes: Tensor(handle: codes),
                map: map,
                scales: Tensor(handle: sizes),
                offset: offset,
                blockSize: blockSize
            )
        )
    }

    /// All tensors, in a fixed order.
    var tensors: [Tensor] {
        switch scales {
        case .plain(let scales): [codes, scales]
        case .nested(let nested): [codes, nested.codes, nested.map, nested.scales]
        }
    }

    /// The same codes and scales in other tensors.
    ///
    /// - Parameter others: Tensors in the order of ``tensors``, of the same shapes and types.
    /// - Returns: Codes that refer to these tensors.
    func held(by others: [Tensor]) -> FourBitCodes {
        var result = self
        result.codes = others[0]
        switch scales {
        case .plain: result.scales = .plain(others[1])
        case .nested(var nested):
            (nested.codes, nested.map, nested.scales) = (others[1], others[2], others[3])
            result.scales = .nested(nested)
        }
        return result
    }

    var byteCount: Int { tensors.reduce(0) { $0 + $1.spec.byteCount } }

    func dequantize(from row: Int, into output: Tensor) throws(TorchError) {
        let status = withExtendedLifetime((tensors, output)) {
            ct_quant_dequantize4(output.handle, native, Int64(row))
        }
        try check("dequantize", status)
    }

    /// The handles, which are valid as long as the tensors.
    private var native: ct_quantized4 {
        var result = ct_quantized4()
        result.codes = codes.handle
        result.block = Int64(blockSize)
        (result.rows, result.columns) = (Int64(rows), Int64(columns))
        result.map = map.native
        switch scales {
        case .plain(let scales): result.scales = scales.handle
        case .nested(let nested):
            result.scales = nested.codes.handle
            result.nested_map = nested.map.handle
            result.nested_scales = nested.scales.handle
            result.nested_offset = nested.offset
            result.nested_block = Int64(nested.blockSize)
        }
        return result
    }
}

/// 8-bit codes with a scale per row.
///
/// Source: Dettmers et al. 2022, "LLM.int8()"; `Int8Params` of bitsandbytes 0.50.
package struct EightBitCodes {
    /// Codes from -127 to 127, int8 `[rows, columns]`.
    package var codes: Tensor
    /// The largest magnitude of each row, float32 `[rows]`; bitsandbytes calls it SCB.
    package var scales: Tensor

    package init(codes: Tensor, scales: Tensor) {
        self.codes = codes
        self.scales = scales
    }

    static func quantizing(_ values: Tensor) throws(TorchError) -> EightBitCodes {
        var (codes, scales) = (ct_tensor(), ct_tensor())
        let status = withExtendedLifetime(values) {
            ct_quant_quantize8(&codes, &scales, values.handle)
        }
        try check("quantizing", status)
        return EightBitCodes(codes: Tensor(handle: codes), scales: Tensor(handle: scales))
    }

    func dequantize(from row: Int, into output: Tensor) throws(TorchError) {
        let status = withExtendedLifetime((codes, scales, output)) {
            ct_quant_dequantize8(output.handle, codes.handle, scales.handle, Int64(row))
        }
        try check("dequantize", status)
    }
}
