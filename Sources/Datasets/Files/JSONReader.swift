import JSON

/// Reads JSON: one object per line, objects over several lines, or one array of objects or texts.
///
/// Columns are in order of first appearance. Objects and lists of objects become one column per part
/// (``NestedColumn``).
struct JSONReader {
    private let input: TextInput
    private let storage: StorageOptions
    private var columns: [JSONColumn] = []
    private var places: [[UInt8]: Int] = [:]
    private var rows = 0
    private var rowsOnTheWay = 0
    private var hasNested = false
    private var warnings: [String] = []
    private var key: [UInt8] = []
    private var text: [UInt8] = []

    init(_ input: TextInput, _ storage: StorageOptions) {
        self.input = input
        self.storage = storage
    }

    /// Reads all rows.
    func dataset() throws(DatasetError) -> Dataset {
        var reader = self
        try reader.readElements()
        return try reader.finish()
    }

    private mutating func finish() throws(DatasetError) -> Dataset {
        var kept: [(name: String, column: Column)] = []
        var nested: [NestedColumn] = []
        for index in columns.indices {
            try columns[index].pad(to: rows)
            guard var finished = try columns[index].finishParts() else {
                let name = String(decoding: columns[index].name, as: UTF8.self)
                if columns[index].hasChoices {
                    warnings.append(
                        "\(input.path): column \"\(name)\" holds Label Studio's choices; they are read as lists"
                    )
                }
                kept.append((name, try columns[index].finish()))
                continue
            }
            // A column whose own name contains dots takes precedence over a part with that path.
            finished.columns.removeAll { places[Array($0.name.utf8)] != nil }
            finished.nested.parts = finished.columns.map(\.name)
            kept += finished.columns
            nested.append(finished.nested)
            nested += finished.unreadable
        }
        guard !kept.isEmpty || rows == 0 else {
            let listed = nested.map(\.description).joined(separator: ", ")
            throw input.bad(
                "has no column of texts, numbers or booleans" + (listed.isEmpty ? "" : "; it has \(listed)")
            )
        }
        return Dataset(
            names: kept.map(\.name),
            columns: kept.map(\.column),
            nested: nested,
            warnings: warnings,
            storage: storage
        )
    }

    private mutating func readElements() throws(DatasetError) {
        var elements = JSONElements(input)
        var bytes: [UInt8] = []
        guard var number = try elements.next(into: &bytes) else { return }
        if elements.isArray {
            let first = bytes.first { $0 > 0x20 }
            if first == UInt8(ascii: "[") {
                throw JSONShape.error(
                    input.path,
                    found: "an array of lists without column names (pandas' orient=\"values\")",
                    reader: "pandas.read_json(PATH).set_axis([\"text\", \"label\"], axis=1)"
                )
            }
            if first == UInt8(ascii: "\"") { return try readTexts(&elements, &bytes, from: number) }
        } else if try elements.isFinished() {
            if try readLoneObject(bytes, number: number) { return }
        }
        while true {
            try append(bytes, number: number)
            guard let next = try elements.next(into: &bytes) else { return }
            number = next
        }
    }

    /// Reads an array of texts into a column `text`, as datasets does.
    private mutating func readTexts(
        _ elements: inout JSONElements,
        _ bytes: inout [UInt8],
        from first: Int
    ) throws(DatasetError) {
        var number = first
        key = Array("text".utf8)
        let column = try column(after: 0, number: number)
        while true {
            let taken: (isText: Bool, isMissing: Bool, isUTF8: Bool) = bytes.withUnsafeBufferPointer {
                buffer in
                var scanner = JSONScanner(buffer)
                var text: [UInt8] = []
                let isText = scanner.string(into: &text) && scanner.isAtEnd()
                self.text = text
                var other = JSONScanner(buffer)
                return (isText, other.cell() == .missing && other.isAtEnd(), isUTF8(buffer))
            }
            guard taken.isUTF8 else { throw input.notUTF8(line: number) }
            guard taken.isText || taken.isMissing else {
                throw input.bad("line \(number): the array's earlier elements are texts, but this one is not")
            }
            _ = taken.isText ? try columns[column].append(text: text) : try columns[column].append(.missing)
            rows += 1
            guard let next = try elements.next(into: &bytes) else { return }
            number = next
        }
    }

