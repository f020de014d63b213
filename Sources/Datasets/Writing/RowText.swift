import JSON

/// Formats rows as delimited text or as JSON lines.
///
/// Source: RFC 4180, RFC 8259.
package struct RowText {
    /// The header, before the first row.
    package let header: [UInt8]
    /// The field separator; nil for JSON.
    private let delimiter: UInt8?
    private var cursors: [ColumnCursor]
    private let columns: [Column]
    /// The column names as JSON strings, followed by a colon.
    private let keys: [[UInt8]]

    /// Creates a formatter for the rows of a loaded dataset.
    ///
    /// - Parameters:
    ///   - dataset: The rows, in memory or memory-mapped.
    ///   - delimiter: The field separator; nil for JSON.
    package init(_ dataset: Dataset, delimiter: UInt8?) {
        self.delimiter = delimiter
        columns = dataset.columns
        cursors = dataset.columns.map(ColumnCursor.init)
        keys = dataset.columnNames.map { Array((JSONValue.string($0).oneLine + ": ").utf8) }
        var header: [UInt8] = []
        if let delimiter {
            for (index, name) in dataset.columnNames.enumerated() {
                if index > 0 { header.append(delimiter) }
                Self.appendField(Array(name.utf8)[...], delimiter, isName: true, to: &header)
            }
            header.append(0x0A)
        }
        self.header = header
    }

    /// Appends a row and a line break.
    ///
    /// - Parameters:
    ///   - row: The zero-based row.
    ///   - bytes: Receives the text.
    package mutating func append(_ row: Int, to bytes: inout [UInt8]) {
        if delimiter == nil { bytes.append(UInt8(ascii: "{")) }
        appendCells(of: row, to: &bytes)
        if delimiter == nil { bytes.append(UInt8(ascii: "}")) }
        bytes.append(0x0A)
    }

    /// Appends a row without the braces of a JSON object and without a line break.
    ///
    /// - Parameters:
    ///   - row: The zero-based row.
    ///   - bytes: Receives the text.
    package mutating func appendCells(of row: Int, to bytes: inout [UInt8]) {
        for index in columns.indices {
            if index > 0 {
                if let delimiter { bytes.append(delimiter) } else { bytes += [UInt8(ascii: ","), 0x20] }
            }
            if delimiter == nil { bytes += keys[index] }
            guard let (batch, place) = cursors[index].locate(row), !batch.isMissing(place) else {
                if delimiter == nil { bytes += Array("null".utf8) }
                continue
            }
            append(batch, place, columns[index].feature, to: &bytes)
        }
    }

    private func append(_ batch: ArrowBatch, _ row: Int, _ feature: Feature, to bytes: inout [UInt8]) {
        guard let delimiter else {
            bytes += Array(Self.json(batch.value(row), feature).oneLineInOrder.utf8)
            return
        }
        if batch.type == ColumnType(.string) {
            return Self.appendField(batch.values.utf8(row), delimiter, to: &bytes)
        }
        let json = Self.json(batch.value(row), feature)
        if json == .null { return }
        let text =
            switch json {
            case .string(let text): text
            case .bool(let truth): truth ? "True" : "False"
            default: json.oneLineInOrder
            }
        Self.appendField(Array(text.utf8), delimiter, to: &bytes)
    }

    private static func json(_ value: CellValue, _ feature: Feature) -> JSONValue {
        switch (value, feature) {
        case (.missing, _): .null
        case (.list(let values), .list(let element)): .array(values.map { json($0, element) })
        case (.list(let values), _): .array(values.map { json($0, feature) })
        // An id without a name, such as -1 in datasets, is not a class.
        case (.int(let id), .classLabel(let label)):
            label.names.indices.contains(id) ? .string(label.names[id]) : .null
        case (.string(let text), _): .string(text)
        case (.int(let number), _): .int(number)
        case (.double(let number), _): number.isFinite ? .double(number) : .null
        case (.bool(let truth), _): .bool(truth)
        }
    }

    private static func appendField(
        _ text: some Collection<UInt8>,
        _ delimiter: UInt8,
        isName: Bool = false,
        to bytes: inout [UInt8]
    ) {
        // Quote a name with a possible delimiter, because readers guess the delimiter from the header.
        let isPlain =
            !text.isEmpty
            && !text.contains { $0 == UInt8(ascii: "\"") || $0 == 0x0D || $0 == 0x0A || $0 == delimiter }
            && !(isName && text.contains { ",;\t|".utf8.contains($0) })
        guard !isPlain else { return bytes.append(contentsOf: text) }
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            bytes.append(byte)
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
