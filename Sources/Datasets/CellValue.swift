/// One value of a row.
public enum CellValue: Sendable, Equatable {
    /// There is none.
    case missing
    /// A text.
    case string(String)
    /// A whole number; the id of a class where the column is a ``Feature/classLabel(_:)``.
    case int(Int)
    /// A number.
    case double(Double)
    /// True or false.
    case bool(Bool)
    /// Several values.
    case list([CellValue])

    /// The text, where it is one.
    public var string: String? { if case .string(let text) = self { text } else { nil } }

    /// The whole number, where it is one.
    public var int: Int? { if case .int(let number) = self { number } else { nil } }

    /// The number, where it is one, whole or not.
    public var double: Double? {
        switch self {
        case .double(let number): number
        case .int(let number): Double(number)
        default: nil
        }
    }

    /// The truth value, where it is one.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The values, where there are several.
    public var list: [CellValue]? { if case .list(let values) = self { values } else { nil } }

    /// Whether it is a number without bounds, which JSON lacks and Python writes as `Infinity`.
    var isInfinite: Bool { if case .double(let number) = self { number.isInfinite } else { false } }

    /// Whether it is a list that does not tell what such lists hold.
    var isUntypedList: Bool { list?.allSatisfy { $0 == .missing } ?? false }

    /// The smallest type that holds the value; nil for a missing one, and for a list without values or of values of
    /// different types.
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

    /// The type of a list of these; one of whole and other numbers holds numbers.
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

    /// A whole number.
    ///
    /// - Parameter value: The number.
    public init(integerLiteral value: Int) { self = .int(value) }

    /// A number.
    ///
    /// - Parameter value: The number.
    public init(floatLiteral value: Double) { self = .double(value) }

    /// A truth value.
    ///
    /// - Parameter value: True or false.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// A missing value.
    ///
    /// - Parameter nilLiteral: Nothing.
    public init(nilLiteral: ()) { self = .missing }

    /// Several values.
    ///
    /// - Parameter elements: The values.
    public init(arrayLiteral elements: CellValue...) { self = .list(elements) }
}
