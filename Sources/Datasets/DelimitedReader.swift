/// Reads delimited text: quotes that hold delimiters and line breaks, a byte-order mark, `\r\n`, Orange's extra headers.
///
/// Source: RFC 4180; Python's `csv` with its default dialect.
struct DelimitedReader {
    private let bytes: [UInt8]
    private let delimiter: UInt8
    private let path: String
    private var position: Int
    private var line = 1

    init(bytes: [UInt8], delimiter: UInt8, path: String) {
        self.bytes = bytes
        self.delimiter = delimiter
        self.path = path
        position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// All rows.
    func dataset() throws(DatasetError) -> Dataset {
        var reader = self
        return try reader.read()
    }

    private mutating func read() throws(DatasetError) -> Dataset {
        guard let header = try record()?.map({ $0 ?? "" }) else { throw bad("has no header") }
        if let twice = Dictionary(grouping: header, by: { $0 }).first(where: { $1.count > 1 })?.key {
            throw bad("names the column \"\(twice)\" twice")
        }
        var columns = [[String?]](repeating: [], count: header.count)
        var pending: [(line: Int, fields: [String?])] = []
        while pending.count < 2 {
            let start = line
            guard let fields = try record() else { break }
            pending.append((start, fields))
        }
        if pending.count == 2, isOrange(types: pending[0].fields, flags: pending[1].fields) {
            pending = []
        }
        for (line, fields) in pending { try append(fields, line: line, to: &columns) }
        while true {
            let start = line
            guard let fields = try record() else { break }
            try append(fields, line: start, to: &columns)
        }
        return try Dataset(columns: Array(zip(header, columns)).map { (name: $0, values: $1) })
    }

    private func append(_ fields: [String?], line: Int, to columns: inout [[String?]]) throws(DatasetError) {
        if fields.count == 1, fields[0] == nil, columns.count > 1 { return }  // an empty line
        guard fields.count == columns.count else {
            throw bad("line \(line) has \(fields.count) fields where the header has \(columns.count)")
        }
        for index in columns.indices { columns[index].append(fields[index]) }
    }

    /// Orange's second and third rows: a type for every column, then flags.
    ///
    /// Single letters alone are taken for data, and so is a row without flags outside of `.tab` files.
    ///
    /// Source: https://orange3.readthedocs.io/projects/orange-data-mining-library/en/latest/reference/data.io.html
    private func isOrange(types: [String?], flags: [String?]) -> Bool {
        let types = types.compactMap { $0 }
        let flags = flags.compactMap { $0 }.flatMap { $0.split(separator: " ").map(String.init) }
        let names: Set = ["discrete", "continuous", "string", "text", "time", "basket"]
        let roles: Set = ["class", "meta", "ignore"]
        let letters: Set = ["d", "c", "s", "t", "m", "i"]
        // A discrete column may list its values in place of a type.
        let areTypes = types.allSatisfy { names.contains($0) || letters.contains($0) || $0.contains(" ") }
        let areFlags = flags.allSatisfy { roles.contains($0) || letters.contains($0) || $0.contains("=") }
        let isTab = path.lowercased().hasSuffix(".tab")
        let isNamed = types.contains(where: names.contains)
        let isFlagged = flags.contains { roles.contains($0) || $0.contains("=") }
        return areTypes && areFlags && (isTab ? isNamed || isFlagged : isNamed && isFlagged)
    }

    /// The next record's fields, nil at the end.
    ///
    /// An empty field without quotes is a missing value.
    private mutating func record() throws(DatasetError) -> [String?]? {
        guard position < bytes.count else { return nil }
        var fields: [String?] = []
        while true {
            let (field, ending) = try field()
            fields.append(field)
            if ending != delimiter { return fields }
        }
    }

    /// One field, and the byte that ended it: the delimiter, or a line feed for a line's or the file's end.
    private mutating func field() throws(DatasetError) -> (String?, UInt8) {
        if position < bytes.count, bytes[position] == UInt8(ascii: "\"") { return try quotedField() }
        let start = position
        skipPlain()
        let text = try string(Array(bytes[start..<position]), line: line)
        return (text.isEmpty ? nil : text, takeEnding())
    }

    /// Moves on to the delimiter or line break that ends a field without quotes.
    private mutating func skipPlain() {
        while position < bytes.count, bytes[position] != delimiter, bytes[position] != 0x0A,
            bytes[position] != 0x0D
        {
            position += 1
        }
    }

    private mutating func quotedField() throws(DatasetError) -> (String?, UInt8) {
        let start = line
        position += 1
        var content: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") {
                guard position < bytes.count else { break }
                if bytes[position] == UInt8(ascii: "\"") {
                    content.append(byte)
                    position += 1
                } else if bytes[position] == delimiter || bytes[position] == 0x0A || bytes[position] == 0x0D {
                    return (try string(content, line: start), takeEnding())
                } else {
                    // Text after the closing quote belongs to the field, as Python has it.
                    let rest = position
                    skipPlain()
                    content += bytes[rest..<position]
                    return (try string(content, line: start), takeEnding())
                }
            } else {
                if byte == 0x0A { line += 1 }
                content.append(byte)
            }
        }
        guard bytes.last == UInt8(ascii: "\"") else {
            throw bad("line \(start) opens a quote that is never closed")
        }
        return (try string(content, line: start), 0x0A)
    }

    private mutating func takeEnding() -> UInt8 {
        guard position < bytes.count else { return 0x0A }
        let byte = bytes[position]
        position += 1
        if byte == delimiter { return byte }
        if byte == 0x0D, position < bytes.count, bytes[position] == 0x0A { position += 1 }
        line += 1
        return 0x0A
    }

    private func string(_ content: [UInt8], line: Int) throws(DatasetError) -> String {
        if let text = String(validating: content, as: UTF8.self) { return text }
        throw bad("line \(line) is not UTF-8; convert the file, with iconv say")
    }

    private func bad(_ what: String) -> DatasetError { DatasetError(.badFile, "\(path): \(what)") }
}
