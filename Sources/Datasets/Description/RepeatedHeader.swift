extension Dataset {
    /// The rows that repeat the column names, as the header of a second file does after files are concatenated.
    ///
    /// Only a dataset whose columns are all text can contain a header row, whichever format it was saved in later.
    ///
    /// - Parameter column: The column to look at first; nil takes the last.
    /// - Returns: Rows from 0, ascending.
    /// - Throws: `.missingColumn`, `.badFile`.
    package func repeatedHeaderRows(lookingFirstAt column: String? = nil) throws(DatasetError) -> [Int] {
        guard columnNames.count > 1, columns.allSatisfy({ $0.feature == .value(.string) }) else { return [] }
        let first = column ?? columnNames[columnNames.count - 1]
        let name = Array(first.utf8)
        var rows: [Int] = []
        var start = 0
        try stream(first) { batch in
            for row in 0..<batch.count where !batch.isMissing(row) {
                if Self.isName(batch.values.utf8(row), name) { rows.append(start + row) }
            }
            start += batch.count
        }
        for other in columnNames where other != first && !rows.isEmpty {
            let texts = try select(rows).strings(other)
            let name = Array(other.utf8)
            rows = zip(rows, texts).filter { _, text in
                Array((text ?? "").utf8).withUnsafeBufferPointer { Self.isName($0, name) }
            }
            .map(\.0)
        }
        return rows
    }

    /// A sentence about rows that repeat the header; nil if there are none.
    ///
    /// - Parameter column: The column to look at first; nil takes the last.
    /// - Returns: The rows' locations and the remedy.
    /// - Throws: `.missingColumn`, `.badFile`.
    package func repeatedHeaderNote(lookingFirstAt column: String? = nil) throws(DatasetError) -> String? {
        let rows = try repeatedHeaderRows(lookingFirstAt: column)
        guard !rows.isEmpty else { return nil }
        let (verb, object) = rows.count == 1 ? ("repeats", "it") : ("repeat", "them")
        return
            "\(locations(ofRows: rows)) \(verb) the header, as if files had been concatenated: delete \(object), or the "
            + "column names count as a text and its label"
    }

    /// Whether a text is the column's name, with or without a byte-order mark before it.
    private static func isName(_ text: UnsafeBufferPointer<UInt8>, _ name: [UInt8]) -> Bool {
        text.elementsEqual(name)
            || text.count == name.count + 3 && text.elementsEqual([0xEF, 0xBB, 0xBF] + name)
    }
}
