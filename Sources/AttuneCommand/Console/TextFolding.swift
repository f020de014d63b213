import Evaluation

extension String {
    /// The text in lines of at most some columns, broken between words.
    ///
    /// A longer word, such as a path, is kept whole, so that it can be copied.
    ///
    /// - Parameters:
    ///   - columns: The columns; nil breaks nothing.
    ///   - indent: The spaces before each further line, in addition to those of the first.
    ///   - keepsIndented: Whether to keep lines that begin with two spaces whole: in messages they are commands.
    /// - Returns: The lines, at least one.
    func folded(to columns: Int?, indent: Int = 2, keepsIndented: Bool = true) -> [String] {
        let lines = split(separator: Character("\n"), omittingEmptySubsequences: false).map { String($0) }
        guard let columns else { return lines }
        return lines.flatMap { line in
            line.displayWidth <= columns || keepsIndented && line.hasPrefix("  ")
                ? [line] : line.foldedLine(to: columns, indent: indent)
        }
    }

    private func foldedLine(to columns: Int, indent: Int) -> [String] {
        let first = prefix { $0 == " " }.count
        let margin = String(repeating: " ", count: first + indent)
        var lines: [String] = []
        var line = String(prefix(first))
        var rest = Substring(dropFirst(first))
        var gap = ""
        while !rest.isEmpty {
            let word = String(rest.prefix { $0 != " " })
            rest = rest.dropFirst(word.count)
            if line.allSatisfy({ $0 == " " }) || (line + gap + word).displayWidth <= columns {
                line += gap + word
            } else {
                lines.append(line)
                line = margin + word
            }
            gap = String(rest.prefix { $0 == " " })
            rest = rest.dropFirst(gap.count)
        }
        return lines + [line]
    }
}
