/// One row: one value per column.
public struct DatasetRow: Sendable {
    private let dataset: Dataset
    /// The zero-based index of the row in its dataset.
    public let index: Int

    init(_ dataset: Dataset, index: Int) {
        self.dataset = dataset
        self.index = index
    }

    /// The value of a column; missing if there is no such column.
    ///
    /// - Parameter column: The column's name.
    public subscript(column: String) -> CellValue {
        guard let index = dataset.place(of: column) else { return .missing }
        return self[index]
    }

    /// The value of the column at an index.
    subscript(column: Int) -> CellValue {
        var cursor = ColumnCursor(dataset.columns[column])
        return cursor.locate(index).map { $0.batch.value($0.row) } ?? .missing
    }
}

/// Rows in memory or memory-mapped, with random access.
public struct DatasetRows: RandomAccessCollection, Sendable {
    private let dataset: Dataset

    init(_ loaded: Dataset) { dataset = loaded }

    /// The index of the first row, 0.
    public var startIndex: Int { 0 }
    /// The number of rows.
    public var endIndex: Int { dataset.count }
    /// The row at an index.
    ///
    /// - Parameter position: The zero-based index.
    public subscript(position: Int) -> DatasetRow { DatasetRow(dataset, index: position) }
}

extension Dataset {
    /// Returns all rows, in memory or, if they are large, memory-mapped.
    ///
    /// - Parameter columns: The columns to read; nil reads all.
    /// - Returns: The rows in order.
    /// - Throws: `.badFile`, `.missingColumn`.
    public func rows(columns: [String]? = nil) throws(DatasetError) -> DatasetRows {
        DatasetRows(try loaded(columns: columns))
    }

    /// Reads the columns.
    ///
    /// If the rows are a sample of a large file, only they are kept.
    ///
    /// - Parameter columns: The columns to read; the result has only these. Nil reads all.
    /// - Returns: A dataset whose columns are in memory or memory-mapped.
    /// - Throws: `.badFile`, `.missingColumn`.
    public func loaded(columns: [String]? = nil) throws(DatasetError) -> Dataset {
        let chosen = try columns.map { names throws(DatasetError) in try selectColumns(names) } ?? self
        // A few rows are picked while the file streams; for many rows the whole file is kept, mapped if it is large.
        var compactions: [ObjectIdentifier: Compaction?] = [:]
        return try chosen.changingColumns { (column) throws(DatasetError) in
            guard !column.isLoaded, let selection = column.selection else {
                return try column.loaded(nil, storage)
            }
            let id = ObjectIdentifier(selection)
            let compaction = compactions[id] ?? Compaction(selection, storedCount: column.storedCount)
            compactions[id] = compaction
            return try column.loaded(compaction, storage)
        }
    }

    /// Passes the rows to a closure in batches, so that a file may be larger than memory.
    ///
    /// - Parameters:
    ///   - size: The number of rows per batch.
    ///   - columns: The columns to read; nil reads all.
    ///   - body: Receives every batch, in order.
    /// - Throws: `.badFile`, `.missingColumn`, and errors of `body`.
    public func forEachBatch(
        of size: Int = 1024,
        columns: [String]? = nil,
        _ body: (Dataset) throws -> Void
    ) throws {
        let loaded = try loaded(columns: columns)
        for start in stride(from: 0, to: loaded.count, by: max(size, 1)) {
            try body(loaded.select(start..<start + max(size, 1)))
        }
    }

    /// Returns a column's values as texts in row order; nil for missing values.
    ///
    /// Numbers and booleans are formatted as by Python's `str`; classes become their names.
    ///
    /// - Parameter column: The column's name.
    /// - Returns: One value per row.
    /// - Throws: `.missingColumn`, listing the existing columns; `.badFile`; `.badData` for a column of lists.
    public func strings(_ column: String) throws(DatasetError) -> [String?] {
        let loaded = try loaded(columns: [column])
        let source = loaded.columns[0]
        guard !source.type.isList else {
            throw DatasetError(
                .badData,
                "column \"\(column)\" holds lists, but one text per row is needed; choose another column"
            )
        }
        let names = source.feature.classLabel?.names
        let texts = names == nil ? try source.asText() : source
        var cursor = ColumnCursor(texts)
        func text(_ row: Int) -> String? {
            guard let (batch, row) = cursor.locate(row), !batch.isMissing(row) else { return nil }
            guard let names else { return batch.values.string(row) }
            let id = batch.values.int(row, as: texts.type.value)
            return names.indices.contains(id) ? names[id] : nil
        }
        return (0..<loaded.count).map(text)
    }
}
