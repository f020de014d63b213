/// A column of nested values.
///
/// Each part is read as a separate column.
///
/// A part is named by its path, with dots: `cats.POS` is the member `POS` of the objects in the column `cats`, as in
/// `Dataset.flatten` of datasets. A path may pass through lists: `annotations.result.value.choices` gathers the choices of
/// all results of all annotations into one list per row. Missing values in these lists are left out.
public struct NestedColumn: Sendable, Equatable {
    /// The kinds of nested values.
    public enum Kind: String, Sendable {
        /// An object in each row; Arrow calls it a struct.
        case object
        /// A list of objects in each row.
        case objects = "list of objects"
        /// A list of lists in each row.
        case lists = "list of lists"
        /// Values of several kinds.
        case mixed = "values of several kinds"
        /// An Arrow type that is not supported, such as a map or a union.
        case other = "a type that is not read"
    }

    /// The column's name.
    public var name: String
    /// The kind of nested values.
    public var kind: Kind
    /// The names of the columns that hold its parts, in order.
    public var parts: [String]
    /// Whether every part is a direct member of its objects, without lists or objects in between.
    var hasOnlyMembers = false
    /// Why its values are not labels, and how to fix that; nil if nothing more is known.
    var refusal: String?
}

extension NestedColumn: CustomStringConvertible {
    /// The column's name and kind, as listed in messages: `"cats" (object)`.
    public var description: String { "\"\(name)\" (\(kind.rawValue))" }
}

extension Dataset {
    /// All columns for a message: readable columns first, then nested columns with their kinds.
    package var listedColumns: String {
        let names = columnNames.map { "\"\($0)\"" }
        return (names + unreadNestedColumns.map(\.description)).joined(separator: ", ")
    }

    /// The class names for columns of 0 and 1: the column names, or the member names if all are parts of one nested column.
    func classNames(of columns: [String]) -> [String] {
        guard let nested = nestedColumns.first(where: { Set($0.parts).isSuperset(of: columns) }) else {
            return columns
        }
        return columns.map { String($0.dropFirst(nested.name.count + 1)) }
    }

    /// The nested columns that were not themselves turned into a readable column.
    package var unreadNestedColumns: [NestedColumn] { nestedColumns.filter { place(of: $0.name) == nil } }

    /// The error for a nested column that is not readable itself, or for an unknown column.
    func missingColumn(_ name: String) -> DatasetError {
        if let nested = unreadNestedColumns.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            return DatasetError(.missingColumn, Self.message(for: nested))
        }
        let hint = nearest(to: name, among: columnNames) ?? columnNames.first { $0.hasSuffix("." + name) }
        return DatasetError(
            .missingColumn,
            "there is no column \"\(name)\"; the columns are \(listedColumns)"
                + (labelStudioHint ?? hint.map { "; did you mean \"\($0)\"?" } ?? "")
        )
    }

    private static func message(for nested: NestedColumn) -> String {
        let start = "column \"\(nested.name)\" holds nested values (\(nested.kind.rawValue))"
        if let refusal = nested.refusal { return start + "; " + refusal }
        guard !nested.parts.isEmpty else {
            return start + ", which cannot be texts or labels; write it again as one text per row"
        }
        let most = 12
        let listed = nested.parts.prefix(most).map { "\"\($0)\"" }.joined(separator: ", ")
        return start + "; name one of its parts: \(listed)" + (nested.parts.count > most ? ", …" : "")
    }

    /// The columns to use for a Label Studio export, whose texts and labels are nested; nil for other data.
    ///
    /// Source: https://labelstud.io/guide/task_format and https://labelstud.io/guide/export (JSON).
    private var labelStudioHint: String? {
        let labels = "annotations.result.value.choices"
        guard place(of: labels) != nil else { return nil }
        let text = columnNames.first { $0.hasPrefix("data.") } ?? "data.text"
        return "; this is an export of Label Studio: use --text-column \(text) --label-column \(labels)"
    }
}
