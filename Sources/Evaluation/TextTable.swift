/// A table of text with aligned columns, two spaces apart.
///
/// Widths are those of a terminal, where a Chinese character or an emoji takes two columns.
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
        // A tab or a line feed in a label would shift the columns.
        self.rows = rows.map { $0.map(\.withoutControls) }
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
    package var text: String { text(columns: nil) }

    /// The fewest terminal columns to which a cell is shortened.
    private static let leastWidth = 6

    /// The lines, with cells shortened so that lines fit.
    ///
    /// The first column is shortened first. A table of very many columns may still be wider.
    ///
    /// - Parameter columns: The most terminal columns of a line; nil for no limit.
    /// - Returns: The lines, each with a newline and without trailing spaces.
    package func text(columns: Int?) -> String {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.displayWidth)
            }
        }
        if let columns { shrink(&widths, to: columns - indent) }
        var text = ""
        for row in rows {
            var line = String(repeating: " ", count: indent)
            for (column, whole) in row.enumerated() {
                let cell = whole.shortened(to: widths[column])
                let space = String(repeating: " ", count: widths[column] - cell.displayWidth)
                line += rightAligned.contains(column) ? space + cell : cell + space
                line += "  "
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }

    private func shrink(_ widths: inout [Int], to columns: Int) {
        var excess = widths.reduce(0) { $0 + $1 + 2 } - 2 - columns
        // A first column of names has room for a little more.
        if excess > 0, let first = widths.first, first > 2 * Self.leastWidth {
            let cut = min(excess, first - 2 * Self.leastWidth)
            widths[0] -= cut
            excess -= cut
        }
        while excess > 0, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
            widths[widest] > Self.leastWidth
        {
            widths[widest] -= 1
            excess -= 1
        }
    }
}
