/// Scans JSON in place without building a tree, for speed over many rows.
///
/// It reports only whether something is JSON; `JSONValue.parse` explains errors.
///
/// Source: RFC 8259.
struct JSONScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    /// The number of bytes scanned.
    private(set) var position = 0
    /// The maximum nesting depth.
    static let mostDepth = 256

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// The next byte other than white space; 0 at the end.
    mutating func peek() -> UInt8 {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case let byte: return byte
            }
        }
        return 0
    }

    /// Whether only white space is left.
    mutating func isAtEnd() -> Bool {
        _ = peek()
        return position == bytes.count
    }

    /// Consumes a byte if it comes next.
    mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard bytes.count - position >= length,
            (0..<length).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
        else { return false }
        position += length
        return true
    }

    /// Reads and unescapes a string; half of a surrogate pair becomes U+FFFD.
    mutating func string(into text: inout [UInt8]) -> Bool {
        text.removeAll(keepingCapacity: true)
        guard take("\"") else { return false }
        while true {
            let start = position
            while position < bytes.count, bytes[position] != 0x22, bytes[position] != 0x5C,
                bytes[position] >= 0x20
            {
                position += 1
            }
            text.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<position]))
            guard position < bytes.count, bytes[position] >= 0x20 else { return false }
            position += 1
            if bytes[position - 1] == 0x22 { return true }
            guard escape(into: &text) else { return false }
        }
    }

    private mutating func escape(into text: inout [UInt8]) -> Bool {
        guard position < bytes.count else { return false }
        position += 1
        switch bytes[position - 1] {
        case 0x22: text.append(0x22)
        case 0x5C: text.append(0x5C)
        case UInt8(ascii: "/"): text.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            guard var scalar = hexadecimal() else { return false }
            if scalar & 0xFC00 == 0xD800, position + 1 < bytes.count, bytes[position] == 0x5C,
                bytes[position + 1] == UInt8(ascii: "u")
            {
                let before = position
                position += 2
                guard let low = hexadecimal() else { return false }
                if low & 0xFC00 == 0xDC00 {
                    scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    position = before
                }
            }
            text.append(contentsOf: UTF8.encode(Unicode.Scalar(scalar) ?? "\u{FFFD}") ?? .init())
        default: return false
        }
        return true
    }

    private mutating func hexadecimal() -> UInt32? {
        guard bytes.count - position >= 4 else { return nil }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// Reads `true`, `false`, `null` or a number, including the non-finite numbers of Python's `json.dumps`.
    ///
    /// `NaN` is a missing value, as in datasets.
    mutating func scalar() -> CellValue? {
        switch peek() {
        case UInt8(ascii: "N"): return take(word: "NaN") ? .missing : nil
        case UInt8(ascii: "I"): return take(word: "Infinity") ? .double(.infinity) : nil
        case UInt8(ascii: "t"): return take(word: "true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return take(word: "false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return take(word: "null") ? .missing : nil
        default: return number()
        }
    }

    private mutating func number() -> CellValue? {
        let start = position
        if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position > start, take(word: "Infinity") { return .double(-.infinity) }
        let first = position
        var value = 0
        var isWhole = true
        while position < bytes.count, let digit = Self.digit(bytes[position]) {
            let (times, overflow) = value.multipliedReportingOverflow(by: 10)
            // Accumulate negatively: the negative range is larger by one.
            let (sum, carry) = times.subtractingReportingOverflow(digit)
            if overflow || carry { isWhole = false }
            value = sum
            position += 1
        }
        guard position > first, bytes[first] != UInt8(ascii: "0") || position == first + 1 else { return nil }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            guard digits() else { return nil }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            position += 1
            if position < bytes.count,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            guard digits() else { return nil }
        }
        if isWhole, first > start { return .int(value) }
        if isWhole, value != .min { return .int(-value) }
        return Double(String(decoding: bytes[start..<position], as: UTF8.self)).map(CellValue.double)
    }

    private mutating func digits() -> Bool {
        let start = position
        while position < bytes.count, Self.digit(bytes[position]) != nil { position += 1 }
        return position > start
    }

    private static func digit(_ byte: UInt8) -> Int? {
        (0x30...0x39).contains(byte) ? Int(byte) - 0x30 : nil
    }

    /// Skips any value.
    mutating func skipValue(depth: Int = 0) -> Bool {
        guard depth < Self.mostDepth else { return false }
        var scratch: [UInt8] = []
        switch peek() {
        case UInt8(ascii: "\""): return string(into: &scratch)
        case UInt8(ascii: "["):
            position += 1
            if take("]") { return true }
            repeat { guard skipValue(depth: depth + 1) else { return false } } while take(",")
            return take("]")
        case UInt8(ascii: "{"):
            position += 1
            if take("}") { return true }
            repeat {
                guard string(into: &scratch), take(":"), skipValue(depth: depth + 1) else { return false }
            } while take(",")
            return take("}")
        default: return scalar() != nil
        }
    }
}
