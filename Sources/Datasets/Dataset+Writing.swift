import JSON

/// A format that rows can be written in.
public enum DatasetFormat: String, Sendable, CaseIterable {
    case csv, tsv, jsonl
}

extension Dataset {
    /// The rows as a file's bytes, which ``init(contentsOf:)`` reads back as the same rows.
    ///
    /// - Parameter format: In delimited text a missing value is an empty field, an empty text a quoted one.
    /// - Returns: UTF-8.
    public func encoded(as format: DatasetFormat) -> [UInt8] {
        switch format {
        case .csv: delimited(by: ",")
        case .tsv: delimited(by: "\t")
        case .jsonl: jsonLines()
        }
    }

    private func jsonLines() -> [UInt8] {
        var bytes: [UInt8] = []
        for row in 0..<count {
            let members = columnNames.indices.map { column in
                (columnNames[column], value(row: row, column: column).map(JSONValue.string) ?? .null)
            }
            bytes += Array(JSONValue.object(JSONObject(members)).oneLineInOrder.utf8)
            bytes.append(0x0A)
        }
        return bytes
    }

    /// Source: RFC 4180.
    private func delimited(by delimiter: Character) -> [UInt8] {
        func field(_ text: String?) -> String {
            guard let text else { return "" }
            let isPlain =
                !text.isEmpty
                && !text.utf8.contains { "\"\r\n".utf8.contains($0) || $0 == delimiter.asciiValue }
            return isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
        }
        var bytes = Array((columnNames.map(field).joined(separator: String(delimiter)) + "\n").utf8)
        for row in 0..<count {
            let fields = columnNames.indices.map { field(value(row: row, column: $0)) }
            bytes += Array(fields.joined(separator: String(delimiter)).utf8)
            bytes.append(0x0A)
        }
        return bytes
    }
}
