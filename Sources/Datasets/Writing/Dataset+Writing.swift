package import Files
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
        try write(to: RawPath(url.path(percentEncoded: false)), as: format, metadata)
    }

    /// Writes all rows like ``write(to:as:)``, under a name that need not be UTF-8.
    ///
    /// - Parameters:
    ///   - path: The file; folders on the way are made.
    ///   - format: What to write.
    /// - Throws: `.cannotWrite`, `.notAllowed`, `.readerGone`; `.badFile` where the rows turn out to be damaged.
    package func write(to path: RawPath, as format: DatasetFormat) throws(DatasetError) {
        try write(to: path, as: format, [])
    }

    private func write(
        to path: RawPath,
        as format: DatasetFormat,
        _ metadata: [(key: String, value: String)]
    ) throws(DatasetError) {
        let rows = try loaded()
        let file = SharedFile(try asDataset { () throws(FileError) in try AtomicFile(at: path) })
        try rows.write(as: format, to: file, metadata)
        try asDataset { () throws(FileError) in try file.commit() }
    }

    private func write(
        as format: DatasetFormat,
        to file: SharedFile,
        _ metadata: [(key: String, value: String)]
    ) throws(DatasetError) {
        switch format {
        case .parquet: try writeArrow(.parquet, to: file, metadata)
        case .arrow: try writeArrow(.arrow, to: file, metadata)
        case .csv: try writeText(RowText(self, delimiter: UInt8(ascii: ",")), to: file)
        case .tsv: try writeText(RowText(self, delimiter: UInt8(ascii: "\t")), to: file)
        case .jsonl: try writeText(RowText(self, delimiter: nil), to: file)
        }
    }

    private func writeArrow(
        _ format: ArrowWriter.Format,
        to file: SharedFile,
        _ metadata: [(key: String, value: String)]
    ) throws(DatasetError) {
        let writer = try ArrowWriter(
            format: format,
            names: columnNames,
            types: columns.map(\.type),
            metadata: [("huggingface", StoredFeatures.metadata(for: features))] + metadata
        ) { bytes throws(FileError) in try file.write(bytes) }
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

    private func writeText(_ text: RowText, to file: SharedFile) throws(DatasetError) {
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

/// A file on its way that Arrow's writer and this module write into.
private final class SharedFile {
    private var file: AtomicFile

    init(_ file: consuming AtomicFile) { self.file = file }

    func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) { try file.write(bytes) }

    func write(_ bytes: [UInt8]) throws(FileError) { try file.write(bytes) }

    func commit() throws(FileError) { try file.commit() }
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
        throw DatasetError(error)
    }
}

extension DatasetError {
    /// A file's error under the code that datasets have for it.
    init(_ error: FileError) {
        code =
            switch error.code {
            case .missing: .missingFile
            case .notAllowed: .notAllowed
            case .readerGone: .readerGone
            case .diskFull, .exists, .inputOutput: .cannotWrite
            }
        message = error.message
    }
}
