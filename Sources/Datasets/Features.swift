import Files

/// The kind of values that a column holds.
///
/// Source: `Value`, `ClassLabel` and `List` of datasets 5.2 (features/features.py).
public indirect enum Feature: Sendable, Equatable {
    /// One value per row.
    case value(ValueType)
    /// The id of one of these classes per row.
    case classLabel(ClassLabel)
    /// A list of these values per row, of any length.
    case list(Feature)

    /// The type of the values in memory; nil for lists of lists.
    var columnType: ColumnType? {
        switch self {
        case .value(let type): ColumnType(type)
        case .classLabel: ColumnType(.int64)
        case .list(.value(let type)): ColumnType(type, isList: true)
        case .list(.classLabel): ColumnType(.int64, isList: true)
        case .list(.list): nil
        }
    }

    init(_ type: ColumnType) {
        self = type.isList ? .list(.value(type.value)) : .value(type.value)
    }

    /// The classes of a column of labels or of lists of labels; nil for other columns.
    public var classLabel: ClassLabel? {
        switch self {
        case .value: nil
        case .classLabel(let label): label
        case .list(let element): element.classLabel
        }
    }
}

extension Feature: CustomStringConvertible {
    /// A readable form: `string`, `3 classes`, `list of int64`.
    public var description: String {
        switch self {
        case .value(let type): type.rawValue
        case .classLabel(let label): "\(counted(label.names.count, "class", "classes"))"
        case .list(let element): "list of \(element)"
        }
    }
}
