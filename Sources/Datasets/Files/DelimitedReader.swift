import Files

/// Reads delimited text, with quoted delimiters and line breaks, `\r\n`, and Orange's extra header rows.
///
/// Delimited text has no types: all columns hold texts. An empty field without quotes is a missing value.
///
/// Source: RFC 4180; Python's `csv` with its default dialect.
struct DelimitedReader {
    private let input: TextInput
    /// The separator of fields.
    private(set) var delimiter: UInt8
    private var warnings: [String] = []

    /// Creates a reader for a file.
    ///
    /// - Parameters:
    ///   - input: The file.
    ///   - delimiter: The field separator that the file name implies, unless the first line names another. Nil guesses it
    ///     from the header; the default is a comma.
    /// - Throws: `.badFile` if the first line names a separator that is not one character.
    init(_ input: TextInput, usual delimiter: UInt8?) throws(DatasetError) {
        self.input = input
        let named = try SeparatorLine.take(from: input)
        self.delimiter = named ?? delimiter ?? Self.delimiter(of: input)
        let shown = self.delimiter == UInt8(ascii: "\t") ? "tabs" : "\"\(Unicode.Scalar(self.delimiter))\""
        if named != nil {
            warnings.append("\(input.path): fields are separated by \(shown), as the first line says")
        } else if delimiter == nil, self.delimiter != UInt8(ascii: ",") {
            warnings.append("\(input.path): no comma in the header; fields are separated by \(shown)")
        }
    }

    /// The delimiter of a `.csv` file: a comma, or another known delimiter if the header has no comma.
    private static func delimiter(of input: TextInput) -> UInt8 {
        var isQuoted = false
        var header: [UInt8] = []
        for byte in input.chunk[input.position...] {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if isQuoted { continue }
            if byte == 0x0A || byte == 0x0D { break }
            header.append(byte)
        }
        let known = [",", ";", "\t", "|"].map { UInt8(ascii: $0) }
        return known.first { header.contains($0) } ?? known[0]
    }

    /// Returns the columns that Orange's header marks as classes, without reading further; none for other files.
    func markedClasses() throws(DatasetError) -> [String] {
        let header = try header()
        var (types, flags) = (DelimitedRecord(), DelimitedRecord())
        guard try read(&types), try read(&flags), isOrange(types: types, flags: flags) else { return [] }
        return header.indices.filter { $0 < flags.count && ["class", "c"].contains(flags.string($0)) }
            .map { header[$0] }
    }

    /// Reads the names of the columns.
    func header() throws(DatasetError) -> [String] {
        var record = DelimitedRecord()
        guard try read(&record) else { throw input.bad("has no header") }
        return (0..<record.count).map { record.string($0) ?? "" }
    }

    /// Reads all rows.
    func dataset(_ storage: StorageOptions) throws(DatasetError) -> Dataset {
        let header = try header()
        if let twice = Dictionary(grouping: header, by: { Array($0.utf8) }).first(where: { $1.count > 1 }) {
            throw input.bad(
                "two columns are named \"\(String(decoding: twice.key, as: UTF8.self))\"; rename one"
            )
        }
        var record = DelimitedRecord()
        var pending: [DelimitedRecord] = []
        while pending.count < 2, try read(&record) {
            if !record.isBlank || header.count == 1 { pending.append(record) }
        }
        if pending.count == 2, isOrange(types: pending[0], flags: pending[1]) { pending = [] }
        var rows = RowStore(names: header, storage)
        for record in pending { try append(record, to: &rows) }
        while try read(&record) { try append(record, to: &rows) }
        return Dataset(names: header, columns: try rows.finish(), warnings: warnings, storage: storage)
    }

    private func append(_ record: DelimitedRecord, to rows: inout RowStore) throws(DatasetError) {
        guard !record.isBlank || rows.names.count == 1 else { return }
        guard record.count == rows.names.count else {
            throw input.bad(
                "line \(record.line) has \(counted(record.count, "field")), but the header has \(rows.names.count)"
            )
        }
        try rows.append(record)
    }

    /// Whether two rows are Orange's second and third header rows: a type for every column, then flags.
    ///
    /// Rows with only single letters count as data, and so do rows without flags outside of `.tab` files.
    ///
    /// Source: https://orange3.readthedocs.io/projects/orange-data-mining-library/en/latest/reference/data.io.html
    private func isOrange(types: DelimitedRecord, flags: DelimitedRecord) -> Bool {
        let types = (0..<types.count).compactMap { types.string($0) }
        let flags = (0..<flags.count).compactMap { flags.string($0) }
            .flatMap { $0.split(separator: " ").map(String.init) }
        let names: Set = ["discrete", "continuous", "string", "text", "time", "basket"]
        let roles: Set = ["class", "meta", "ignore"]
        let letters: Set = ["d", "c", "s", "t", "m", "i"]
        // A discrete column may list its values instead of a type.
        let areTypes = types.allSatisfy { names.contains($0) || letters.contains($0) || $0.contains(" ") }
        let areFlags = flags.allSatisfy { roles.contains($0) || letters.contains($0) || $0.contains("=") }
        let isTab = input.path.lowercased().hasSuffix(".tab")
        let isNamed = types.contains(where: names.contains)
        let isFlagged = flags.contains { roles.contains($0) || $0.contains("=") }
        return areTypes && areFlags && (isTab ? isNamed || isFlagged : isNamed && isFlagged)
    }

