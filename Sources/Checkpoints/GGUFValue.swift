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

    /// The value as an integer, if it is one.
    public var int: Int? {
        switch self {
        case .int(let value): value
        case .unsigned(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The value as a number, if it is one.
    public var double: Double? { if case .double(let value) = self { value } else { int.map(Double.init) } }

    /// The value as a Boolean, if it is one.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// A string, with U+FFFD in place of bytes that are not UTF-8.
    public var string: String? { if case .string(let value) = self { value } else { nil } }

    /// A list of integers.
    public var ints: [Int]? { if case .ints(let values) = self { values } else { nil } }

    /// A list of numbers.
    public var doubles: [Double]? {
        if case .doubles(let values) = self { values } else { ints.map { $0.map(Double.init) } }
    }

    /// A list of strings.
    public var strings: [String]? { if case .strings(let values) = self { values } else { nil } }
}
