/// One value of a row.
public enum CellValue: Sendable, Equatable {
    /// No value.
    case missing
    /// A text.
    case string(String)
    /// An integer; a class id if the column is a ``Feature/classLabel(_:)``.
    case int(Int)
    /// A floating-point number.
    case double(Double)
    /// True or false.
    case bool(Bool)
    /// A list of values.
    case list([CellValue])

    /// The text; nil for other values.
    public var string: String? { if case .string(let text) = self { text } else { nil } }

    /// The integer; nil for other values.
    public var int: Int? { if case .int(let number) = self { number } else { nil } }

    /// The number, integer or not; nil for other values.
    public var double: Double? {
        switch self {
        case .double(let number): number
        case .int(let number): Double(number)
        default: nil
        }
    }

    /// The Boolean; nil for other values.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The elements of a list; nil for other values.
    public var list: [CellValue]? { if case .list(let values) = self { values } else { nil } }

    /// Whether it is an infinite number, which JSON lacks and Python writes as `Infinity`.
    var isInfinite: Bool { if case .double(let number) = self { number.isInfinite } else { false } }

    /// Whether it is a list without values, which does not determine an element type.
    var isUntypedList: Bool { list?.allSatisfy { $0 == .missing } ?? false }

    /// The smallest type that holds the value; nil for a missing value, an empty list and a list of different types.
    var type: ColumnType? {
        switch self {
        case .missing: nil
        case .string: ColumnType(.string)
        case .int: ColumnType(.int64)
        case .double: ColumnType(.float64)
        case .bool: ColumnType(.bool)
        case .list(let values): Self.type(of: values)
        }
    }

    /// The type of a list of these values; integers and other numbers together are floating-point.
    private static func type(of values: [CellValue]) -> ColumnType? {
        var type: ColumnType?
        for value in values where value != .missing {
            guard let found = value.type, !found.isList else { return nil }
            guard let known = type else {
                type = found
                continue
            }
            guard let common = known.holding(found, isFixed: false) else { return nil }
            type = common
        }
        return type.map { ColumnType($0.value, isList: true) }
    }
}

extension CellValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral
{
    /// A text.
    ///
    /// - Parameter value: The text.
    public init(stringLiteral value: String) { self = .string(value) }

    /// An integer.
    ///
    /// - Parameter value: The number.
    public init(integerLiteral value: Int) { self = .int(value) }

    /// A number.
    ///
    /// - Parameter value: The number.
    public init(floatLiteral value: Double) { self = .double(value) }

    /// A Boolean.
    ///
    /// - Parameter value: True or false.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// A missing value.
    ///
    /// - Parameter nilLiteral: Nothing.
    public init(nilLiteral: ()) { self = .missing }

    /// A list of values.
    ///
    /// - Parameter elements: The values.
    public init(arrayLiteral elements: CellValue...) { self = .list(elements) }
}
