/// A JSON value that keeps each number's digits, so that unchanged values are written exactly as they were read.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number, as its text.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Creates a whole number.
    public static func int(_ value: Int) -> JSONValue { .number(String(value)) }

    /// Creates a number.
    ///
    /// NaN and infinities, which JSON lacks, become null.
    public static func double(_ value: Double) -> JSONValue { value.isFinite ? .number("\(value)") : .null }

    /// The value of an object's member; null if there is none.
    public subscript(key: String) -> JSONValue {
        if case .object(let object) = self { object[key] } else { .null }
    }

    /// The whole number, or nil.
    public var int: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }

    /// The number, or nil.
    public var double: Double? { if case .number(let text) = self { Double(text) } else { nil } }

    /// The Boolean, or nil.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The string, or nil.
    public var string: String? { if case .string(let value) = self { value } else { nil } }

    /// The array's elements, or nil.
    public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    /// The object's members, or nil.
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// A description of the value's kind, for messages.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a Boolean"
        case .number(let text): "the number \(text)"
        case .string(let text): "the string \"\(text)\""
        case .array: "a list"
        case .object: "an object"
        }
    }
}
