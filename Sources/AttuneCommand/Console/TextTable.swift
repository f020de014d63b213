/// A table of text with aligned columns, two spaces apart.
struct TextTable {
    let rows: [[String]]
    let indent: Int
    /// The indices of right-aligned columns; the others are left-aligned.
    let rightAligned: Set<Int>

    init(rows: [[String]], indent: Int = 0, rightAligned: Set<Int> = []) {
        self.rows = rows
        self.indent = indent
        self.rightAligned = rightAligned
    }

    /// The lines, each with a newline and without trailing spaces.
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

/// A bar of block characters, in steps of an eighth.
///
/// Any part above 0 shows at least one eighth.
///
/// - Parameters:
///   - part: The value of the bar.
///   - whole: The value of a bar of full width.
///   - width: The full width, in characters.
/// - Returns: The bar; empty for nothing.
func bar(_ part: Int, of whole: Int, width: Int = 40) -> String {
    guard part > 0, whole > 0 else { return "" }
    let eighths = max(1, Int((Double(part) / Double(whole) * Double(8 * width)).rounded()))
    let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return String(repeating: "█", count: eighths / 8) + partial[eighths % 8]
}
