/// Rows of named text columns; immutable and cheap to copy.
public struct Dataset: Sendable, Equatable {
    /// The columns' names, in the file's order.
    public let columnNames: [String]
    /// The number of rows.
    public let count: Int
    private let columns: [[String?]]

    /// A dataset of given columns.
    ///
    /// - Parameter columns: Names and values, all of one length; nil is a missing value.
    /// - Throws: `.badData` where lengths differ.
    public init(columns: [(name: String, values: [String?])]) throws(DatasetError) {
        count = columns.first?.values.count ?? 0
        for column in columns where column.values.count != count {
            throw DatasetError(
                .badData,
                "column \"\(column.name)\" has \(column.values.count) rows where \"\(columns[0].name)\" has \(count)"
            )
        }
        columnNames = columns.map(\.name)
        self.columns = columns.map(\.values)
    }

    private init(columnNames: [String], columns: [[String?]], count: Int) {
        self.columnNames = columnNames
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
        let listed = columnNames.map { "\"\($0)\"" }.joined(separator: ", ")
        let near = columnNames.first { $0.lowercased() == column.lowercased() }
        let hint = near.map { "; did you mean \"\($0)\"?" } ?? ""
        throw DatasetError(
            .missingColumn,
            "there is no column \"\(column)\"; the columns are \(listed)\(hint)"
        )
    }

    /// The rows of given numbers, in that order.
    ///
    /// - Parameter indices: Rows from 0, each below ``count``; one may come twice.
    /// - Returns: A dataset of those rows.
    public func select(_ indices: [Int]) -> Dataset {
        Dataset(
            columnNames: columnNames,
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
