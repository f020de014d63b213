/// Iterates over the fields of a protocol buffer, and never reads past its end, whatever the bytes contain.
///
/// Source: [the wire format](https://protobuf.dev/programming-guides/encoding/)
struct ProtobufReader {
    /// A field's value, by wire type.
    enum Value {
        case number(UInt64)
        case fixed32(UInt32)
        case bytes(Range<Int>)
        /// An eight-byte value, which is not used.
        case skipped
    }

    /// An error in the bytes, with its offset.
    struct Fault: Error {
        var offset: Int
        var reason: String
    }

    private let bytes: [UInt8]
    private let end: Int
    private(set) var offset: Int

    /// Reads a part of a buffer.
    ///
    /// - Parameters:
    ///   - bytes: The whole buffer.
    ///   - range: The message's range; nil for the whole buffer.
    init(_ bytes: [UInt8], _ range: Range<Int>? = nil) {
        self.bytes = bytes
        offset = range?.lowerBound ?? 0
        end = range?.upperBound ?? bytes.count
    }

    /// The next field: its number and value; nil at the end.
    mutating func next() throws(Fault) -> (field: UInt64, value: Value)? {
        guard offset < end else { return nil }
        let start = offset
        let key = try varint()
        guard key >> 3 > 0 else { throw Fault(offset: start, reason: "a field with number 0") }
        switch key & 7 {
        case 0: return (key >> 3, .number(try varint()))
        case 1:
            _ = try take(8)
            return (key >> 3, .skipped)
        case 2:
            let length = try varint()
            guard length <= UInt64(end - offset) else {
                throw Fault(
                    offset: start,
                    reason: "a field of \(length) bytes, but only \(end - offset) are left"
                )
            }
            return (key >> 3, .bytes(try take(Int(length))))
        case 5:
            let range = try take(4)
            let value = range.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[$1]) }
            return (key >> 3, .fixed32(value))
        default: throw Fault(offset: start, reason: "wire type \(key & 7), which is not supported")
        }
    }

    private mutating func take(_ count: Int) throws(Fault) -> Range<Int> {
        guard count <= end - offset else { throw Fault(offset: offset, reason: "the file ends too early") }
        defer { offset += count }
        return offset..<offset + count
    }

    private mutating func varint() throws(Fault) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard offset < end else { throw Fault(offset: offset, reason: "the file ends too early") }
            let byte = bytes[offset]
            offset += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Fault(offset: offset, reason: "a number of more than ten bytes")
    }
}
