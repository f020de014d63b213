/// The character encoding of a text file.
enum TextEncoding: Sendable {
    case utf8
    case utf16(isBigEndian: Bool)
    /// Western European (Windows code page 1252).
    case windows1252

    /// Determines the encoding from a file's first bytes.
    ///
    /// UTF-16 without a byte-order mark is recognized because most of every other byte is zero, as for Western letters.
    init(startOf bytes: some Collection<UInt8>) {
        let bytes = Array(bytes.prefix(64))
        func hasZeros(at parity: Int) -> Bool {
            let places = stride(from: parity, to: bytes.count & ~1, by: 2)
            let zeros = places.count { bytes[$0] == 0 }
            let others = stride(from: 1 - parity, to: bytes.count & ~1, by: 2).count { bytes[$0] == 0 }
            return bytes.count >= 8 && others * 8 <= bytes.count && zeros * 8 >= bytes.count * 3
        }
        if bytes.starts(with: [0xFF, 0xFE]) || hasZeros(at: 1) {
            self = .utf16(isBigEndian: false)
        } else if bytes.starts(with: [0xFE, 0xFF]) || hasZeros(at: 0) {
            self = .utf16(isBigEndian: true)
        } else {
            self = .utf8
        }
    }

    /// Appends text as UTF-8.
    ///
    /// - Parameters:
    ///   - bytes: The file's next bytes; those of an incomplete character are left.
    ///   - isLast: Whether these are the last bytes.
    ///   - text: Receives the text. Invalid characters become U+FFFD, except that UTF-8 is copied without a check.
    func decode(_ bytes: inout [UInt8], isLast: Bool, to text: inout [UInt8]) {
        switch self {
        case .utf8:
            if text.isEmpty { swap(&text, &bytes) } else { text += bytes }
            bytes.removeAll(keepingCapacity: true)
        case .windows1252:
            for byte in bytes {
                let scalar =
                    byte < 0x80 || byte >= 0xA0 ? UInt32(byte) : Self.windows1252High[Int(byte) - 0x80]
                append(Unicode.Scalar(scalar) ?? "\u{FFFD}", to: &text)
            }
            bytes.removeAll(keepingCapacity: true)
        case .utf16(let isBigEndian): decodeUTF16(&bytes, isBigEndian: isBigEndian, isLast: isLast, to: &text)
        }
    }

    private func decodeUTF16(_ bytes: inout [UInt8], isBigEndian: Bool, isLast: Bool, to text: inout [UInt8])
    {
        func unit(_ index: Int) -> UInt16 {
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return isBigEndian ? first << 8 | second : second << 8 | first
        }
        var index = 0
        while index + 1 < bytes.count {
            let high = unit(index)
            if UTF16.isLeadSurrogate(high) {
                guard index + 3 < bytes.count else { break }
                let low = unit(index + 2)
                if UTF16.isTrailSurrogate(low) {
                    let scalar = 0x10000 + (UInt32(high) - 0xD800) << 10 + (UInt32(low) - 0xDC00)
                    append(Unicode.Scalar(scalar) ?? "\u{FFFD}", to: &text)
                    index += 4
                    continue
                }
            }
            append(Unicode.Scalar(high) ?? "\u{FFFD}", to: &text)
            index += 2
        }
        bytes.removeFirst(index)
        if isLast, !bytes.isEmpty {
            append("\u{FFFD}", to: &text)
            bytes.removeAll()
        }
    }

    private func append(_ scalar: Unicode.Scalar, to text: inout [UInt8]) {
        if scalar.isASCII {
            text.append(UInt8(scalar.value))
        } else {
            text.append(contentsOf: UTF8.encode(scalar) ?? .init())
        }
    }

    /// The Unicode scalars of the bytes 0x80 to 0x9F.
    ///
    /// Source: https://encoding.spec.whatwg.org/index-windows-1252.txt
    private static let windows1252High: [UInt32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152,
        0x8D,
        0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161,
        0x203A,
        0x0153, 0x9D, 0x017E, 0x0178,
    ]
}

/// Whether bytes are valid UTF-8.
func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    if bytes.allSatisfy({ $0 < 0x80 }) { return true }
    return String(validating: bytes, as: UTF8.self) != nil
}
