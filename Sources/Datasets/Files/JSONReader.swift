import JSON

/// Reads JSON: an object a line, or one array of objects.
///
/// Columns come in the order in which they first appear. Objects and lists of lists are left out.
struct JSONReader {
    private let input: TextInput
    private let storage: StorageOptions
    private var columns: [JSONColumn] = []
    private var places: [[UInt8]: Int] = [:]
    private var rows = 0
    private var rowsOnTheWay = 0
    private var key: [UInt8] = []
    private var text: [UInt8] = []

    init(_ input: TextInput, _ storage: StorageOptions) {
        self.input = input
        self.storage = storage
    }

    /// All rows.
    func dataset() throws(DatasetError) -> Dataset {
        var reader = self
        return try reader.read()
    }

    private mutating func read() throws(DatasetError) -> Dataset {
        try skipSpace()
        if try input.peek() == UInt8(ascii: "[") {
            try readArray()
        } else {
            try readLines()
        }
        var kept: [(name: String, column: Column)] = []
        var leftOut: [String] = []
        for index in columns.indices {
            try columns[index].pad(to: rows)
            let name = String(decoding: columns[index].name, as: UTF8.self)
            if columns[index].isNested {
                leftOut.append(name)
            } else {
                kept.append((name, try columns[index].finish()))
            }
        }
        guard !kept.isEmpty || rows == 0 else {
            throw input.bad("has no column of texts, numbers or booleans")
        }
        return Dataset(
            names: kept.map(\.name),
            columns: kept.map(\.column),
            leftOut: leftOut,
            storage: storage
        )
    }

