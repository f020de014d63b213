/// Rows of named text columns; immutable and cheap to copy.
public struct Dataset: Sendable, Equatable {
    /// The columns' names, in the file's order.
    public let columnNames: [String]
    /// The file's columns that cannot be read as text: lists and nested values.
    public let leftOutColumns: [String]
    /// The number of rows.
    public let count: Int
    private let columns: [[String?]]

    /// A dataset of given columns.
    ///
    /// - Parameters:
    ///   - columns: Names and values, all of one length; nil is a missing value.
    ///   - leftOutColumns: Columns of the same file that cannot be read as text.
    /// - Throws: `.badData` where lengths differ.
    public init(
        columns: [(name: String, values: [String?])],
        leftOutColumns: [String] = []
    ) throws(DatasetError) {
        count = columns.first?.values.count ?? 0
        for column in columns where column.values.count != count {
            throw DatasetError(
                .badData,
                "column \"\(column.name)\" has \(column.values.count) rows where \"\(columns[0].name)\" has \(count)"
            )
        }
        columnNames = columns.map(\.name)
        self.leftOutColumns = leftOutColumns
        self.columns = columns.map(\.values)
    }

    private init(columnNames: [String], leftOutColumns: [String], columns: [[String?]], count: Int) {
        self.columnNames = columnNames
        self.leftOutColumns = leftOutColumns
        self.columns = columns
        self.count = count
    }

    /// A column's values in row order; nil where one is missing.
    ///
    /// - Parameter column: Its name.
    /// - Returns: As many values as there are rows.
    /// - Throws: `.missingColumn`, listing the columns there are.
    public func strings(_ column: String) throws(DatasetError) -> [String?] {
        if let index = columnNames.firstIndex(of: column) { return columns[index] }
        if leftOutColumns.contains(column) {
            throw DatasetError(
                .missingColumn,
                "column \"\(column)\" holds lists or nested values, which cannot be texts or labels yet; "
                    + "write it again as one text a row"
            )
        }
        let listed = columnNames.map { "\"\($0)\"" }.joined(separator: ", ")
        let hint = nearest(to: column, among: columnNames).map { "; did you mean \"\($0)\"?" } ?? ""
        throw DatasetError(
            .missingColumn,
            "there is no column \"\(column)\"; the columns are \(listed)\(hint)"
        )
    }

    /// One value; nil where it is missing.
    func value(row: Int, column: Int) -> String? { columns[column][row] }

    /// The rows of given numbers, in that order.
    ///
    /// - Parameter indices: Rows from 0, each below ``count``; one may come twice.
    /// - Returns: A dataset of those rows.
    public func select(_ indices: [Int]) -> Dataset {
        Dataset(
            columnNames: columnNames,
            leftOutColumns: leftOutColumns,
            columns: columns.map { column in indices.map { column[$0] } },
            count: indices.count
        )
    }

    /// The rows in an order drawn from a seed, the reference's for the same seed.
    ///
    /// - Parameter seed: Any number.
    /// - Returns: The same rows in another order.
    ///
    /// Source: `Dataset.shuffle` of datasets 5.2 (arrow_dataset.py).
    public func shuffle(seed: UInt64) -> Dataset {
        var random = PCG64(seed: seed)
        return select(random.permutation(count))
    }
}

/// The name that the fewest edits lead to, upper and lower case alike; nil where more than half of it would have to change.
private func nearest(to name: String, among names: [String]) -> String? {
    let wanted = Array(name.lowercased().unicodeScalars.prefix(100))
    let edits = names.prefix(1000).map {
        (name: $0, edits: distance(wanted, Array($0.lowercased().unicodeScalars.prefix(100))))
    }
    return edits.min { $0.edits < $1.edits }.flatMap { 2 * $0.edits <= wanted.count ? $0.name : nil }
}

/// Levenshtein's distance: letters to insert, remove or replace.
private func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let changed = diagonal + (x == y ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(changed, row[j] + 1, diagonal + 1)
        }
    }
    return row[b.count]
}
