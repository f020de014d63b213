/// Rows of named columns; immutable and cheap to copy.
///
/// Columns stay where they are (in a Parquet file, mapped, or in memory) until they are asked for, and choosing rows
/// copies nothing. What reads therefore throws: the file may turn out to be damaged.
///
/// Names and meaning follow `Dataset` of datasets 5.2 (arrow_dataset.py).
public struct Dataset: Sendable {
    /// The columns' names, in the file's order.
    public let columnNames: [String]
    /// The file's columns of nested values, which are read by their parts.
    public let nestedColumns: [NestedColumn]
    /// The number of rows.
    public let count: Int
    /// What a person should know of how the rows were read: a guessed encoding, say.
    public let warnings: [String]
    let columns: [Column]
    /// The files that the rows come from; nil if they were not read from files.
    let origins: RowOrigins?
    let storage: StorageOptions

    init(
        names: [String],
        columns: [Column],
        nested: [NestedColumn] = [],
        warnings: [String] = [],
        origins: RowOrigins? = nil,
        storage: StorageOptions = StorageOptions()
    ) {
        columnNames = names
        self.columns = columns
        nestedColumns = nested
        self.warnings = warnings
        self.origins = origins
        self.storage = storage
        count = columns.first?.count ?? 0
    }

    /// A dataset of the same rows with other columns.
    func with(_ columns: [(name: String, column: Column)]) -> Dataset { with(columns, origins: origins) }

    private func with(_ columns: [(name: String, column: Column)], origins: RowOrigins?) -> Dataset {
        Dataset(
            names: columns.map(\.name),
            columns: columns.map(\.column),
            nested: nestedColumns,
            warnings: warnings,
            origins: origins,
            storage: storage
        )
    }

    /// The nested columns of which nothing can be read.
    public var leftOutColumns: [String] {
        unreadNestedColumns.filter(\.parts.isEmpty).map(\.name)
    }

    /// This dataset with every column changed.
    func changingColumns(_ change: (Column) throws(DatasetError) -> Column) throws(DatasetError) -> Dataset {
        var changed: [(name: String, column: Column)] = []
        for (name, column) in namedColumns { changed.append((name, try change(column))) }
        return with(changed)
    }

    /// The columns with their names.
    var namedColumns: [(name: String, column: Column)] {
        Array(zip(columnNames, columns)).map { (name: $0, column: $1) }
    }

    /// What each column holds, in the columns' order.
    public var features: [(name: String, feature: Feature)] {
        namedColumns.map { ($0.name, $0.column.feature) }
    }

    /// What a column holds.
    ///
    /// - Parameter column: Its name.
    /// - Returns: Its feature.
    /// - Throws: `.missingColumn`, listing the columns there are.
    public func feature(of column: String) throws(DatasetError) -> Feature {
        columns[try index(of: column)].feature
    }

    /// Where a column stands; nil where there is none of that name.
    func place(of column: String) -> Int? {
        // By bytes: for Swift "é" and "e\u{301}" would be one name.
        columnNames.firstIndex { $0.utf8.elementsEqual(column.utf8) }
    }

    /// Where a column stands.
    func index(of column: String) throws(DatasetError) -> Int {
        if let index = place(of: column) { return index }
        throw missingColumn(column)
    }

    /// The rows of given numbers, in that order.
    ///
    /// - Parameter indices: Rows from 0, each below ``count``; one may come twice.
    /// - Returns: A dataset of those rows.
    public func select(_ indices: [Int]) -> Dataset {
        precondition(
            indices.allSatisfy { $0 >= 0 && $0 < count },
            "a row that is not there was selected; rows go from 0 to \(count - 1)"
        )
        // Columns that share a selection share the new one, and so does the rows' origin.
        var known: [ObjectIdentifier?: RowSelection] = [:]
        func selecting(from old: RowSelection?) -> RowSelection {
            let id = old.map { ObjectIdentifier($0) }
            let selection =
                known[id] ?? RowSelection(old.map { old in indices.map { old.rows[$0] } } ?? indices)
            known[id] = selection
            return selection
        }
        return with(
            namedColumns.map { ($0, $1.selecting(selecting(from: $1.selection))) },
            origins: origins.map {
                RowOrigins(files: $0.files, selection: selecting(from: $0.selection), name: $0.name)
            }
        )
    }

    /// The rows of a range.
    ///
    /// - Parameter range: Rows from 0; what is beyond the last is left out.
    /// - Returns: A dataset of those rows.
    public func select(_ range: Range<Int>) -> Dataset { select(Array(range.clamped(to: 0..<count))) }

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
