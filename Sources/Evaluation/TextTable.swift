/// A table of text with aligned columns, two spaces apart.
package struct TextTable {
    private let rows: [[String]]
    private let indent: Int
    private let rightAligned: Set<Int>

    /// Creates a table.
    ///
    /// - Parameters:
    ///   - rows: The cells of each row; rows may have different lengths.
    ///   - indent: Spaces before each row.
    ///   - rightAligned: The indices of right-aligned columns; the others are left-aligned.
    package init(rows: [[String]], indent: Int = 0, rightAligned: Set<Int> = []) {
        self.rows = rows
        self.indent = indent
        self.rightAligned = rightAligned
    }

    /// Creates a table of numbers: the first column is left-aligned, the others are right-aligned.
    ///
    /// - Parameter rows: The cells of each row.
    package init(numbers rows: [[String]]) {
        self.init(rows: rows, rightAligned: Set(1..<max(2, rows.map(\.count).max() ?? 0)))
    }

    /// The lines, each with a newline and without trailing spaces.
    package var text: String {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        var text = ""
        for row in rows {
            var line = String(repeating: " ", count: indent)
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.count)
                line += rightAligned.contains(column) ? space + cell : cell + space
                line += "  "
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }
}
