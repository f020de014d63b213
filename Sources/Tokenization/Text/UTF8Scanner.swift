/// Steps through UTF-8 that is known to be well-formed.
enum UTF8Scanner {
    /// The scalar at an index, with its number of bytes.
    ///
    /// - Parameters:
    ///   - bytes: Well-formed UTF-8.
    ///   - index: The first byte of a scalar.
    /// - Returns: The scalar's value and its length in bytes; U+FFFD and 1 if the bytes are not UTF-8 after all.
    @inline(__always)
    static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> (value: UInt32, length: Int) {
        let first = UInt32(bytes[index])
        if first < 0x80 { return (first, 1) }
        let left = bytes.count - index
        if first < 0xE0 {
            guard first >= 0xC2, left >= 2 else { return (0xFFFD, 1) }
            return ((first & 0x1F) << 6 | UInt32(bytes[index + 1]) & 0x3F, 2)
        }
        if first < 0xF0 {
            guard left >= 3 else { return (0xFFFD, 1) }
            let tail = (UInt32(bytes[index + 1]) & 0x3F) << 6 | UInt32(bytes[index + 2]) & 0x3F
            return ((first & 0x0F) << 12 | tail, 3)
        }
        guard left >= 4 else { return (0xFFFD, 1) }
        let middle = (UInt32(bytes[index + 1]) & 0x3F) << 12 | (UInt32(bytes[index + 2]) & 0x3F) << 6
        return ((first & 0x07) << 18 | middle | UInt32(bytes[index + 3]) & 0x3F, 4)
    }

    /// The scalar that ends just before an index.
    ///
    /// - Parameters:
    ///   - bytes: Well-formed UTF-8.
    ///   - index: The index after the scalar; above 0.
    /// - Returns: The scalar's value and its length in bytes.
    static func scalar(
        _ bytes: UnsafeBufferPointer<UInt8>,
        before index: Int
    ) -> (value: UInt32, length: Int) {
        var start = index - 1
        while start > 0, index - start < 4, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return (scalar(bytes, at: start).value, index - start)
    }

    /// Appends a scalar's UTF-8.
    ///
    /// - Parameters:
    ///   - value: A scalar's value.
    ///   - bytes: Receives the bytes.
    /// - Returns: The number of bytes appended.
    @inline(__always) @discardableResult
    static func append(_ value: UInt32, to bytes: inout [UInt8]) -> Int {
        if value < 0x80 {
            bytes.append(UInt8(value))
            return 1
        }
        if value < 0x800 {
            bytes.append(0xC0 | UInt8(truncatingIfNeeded: value >> 6))
            bytes.append(0x80 | UInt8(value & 0x3F))
            return 2
        }
        if value < 0x10000 {
            bytes.append(0xE0 | UInt8(truncatingIfNeeded: value >> 12))
            bytes.append(0x80 | UInt8(value >> 6 & 0x3F))
            bytes.append(0x80 | UInt8(value & 0x3F))
            return 3
        }
        bytes.append(0xF0 | UInt8(truncatingIfNeeded: value >> 18 & 0x07))
        bytes.append(0x80 | UInt8(value >> 12 & 0x3F))
        bytes.append(0x80 | UInt8(value >> 6 & 0x3F))
        bytes.append(0x80 | UInt8(value & 0x3F))
        return 4
    }

    /// Whether bytes are well-formed UTF-8.
    ///
    /// - Parameter bytes: Any bytes.
    /// - Returns: True if every sequence is complete, in its shortest form and a scalar.
    static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }

    /// The values of a text's scalars.
    ///
    /// - Parameter bytes: Well-formed UTF-8.
    /// - Returns: One value per scalar.
    static func scalars(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let (value, length) = scalar(bytes, at: index)
            result.append(value)
            index += length
        }
        return result
    }
}
