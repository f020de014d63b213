/// Strings. The scanner does not check their UTF-8: rows are checked as a whole, documents string by string.
extension JSONScanner {
    /// Reads and unescapes a string; half of a surrogate pair becomes U+FFFD.
    ///
    /// - Parameter text: Receives the string.
    /// - Returns: False if there is no valid string.
    package mutating func string(into text: inout [UInt8]) -> Bool {
        text.removeAll(keepingCapacity: true)
        guard peek() == UInt8(ascii: "\"") else { return false }
        do throws(JSONFault) {
            try appendString(to: &text, replacingHalves: true)
            return true
        } catch {
            return false
        }
    }

    /// Skips a string.
    ///
    /// - Returns: False if there is no valid string.
    mutating func skipString() -> Bool {
        guard peek() == UInt8(ascii: "\"") else { return false }
        let quote = position
        position += 1
        var scratch: [UInt8] = []
        do throws(JSONFault) {
            while true {
                _ = skipPlain()
                if try takeEndOfString(openedAt: quote) { return true }
                try unescape(into: &scratch, replacingHalves: true)
                scratch.removeAll(keepingCapacity: true)
            }
        } catch {
            return false
        }
    }

    /// Reads and unescapes the string that starts at the current position.
    ///
    /// - Parameters:
    ///   - text: The string is appended.
    ///   - replacingHalves: Whether half of a surrogate pair becomes U+FFFD, instead of being an error.
    /// - Throws: The first error.
    mutating func appendString(to text: inout [UInt8], replacingHalves: Bool) throws(JSONFault) {
        let quote = position
        position += 1
        while true {
            let start = position
            _ = skipPlain()
            text.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<position]))
            if try takeEndOfString(openedAt: quote) { return }
            try unescape(into: &text, replacingHalves: replacingHalves)
        }
    }

    /// Consumes the bytes of a string up to a quote, a backslash, a control character or the end.
    ///
    /// - Returns: The union of the bytes' bits: below 0x80 if all are ASCII.
    @inline(__always)
    mutating func skipPlain() -> UInt8 {
        var end = position
        var bits: UInt8 = 0
        while end < bytes.count {
            let byte = bytes[end]
            guard byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 else { break }
            bits |= byte
            end += 1
        }
        position = end
        return bits
    }

    /// Consumes a string's closing quote after ``skipPlain()``.
    ///
    /// - Returns: False if there is a backslash instead.
    @inline(__always)
    mutating func takeEndOfString(openedAt quote: Int) throws(JSONFault) -> Bool {
        guard position < bytes.count else { throw JSONFault(.openString, at: quote, until: position) }
        guard bytes[position] >= 0x20 else {
            throw JSONFault(.controlCharacter, at: position, until: position + 1)
        }
        guard bytes[position] == UInt8(ascii: "\"") else { return false }
        position += 1
        return true
    }

    /// Decodes the escape at the current position.
    private mutating func unescape(into text: inout [UInt8], replacingHalves: Bool) throws(JSONFault) {
        let start = position
        guard start + 1 < bytes.count else { throw JSONFault(.openString, at: start, until: bytes.count) }
        position += 2
        switch bytes[start + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(bytes[start + 1])
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let code = try codePoint()
            guard let scalar = Unicode.Scalar(code) ?? (replacingHalves ? "\u{FFFD}" : nil) else {
                throw JSONFault(.halfPair, at: start, until: halfPairEnd(after: code))
            }
            text.append(contentsOf: UTF8.encode(scalar) ?? .init())
        default: throw JSONFault(.unknownEscape, at: start, until: position)
        }
    }

    /// Reads the digits after `\u`, and a second escape if the two are a surrogate pair.
    private mutating func codePoint() throws(JSONFault) -> UInt32 {
        let high = try hexadecimal()
        guard high & 0xFC00 == 0xD800, isBeforeUnicodeEscape else { return high }
        let end = position
        position += 2
        let low = try hexadecimal()
        if low & 0xFC00 == 0xDC00 { return 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00) }
        position = end
        return high
    }

    private var isBeforeUnicodeEscape: Bool {
        position + 1 < bytes.count && bytes[position] == UInt8(ascii: "\\")
            && bytes[position + 1] == UInt8(ascii: "u")
    }

    /// The end of a pair's first half and of the escape after it, which is not the second half.
    private func halfPairEnd(after code: UInt32) -> Int {
        code & 0xFC00 == 0xD800 && isBeforeUnicodeEscape ? position + 6 : position
    }

    private mutating func hexadecimal() throws(JSONFault) -> UInt32 {
        let start = position
        guard bytes.count - start >= 4 else { throw JSONFault(.shortEscape, at: start, until: start) }
        var value: UInt32 = 0
        for index in start..<start + 4 {
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else {
                throw JSONFault(.hexadecimalDigit, at: index, until: start)
            }
            value = value << 4 | UInt32(digit)
        }
        position = start + 4
        return value
    }
}
