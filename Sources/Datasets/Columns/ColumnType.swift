import CArrow

/// The type of one value, with the dtype names of datasets.
public enum ValueType: String, Sendable, CaseIterable {
    /// UTF-8 text.
    case string
    /// True or false.
    case bool
    /// A 32-bit integer.
    case int32
    /// A 64-bit integer.
    case int64
    /// A 64-bit floating-point number.
    case float64
}

/// The type of a column's values in memory.
struct ColumnType: Sendable, Equatable {
    var value: ValueType
    var isList = false

    /// Converts CArrow's type; nil for nested values.
    init?(_ type: ca_type) {
        switch type.kind {
        case CA_STRING: value = .string
        case CA_BOOL: value = .bool
        case CA_INT32: value = .int32
        case CA_INT64: value = .int64
        case CA_FLOAT64: value = .float64
        default: return nil
        }
        isList = type.is_list
    }

    init(_ value: ValueType, isList: Bool = false) {
        self.value = value
        self.isList = isList
    }

    /// Whether each value is one number.
    var isNumber: Bool { !isList && [.int32, .int64, .float64].contains(value) }

    /// The corresponding CArrow type.
    var arrow: ca_type {
        let kind =
            switch value {
            case .string: CA_STRING
            case .bool: CA_BOOL
            case .int32: CA_INT32
            case .int64: CA_INT64
            case .float64: CA_FLOAT64
            }
        return ca_type(kind: kind, is_list: isList)
    }
}
