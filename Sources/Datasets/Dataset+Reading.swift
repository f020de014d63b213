public import Foundation

// The door through which files come in: the format is told by the name, the reader is chosen here.
extension Dataset {
    /// Reads one file of rows.
    ///
    /// Known are `.csv`, `.tsv`, Orange's `.tab`, `.jsonl`, `.ndjson`, `.json`, `.txt`, `.parquet`, `.arrow` and
    /// `.feather`; all but the last three also compressed (`.gz`, `.zst`, `.bz2`, `.lz4`). Nested columns are left out.
    /// For folders, patterns and several files see ``init(_:split:storage:)``.
    ///
    /// - Parameters:
    ///   - url: The file.
    ///   - storage: How much memory the rows may take.
    /// - Throws: `.missingFile`, `.notAllowed`, `.unknownFormat`, or `.badFile` naming the line.
    public init(contentsOf url: URL, storage: StorageOptions = StorageOptions()) throws(DatasetError) {
        let path = url.path(percentEncoded: false)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw DatasetError(.missingFile, "cannot read \(path): there is no such file")
        }
        guard !isFolder.boolValue else {
            throw DatasetError(.badFile, "\(path) is a folder where a file is expected")
        }
        guard isRegularFile(path) else {
            throw DatasetError(
                .badFile,
                "\(path) is a pipe or a device; save its rows into a file, and read that"
            )
        }
        guard let format = FileFormat(path: path) else {
            throw DatasetError(
                .unknownFormat,
                "\(path): files ending in \"\(url.pathExtension)\" are not known; known are "
                    + FileFormat.allCases.flatMap(\.endings).joined(separator: ", ")
            )
        }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw DatasetError(.notAllowed, "cannot read \(path): check its permissions")
        }
        let start = try ByteInput.start(of: path)
        guard !start.isEmpty else { throw DatasetError(.badFile, "\(path) is empty; it must hold rows") }
        try format.check(start: start, path: path)
        let rows =
            switch format {
            case .parquet: try Dataset(ArrowSource(path: path, format: .parquet), storage)
            case .arrow: try Dataset(ArrowSource(path: path, format: .ipc), storage)
            default: try Dataset(text: path, format: format, storage)
            }
        self = rows.read(from: RowOrigins.File(path: path, count: rows.count))
        guard count > 0 else {
            let hasHeader = format == .commas || format == .tabs
            throw DatasetError(.badFile, "\(path) has \(hasHeader ? "a header and " : "")no rows")
        }
    }

    /// Reads text in the encoding that the file's first bytes tell; where it turns out to be Western European, in that.
    private init(text path: String, format: FileFormat, _ storage: StorageOptions) throws(DatasetError) {
        do throws(DatasetError) {
            self = try Self.read(TextInput(path: path), format, storage)
        } catch {
            guard error.code == .badEncoding, try TextEncoding.isWesternEuropean(path: path) else {
                throw error
            }
            let read = try Self.read(TextInput(path: path, encoding: .windows1252), format, storage)
            self = read.warning("\(path) is not UTF-8; read as Western European (Windows-1252)")
        }
    }

    private static func read(
        _ input: TextInput,
        _ format: FileFormat,
        _ storage: StorageOptions
    ) throws(DatasetError) -> Dataset {
        switch format {
        case .json: return try JSONReader(input, storage).dataset()
        case .lines: return try LineReader(input: input).dataset(storage)
        case .tabs: return try DelimitedReader(input, delimiter: UInt8(ascii: "\t")).dataset(storage)
        default: return try DelimitedReader(input, delimiter: nil).dataset(storage)
        }
    }

    /// The same rows with one more warning.
    func warning(_ text: String) -> Dataset {
        Dataset(
            names: columnNames,
            columns: columns,
            leftOut: leftOutColumns,
            warnings: warnings + [text],
            origins: origins,
            storage: storage
        )
    }

    /// The columns of a Parquet or Arrow file, left there until they are asked for.
    private init(_ source: ArrowSource, _ storage: StorageOptions) throws(DatasetError) {
        let fields = source.fields
        let names = fields.map(\.name)
        if let twice = Dictionary(grouping: names, by: { Array($0.utf8) }).first(where: { $1.count > 1 }) {
            let name = String(decoding: twice.key, as: UTF8.self)
            throw DatasetError(.badFile, "\(source.path): names the column \"\(name)\" twice")
        }
        let counts = source.pieceCounts
        guard counts.contains(where: { $0 > 0 }) else {
            throw DatasetError(.badFile, "\(source.path) has no rows")
        }
        let stored = StoredFeatures(metadata: source.metadata("huggingface"))
        var columns: [(name: String, column: Column)] = []
        var leftOut: [String] = []
        for (index, field) in fields.enumerated() {
            guard let type = field.type else {
                leftOut.append(field.name)
                continue
            }
            let pieces = counts.enumerated().map { piece, count in
                Column.Piece.file(source, column: index, piece: piece, count: count)
            }
            let feature = stored.feature(of: field.name, type: type)
            columns.append((field.name, Column(feature: feature, type: type, pieces: pieces)))
        }
        guard !columns.isEmpty else {
            throw DatasetError(
                .badFile,
                "\(source.path) has no column of texts, numbers or booleans; write it again with the texts in a column of "
                    + "their own"
            )
        }
        self.init(
            names: columns.map(\.name),
            columns: columns.map(\.column),
            leftOut: leftOut,
            storage: storage
        )
    }
}
