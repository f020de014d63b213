package import Files
public import Foundation

extension Dataset {
    /// Writes all rows atomically to a file that ``init(contentsOf:storage:)`` can read back.
    ///
    /// Parquet and Arrow files keep the features in the format of datasets; other formats contain class names. In delimited
    /// text, a missing value is an empty field, an empty text is an empty quoted field, and a list is JSON.
    ///
    /// - Parameters:
    ///   - url: The file; missing folders are created.
    ///   - format: The file format.
    /// - Throws: `.cannotWrite`, `.notAllowed`; `.badFile` if the rows are damaged.
    public func write(to url: URL, as format: DatasetFormat) throws(DatasetError) {
        try write(to: url, as: format, metadata: [])
    }

    /// Writes all rows with additional schema metadata, which text formats ignore.
    func write(
        to url: URL,
        as format: DatasetFormat,
        metadata: [(key: String, value: String)]
    ) throws(DatasetError) {
        try write(to: RawPath(url.path(percentEncoded: false)), as: format, metadata)
    }

    /// Writes all rows like ``write(to:as:)``, to a path that need not be UTF-8.
    ///
    /// - Parameters:
    ///   - path: The file; missing folders are created.
    ///   - format: The file format.
    /// - Throws: `.cannotWrite`, `.notAllowed`, `.readerGone`; `.badFile` if the rows are damaged.
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
        // Without rows there is still a header.
        if !bytes.isEmpty { try asDataset { () throws(FileError) in try file.write(bytes) } }
    }
}

/// An unfinished file to which both Arrow's writer and this module write.
private final class SharedFile {
    private var file: AtomicFile

    init(_ file: consuming AtomicFile) { self.file = file }

    func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) { try file.write(bytes) }

    func write(_ bytes: [UInt8]) throws(FileError) { try file.write(bytes) }

    func commit() throws(FileError) { try file.commit() }
}

/// Runs file operations and converts their errors.
///
/// - Parameter body: The file operations.
/// - Returns: The result of `body`.
/// - Throws: The file error, converted to a `DatasetError`.
func asDataset<Result: ~Copyable>(_ body: () throws(FileError) -> Result) throws(DatasetError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        throw DatasetError(error)
    }
}

extension DatasetError {
    /// Converts a file error.
    init(_ error: FileError) {
        let code: Code =
            switch error.code {
            case .missing: .missingFile
            case .notAllowed: .notAllowed
            case .readerGone: .readerGone
            case .diskFull, .exists, .inputOutput: .cannotWrite
            }
        self.init(code, error.message)
    }
}