    /// Reads the next record.
    ///
    /// - Returns: False at the end.
    private func read(_ record: inout DelimitedRecord) throws(DatasetError) -> Bool {
        guard try !input.isFinished() else { return false }
        record.start(line: input.line)
        while try readField(into: &record) == delimiter {}
        guard record.isUTF8 else { throw input.notUTF8(line: record.line) }
        return true
    }

    /// Reads one field.
    ///
    /// - Returns: The byte that ended it: the delimiter, or a line feed for the end of a line or of the file.
    private func readField(into record: inout DelimitedRecord) throws(DatasetError) -> UInt8 {
        let delimiter = delimiter
        guard try input.peek() == UInt8(ascii: "\"") else {
            try input.take(into: &record.bytes) { $0 == delimiter || $0 == 0x0A || $0 == 0x0D }
            record.endField(isQuoted: false)
            return try takeEnding()
        }
        input.position += 1
        while true {
            let start = record.bytes.count
            try input.take(into: &record.bytes) { $0 == UInt8(ascii: "\"") }
            input.line += record.bytes[start...].count { $0 == 0x0A }
            guard try !input.isFinished() else {
                throw input.bad("line \(record.line) opens a quote that is never closed")
            }
            input.position += 1
            guard try input.peek() == UInt8(ascii: "\"") else { break }
            record.bytes.append(UInt8(ascii: "\""))
            input.position += 1
        }
        // Text after the closing quote belongs to the field, as in Python.
        try input.take(into: &record.bytes) { $0 == delimiter || $0 == 0x0A || $0 == 0x0D }
        record.endField(isQuoted: true)
        return try takeEnding()
    }

    private func takeEnding() throws(DatasetError) -> UInt8 {
        guard let byte = try input.peek() else { return 0x0A }
        input.position += 1
        if byte == delimiter { return byte }
        if byte == 0x0D, try input.peek() == 0x0A { input.position += 1 }
        input.line += 1
        return 0x0A
    }
}

/// The fields of one row of delimited text.
struct DelimitedRecord {
    /// The concatenated bytes of all fields.
    var bytes: [UInt8] = []
    /// The line on which the row starts.
    private(set) var line = 0
    private var ends: [Int] = []
    private var areQuoted: [Bool] = []

    /// The number of fields.
    var count: Int { ends.count }

    /// Whether the line is empty.
    var isBlank: Bool { bytes.isEmpty && ends.count == 1 && !areQuoted[0] }

    /// Whether every field is UTF-8: the concatenation is, and no field starts within a character.
    var isUTF8: Bool {
        guard bytes.withUnsafeBufferPointer(Datasets.isUTF8) else { return false }
        return ends.allSatisfy { $0 == bytes.count || bytes[$0] & 0xC0 != 0x80 }
    }

    mutating func start(line: Int) {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        areQuoted.removeAll(keepingCapacity: true)
        self.line = line
    }

    mutating func endField(isQuoted: Bool) {
        ends.append(bytes.count)
        areQuoted.append(isQuoted)
    }

    /// The range of a field's bytes; nil for a missing value, which is an empty field without quotes.
    func range(_ field: Int) -> Range<Int>? {
        let range = (field == 0 ? 0 : ends[field - 1])..<ends[field]
        return range.isEmpty && !areQuoted[field] ? nil : range
    }

    func string(_ field: Int) -> String? { range(field).map { String(decoding: bytes[$0], as: UTF8.self) } }
}

/// Collects rows of texts for a dataset.
struct RowStore {
    let names: [String]
    private var builders: [ColumnBuilder]
    private var store: BatchStore
    private var rows = 0
    /// The maximum number of fields held before a flush: each takes memory even if it is empty.
    private static let mostFields = 1 << 23

    init(names: [String], _ storage: StorageOptions) {
        self.names = names
        let types = names.map { _ in ColumnType(.string) }
        builders = types.map(ColumnBuilder.init)
        store = BatchStore(names: names, types: types, options: storage)
    }

    mutating func append(_ record: DelimitedRecord) throws(DatasetError) {
        rows += 1
        var isFull = rows * names.count >= Self.mostFields
        record.bytes.withUnsafeBufferPointer { bytes in
            for index in builders.indices {
                if let range = record.range(index) {
                    builders[index].append(utf8: UnsafeBufferPointer(rebasing: bytes[range]))
                } else {
                    builders[index].appendMissing()
                }
                isFull = isFull || builders[index].isFull
            }
        }
        if isFull { try flush() }
    }

    private mutating func flush() throws(DatasetError) {
        rows = 0
        var batches: [ArrowBatch] = []
        for index in builders.indices { batches.append(try builders[index].finish()) }
        try store.append(batches)
    }

    consuming func finish() throws(DatasetError) -> [Column] {
        var rows = self
        try rows.flush()
        return try rows.store.finish()
    }
}
