/// A storage type for frozen weights, with bitsandbytes' names.
public enum Quantization: String, Sendable, CaseIterable {
    /// Four bits: quantiles of the normal distribution.
    case nf4
    /// Four bits: a sign, two bits of exponent and one of mantissa.
    case fp4
    /// Eight bits with a scale per row: LLM.int8().
    case int8
}

/// A frozen matrix `[out, in]` that is kept as it is stored and dequantized by rows when it is used.
///
/// The parts may map a file. A product that dequantizes tile by tile never needs a float copy of the matrix.
public struct QuantizedMatrix {
    package enum Contents {
        case fourBits(FourBitCodes)
        case eightBits(EightBitCodes)
        case stored(any StoredRows)
        case packed(Int8Panels)
    }

    package let contents: Contents
    /// Sizes `[out, in]`.
    public let shape: [Int]
    /// The storage type in capitals, for example `NF4` or `Q4_1`.
    public let storage: String
    /// The type of the values before quantization; nil if unknown.
    public let originalDType: DType?
    /// Size of all parts in bytes.
    public let byteCount: Int

    /// Whether the scales of 4-bit blocks are quantized, too.
    public var isDoubleQuantized: Bool {
        guard case .fourBits(let codes) = contents, case .nested = codes.scales else { return false }
        return true
    }

    package init(_ codes: FourBitCodes, originalDType: DType?) {
        contents = .fourBits(codes)
        shape = [codes.rows, codes.columns]
        storage = codes.map == .nf4 ? "NF4" : "FP4"
        self.originalDType = originalDType
        byteCount = codes.byteCount
    }

    package init(_ codes: EightBitCodes, originalDType: DType?) {
        contents = .eightBits(codes)
        shape = codes.codes.shape
        storage = "INT8"
        self.originalDType = originalDType
        byteCount = codes.codes.count + codes.scales.count * 4
    }

    init(_ panels: Int8Panels, originalDType: DType?) {
        contents = .packed(panels)
        shape = [panels.rows, panels.columns]
        storage = "INT8 panels"
        self.originalDType = originalDType
        byteCount = panels.byteCount
    }

    package init(_ rows: any StoredRows) {
        contents = .stored(rows)
        shape = rows.shape
        storage = rows.storage
        originalDType = nil
        byteCount = rows.byteCount
    }

    /// The number of rows that are dequantized at once: about 16 MB in float32.
    ///
    /// Large enough that a product outweighs adding its result to the others, and small compared with a model.
    var tileRows: Int { max(1, (1 << 22) / max(1, shape[1])) }

    /// Consecutive rows that are dequantized at once, in order.
    package var tiles: [Range<Int>] {
        stride(from: 0, to: shape[0], by: tileRows).map { $0..<min($0 + tileRows, shape[0]) }
    }

    /// Quantizes a matrix as bitsandbytes does.
    ///
    /// - Parameters:
    ///   - values: `[out, in]`, float32, bfloat16 or float16, on the CPU.
    ///   - kind: The storage type.
    ///   - isDoubleQuantized: Whether to quantize the scales of 4-bit blocks to 8 bits, too.
    ///   - blockSize: The number of 4-bit elements that share a scale: a power of two from 32 to 4096. transformers uses 64.
    /// - Returns: The quantized matrix.
    /// - Throws: `.failed` for NaN and infinity, and for more than 65504 in `int8`, which rounds to float16 first.
    ///
    /// Source: `quantize_4bit` and `int8_vectorwise_quant` of bitsandbytes 0.50.
    public static func quantizing(
        _ values: Tensor,
        to kind: Quantization,
        isDoubleQuantized: Bool = false,
        blockSize: Int = 64
    ) throws(TorchError) -> QuantizedMatrix {
        guard values.shape.count == 2 else {
            throw TorchError(operation: "quantizing", message: "shape \(values.shape) is not a matrix")
        }
        switch kind {
        case .nf4, .fp4:
            var codes = try FourBitCodes.quantizing(
                values,
                to: kind == .nf4 ? .nf4 : .fp4,
                blockSize: blockSize
            )
            if isDoubleQuantized { try codes.quantizeScales() }
            return QuantizedMatrix(codes, originalDType: values.dtype)
        case .int8:
            return QuantizedMatrix(try EightBitCodes.quantizing(values), originalDType: values.dtype)
        }
    }

