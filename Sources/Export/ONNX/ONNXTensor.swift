import Torch

/// A type of the elements of an ONNX tensor, with the format's own numbers.
///
/// Source: `TensorProto.DataType` of onnx.proto.
enum ONNXType: Int32, Hashable {
    case float32 = 1
    case uint8 = 2
    case int8 = 3
    case int32 = 6
    case int64 = 7
    case bool = 9
    case float16 = 10

    /// The size of an element in bytes.
    var byteWidth: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .float16: 2
        case .float32, .int32: 4
        case .int64: 8
        }
    }
}

/// A tensor stored in an ONNX file.
struct ONNXTensor {
    /// The source of the values.
    enum Values {
        /// Little-endian bytes, row by row.
        case bytes([UInt8])
        /// Weights that are computed when they are written, so that only one tensor is in memory twice.
        case computed(() throws -> Tensor)
    }

    let name: String
    let type: ONNXType
    let shape: [Int]
    let values: Values
    /// A remark for readers of the file.
    var note = ""

    var byteCount: Int { shape.reduce(type.byteWidth, *) }

    /// Passes the bytes to a closure.
    ///
    /// - Parameter body: Receives bytes that are valid until it returns.
    /// - Throws: The error of computing the values; `.corrupt` for values of another size; the error of `body`.
    func withBytes(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        switch values {
        case .bytes(let bytes):
            try requireSize(bytes.count)
            try bytes.withUnsafeBytes(body)
        case .computed(let compute):
            let tensor = try compute().to(device: .cpu).contiguous()
            try requireSize(tensor.memory.count)
            try withExtendedLifetime(tensor) { try body(tensor.memory) }
        }
    }

    /// The header in the file states the size before the values are computed.
    private func requireSize(_ count: Int) throws(ExportError) {
        guard count == byteCount else {
            throw ExportError(
                .corrupt,
                "the weight \(name) has \(count) bytes, but its shape \(shape) needs \(byteCount)"
            )
        }
    }
}

/// The little-endian bytes of numbers.
///
/// - Parameter numbers: Whole or floating-point numbers.
/// - Returns: Their bytes, in order.
func littleEndianBytes<Number: BitwiseCopyable>(_ numbers: [Number]) -> [UInt8] {
    // All supported machines are little-endian.
    numbers.withUnsafeBytes { Array($0) }
}
