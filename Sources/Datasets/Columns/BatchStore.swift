import CArrow
import Files
public import Foundation

/// How much memory columns may use, and where larger columns are stored.
public struct StorageOptions: Sendable {
    /// The maximum size in memory, in bytes, of one column, or of all columns of one text file together.
    ///
    /// Larger data goes to a temporary file that is memory-mapped. Default 1 GB.
    public var memoryLimit = 1 << 30
    /// The folder for temporary files.
    ///
    /// They are unlinked while in use, so none is left behind.
    public var temporaryFolder = FileManager.default.temporaryDirectory

    /// Creates the default options.
    public init() {}
}

/// Collects the rows of a dataset, in memory up to a limit and in a memory-mapped file beyond it.
struct BatchStore {
    private let names: [String]
    private let types: [ColumnType]
    private let options: StorageOptions
    private var columns: [[ArrowBatch]]
    private var byteCount = 0
    private var spill: SpillFile?

    init(names: [String], types: [ColumnType], options: StorageOptions) {
        self.names = names
        self.types = types
        self.options = options
        columns = types.map { _ in [] }
    }

    /// Adds rows: one batch per column, all of the same length.
    mutating func append(_ batches: [ArrowBatch]) throws(DatasetError) {
        if let spill { return try spill.writer.append(batches) }
        byteCount += batches.reduce(0) { $0 + $1.byteCount }
        for (index, batch) in batches.enumerated() { columns[index].append(batch) }
        // Other columns count, too, because all share the memory limit for reading.
        if byteCount > options.memoryLimit || ca_memory_in_use() > ca_memory_limit() / 2 { try spillOver() }
    }

    private mutating func spillOver() throws(DatasetError) {
        let file = try SpillFile(names: names, types: types, folder: options.temporaryFolder)
        for index in columns.first?.indices ?? 0..<0 {
            try file.writer.append(columns.map { $0[index] })
        }
        columns = types.map { _ in [] }
        spill = file
    }

    /// Returns the columns with all rows.
    consuming func finish() throws(DatasetError) -> [Column] {
        if let spill { return try spill.columns() }
        return zip(types, columns).map { Column(type: $0, batches: $1) }
    }
}

/// A temporary Arrow file that is written once, memory-mapped, and then unlinked.
private final class SpillFile {
    let writer: ArrowWriter
    private let path: String
    private let types: [ColumnType]

    init(names: [String], types: [ColumnType], folder: URL) throws(DatasetError) {
        path = folder.appending(path: "attune-\(UUID().uuidString).arrow").path(percentEncoded: false)
        self.types = types
        let file = try asDataset { [path] () throws(FileError) in
            try AppendingFile(at: URL(filePath: path), permissions: 0o600)
        }
        writer = try ArrowWriter(format: .arrow, names: names, types: types) { bytes throws(FileError) in
            try file.add(bytes)
        }
    }

    deinit { unlink(path) }

    func columns() throws(DatasetError) -> [Column] {
        try writer.close()
        let source = try ArrowSource(path: path, format: .ipc)
        var columns: [Column] = []
        for (index, type) in types.enumerated() {
            var batches: [ArrowBatch] = []
            for piece in source.pieceCounts.indices {
                try source.read(column: index, piece: piece, type: type) { batches.append($0) }
            }
            columns.append(Column(type: type, batches: batches))
        }
        return columns
    }
}
