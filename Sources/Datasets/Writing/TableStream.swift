import Files
package import Foundation

/// Writes tables of the same columns one after another as the bytes of one file.
///
/// The bytes depend only on the sequence of rows, not on the tables' sizes: row groups of Parquet begin at fixed numbers of
/// rows.
package final class TableStream {
    private let format: DatasetFormat
    private let write: (UnsafeRawBufferPointer) throws(FileError) -> Void
    private let writesHeader: Bool
    private var hasBegun = false
    private var writer: ArrowWriter?
    private var builders: [ColumnBuilder] = []

    /// Creates a stream; the first table determines the columns.
    ///
    /// - Parameters:
    ///   - format: The file format.
    ///   - writesHeader: Whether delimited text begins with the columns' names.
    ///   - write: Receives the file's bytes.
    package init(
        format: DatasetFormat,
        writesHeader: Bool = true,
        write: @escaping (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) {
        (self.format, self.writesHeader, self.write) = (format, writesHeader, write)
    }

    /// Adds rows.
    ///
    /// - Parameter rows: A table with the columns of the first one; it may have no rows.
    /// - Throws: `.cannotWrite`, `.readerGone`; `.badData` if a column has another type than in the first table.
    package func append(_ rows: Dataset) throws(DatasetError) {
        let rows = try rows.loaded()
        switch format {
        case .csv: try append(RowText(rows, delimiter: UInt8(ascii: ",")), rows.count)
        case .tsv: try append(RowText(rows, delimiter: UInt8(ascii: "\t")), rows.count)
        case .jsonl: try append(RowText(rows, delimiter: nil), rows.count)
        case .parquet: try append(rows, .parquet)
        case .arrow: try append(rows, .arrow)
        }
        hasBegun = true
    }

    private func append(_ text: RowText, _ count: Int) throws(DatasetError) {
        var text = text
        var bytes = hasBegun || !writesHeader ? [] : text.header
        for row in 0..<count {
            text.append(row, to: &bytes)
            if bytes.count >= 1 << 20 {
                try send(bytes)
                bytes.removeAll(keepingCapacity: true)
            }
        }
        try send(bytes)
    }

    private func send(_ bytes: [UInt8]) throws(DatasetError) {
        guard !bytes.isEmpty else { return }
        let result: Result<Void, FileError> = bytes.withUnsafeBytes { bytes in
            do throws(FileError) { return .success(try write(bytes)) } catch { return .failure(error) }
        }
        if case .failure(let error) = result { throw DatasetError(error) }
    }

    private func append(_ rows: Dataset, _ format: ArrowWriter.Format) throws(DatasetError) {
        let writer = if let writer { writer } else { try begin(rows, format) }
        for (index, name) in rows.columnNames.enumerated()
        where rows.columns[index].type != builders[index].type {
            throw DatasetError(
                .badData,
                "column \"\(name)\" holds \(rows.columns[index].feature), but earlier rows hold \(Feature(builders[index].type))"
            )
        }
        var cursors = rows.columns.map(ColumnCursor.init)
        for row in 0..<rows.count {
            var isFull = false
            for index in builders.indices {
                if let (batch, row) = cursors[index].locate(row) {
                    builders[index].append(batch, row: row)
                } else {
                    builders[index].appendMissing()
                }
                isFull = isFull || builders[index].isFull
            }
            if isFull { try flush(writer) }
        }
    }

    private func begin(_ rows: Dataset, _ format: ArrowWriter.Format) throws(DatasetError) -> ArrowWriter {
        let made = try ArrowWriter(
            format: format,
            names: rows.columnNames,
            types: rows.columns.map(\.type),
            metadata: [("huggingface", StoredFeatures.metadata(for: rows.features))],
            write: write
        )
        builders = rows.columns.map { ColumnBuilder(type: $0.type) }
        writer = made
        return made
    }

    private func flush(_ writer: ArrowWriter) throws(DatasetError) {
        guard builders.contains(where: { $0.count > 0 }) else { return }
        var batches: [ArrowBatch] = []
        for index in builders.indices { batches.append(try builders[index].finish()) }
        try writer.append(batches)
    }

    /// Writes the rest of the file.
    ///
    /// - Throws: `.cannotWrite`, `.readerGone`.
    package func close() throws(DatasetError) {
        guard let writer else { return }
        try flush(writer)
        try writer.close()
    }
}

extension TableStream {
    /// Adds the rows of a Parquet file that this class wrote.
    ///
    /// - Parameter file: The file; it may have no rows.
    /// - Throws: As ``append(_:)``; `.badFile`.
    package func append(parquet file: URL) throws(DatasetError) {
        let path = file.path(percentEncoded: false)
        let source = try ArrowSource(path: path, format: .parquet)
        guard source.pieceCounts.contains(where: { $0 > 0 }) else { return }
        try append(Dataset(file: file, storage: StorageOptions()))
    }
}
