/// A value other than a string, a list or an object, as Python's `json` reads it.
package enum JSONScalar: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A whole number that fits into 64 bits.
    case int(Int)
    /// Any other number; `Infinity` and `-Infinity` are infinite.
    case double(Double)
    /// `NaN`.
    case notANumber
}

extension JSONScanner {
    /// Reads `true`, `false`, `null` or a number, including the non-finite numbers of Python's `json.dumps`.
    ///
    /// - Returns: The value; nil if there is none.
    package mutating func scalar() -> JSONScalar? {
        switch peek() {
        case UInt8(ascii: "N"): take(word: "NaN") ? .notANumber : nil
        case UInt8(ascii: "I"): take(word: "Infinity") ? .double(.infinity) : nil
        case UInt8(ascii: "t"): take(word: "true") ? .bool(true) : nil
        case UInt8(ascii: "f"): take(word: "false") ? .bool(false) : nil
        case UInt8(ascii: "n"): take(word: "null") ? .null : nil
        default: number()
        }
    }

    private mutating func number() -> JSONScalar? {
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
        return Double(String(decoding: bytes[start..<position], as: UTF8.self)).map(JSONScalar.double)
    }

    private mutating func digits() -> Bool {
        let start = position
        while position < bytes.count, Self.digit(bytes[position]) != nil { position += 1 }
        return position > start
    }

    private static func digit(_ byte: UInt8) -> Int? {
        (0x30...0x39).contains(byte) ? Int(byte) - 0x30 : nil
    }
}