    /// Dequantizes rows.
    ///
    /// - Parameters:
    ///   - rows: Zero-based indices of consecutive rows; nil for all rows.
    ///   - dtype: `float32` or `bfloat16`, which is the float32 value rounded to nearest.
    /// - Returns: `[rows, in]` on the CPU.
    /// - Throws: `.indexOutOfRange` for rows beyond the matrix; `.outOfMemory`.
    /// - Complexity: One pass over the rows on all cores.
    public func dequantized(
        rows: Range<Int>? = nil,
        to dtype: DType = .float32
    ) throws(TorchError) -> Tensor {
        let rows = rows ?? 0..<shape[0]
        let output = try Tensor.empty([rows.count, shape[1]], dtype: dtype)
        try dequantize(from: rows.lowerBound, into: output)
        return output
    }

    /// Dequantizes rows into an existing tensor.
    ///
    /// - Parameters:
    ///   - row: Zero-based index of the first row.
    ///   - output: `[rows, in]`, contiguous, float32 or bfloat16, on the CPU.
    /// - Throws: `.indexOutOfRange` for rows beyond the matrix; `.failed` for another kind of tensor.
    public func dequantize(from row: Int, into output: Tensor) throws(TorchError) {
        let given = output.shape
        guard given.count == 2, given[1] == shape[1], [.float32, .bfloat16].contains(output.dtype) else {
            throw TorchError(
                operation: "dequantize",
                message: "rows of a matrix \(shape) do not fit into \(output.dtype.rawValue) \(given)"
            )
        }
        guard row >= 0, given[0] <= shape[0], row <= shape[0] - given[0] else {
            throw TorchError(
                code: .indexOutOfRange,
                operation: "dequantize",
                message: "\(given[0]) rows from row \(row) on are not within a matrix \(shape)"
            )
        }
        switch contents {
        case .fourBits(let codes): try codes.dequantize(from: row, into: output)
        case .eightBits(let codes): try codes.dequantize(from: row, into: output)
        case .stored(let stored): try stored.dequantize(from: row, into: output)
        case .packed(let panels): try panels.dequantize(from: row, into: output)
        }
    }
}

/// Rows in a storage type that this module does not know, such as the blocks of a GGUF file.
package protocol StoredRows: AnyObject, Sendable {
    /// Sizes `[rows, columns]`.
    var shape: [Int] { get }
    /// The storage type in capitals.
    var storage: String { get }
    /// Size in bytes as stored.
    var byteCount: Int { get }

    /// Dequantizes consecutive rows, which are within the matrix.
    func dequantize(
        _ rows: Range<Int>,
        into output: UnsafeMutableBufferPointer<Float>
    ) throws(TorchError)
}

extension StoredRows {
    /// Dequantizes rows into a contiguous float32 or bfloat16 tensor.
    fileprivate func dequantize(from row: Int, into output: Tensor) throws(TorchError) {
        let count = output.shape[0]
        if output.dtype == .float32 {
            try dequantize(row..<row + count, into: output)
            return
        }
        // The float32 values of some rows at a time, small enough for a cache.
        let step = max(1, (1 << 18) / max(1, shape[1]))
        let tile = try Tensor.empty([min(step, count), shape[1]])
        for start in stride(from: 0, to: count, by: step) {
            let size = min(step, count - start)
            let part = try tile.narrowed(0, to: 0..<size)
            try dequantize(row + start..<row + start + size, into: part)
            try output.narrowed(0, to: start..<start + size).assign(part)
        }
    }

    private func dequantize(_ rows: Range<Int>, into output: Tensor) throws(TorchError) {
        var failure: TorchError?
        try output.withUnsafeMutableBytes { bytes in
            do throws(TorchError) {
                try dequantize(rows, into: bytes.bindMemory(to: Float.self))
            } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
