/// A value of a GGUF file's metadata.
public enum GGUFValue: Sendable, Equatable {
    case int(Int)
    case unsigned(UInt64)
    case double(Double)
    case bool(Bool)
    case string(String)
    case ints([Int])
    case doubles([Double])
    case bools([Bool])
    case strings([String])

    /// A whole number.
    public var int: Int? {
        switch self {
        case .int(let value): value
        case .unsigned(let value): Int(exactly: value)
        default: nil
        }
    }

    /// A number.
    public var double: Double? { if case .double(let value) = self { value } else { int.map(Double.init) } }

    /// A truth value.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// A text; bytes that are not UTF-8 come as U+FFFD.
    public var string: String? { if case .string(let value) = self { value } else { nil } }

    /// A list of whole numbers.
    public var ints: [Int]? { if case .ints(let values) = self { values } else { nil } }

    /// A list of numbers.
    public var doubles: [Double]? {
        if case .doubles(let values) = self { values } else { ints.map { $0.map(Double.init) } }
    }

    /// A list of texts.
    public var strings: [String]? { if case .strings(let values) = self { values } else { nil } }
}
