import JSON

/// Reads one JSON object a line; numbers and truth values become their text, lists and objects are refused.
struct JSONLinesReader {
    let bytes: [UInt8]
    let path: String

    /// All rows; columns in the order in which they first appear.
    func dataset() throws(DatasetError) -> Dataset {
        var names: [String] = []
        var columns: [String: [String?]] = [:]
        var rows = 0
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let lines = bytes[start...].split(separator: 0x0A, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated()
        where !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) {
            for member in try object(line, number: index + 1).members {
                if columns[member.name] == nil {
                    names.append(member.name)
                    columns[member.name] = [String?](repeating: nil, count: rows)
                }
                let value = try text(member.value, name: member.name, number: index + 1)
                if columns[member.name]?.count == rows { columns[member.name]?.append(value) }
            }
            rows += 1
            for name in names where columns[name]?.count != rows { columns[name]?.append(nil) }
        }
        return try Dataset(columns: names.map { (name: $0, values: columns[$0] ?? []) })
    }

    private func object(_ line: ArraySlice<UInt8>, number: Int) throws(DatasetError) -> JSONObject {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(line)
        } catch {
            throw DatasetError(.badFile, "\(path): line \(number) is not JSON: \(error)")
        }
        guard let object = value.object else {
            throw DatasetError(.badFile, "\(path): line \(number) holds \(value.kind), not an object")
        }
        return object
    }

    private func text(_ value: JSONValue, name: String, number: Int) throws(DatasetError) -> String? {
        switch value {
        case .null: return nil
        case .string(let text): return text
        case .number(let text): return text
        case .bool(let value): return value ? "True" : "False"  // as the reference names such labels
        case .array, .object:
            throw DatasetError(
                .badFile,
                "\(path): line \(number): \"\(name)\" holds \(value.kind); only texts, numbers and truth values do"
            )
        }
    }
}
