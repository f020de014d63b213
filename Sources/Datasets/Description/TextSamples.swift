extension Dataset {
    /// Returns the beginnings of the texts of a few rows.
    ///
    /// This reads the file again, because texts are not kept.
    ///
    /// - Parameters:
    ///   - rows: Any rows, in any order.
    ///   - column: The column of the texts.
    ///   - length: The maximum number of characters.
    /// - Returns: The beginnings by row, without rows that have no text.
    /// - Throws: `.missingColumn`, `.badFile`.
    func beginnings(ofRows rows: [Int], column: String, length: Int) throws(DatasetError) -> [Int: String] {
        let rows = Set(rows).sorted()
        guard !rows.isEmpty else { return [:] }
        let texts = try select(rows).strings(column)
        var beginnings: [Int: String] = [:]
        for (row, text) in zip(rows, texts) { beginnings[row] = text.map { shortened($0, to: length) } }
        return beginnings
    }
}

/// Shortens a text to one line: collapses white space, removes terminal control characters, and truncates.
///
/// - Parameters:
///   - text: Any text.
///   - length: The maximum number of characters, including the `…` that marks truncation.
/// - Returns: The line.
package func shortened(_ text: String, to length: Int) -> String {
    var line = String.UnicodeScalarView()
    var count = 0
    var isSpacePending = false
    for scalar in text.unicodeScalars {
        if scalar.properties.isWhitespace || isControl(scalar) {
            isSpacePending = count > 0
            continue
        }
        let added = isSpacePending ? 2 : 1
        guard count + added <= length else {
            // Make room for the ellipsis.
            while let last = line.last, count >= length || last == " " {
                line.removeLast()
                count -= 1
            }
            line.append("…")
            return String(line)
        }
        if isSpacePending { line.append(" ") }
        line.append(scalar)
        count += added
        isSpacePending = false
    }
    return String(line)
}

/// Whether a terminal would interpret the character: control characters, and marks that change the writing direction.
private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x202A...0x202E, 0x2066...0x2069: true
    default: scalar.properties.generalCategory == .control
    }
}
