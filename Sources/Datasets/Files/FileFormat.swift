/// What a file of rows is, as its name says.
enum FileFormat: CaseIterable, Sendable {
    case commas, tabs, json, lines, parquet, arrow

    /// The endings of names.
    var endings: [String] {
        switch self {
        case .commas: ["csv"]
        case .tabs: ["tsv", "tab"]
        case .json: ["jsonl", "ndjson", "json"]
        case .lines: ["txt"]
        case .parquet: ["parquet"]
        case .arrow: ["arrow", "feather"]
        }
    }

    /// The format that a name tells, also behind an ending such as `.gz`.
    init?(path: String) {
        var parts = path.split(separator: "/").last?.lowercased().split(separator: ".").map(String.init) ?? []
        if let last = parts.last,
            ByteInput.Compression.allCases.contains(where: { $0.endings.contains(last) })
        {
            parts.removeLast()
        }
        guard parts.count > 1, let ending = parts.last,
            let found = Self.allCases.first(where: { $0.endings.contains(ending) })
        else { return nil }
        self = found
    }

    /// The error for a file whose name tells no format.
    static func unknown(_ path: String) -> DatasetError {
        if let unread = UnreadFormat(path: path) {
            return DatasetError(.unknownFormat, "\(path) is \(unread.advice(for: path))")
        }
        let name = path.split(separator: "/").last ?? ""
        let ending = name.contains(".") ? name.split(separator: ".").last.map(String.init) : nil
        return DatasetError(
            .unknownFormat,
            (ending.map { "\(path): files ending in \".\($0)\" are not supported" }
                ?? "\(path): its name has no extension that shows the format")
                + "; supported are " + allCases.flatMap(\.endings).map { "." + $0 }.joined(separator: ", ")
        )
    }

    /// Refuses a file whose first bytes show that its name is wrong.
    ///
    /// - Throws: `.badFile` saying what the file seems to be.
    func check(start: [UInt8], path: String) throws(DatasetError) {
        if self == .parquet || self == .arrow, ByteInput.Compression(startOf: start) != nil {
            throw DatasetError(
                .badFile,
                "\(path) is compressed as a whole, which hides its columns; decompress it first"
            )
        }
        let magic: [(bytes: [UInt8], name: String, ending: String)] = [
            (Array("PAR1".utf8), "a Parquet file", "parquet"),
            (Array("ARROW1".utf8), "an Arrow file", "arrow"),
            ([0x50, 0x4B, 0x03, 0x04], "a ZIP archive or a spreadsheet", ""),
            ([0xD0, 0xCF, 0x11, 0xE0], "a spreadsheet or document of old Office programs", ""),
            (Array("%PDF".utf8), "a PDF", ""),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "an xz archive", ""),
            ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive", ""),
            (Array("Rar!".utf8), "a RAR archive", ""),
            (Array("SQLite f".utf8), "an SQLite database", ""),
            ([0x89, 0x48, 0x44, 0x46], "an HDF5 file", ""),
            ([0x80, 0x04, 0x95], "a Python pickle", ""),
            ([0x80, 0x05, 0x95], "a Python pickle", ""),
        ]
        guard let found = magic.first(where: { start.starts(with: $0.bytes) }) else { return }
        guard !endings.contains(found.ending) else { return }
        let advice =
            found.ending.isEmpty
            ? "save its rows as .csv, .jsonl or .parquet" : "name it .\(found.ending)"
        throw DatasetError(.badFile, "\(path) is \(found.name); \(advice)")
    }
}
