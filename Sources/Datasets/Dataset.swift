/// A table of named columns; immutable and cheap to copy.
///
/// Columns stay where they are (in a Parquet file, memory-mapped, or in memory) until they are used, and selecting rows
/// copies nothing. Methods that read values can therefore throw, because the file may be damaged.
///
/// Names and meaning follow `Dataset` of datasets 5.2 (arrow_dataset.py).
public struct Dataset: Sendable {
    /// The names of the columns, in the file's order.
    public let columnNames: [String]
    /// The file's columns of nested values, which are read as one column per part.
    public let nestedColumns: [NestedColumn]
    /// The number of rows.
    public let count: Int
    /// Warnings about how the rows were read, for example a guessed encoding.
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

    /// Returns a dataset of the same rows with other columns.
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

    /// The nested columns without any readable part.
    public var leftOutColumns: [String] {
        unreadNestedColumns.filter(\.parts.isEmpty).map(\.name)
    }

    /// Returns this dataset with every column transformed.
    func changingColumns(_ change: (Column) throws(DatasetError) -> Column) throws(DatasetError) -> Dataset {
        var changed: [(name: String, column: Column)] = []
        for (name, column) in namedColumns { changed.append((name, try change(column))) }
        return with(changed)
    }

    /// The columns with their names.
    var namedColumns: [(name: String, column: Column)] {
        Array(zip(columnNames, columns)).map { (name: $0, column: $1) }
    }

    /// The feature of each column, in column order.
    public var features: [(name: String, feature: Feature)] {
        namedColumns.map { ($0.name, $0.column.feature) }
    }

    /// Returns the feature of a column.
    ///
    /// - Parameter column: The column's name.
    /// - Returns: The kind of values in the column.
    /// - Throws: `.missingColumn`, listing the existing columns.
    public func feature(of column: String) throws(DatasetError) -> Feature {
        columns[try index(of: column)].feature
    }

    /// Returns the index of a column; nil if there is no column of that name.
    func place(of column: String) -> Int? {
        // Compare bytes: Swift would treat "é" and "e\u{301}" as one name.
        columnNames.firstIndex { $0.utf8.elementsEqual(column.utf8) }
    }

    /// Returns the index of a column.
    func index(of column: String) throws(DatasetError) -> Int {
        if let index = place(of: column) { return index }
        throw missingColumn(column)
    }

    /// Selects rows by index, in the given order.
    ///
    /// - Parameter indices: Zero-based indices below ``count``; repeats are allowed.
    /// - Returns: A dataset of those rows.
    public func select(_ indices: [Int]) -> Dataset {
        precondition(
            indices.allSatisfy { $0 >= 0 && $0 < count },
            "a selected row does not exist; rows go from 0 to \(count - 1)"
        )
        // Columns and origins that shared a selection share the new one, too.
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

    /// Selects a range of rows.
    ///
    /// - Parameter range: Zero-based row indices; those beyond the last row are ignored.
    /// - Returns: A dataset of those rows.
    public func select(_ range: Range<Int>) -> Dataset { select(Array(range.clamped(to: 0..<count))) }

    /// Shuffles the rows, in the same order as datasets for the same seed.
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