    /// Reads rows from a list in the only object of the file.
    ///
    /// - Returns: False if the object is itself a row.
    /// - Throws: `.badFile` if it is a table in an unsupported layout.
    private mutating func readLoneObject(_ bytes: [UInt8], number: Int) throws(DatasetError) -> Bool {
        let name = input.path.split(separator: "/").last?.lowercased() ?? ""
        let isLine = name.contains(".jsonl") || name.contains(".ndjson")
        switch bytes.withUnsafeBufferPointer({ JSONShape($0, isLine: isLine) }) {
        case .row: return false
        case .table(let found, let reader):
            throw JSONShape.error(input.path, found: found, reader: reader)
        case .rows(let name, let others):
            let listed = others.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
            warnings.append(
                "\(input.path): the rows are under \"\(name)\""
                    + (others.isEmpty ? "" : "; not read: \(listed)" + (others.count > 8 ? ", …" : ""))
            )
            for range in Self.elements(of: name, in: bytes) {
                let line = number + bytes[..<range.lowerBound].count { $0 == 0x0A }
                try append(Array(bytes[range]), number: line)
            }
            return true
        }
    }

    /// The byte ranges of the elements in a member's list.
    private static func elements(of name: String, in bytes: [UInt8]) -> [Range<Int>] {
        bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            var ranges: [Range<Int>] = []
            var key: [UInt8] = []
            guard scanner.take("{") else { return [] }
            repeat {
                guard scanner.string(into: &key), scanner.take(":") else { return [] }
                guard key.elementsEqual(name.utf8) else {
                    guard scanner.skipValue() else { return [] }
                    continue
                }
                guard scanner.take("[") else { return [] }
                repeat {
                    _ = scanner.peek()
                    let start = scanner.position
                    guard scanner.skipValue() else { return [] }
                    ranges.append(start..<scanner.position)
                } while scanner.take(",")
                return ranges
            } while scanner.take(",")
            return []
        }
    }

    // MARK: A row

    private mutating func append(_ bytes: [UInt8], number: Int) throws(DatasetError) {
        let result: Result<Void, DatasetError> = bytes.withUnsafeBufferPointer { buffer in
            do throws(DatasetError) {
                guard isUTF8(buffer) else { throw input.notUTF8(line: number) }
                return .success(try row(JSONScanner(buffer), bytes, number: number))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
        rows += 1
        rowsOnTheWay += 1
        let fields = hasNested ? columns.reduce(0) { $0 + $1.fieldCount } : columns.count
        if fields > Self.mostColumns { giveUpParts() }
        guard rowsOnTheWay * fields >= Self.mostFields else { return }
        rowsOnTheWay = 0
        for index in columns.indices {
            try columns[index].pad(to: rows)
            try columns[index].flush()
        }
    }

    /// The maximum number of fields held before a flush: each takes memory even if it is missing.
    private static let mostFields = 1 << 23
    /// The maximum number of different keys: objects whose keys are data would make a column of each key.
    private static let mostColumns = 4096
    /// The maximum number of elements in a list.
    private static let mostElements = 1 << 20

    /// Stops reading parts of nested values, because they have too many different names.
    private mutating func giveUpParts() {
        for index in columns.indices { columns[index].giveUpParts() }
    }

    private mutating func row(_ scanner: JSONScanner, _ bytes: [UInt8], number: Int) throws(DatasetError) {
        var scanner = scanner
        guard scanner.take("{") else { throw notAnObject(bytes, number: number) }
        if !scanner.take("}") {
            var next = 0
            repeat {
                guard scanner.string(into: &key), scanner.take(":") else {
                    throw notAnObject(bytes, number: number)
                }
                let column = try column(after: next, number: number)
                next = column + 1
                // Columns that a row lacks are padded when they next appear.
                guard columns[column].count <= rows else {
                    throw input.bad(
                        "line \(number) has the key \"\(String(decoding: key, as: UTF8.self))\" twice"
                    )
                }
                try columns[column].pad(to: rows)
                try append(valueOf: column, from: &scanner, bytes, number: number)
            } while scanner.take(",")
            guard scanner.take("}") else { throw notAnObject(bytes, number: number) }
        }
        guard scanner.isAtEnd() else { throw notAnObject(bytes, number: number) }
    }

    /// The column of the current key: usually the one after the previous column.
    private mutating func column(after next: Int, number: Int) throws(DatasetError) -> Int {
        if next < columns.count, columns[next].name == key { return next }
        if let known = places[key] { return known }
        guard columns.count < Self.mostColumns else {
            throw input.bad(
                "line \(number): more than \(Self.mostColumns) different keys; write rows that all have the same keys"
            )
        }
        var column = JSONColumn(name: key, storage)
        try column.pad(to: rows)
        columns.append(column)
        places[key] = columns.count - 1
        return columns.count - 1
    }

    private mutating func append(
        valueOf column: Int,
        from scanner: inout JSONScanner,
        _ bytes: [UInt8],
        number: Int
    ) throws(DatasetError) {
        var fits = true
        let kind: String
        let start = scanner
        switch scanner.peek() {
        case UInt8(ascii: "\""):
            kind = "a text"
            guard scanner.string(into: &text) else { throw notAnObject(bytes, number: number) }
            noteConflict(column, kind, isNested: false, number: number)
            fits = try columns[column].append(text: text)
        case UInt8(ascii: "["):
            let values = list(&scanner)
            let isMixed =
                values.map { !CellValue.list($0).isUntypedList && CellValue.list($0).type == nil } ?? false
            kind = isMixed ? "a list of values of different types" : "a list"
            if let list = values {
                guard list.count < Self.mostElements else {
                    throw input.bad(
                        "line \(number): \(shown(column)) holds a list of \(Self.mostElements) values or more; "
                            + "write them as rows"
                    )
                }
                // An empty list among lists of objects is a list of objects.
                if list.isEmpty, columns[column].isNested {
                    scanner = start
                    guard try columns[column].appendNested(&scanner) else {
                        throw notAnObject(bytes, number: number)
                    }
                } else {
                    noteConflict(column, kind, isNested: false, number: number)
                    fits = try columns[column].append(.list(list))
                }
            } else {
                scanner = start
                noteConflict(column, "a list of objects or lists", isNested: true, number: number)
                guard try columns[column].appendNested(&scanner) else {
                    throw notAnObject(bytes, number: number)
                }
            }
        case UInt8(ascii: "{"):
            kind = "an object"
            if let choices = choices(&scanner), try columns[column].append(choices: choices) { break }
            scanner = start
            noteConflict(column, kind, isNested: true, number: number)
            guard try columns[column].appendNested(&scanner) else {
                throw notAnObject(bytes, number: number)
            }
        default:
            guard let value = scanner.cell() else { throw notAnObject(bytes, number: number) }
            kind = value.bool != nil ? "a truth value" : "a number"
            if value != .missing { noteConflict(column, kind, isNested: false, number: number) }
            fits = try columns[column].append(value)
        }
        guard fits else {
            throw input.bad(
                "line \(number): \(shown(column)) holds \(kind), but earlier rows hold "
                    + "\(columns[column].description); give all values one type"
            )
        }
    }

    private func shown(_ column: Int) -> String {
        "\"\(String(decoding: columns[column].name, as: UTF8.self))\""
    }

    /// Records the first line that mixes nested and other values.
    ///
    /// The column is left out, and using it gives the reason.
    private mutating func noteConflict(_ column: Int, _ kind: String, isNested: Bool, number: Int) {
        hasNested = hasNested || isNested
        guard columns[column].conflicts(withNested: isNested) else { return }
        let before = columns[column].description
        columns[column].conflict =
            "line \(number) holds \(kind), but earlier rows hold \(before); give all values one type"
    }

    /// The choices of an object such as `{"choices": ["Good", "Cheap"]}`; nil for any other object.
    private mutating func choices(_ scanner: inout JSONScanner) -> [CellValue]? {
        var name: [UInt8] = []
        guard scanner.take("{"), scanner.string(into: &name), name.elementsEqual("choices".utf8),
            scanner.take(":"), let values = list(&scanner), values.count < Self.mostElements,
            values.allSatisfy({ $0.string != nil }), scanner.take("}")
        else { return nil }
        return values
    }

    /// A list of texts, numbers and Booleans; nil if it contains anything else.
    private mutating func list(_ scanner: inout JSONScanner) -> [CellValue]? {
        guard scanner.take("[") else { return nil }
        if scanner.take("]") { return [] }
        var values: [CellValue] = []
        repeat {
            if scanner.peek() == UInt8(ascii: "\"") {
                guard scanner.string(into: &text) else { return nil }
                values.append(.string(String(decoding: text, as: UTF8.self)))
            } else {
                guard let value = scanner.cell() else { return nil }
                values.append(value)
            }
            // The caller rejects lists of this length.
            if values.count == Self.mostElements { return values }
        } while scanner.take(",")
        guard scanner.take("]") else { return nil }
        // Python writes a missing text as NaN; an infinite number among texts counts as missing, too.
        guard values.contains(where: \.isInfinite), values.contains(where: { $0.string != nil }) else {
            return values
        }
        return values.map { $0.isInfinite ? .missing : $0 }
    }

    /// The maximum size of a row to parse again for an error message, which takes many times its memory.
    private static let mostExplained = 1 << 20

    /// The error for a row that is not an object.
    private func notAnObject(_ bytes: [UInt8], number: Int) -> DatasetError {
        guard bytes.count <= Self.mostExplained else {
            return input.bad("line \(number) is not a JSON object")
        }
        do throws(JSONError) {
            let value = try JSONValue.parse(bytes, allowingNonFinite: true)
            guard value.object == nil else {
                return input.bad(
                    "line \(number) is not JSON: a number has leading zeros, or values are nested too deeply"
                )
            }
            return input.bad("line \(number) holds \(value.kind), not an object")
        } catch {
            return input.bad("line \(number) is not JSON: \(error)")
        }
    }
}
