public import Foundation

// The entry point for reading files: the file name gives the format, which selects the reader.
extension Dataset {
    /// Reads one file of rows.
    ///
    /// Supports `.csv`, `.tsv`, Orange's `.tab`, `.jsonl`, `.ndjson`, `.json`, `.txt`, `.parquet`, `.arrow` and `.feather`.
    /// All but the last three may be compressed (`.gz`, `.zst`, `.bz2`, `.lz4`). Nested columns become one column per part
    /// (``NestedColumn``). Text columns become lists if every cell is a list written as text. For folders, patterns and
    /// several files see ``init(_:split:configuration:storage:)``.
    ///
    /// - Parameters:
    ///   - url: The file.
    ///   - storage: How much memory the rows may take.
    /// - Throws: `.missingFile`, `.notAllowed`, `.unknownFormat`, or `.badFile` naming the line.
    public init(contentsOf url: URL, storage: StorageOptions = StorageOptions()) throws(DatasetError) {
        let file = try Dataset(file: url, storage: storage)
        self = try file.readingCells(of: url.path(percentEncoded: false))
    }

    /// Reads one file of rows without interpreting text cells as lists.
    init(file url: URL, storage: StorageOptions) throws(DatasetError) {
        let file = OpenableFile(url.path(percentEncoded: false))
        do throws(DatasetError) {
            self = try Dataset(file, storage)
        } catch {
            throw DatasetError(error.code, file.named(error.message))
        }
    }

    private init(_ file: OpenableFile, _ storage: StorageOptions) throws(DatasetError) {
        let (path, name) = (file.path, file.name)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw DatasetError(.missingFile, "cannot read \(name): there is no such file")
        }
        guard !isFolder.boolValue else {
            throw DatasetError(
                .badFile,
                path == name
                    ? "\(name) is a folder, but a file is expected"
                    : "cannot read \(name): the name of this folder is not UTF-8; rename it, or name a file in it"
            )
        }
        guard isRegularFile(path) else {
            throw DatasetError(
                .badFile,
                "\(name) is a pipe or a device; save its rows to a file and read that"
            )
        }
        guard let format = FileFormat(path: name) else { throw FileFormat.unknown(name) }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw DatasetError(.notAllowed, "cannot read \(name): check its permissions")
        }
        let start = try ByteInput.start(of: path)
        guard !start.isEmpty else { throw DatasetError(.badFile, "\(name) is empty; it must hold rows") }
        try format.check(start: start, path: name)
        let rows =
            switch format {
            case .parquet: try Dataset(ArrowSource(path: path, format: .parquet), storage)
            case .arrow: try Dataset(ArrowSource(path: path, format: .ipc), storage)
            default: try Dataset(text: file, format: format, storage)
            }
        self = rows.read(from: RowOrigins.File(path: name, count: rows.count))
        guard count > 0 else {
            let hasHeader = format == .commas || format == .tabs
            throw DatasetError(.badFile, "\(name) has \(hasHeader ? "a header and " : "")no rows")
        }
    }

    /// Reads text in the encoding that the first bytes indicate, or as Western European if decoding fails.
    private init(
        text file: OpenableFile,
        format: FileFormat,
        _ storage: StorageOptions
    ) throws(DatasetError) {
        do throws(DatasetError) {
            self = try Self.read(TextInput(file), format, storage)
        } catch {
            guard error.code == .badEncoding, try TextEncoding.isWesternEuropean(path: file.path) else {
                throw error
            }
            let read = try Self.read(TextInput(file, encoding: .windows1252), format, storage)
            self = read.warning("\(file.name) is not UTF-8; read as Western European (Windows-1252)")
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
        case .tabs: return try DelimitedReader(input, usual: UInt8(ascii: "\t")).dataset(storage)
        default: return try DelimitedReader(input, usual: nil).dataset(storage)
        }
    }

    /// Whether a name is that of a file of rows, by its extension, a folder, or a pattern.
    ///
    /// - Parameter name: A path.
    /// - Returns: False for other files, whether or not they exist.
    package static func looksLikeRows(_ name: String) -> Bool {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder) {
            return isFolder.boolValue || FileFormat(path: name) != nil
        }
        return FileFormat(path: name) != nil || name.contains("*")
    }

    /// Returns the columns that a delimited file marks as classes, as Orange's header does.
    ///
    /// - Parameter path: A file of any format.
    /// - Returns: The columns' names; none if the file marks no columns or cannot be read.
    public static func columnsMarkedAsClasses(in path: String) -> [String] {
        guard isRegularFile(path), let format = FileFormat(path: path), [.commas, .tabs].contains(format)
        else { return [] }
        let usual = format == .tabs ? UInt8(ascii: "\t") : nil
        let marked = try? DelimitedReader(TextInput(OpenableFile(path)), usual: usual).markedClasses()
        return marked ?? []
    }

    /// The same rows with one more warning.
    func warning(_ text: String) -> Dataset {
        Dataset(
            names: columnNames,
            columns: columns,
            nested: nestedColumns,
            warnings: warnings + [text],
            origins: origins,
            storage: storage
        )
    }

    /// Opens a Parquet or Arrow file; its columns are read when they are needed.
    private init(_ source: ArrowSource, _ storage: StorageOptions) throws(DatasetError) {
        let counts = source.pieceCounts
        guard counts.contains(where: { $0 > 0 }) else {
            throw DatasetError(.badFile, "\(source.path) has no rows")
        }
        let stored = StoredFeatures(metadata: source.metadata("huggingface"))
        var columns: [(name: String, column: Column)] = []
        var nested: [NestedColumn] = []
        var names: Set<[UInt8]> = []
        // The nested column whose parts follow.
        var root: Int?
        for field in source.fields {
            guard names.insert(Array(field.name.utf8)).inserted else {
                // A column whose own name contains dots takes precedence over a part with that path.
                if field.depth > 0 { continue }
                throw DatasetError(
                    .badFile,
                    "\(source.path): two columns are named \"\(field.name)\"; rename one"
                )
            }
            if field.depth == 0 { root = nil }
            guard let type = field.type else {
                if let root { nested[root].hasOnlyMembers = false }
                nested.append(NestedColumn(name: field.name, kind: field.kind, parts: []))
                if field.depth == 0 {
                    root = nested.count - 1
                    nested[nested.count - 1].hasOnlyMembers = field.kind == .object
                }
                continue
            }
            if let root {
                nested[root].parts.append(field.name)
                if field.depth > 1 || type.isList { nested[root].hasOnlyMembers = false }
            }
            let pieces = counts.enumerated().map { piece, count in
                Column.Piece.file(source, column: field.column, piece: piece, count: count)
            }
            let feature = stored.feature(of: field.name, type: type)
            columns.append((field.name, Column(feature: feature, type: type, pieces: pieces)))
        }
        guard !columns.isEmpty else {
            throw DatasetError(
                .badFile,
                "\(source.path) has no column of texts, numbers or booleans; write it again with the texts in a separate "
                    + "column"
            )
        }
        self.init(
            names: columns.map(\.name),
            columns: columns.map(\.column),
            nested: nested,
            storage: storage
        )
    }
}
