import CArrow
import Files
public import Foundation

/// How much memory columns may take, and where what is beyond it goes.
public struct StorageOptions: Sendable {
    /// Bytes of one column, or of one text file's columns together, that stay in memory.
    ///
    /// What is larger goes to a temporary file that is mapped. Default 1 GB.
    public var memoryLimit = 1 << 30
    /// Where temporary files go; they have no name while they are used, so that none is left behind.
    public var temporaryFolder = FileManager.default.temporaryDirectory

    /// The defaults.
    public init() {}
}

/// Rows on their way into a dataset: kept in memory, and from a limit on in a mapped file.
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

    /// Adds rows: one batch a column, all of one length.
    mutating func append(_ batches: [ArrowBatch]) throws(DatasetError) {
        if let spill { return try spill.writer.append(batches) }
        byteCount += batches.reduce(0) { $0 + $1.byteCount }
        for (index, batch) in batches.enumerated() { columns[index].append(batch) }
        // What other columns take counts, too: all of them share the memory that reading may take.
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

    /// All rows.
    consuming func finish() throws(DatasetError) -> [Column] {
        if let spill { return try spill.columns() }
        return zip(types, columns).map { Column(type: $0, batches: $1) }
    }
}

/// A temporary Arrow file: written once, then mapped without a name.
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
