import Files

/// Reads the records of line-based text one at a time: lines of JSON, rows of delimited text, or plain lines.
///
/// A record is found without interpreting it, so that a damaged one does not hide those after it.
package final class RecordStream {
    /// A format with one record per line, or per row of delimited text.
    package enum Format: String, CaseIterable, Sendable {
        /// A JSON object per line.
        case jsonl
        /// Fields separated by commas, with a header.
        case csv
        /// Fields separated by tabs, with a header.
        case tsv
        /// A text per line.
        case text
    }

    /// A record as it is in the file.
    package struct Record: Sendable {
        /// The bytes, without the line break at the end.
        package var bytes: [UInt8]
        /// The one-based line on which it begins.
        package var line: Int
    }

    /// The name of the file, for messages.
    package let name: String
    /// The format of the records.
    package let format: Format
    /// The header of delimited text, which precedes every part of it that is parsed.
    private var header: [Record] = []
    /// The delimiter of the fields, and whether rows have only one; nil before the header was read, and for other formats.
    private var fields: (delimiter: UInt8, areSingle: Bool)?
    /// Records that were read ahead.
    private var ahead: [Record] = []
    private let read: (inout [UInt8]) throws -> Bool
    private var buffer: [UInt8] = []
    private var position = 0
    private var line = 1
    private var isAtEnd = false

    /// Opens a file, compressed or not.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - format: The format of the records; nil takes it from the file's name.
    /// - Throws: `.unknownFormat` for files without records; `.badFile`, `.notAllowed`.
    package convenience init(file path: String, format: Format? = nil) throws {
        let file = OpenableFile(path)
        guard let format = format ?? Self.format(of: path) else {
            throw DatasetError(
                .unknownFormat,
                "\(path): only .csv, .tsv, .tab, .jsonl, .ndjson and .txt are read row by row; convert it with "
                    + "`attune data convert`"
            )
        }
        let input = try ByteInput(path: file.path)
        try self.init(name: path, format: format) { bytes in
            // The descriptor stays open as long as the file.
            try withExtendedLifetime(file) { try input.read(into: &bytes, upTo: 1 << 18) }
        }
    }

    /// Reads standard input.
    ///
    /// - Parameter format: The format of the records; nil takes lines of JSON if the first byte is a brace, else lines of text.
    /// - Throws: `FileError` if it cannot be read; `.badFile` if it is empty or only a header.
    package convenience init(standardInput format: Format?) throws {
        var start: [UInt8] = []
        if format == nil {
            while start.allSatisfy({ $0 <= 0x20 }), try StandardStreams.read(into: &start) {}
        }
        let first = start.first { $0 > 0x20 && ![0xEF, 0xBB, 0xBF].contains($0) }
        try self.init(
            name: "standard input",
            format: format ?? (first == UInt8(ascii: "{") ? .jsonl : .text),
            start: start
        ) { bytes in try StandardStreams.read(into: &bytes) }
    }

    /// Reads bytes from a closure.
    ///
    /// - Parameters:
    ///   - name: The name, for messages.
    ///   - format: The format of the records.
    ///   - start: The first bytes.
    ///   - read: Appends the next bytes; returns false at the end.
    /// - Throws: The errors of `read`; `.badFile` for delimited text without a header.
    package init(
        name: String,
        format: Format,
        start: [UInt8] = [],
        read: @escaping (inout [UInt8]) throws -> Bool
    ) throws {
        (self.name, self.format, self.read, buffer) = (name, format, read, start)
        while buffer.count < 3, !isAtEnd { isAtEnd = try !read(&buffer) }
        if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        guard format == .csv || format == .tsv else { return }
        repeat {
            guard let record = try scan() else { throw DatasetError(.badFile, "\(name) has no header") }
            header.append(record)
        } while try header.count == 1 && namesDelimiter(header[0])
        let text: [UInt8] = header.flatMap { $0.bytes + [0x0A] }
        let reader = try DelimitedReader(
            TextInput(text, path: name, line: 1),
            usual: format == .tsv ? UInt8(ascii: "\t") : nil
        )
        fields = (reader.delimiter, try reader.header().count == 1)
    }

    /// Whether a record is the first line for Excel that names the delimiter.
    private func namesDelimiter(_ record: Record) throws(DatasetError) -> Bool {
        try SeparatorLine.take(from: TextInput(record.bytes + [0x0A], path: name, line: 1)) != nil
    }

    /// The format of a file of records; nil for other files.
    ///
    /// - Parameter path: The file's name.
    /// - Returns: The format that the name's extension shows.
    package static func format(of path: String) -> Format? {
        switch FileFormat(path: path) {
        case .commas: .csv
        case .tabs: .tsv
        case .lines: .text
        case .json where !path.lowercased().contains(".json") || path.lowercased().contains(".jsonl"): .jsonl
        default: nil
        }
    }

    /// Leaves out the two rows of types and flags that follow Orange's header.
    ///
    /// - Throws: The errors of reading.
    package func skipOrangeHeader() throws {
        guard !header.isEmpty else { return }
        while ahead.count < 2, let record = try scan() { ahead.append(record) }
        guard ahead.count == 2, let parsed = try? parse(ahead[...]), parsed.count == 0 else { return }
        ahead = []
    }

    /// Reads the next record.
    ///
    /// - Returns: Nil at the end.
    /// - Throws: The errors of reading; `.badFile` for a record that is too long.
    package func next() throws -> Record? {
        guard ahead.isEmpty else { return ahead.removeFirst() }
        return try scan()
    }

    /// Reads the next records, which are read again afterwards.
    ///
    /// - Parameter count: The number of records.
    /// - Returns: The records, fewer at the end.
    /// - Throws: As ``next()``.
    package func peek(_ count: Int) throws -> [Record] {
        while ahead.count < count, let record = try scan() { ahead.append(record) }
        return Array(ahead.prefix(count))
    }

    /// The next record of the text; blank lines are left out unless they are texts.
    private func scan() throws -> Record? {
        while let record = try scanLines() {
            let isBlank =
                switch format {
                case .jsonl: !record.bytes.contains { $0 > 0x20 }
                // A line of delimiters is a row of missing values, and a blank line is one if rows have one field.
                case .csv, .tsv: record.bytes.isEmpty && !(fields?.areSingle ?? false)
                case .text: false
                }
            if !isBlank { return record }
        }
        return nil
    }

    private func scanLines() throws -> Record? {
        var record = Record(bytes: [], line: line)
        var quotes = OpenQuote(delimiter: fields?.delimiter)
        while let piece = try takeLine() {
            record.bytes += piece
            if format == .csv || format == .tsv { quotes.read(piece) }
            guard quotes.isOpen else {
                if record.bytes.last == 0x0D { record.bytes.removeLast() }
                return record
            }
            record.bytes.append(0x0A)
            guard record.bytes.count <= TextInput.mostRowBytes else {
                throw DatasetError(
                    .badFile,
                    "\(name): line \(record.line) starts a row of more than \(TextInput.mostRowBytes >> 20) MB; is a quote left open?"
                )
            }
        }
        return record.bytes.isEmpty ? nil : record
    }

    /// The next line without its line feed; nil at the end of the text.
    private func takeLine() throws -> ArraySlice<UInt8>? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                defer { position = end + 1 }
                line += 1
                return buffer[position..<end]
            }
            guard buffer.count - position <= TextInput.mostRowBytes else {
                throw DatasetError(
                    .badFile,
                    "\(name): line \(line) has more than \(TextInput.mostRowBytes >> 20) MB"
                )
            }
            if isAtEnd {
                let rest = buffer[position...]
                buffer = []
                position = 0
                line += 1
                return rest.isEmpty ? nil : rest
            }
            buffer.removeFirst(position)
            position = 0
            searched = buffer.count
            isAtEnd = try !read(&buffer)
        }
    }

    /// Parses records as a table, in the same way as a file of them.
    ///
    /// - Parameter records: Consecutive records.
    /// - Returns: The rows.
    /// - Throws: `DatasetError` naming the line, if there is one record.
    package func parse(_ records: ArraySlice<Record>) throws(DatasetError) -> Dataset {
        var bytes: [UInt8] = []
        for record in header + records {
            bytes += record.bytes
            bytes.append(0x0A)
        }
        let lines = header.reduce(0) { sum, record in sum + record.bytes.count { $0 == 0x0A } + 1 }
        let input = TextInput(bytes, path: name, line: (records.first?.line ?? 1) - lines)
        return switch format {
        case .jsonl: try JSONReader(input, StorageOptions()).dataset()
        case .csv: try DelimitedReader(input, usual: nil).dataset(StorageOptions())
        case .tsv: try DelimitedReader(input, usual: UInt8(ascii: "\t")).dataset(StorageOptions())
        case .text: try LineReader(input: input).dataset(StorageOptions())
        }
    }
}

/// Follows the quotes of delimited text, to find the lines that continue a row.
///
/// As in ``DelimitedReader``, a field is quoted only if it begins with a quote.
private struct OpenQuote {
    private enum Place { case start, plain, quoted, afterQuote }

    /// The delimiter of the fields; nil if it is not known, and every quote opens or closes a field.
    let delimiter: UInt8?
    private var place = Place.start

    init(delimiter: UInt8?) { self.delimiter = delimiter }

    /// Whether the text so far ends inside a quoted field.
    var isOpen: Bool { place == .quoted }

    /// Reads the next bytes of the row.
    mutating func read(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes {
            let isQuote = byte == UInt8(ascii: "\"")
            switch place {
            case .quoted: if isQuote { place = .afterQuote }
            // A doubled quote is a quote in the field.
            case .start, .afterQuote: place = isQuote ? .quoted : byte == delimiter ? .start : .plain
            case .plain:
                if byte == delimiter {
                    place = .start
                } else if isQuote, delimiter == nil {
                    place = .quoted
                }
            }
        }
    }
}
