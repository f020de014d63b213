/// Cells in columns of equal width, two spaces apart.
struct TextTable {
    let rows: [[String]]
    let indent: Int
    /// The columns whose cells end at one place; those of the others begin at one.
    let rightAligned: Set<Int>

    init(rows: [[String]], indent: Int = 0, rightAligned: Set<Int> = []) {
        self.rows = rows
        self.indent = indent
        self.rightAligned = rightAligned
    }

    /// The lines, each with a newline and without spaces at its end.
    var text: String {
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

/// A bar of block characters, to an eighth of one; a part that is not nothing is seen.
///
/// - Parameters:
///   - part: What the bar stands for.
///   - whole: What a bar of full width stands for.
///   - width: The full width, in characters.
/// - Returns: The bar; empty for nothing.
func bar(_ part: Int, of whole: Int, width: Int = 40) -> String {
    guard part > 0, whole > 0 else { return "" }
    let eighths = max(1, Int((Double(part) / Double(whole) * Double(8 * width)).rounded()))
    let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return String(repeating: "█", count: eighths / 8) + partial[eighths % 8]
}
