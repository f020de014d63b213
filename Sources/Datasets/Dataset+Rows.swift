/// One row: a value a column.
public struct DatasetRow: Sendable {
    private let dataset: Dataset
    /// Which row of its dataset it is, from 0.
    public let index: Int

    init(_ dataset: Dataset, index: Int) {
        self.dataset = dataset
        self.index = index
    }

    /// A column's value; missing too where there is no such column.
    ///
    /// - Parameter column: The column's name.
    public subscript(column: String) -> CellValue {
        guard let index = dataset.place(of: column) else { return .missing }
        return self[index]
    }

    /// A column's value by the column's place.
    subscript(column: Int) -> CellValue {
        var cursor = ColumnCursor(dataset.columns[column])
        return cursor.locate(index).map { $0.batch.value($0.row) } ?? .missing
    }
}

/// Rows in memory, or mapped: any of them is at hand.
public struct DatasetRows: RandomAccessCollection, Sendable {
    private let dataset: Dataset

    init(_ loaded: Dataset) { dataset = loaded }

    /// The first row's number.
    public var startIndex: Int { 0 }
    /// The number of rows.
    public var endIndex: Int { dataset.count }
    /// A row.
    ///
    /// - Parameter position: Its number, from 0.
    public subscript(position: Int) -> DatasetRow { DatasetRow(dataset, index: position) }
}

extension Dataset {
    /// All rows, read into memory or, where they are large, mapped.
    ///
    /// - Parameter columns: Those that are needed; nil takes all.
    /// - Returns: The rows in order.
    /// - Throws: `.badFile`, `.missingColumn`.
    public func rows(columns: [String]? = nil) throws(DatasetError) -> DatasetRows {
        DatasetRows(try loaded(columns: columns))
    }

    /// The same rows with their columns read: a sample of a large file is small.
    ///
    /// - Parameter columns: Those that are needed, which the result has alone; nil takes all.
    /// - Returns: A dataset whose columns are in memory or mapped.
    /// - Throws: `.badFile`, `.missingColumn`.
    public func loaded(columns: [String]? = nil) throws(DatasetError) -> Dataset {
        let chosen = try columns.map { names throws(DatasetError) in try selectColumns(names) } ?? self
        // A few rows of a file are picked while it passes; for many all of it is kept, and mapped if it is large.
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

    /// Hands the rows on in parts, so that a file larger than memory passes through.
    ///
    /// - Parameters:
    ///   - size: Rows of a part.
    ///   - columns: Those that are needed; nil takes all.
    ///   - body: Gets every part, in order.
    /// - Throws: `.badFile`, `.missingColumn`, and what `body` throws.
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

    /// A column's values as texts in row order; nil where one is missing.
    ///
    /// Numbers and booleans are the text that Python's `str` gives, classes their names.
    ///
    /// - Parameter column: Its name.
    /// - Returns: As many values as there are rows.
    /// - Throws: `.missingColumn`, listing the columns there are; `.badFile`; `.badData` for a column of lists.
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
