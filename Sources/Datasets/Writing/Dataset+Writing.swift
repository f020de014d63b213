import Files
public import Foundation

extension Dataset {
    /// Writes all rows into a file that appears whole or not at all, and that ``init(contentsOf:storage:)`` reads back.
    ///
    /// Parquet and Arrow files keep the features, in the way that the reference reads; elsewhere classes are written by
    /// their names. In delimited text a missing value is an empty field, an empty text a quoted one, a list JSON.
    ///
    /// - Parameters:
    ///   - url: The file; folders on the way are made.
    ///   - format: What to write.
    /// - Throws: `.cannotWrite`, `.notAllowed`; `.badFile` where the rows turn out to be damaged.
    public func write(to url: URL, as format: DatasetFormat) throws(DatasetError) {
        try write(to: url, as: format, metadata: [])
    }

    /// Writes all rows with more in the schema than the features; text formats have no place for it.
    func write(
        to url: URL,
        as format: DatasetFormat,
        metadata: [(key: String, value: String)]
    ) throws(DatasetError) {
        let rows = try loaded()
        var file = try asDataset { () throws(FileError) in try AtomicFile(at: url) }
        try rows.write(as: format, to: &file, metadata)
        try asDataset { () throws(FileError) in try file.commit() }
    }

    private func write(
        as format: DatasetFormat,
        to file: inout AtomicFile,
        _ metadata: [(key: String, value: String)]
    ) throws(DatasetError) {
        switch format {
        case .parquet: try writeArrow(.parquet, to: file.temporary, metadata)
        case .arrow: try writeArrow(.arrow, to: file.temporary, metadata)
        case .csv: try writeText(RowText(self, delimiter: UInt8(ascii: ",")), to: &file)
        case .tsv: try writeText(RowText(self, delimiter: UInt8(ascii: "\t")), to: &file)
        case .jsonl: try writeText(RowText(self, delimiter: nil), to: &file)
        }
    }

    private func writeArrow(
        _ format: ArrowWriter.Format,
        to path: String,
        _ metadata: [(key: String, value: String)]
    ) throws(DatasetError) {
        let writer = try ArrowWriter(
            path: path,
            format: format,
            names: columnNames,
            types: columns.map(\.type),
            metadata: [("huggingface", StoredFeatures.metadata(for: features))] + metadata
        )
        var builders = columns.map { ColumnBuilder(type: $0.type) }
        var cursors = columns.map(ColumnCursor.init)
        for row in 0..<count {
            var isFull = row == count - 1
            for index in columns.indices {
                if let (batch, row) = cursors[index].locate(row) {
                    builders[index].append(batch, row: row)
                } else {
                    builders[index].appendMissing()
                }
                isFull = isFull || builders[index].isFull
            }
            guard isFull else { continue }
            var batches: [ArrowBatch] = []
            for index in builders.indices { batches.append(try builders[index].finish()) }
            try writer.append(batches)
        }
        try writer.close()
    }

    private func writeText(_ text: RowText, to file: inout AtomicFile) throws(DatasetError) {
        var text = text
        var bytes = text.header
        for row in 0..<count {
            text.append(row, to: &bytes)
            if bytes.count >= 1 << 20 {
                try asDataset { () throws(FileError) in try file.write(bytes) }
                bytes.removeAll(keepingCapacity: true)
            }
        }
        // Without rows there is a header still.
        if !bytes.isEmpty { try asDataset { () throws(FileError) in try file.write(bytes) } }
    }
}

/// Does what reads or writes a file, a failure becoming a dataset's.
///
/// - Parameter body: The work.
/// - Returns: What it returns.
/// - Throws: The file's error under the code that datasets have for it.
func asDataset<Result: ~Copyable>(_ body: () throws(FileError) -> Result) throws(DatasetError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        let code: DatasetError.Code =
            switch error.code {
            case .missing: .missingFile
            case .notAllowed: .notAllowed
            case .diskFull, .exists, .inputOutput: .cannotWrite
            }
        throw DatasetError(code, error.message)
    }
}
