/// GPT-2's spelling of bytes as printable characters: most bytes map to themselves, the rest from U+0100.
///
/// Source: [`bytes_to_unicode`](https://github.com/openai/gpt-2/blob/master/src/encoder.py#L9)
enum ByteAlphabet {
    /// The character of each byte.
    static let scalars: [UInt32] = {
        var next: UInt32 = 256
        return (0..<256).map { byte in
            if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte) {
                return UInt32(byte)
            }
            defer { next += 1 }
            return next
        }
    }()

    private static let bytes: [Int16] = {
        var table = [Int16](repeating: -1, count: 256 + 68)
        for (byte, scalar) in scalars.enumerated() { table[Int(scalar)] = Int16(byte) }
        return table
    }()

    /// The byte that a character stands for, or nil.
    static func byte(of scalar: UInt32) -> UInt8? {
        guard Int(scalar) < bytes.count, bytes[Int(scalar)] >= 0 else { return nil }
        return UInt8(bytes[Int(scalar)])
    }

    /// The spelling of bytes.
    ///
    /// - Parameter text: Any bytes.
    /// - Returns: UTF-8 of one character per byte.
    static func spell(_ text: some Sequence<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        for byte in text { UTF8Scanner.append(scalars[Int(byte)], to: &result) }
        return result
    }

    /// The bytes that a spelling stands for, or nil if a character is not in the alphabet.
    static func unspell(_ text: [UInt8]) -> [UInt8]? {
        text.withUnsafeBufferPointer { bytes in
            var result: [UInt8] = []
            result.reserveCapacity(bytes.count)
            var index = 0
            while index < bytes.count {
                let (value, length) = UTF8Scanner.scalar(bytes, at: index)
                guard let byte = byte(of: value) else { return nil }
                result.append(byte)
                index += length
            }
            return result
        }
    }
}
