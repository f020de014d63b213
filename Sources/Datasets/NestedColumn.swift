/// A column of nested values, whose parts are read as columns of their own.
///
/// A part's name is the path to it, with dots: `cats.POS` is the member `POS` of the objects in the column `cats`, as
/// `Dataset.flatten` of datasets names it. A path leads through lists: `annotations.result.value.choices` gathers the
/// choices of all results of all annotations into one list a row. Missing values in lists that it leads through are left
/// out.
public struct NestedColumn: Sendable, Equatable {
    /// The kinds of nested values.
    public enum Kind: String, Sendable {
        /// An object in each row, which Arrow calls a struct.
        case object
        /// A list of objects in each row.
        case objects = "list of objects"
        /// A list of lists in each row.
        case lists = "list of lists"
        /// Values of several kinds.
        case mixed = "values of several kinds"
        /// A type of Arrow that is not read, such as a map or a union.
        case other = "a type that is not read"
    }

    /// The column's name.
    public var name: String
    /// What it holds.
    public var kind: Kind
    /// The columns that hold its parts, in their order.
    public var parts: [String]
    /// Whether the parts are all members of its objects, so that there are no lists and no objects between.
    var hasOnlyMembers = false
    /// Why its values are no labels, and what to do; nil if nothing more is known.
    var refusal: String?
}

extension NestedColumn: CustomStringConvertible {
    /// The column's name and what it holds, as messages list it: `"cats" (object)`.
    public var description: String { "\"\(name)\" (\(kind.rawValue))" }
}

extension Dataset {
    /// All columns for a message: those that can be read, then the nested ones with what they hold.
    package var listedColumns: String {
        let names = columnNames.map { "\"\($0)\"" }
        return (names + unreadNestedColumns.map(\.description)).joined(separator: ", ")
    }

    /// The names of the classes that columns of 0 and 1 stand for: the columns' names, and of parts of one nested column
    /// the members' names alone.
    func classNames(of columns: [String]) -> [String] {
        guard let nested = nestedColumns.first(where: { Set($0.parts).isSuperset(of: columns) }) else {
            return columns
        }
        return columns.map { String($0.dropFirst(nested.name.count + 1)) }
    }

    /// The nested columns that have no column of their own name.
    package var unreadNestedColumns: [NestedColumn] { nestedColumns.filter { place(of: $0.name) == nil } }

    /// The error for a column that cannot be read as it is, or that is not there.
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

    /// What to name for an export of Label Studio, whose texts and labels are nested; nil for other data.
    ///
    /// Source: https://labelstud.io/guide/task_format and https://labelstud.io/guide/export (JSON).
    private var labelStudioHint: String? {
        let labels = "annotations.result.value.choices"
        guard place(of: labels) != nil else { return nil }
        let text = columnNames.first { $0.hasPrefix("data.") } ?? "data.text"
        return "; this is an export of Label Studio: use --text-column \(text) --label-column \(labels)"
    }
}
