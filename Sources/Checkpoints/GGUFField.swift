/// A value of a GGUF file's metadata, with its type in the file.
package enum GGUFField: Sendable, Equatable {
    /// A number of things: `uint32`.
    case count(Int)
    /// `float32`.
    case number(Double)
    /// `bool`.
    case flag(Bool)
    /// `string`.
    case text(String)
    /// A list of `string`.
    case texts([String])
    /// A list of `int32`.
    case integers([Int])
    /// A list of `float32`.
    case numbers([Float])
    /// A list of `uint8`.
    case bytes([UInt8])

    /// Appends type and value as a file has them.
    ///
    /// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, `gguf_metadata_value_type`.
    func write(to bytes: inout [UInt8]) {
        switch self {
        case .count(let value): bytes.put(UInt32(4), UInt32(clamping: value))
        case .number(let value): bytes.put(UInt32(6), Float(value).bitPattern)
        case .flag(let value): bytes.put(UInt32(7), UInt8(value ? 1 : 0))
        case .text(let value):
            bytes.put(UInt32(8))
            bytes.put(text: value)
        case .texts(let values):
            bytes.put(UInt32(9), UInt32(8), UInt64(values.count))
            for value in values { bytes.put(text: value) }
        case .integers(let values):
            bytes.put(UInt32(9), UInt32(5), UInt64(values.count))
            for value in values { bytes.put(Int32(clamping: value)) }
        case .numbers(let values):
            bytes.put(UInt32(9), UInt32(6), UInt64(values.count))
            for value in values { bytes.put(value.bitPattern) }
        case .bytes(let values):
            bytes.put(UInt32(9), UInt32(0), UInt64(values.count))
            bytes += values
        }
    }
}

extension [UInt8] {
    /// Appends whole numbers, lowest byte first.
    mutating func put<each Number: FixedWidthInteger>(_ numbers: repeat each Number) {
        for number in repeat each numbers {
            Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
        }
    }

    /// Appends a text with its length.
    mutating func put(text: String) {
        put(UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}
