extension JSONValue {
    /// The JSON text as transformers writes `config.json`: two spaces, sorted keys, a newline at the end.
    ///
    /// Source: `PretrainedConfig.to_json_string` of transformers, `json.dumps(indent=2, sort_keys=True) + "\n"`.
    public var formatted: String { text(indent: "\n", indentStep: "  ") + "\n" }

    /// The JSON text on one line with sorted keys, as written by Python's `json.dumps`.
    public var oneLine: String { text(indent: nil, indentStep: "") }

    /// The JSON text on one line, with members in their order.
    public var oneLineInOrder: String {
        switch self {
        case .object(let object):
            let members = object.members.map { Self.quoted($0.name) + ": " + $0.value.oneLineInOrder }
            return "{" + members.joined(separator: ", ") + "}"
        case .array(let values): return "[" + values.map(\.oneLineInOrder).joined(separator: ", ") + "]"
        case .null, .bool, .number, .string: return oneLine
        }
    }

    /// The JSON text on one line as Rust's serde writes it: no spaces, members in order, non-ASCII characters unescaped.
    public var compact: String {
        switch self {
        case .object(let object):
            return "{"
                + object.members.map { Self.string($0.name).compact + ":" + $0.value.compact }.joined(
                    separator: ","
                ) + "}"
        case .array(let values): return "[" + values.map(\.compact).joined(separator: ",") + "]"
        case .string(let text): return Self.quoted(text, escapingNonASCII: false)
        case .null, .bool, .number: return oneLine
        }
    }

    private func text(indent: String?, indentStep: String) -> String {
        let inner = indent.map { $0 + indentStep }
        func list(_ open: String, _ items: [String], _ close: String) -> String {
            guard !items.isEmpty else { return open + close }
            return open + (inner ?? "") + items.joined(separator: "," + (inner ?? " ")) + (indent ?? "")
                + close
        }
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .number(let text): return text
        case .string(let text): return Self.quoted(text)
        case .array(let values):
            return list("[", values.map { $0.text(indent: inner, indentStep: indentStep) }, "]")
        case .object(let object):
            let lines = object.sorted.members.map {
                Self.quoted($0.name) + ": " + $0.value.text(indent: inner, indentStep: indentStep)
            }
            return list("{", lines, "}")
        }
    }

    /// A quoted string as in Python's `json.dumps`: characters outside ASCII are escaped.
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
