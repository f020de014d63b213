import NN
import Torch

/// A weight matrix that is quantized when it is written to a file.
///
/// Codes and scales are written one after the other. Each method computes both and keeps the scales for the next call, so that
/// the matrix is quantized once.
final class QuantizedWeight {
    let parameter: Parameter
    /// The order of its axes.
    let order: MatrixOrder
    /// The number of outputs, or of rows of a table.
    let rowCount: Int
    /// The number of inputs, or the width of a table.
    let columnCount: Int
    private var keptScales: (bits: Int, scales: [Float])?

    /// Creates a matrix.
    ///
    /// - Parameters:
    ///   - parameter: A weight with two axes.
    ///   - order: The order of its axes.
    init(_ parameter: Parameter, _ order: MatrixOrder) {
        self.parameter = parameter
        self.order = order
        let shape = order == .outputsFirst ? parameter.shape : parameter.shape.reversed()
        (rowCount, columnCount) = (shape[0], shape[1])
    }

    /// The number of 4-bit blocks in a row.
    var blockCount: Int { (columnCount + FourBitBlock.size - 1) / FourBitBlock.size }

    /// The values in float32, `[out, in]`.
    private func rows() throws -> Tensor {
        let values = try parameter.value.detached().to(dtype: .float32, device: .cpu)
        return try (order == .outputsFirst ? values : values.transposed(0, 1)).contiguous()
    }

    /// The scales that the last call kept, or else those that `compute` finds.
    private func scales(_ bits: Int, _ compute: () throws -> [Float]) throws -> [Float] {
        defer { keptScales = nil }
        if let keptScales, keptScales.bits == bits { return keptScales.scales }
        return try compute()
    }

    // MARK: 8 bits

    /// The codes 1 to 255 with 128 for zero, `[in, out]`, uint8.
    func unsignedCodes() throws -> Tensor { try codes(offset: 128, .uint8).transposed(0, 1).contiguous() }

    /// The codes -127 to 127, `[rows, columns]`, int8.
    func signedRows() throws -> Tensor { try codes(offset: 0, .int8) }

    /// The scale of each row.
    func rowScales() throws -> Tensor {
        try Tensor(scales(8) { try EightBitRows.scales(requireFinite(rows()), columnCount) })
    }

    private func codes(offset: Int32, _ dtype: DType) throws -> Tensor {
        let rows = try requireFinite(rows())
        let scales = EightBitRows.scales(rows, columnCount)
        let codes = try Tensor.empty([rowCount, columnCount], dtype: dtype)
        try codes.withUnsafeMutableBytes {
            EightBitRows.quantize(rows, scales, columnCount, offset: offset, into: $0)
        }
        keptScales = (8, scales)
        return codes
    }

    // MARK: 4 bits

    /// The codes, two in each byte, `[out, blocks, 16]`, uint8.
    func fourBitCodes() throws -> Tensor {
        let (codes, scales) = try fourBits()
        keptScales = (4, scales)
        return codes
    }

    /// The scale of each block, `[out · blocks]`.
    func fourBitScales() throws -> Tensor { try Tensor(scales(4) { try fourBits().scales }) }

    private func fourBits() throws -> (codes: Tensor, scales: [Float]) {
        let rows = try requireFinite(rows())
        let codes = try Tensor.empty([rowCount, blockCount, FourBitBlock.byteCount], dtype: .uint8)
        var scales: [Float] = []
        try codes.withUnsafeMutableBytes {
            scales = FourBitBlock.quantize(rows, columnCount, into: $0)
        }
        return (codes, scales)
    }

    private func requireFinite(_ rows: Tensor) throws -> Tensor {
        guard try rows.isFinite() else {
            throw ExportError(
                .unsupported,
                "\(parameter.name) has infinite or NaN values, which cannot be quantized; train the model again"
            )
        }
        return rows
    }
}

/// Rounds a small number to the nearest whole one, ties to even, without a call into the C library.
///
/// - Parameter number: A number below 2²².
/// - Returns: The whole number.
@inline(__always)
func roundedToEven(_ number: Float) -> Float {
    // Beyond 1.5 · 2²³ float32 has no fraction.
    let shift: Float = 12_582_912
    return number + shift - shift
}

/// Quantization to 8 bits with a scale per row.
enum EightBitRows {
    /// The scale of each row: its largest absolute value becomes 127.
    ///
    /// - Parameters:
    ///   - rows: A contiguous float32 tensor on the CPU.
    ///   - width: The number of elements of a row.
    /// - Returns: The scales; 1 for a row of zeros.
    static func scales(_ rows: Tensor, _ width: Int) -> [Float] {
        let values = rows.memory.bindMemory(to: Float.self)
        return withExtendedLifetime(rows) {
            stride(from: 0, to: values.count, by: max(width, 1)).map { start in
                var largest: Float = 0
                for index in start..<start + width { largest = max(largest, abs(values[index])) }
                let scale = largest / 127
                // The smallest numbers have no usable reciprocal.
                return scale < .leastNormalMagnitude ? 1 : scale
            }
        }
    }

    /// Rounds each element to a code.
    ///
    /// - Parameters:
    ///   - rows: A contiguous float32 tensor on the CPU.
    ///   - scales: The scale of each row.
    ///   - width: The number of elements of a row.
    ///   - offset: The code of zero.
    ///   - codes: Receives one byte per element.
    static func quantize(
        _ rows: Tensor,
        _ scales: [Float],
        _ width: Int,
        offset: Int32,
        into codes: UnsafeMutableRawBufferPointer
    ) {
        let values = rows.memory.bindMemory(to: Float.self)
        withExtendedLifetime(rows) {
            for (row, scale) in scales.enumerated() {
                for index in row * width..<(row + 1) * width {
                    let code = min(max(roundedToEven(values[index] / scale), -127), 127)
                    codes[index] = UInt8(truncatingIfNeeded: Int32(code) &+ offset)
                }
            }
        }
    }
}
