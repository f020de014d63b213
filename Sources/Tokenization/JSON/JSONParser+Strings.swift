extension JSONParser {
    /// Reads the string at the current position and appends its node.
    mutating func parseString(_ text: UnsafeBufferPointer<UInt8>) throws(Fault) {
        advance(by: 1)
        let start = offset
        var end = start
        var isASCII: UInt8 = 0
        while end < text.count, text[end] != UInt8(ascii: "\""), text[end] != UInt8(ascii: "\\") {
            guard text[end] >= 0x20 else {
                throw Fault(offset: end, reason: "a control character in a string")
            }
            isASCII |= text[end]
            end += 1
        }
        guard end < text.count else { throw Fault(offset: start - 1, reason: "an unterminated string") }
        if text[end] == UInt8(ascii: "\"") {
            if isASCII >= 0x80 { try checkUTF8(UnsafeBufferPointer(rebasing: text[start..<end]), at: start) }
            appendString(start: start, length: end - start)
            advance(by: end + 1 - start)
            return
        }
        try parseEscapedString(text, from: start)
    }

    private func checkUTF8(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) throws(Fault) {
        guard UTF8Scanner.isValid(bytes) else {
            throw Fault(offset: start, reason: "a string that is not UTF-8")
        }
    }

    private mutating func parseEscapedString(
        _ text: UnsafeBufferPointer<UInt8>,
        from start: Int
    ) throws(Fault) {
        var result: [UInt8] = []
        var index = start
        while true {
            guard index < text.count else {
                throw Fault(offset: start - 1, reason: "an unterminated string")
            }
            let byte = text[index]
            if byte == UInt8(ascii: "\"") { break }
            guard byte >= 0x20 else { throw Fault(offset: index, reason: "a control character in a string") }
            if byte == UInt8(ascii: "\\") {
                index = try unescape(text, at: index, into: &result)
            } else {
                result.append(byte)
                index += 1
            }
        }
        guard result.withUnsafeBufferPointer(UTF8Scanner.isValid) else {
            throw Fault(offset: start, reason: "a string that is not UTF-8")
        }
        appendUnescaped(result)
        advance(by: index + 1 - start)
    }

    /// Decodes the escape at `index`.
    ///
    /// - Returns: The index after the escape.
    private func unescape(
        _ text: UnsafeBufferPointer<UInt8>,
        at index: Int,
        into result: inout [UInt8]
    ) throws(Fault) -> Int {
        guard index + 1 < text.count else { throw Fault(offset: index, reason: "an unterminated string") }
        switch text[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(text[index + 1])
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"): return try unescapeUnicode(text, at: index, into: &result)
        default: throw Fault(offset: index, reason: "an unknown escape in a string")
        }
        return index + 2
    }

    private func unescapeUnicode(
        _ text: UnsafeBufferPointer<UInt8>,
        at index: Int,
        into result: inout [UInt8]
    ) throws(Fault) -> Int {
        var value = try hexadecimal(text, at: index + 2)
        var next = index + 6
        if value & 0xFC00 == 0xD800, next + 1 < text.count, text[next] == UInt8(ascii: "\\"),
            text[next + 1] == UInt8(ascii: "u")
        {
            let low = try hexadecimal(text, at: next + 2)
            if low & 0xFC00 == 0xDC00 {
                value = 0x10000 + ((value & 0x3FF) << 10) + (low & 0x3FF)
                next += 6
            }
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw Fault(offset: index, reason: "a lone surrogate, which is not a character")
        }
        result.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
        return next
    }

    private func hexadecimal(_ text: UnsafeBufferPointer<UInt8>, at start: Int) throws(Fault) -> UInt32 {
        guard start + 4 <= text.count else { throw Fault(offset: start, reason: "an unterminated string") }
        var value: UInt32 = 0
        for index in start..<start + 4 {
            guard let digit = Character(Unicode.Scalar(text[index])).hexDigitValue else {
                throw Fault(offset: index, reason: "expected a hexadecimal digit")
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
