extension Dataset {
    /// The beginnings of a few rows' texts; the file passes once more for them, as no text was kept.
    ///
    /// - Parameters:
    ///   - rows: Any rows, in any order.
    ///   - column: Holds the texts.
    ///   - length: Characters at the most.
    /// - Returns: By row; rows without a text are not among them.
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

/// A text on one line: runs of white space as one space, without what a terminal would obey, cut to a length.
///
/// - Parameters:
///   - text: Any text.
///   - length: Characters at the most, with the `…` that stands for what is cut.
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
            // The last character makes room for the sign that something is missing.
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

/// Whether a terminal would do something else than show it: escapes, and marks that turn the direction of writing.
private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x202A...0x202E, 0x2066...0x2069: true
    default: scalar.properties.generalCategory == .control
    }
}
