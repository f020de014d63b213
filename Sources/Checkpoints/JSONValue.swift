/// A JSON document kept exactly: a number keeps its digits, so that what was read and not changed is written as it was.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The number's own text.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// A whole number.
    public static func int(_ value: Int) -> JSONValue { .number(String(value)) }

    /// A number; `nan` and infinities, which JSON lacks, become null.
    public static func double(_ value: Double) -> JSONValue { value.isFinite ? .number("\(value)") : .null }

    /// The member of an object; null where there is none.
    public subscript(key: String) -> JSONValue {
        if case .object(let members) = self { members[key] ?? .null } else { .null }
    }

    /// A number without a fraction.
    public var int: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }

    /// A number.
    public var double: Double? { if case .number(let text) = self { Double(text) } else { nil } }

    /// A truth value.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// A text.
    public var string: String? { if case .string(let value) = self { value } else { nil } }

    /// A list's elements.
    public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    /// An object's members.
    public var object: [String: JSONValue]? { if case .object(let value) = self { value } else { nil } }

    /// What kind of value this is, for messages.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a truth value"
        case .number(let text): "the number \(text)"
        case .string(let text): "the text \"\(text)\""
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension JSONValue {
    /// As the reference writes `config.json`: two spaces, keys sorted, a newline at the end.
    ///
    /// Source: `PretrainedConfig.to_json_string` of transformers, `json.dumps(indent=2, sort_keys=True) + "\n"`.
    public var formatted: String { text(indent: "\n", indentStep: "  ") + "\n" }

    /// On one line, keys sorted, as Python's `json.dumps` does.
    public var oneLine: String { text(indent: nil, indentStep: "") }

    /// On one line without spaces and with characters outside ASCII as they are, as Rust's serde writes.
    var compact: String {
        switch self {
        case .object(let members):
            let sorted = members.sorted { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
            return "{" + sorted.map { Self.string($0.key).compact + ":" + $0.value.compact }.joined(separator: ",") + "}"
        case .array(let values): return "[" + values.map(\.compact).joined(separator: ",") + "]"
        case .string(let text): return Self.quoted(text, escapingNonASCII: false)
        case .null, .bool, .number: return oneLine
        }
    }

    private func text(indent: String?, indentStep: String) -> String {
        let inner = indent.map { $0 + indentStep }
        func list(_ open: String, _ items: [String], _ close: String) -> String {
            guard !items.isEmpty else { return open + close }
            return open + (inner ?? "") + items.joined(separator: "," + (inner ?? " ")) + (indent ?? "") + close
        }
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .number(let text): return text
        case .string(let text): return Self.quoted(text)
        case .array(let values):
            return list("[", values.map { $0.text(indent: inner, indentStep: indentStep) }, "]")
        case .object(let members):
            let sorted = members.sorted { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
            let lines = sorted.map {
                Self.quoted($0.key) + ": " + $0.value.text(indent: inner, indentStep: indentStep)
            }
            return list("{", lines, "}")
        }
    }

    /// Python's `json.dumps`: everything outside ASCII escaped.
    private static func quoted(_ text: String, escapingNonASCII: Bool = true) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            guard scalar.value < 0x7F || escapingNonASCII else {
                result.unicodeScalars.append(scalar)
                continue
            }
            for unit in UTF16.encode(scalar) ?? .init() { result += escaped(unit) }
        }
        return result + "\""
    }

    private static func escaped(_ unit: UInt16) -> String {
        switch unit {
        case 0x22: return "\\\""
        case 0x5C: return "\\\\"
        case 0x0A: return "\\n"
        case 0x0D: return "\\r"
        case 0x09: return "\\t"
        case 0x08: return "\\b"
        case 0x0C: return "\\f"
        case 0x20..<0x7F: return String(Unicode.Scalar(UInt8(unit)))
        default:
            let hex = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }
    }
}
