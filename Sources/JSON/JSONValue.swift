/// A JSON document kept exactly: a number keeps its digits, so that what was read and not changed is written as it was.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The number's own text.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// A whole number.
    public static func int(_ value: Int) -> JSONValue { .number(String(value)) }

    /// A number; `nan` and infinities, which JSON lacks, become null.
    public static func double(_ value: Double) -> JSONValue { value.isFinite ? .number("\(value)") : .null }

    /// The member of an object; null where there is none.
    public subscript(key: String) -> JSONValue {
        if case .object(let object) = self { object[key] } else { .null }
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
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

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