    private mutating func readLines() throws(DatasetError) {
        var line: [UInt8] = []
        while try !input.isFinished() {
            line.removeAll(keepingCapacity: true)
            try input.take(into: &line) { $0 == 0x0A }
            if !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) {
                try append(line, number: input.line)
            }
            if try !input.isFinished() { input.position += 1 }
            input.line += 1
        }
    }

    private mutating func readArray() throws(DatasetError) {
        let first = input.line
        input.position += 1
        try skipSpace()
        var isOpen = try input.peek() != UInt8(ascii: "]")
        var object: [UInt8] = []
        while isOpen {
            try skipSpace()
            let start = input.line
            object.removeAll(keepingCapacity: true)
            try takeElement(into: &object)
            try append(object, number: start)
            try skipSpace()
            isOpen = try input.peek() == UInt8(ascii: ",")
            if isOpen { input.position += 1 }
        }
        guard try input.peek() == UInt8(ascii: "]") else {
            let found = try input.peek() == nil ? "the array that line \(first) opens is never closed" : nil
            throw input.bad(found ?? "line \(input.line): expected \",\" or \"]\" after an object")
        }
        input.position += 1
        try skipSpace()
        guard try input.isFinished() else {
            throw input.bad(
                "line \(input.line): something follows the array; one array of objects is expected"
            )
        }
    }

    private func skipSpace() throws(DatasetError) {
        while let byte = try input.peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            if byte == 0x0A { input.line += 1 }
            input.position += 1
        }
    }

    /// Takes an array's element up to the comma or bracket behind it.
    private func takeElement(into bytes: inout [UInt8]) throws(DatasetError) {
        var depth = 0
        while true {
            let start = bytes.count
            try input.take(into: &bytes) { byte in
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "}"),
                    UInt8(ascii: "]"),
                    UInt8(ascii: ","):
                    true
                default: false
                }
            }
            input.line += bytes[start...].count { $0 == 0x0A }
            guard let byte = try input.peek() else { return }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0: return
            default: break
            }
            bytes.append(byte)
            input.position += 1
            if byte == UInt8(ascii: "\"") { try takeString(into: &bytes) }
        }
    }

    private func takeString(into bytes: inout [UInt8]) throws(DatasetError) {
        while true {
            let start = bytes.count
            try input.take(into: &bytes) { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
            input.line += bytes[start...].count { $0 == 0x0A }
            guard let byte = try input.peek() else { return }
            bytes.append(byte)
            input.position += 1
            if byte == UInt8(ascii: "\"") { return }
            guard let escaped = try input.peek() else { return }
            bytes.append(escaped)
            input.position += 1
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
        guard rowsOnTheWay * columns.count >= Self.mostFields else { return }
        rowsOnTheWay = 0
        for index in columns.indices {
            try columns[index].pad(to: rows)
            try columns[index].flush()
        }
    }

    /// Fields on their way at most: each takes memory even where it is missing.
    private static let mostFields = 1 << 23
    /// Different names at most: data that is keyed by something would make a column of each key.
    private static let mostColumns = 4096
    /// Elements of a list at most.
    private static let mostElements = 1 << 20

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
                // Columns that rows lack are filled up when they come again.
                guard columns[column].count <= rows else {
                    throw input.bad("line \(number) names \"\(String(decoding: key, as: UTF8.self))\" twice")
                }
                try columns[column].pad(to: rows)
                try append(valueOf: column, from: &scanner, bytes, number: number)
            } while scanner.take(",")
            guard scanner.take("}") else { throw notAnObject(bytes, number: number) }
        }
        guard scanner.isAtEnd() else { throw notAnObject(bytes, number: number) }
    }

    /// The column of the key at hand: mostly the one after the last.
    private mutating func column(after next: Int, number: Int) throws(DatasetError) -> Int {
        if next < columns.count, columns[next].name == key { return next }
        if let known = places[key] { return known }
        guard columns.count < Self.mostColumns else {
            throw input.bad(
                "line \(number): more than \(Self.mostColumns) different names; write rows that all have the same ones"
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
        let fits: Bool
        let kind: String
        switch scanner.peek() {
        case UInt8(ascii: "\""):
            kind = "a text"
            guard scanner.string(into: &text) else { throw notAnObject(bytes, number: number) }
            fits = try columns[column].append(text: text)
        case UInt8(ascii: "["):
            let start = scanner
            let values = list(&scanner)
            let isMixed = values.map { !Value.list($0).isUntypedList && Value.list($0).type == nil } ?? false
            kind = isMixed ? "a list of values of different types" : "a list"
            if let list = values {
                guard list.count < Self.mostElements else {
                    throw input.bad(
                        "line \(number): \"\(String(decoding: columns[column].name, as: UTF8.self))\" holds a list of "
                            + "\(Self.mostElements) values or more; write them as rows"
                    )
                }
                fits = try columns[column].append(.list(list))
            } else {
                scanner = start
                guard scanner.skipValue() else { throw notAnObject(bytes, number: number) }
                fits = try columns[column].appendNested()
            }
        case UInt8(ascii: "{"):
            kind = "an object"
            guard scanner.skipValue() else { throw notAnObject(bytes, number: number) }
            fits = try columns[column].appendNested()
        default:
            guard let value = scanner.scalar() else { throw notAnObject(bytes, number: number) }
            kind = value.bool != nil ? "a truth value" : "a number"
            fits = try columns[column].append(value)
        }
        guard fits else {
            throw input.bad(
                "line \(number): \"\(String(decoding: columns[column].name, as: UTF8.self))\" holds \(kind) where the rows "
                    + "before hold \(columns[column].description); give all values one type"
            )
        }
    }

    /// A list of texts, numbers and truth values; nil where it holds anything else.
    private mutating func list(_ scanner: inout JSONScanner) -> [Value]? {
        guard scanner.take("[") else { return nil }
        if scanner.take("]") { return [] }
        var values: [Value] = []
        repeat {
            if scanner.peek() == UInt8(ascii: "\"") {
                guard scanner.string(into: &text) else { return nil }
                values.append(.string(String(decoding: text, as: UTF8.self)))
            } else {
                guard let value = scanner.scalar() else { return nil }
                values.append(value)
            }
            // The caller refuses so many.
            if values.count == Self.mostElements { return values }
        } while scanner.take(",")
        return scanner.take("]") ? values : nil
    }

    /// Bytes of a row that may be taken apart to say what is wrong with it: that takes many times their memory.
    private static let mostExplained = 1 << 20

    /// Why a row is no object.
    private func notAnObject(_ bytes: [UInt8], number: Int) -> DatasetError {
        guard bytes.count <= Self.mostExplained else { return input.bad("line \(number) is no JSON object") }
        do throws(JSONError) {
            let value = try JSONValue.parse(bytes)
            guard value.object == nil else {
                return input.bad(
                    "line \(number) is not JSON: a number in it has needless zeros, or it nests too deeply"
                )
            }
            return input.bad("line \(number) holds \(value.kind), not an object")
        } catch {
            return input.bad("line \(number) is not JSON: \(error)")
        }
    }
}
