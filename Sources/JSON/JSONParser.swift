/// An error in JSON text, with its position.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The expected syntax.
    public var message: String
    /// The offset in bytes.
    public var offset: Int

    /// The message with the byte offset.
    public var description: String { "\(message) at byte \(offset)" }
}

extension JSONValue {
    /// Parses a JSON document and keeps every number's digits, which Foundation's decoder does not.
    ///
    /// - Parameter bytes: The document, in UTF-8. Python's `NaN` and `Infinity` are rejected.
    /// - Returns: The document.
    /// - Throws: The error and its position; also for nesting deeper than 256.
    public static func parse(_ bytes: some Collection<UInt8>) throws(JSONError) -> JSONValue {
        try parse(bytes, allowingNonFinite: false)
    }

    /// Parses a JSON document, optionally reading Python's `NaN`, `Infinity` and `-Infinity` as null.
    package static func parse(
        _ bytes: some Collection<UInt8>,
        allowingNonFinite: Bool
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes: Array(bytes), allowsNonFinite: allowingNonFinite)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == parser.bytes.count else {
            throw parser.error("expected the end of the document")
        }
        return value
    }
}

/// A recursive-descent parser over bytes.
private struct JSONParser {
    let bytes: [UInt8]
    let allowsNonFinite: Bool
    var position = 0

    init(bytes: [UInt8], allowsNonFinite: Bool) {
        self.bytes = bytes
        self.allowsNonFinite = allowsNonFinite
    }

    func error(_ message: String) -> JSONError { JSONError(message: message, offset: position) }

    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
        while let byte = current, byte == 0x20 || (0x09...0x0D).contains(byte) && byte != 0x0B && byte != 0x0C
        {
            position += 1
        }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard current == byte else { return false }
        position += 1
        return true
    }

    mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipSpace()
        guard depth < 256 else { throw error("nested too deeply") }
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "N") where allowsNonFinite: return try literal("NaN", .null)
        case UInt8(ascii: "I") where allowsNonFinite: return try literal("Infinity", .null)
        case UInt8(ascii: "-") where allowsNonFinite && bytes[position...].starts(with: "-Infinity".utf8):
            return try literal("-Infinity", .null)
        default: return try number()
        }
    }

    private mutating func literal(_ text: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes[position...].starts(with: text.utf8) else { throw error("expected a value") }
        position += text.utf8.count
        return value
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        while let byte = current, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard text.first != "+", Double(text) != nil else {
            position = start
            throw error("expected a value")
        }
        return .number(text)
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        if take(UInt8(ascii: "]")) { return .array(values) }
        repeat { values.append(try value(depth: depth + 1)) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw error("expected , or ]") }
        return .array(values)
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var members: [JSONObject.Member] = []
        if take(UInt8(ascii: "}")) { return .object(JSONObject(members: members)) }
        repeat {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw error("expected a quoted name") }
            let name = try string()
            guard take(UInt8(ascii: ":")) else { throw error("expected :") }
            members.append(JSONObject.Member(name: name, value: try value(depth: depth + 1)))
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw error("expected , or }") }
        return .object(JSONObject(members: members))
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        var units: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: units, as: UTF8.self) else { throw error("not UTF-8") }
                return text
            case UInt8(ascii: "\\"): try escape(into: &units)
            case 0..<0x20: throw error("a control character in a string")
            default: units.append(byte)
            }
        }
        throw error("a string without its closing quote")
    }

    private mutating func escape(into units: inout [UInt8]) throws(JSONError) {
        guard let byte = current else { throw error("a string without its closing quote") }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): units.append(0x0A)
        case UInt8(ascii: "t"): units.append(0x09)
        case UInt8(ascii: "r"): units.append(0x0D)
        case UInt8(ascii: "b"): units.append(0x08)
        case UInt8(ascii: "f"): units.append(0x0C)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(byte)
        case UInt8(ascii: "u"):
            var code = UInt32(try hex())
            if (0xD800..<0xDC00).contains(code), bytes[position...].starts(with: "\\u".utf8) {
                position += 2
                let low = UInt32(try hex())
                guard (0xDC00..<0xE000).contains(low) else { throw error("half a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("half a surrogate pair") }
            units += Array(String(Character(scalar)).utf8)
        default: throw error("an unknown escape")
        }
    }

    private mutating func hex() throws(JSONError) -> UInt16 {
        let end = position + 4
        guard end <= bytes.count,
            let code = UInt16(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
        else { throw error("expected four hexadecimal digits") }
        position = end
        return code
    }
}
