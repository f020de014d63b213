import Evaluation

/// The form of a line in a terminal.
struct LineStyle: Equatable {
    /// The columns that may be used; nil for no limit.
    var columns: Int?
    /// Whether colours are shown.
    var hasColors = false
}

/// A row of progress: a label and its parts, which are folded or left out to fit into a terminal.
struct ProgressRow: Equatable {
    /// A part of a row.
    struct Part: Equatable {
        /// The text in full.
        var text: String
        /// A shorter text for narrow terminals; nil if there is none.
        var short: String?
        /// The rank by which parts are kept in a narrow terminal; the lowest is kept longest.
        var rank: Int
        /// Whether the text may be cut rather than left out.
        var isCut = false

        init(_ text: String, short: String? = nil, rank: Int, isCut: Bool = false) {
            (self.text, self.short, self.rank, self.isCut) = (text, short, rank, isCut)
        }
    }

    /// The colour of a label.
    enum Color: String {
        case cyan = "36"
        case green = "32"
        case yellow = "33"
    }

    /// The first word.
    var label: String
    /// The colour of the label.
    var color: Color
    /// The parts in order of display.
    var parts: [Part]
    /// The share that is done, from 0 to 1, shown as a bar; nil for no bar.
    var share: Double?

    /// The columns of the shortest and the longest bar.
    private static let barColumns = 6...30
    /// Parts up to this rank are shortened, and other parts left out, before one of them is left out.
    private static let lastEssentialRank = 5
    /// The fewest columns of a part that is cut.
    private static let leastCut = 8

    // MARK: A line that stays

    /// The row in full, folded between its parts.
    ///
    /// - Parameter style: The form.
    /// - Returns: The lines, at least one.
    func folded(_ style: LineStyle) -> [String] {
        let indent = String(repeating: " ", count: min(label.displayWidth + 1, 8))
        var lines: [String] = []
        var line = label
        for (index, part) in parts.enumerated() {
            let next = line + (index == 0 ? " " : "  ") + part.text
            guard let columns = style.columns, next.displayWidth > columns, index > 0 else {
                line = next
                continue
            }
            lines.append(line)
            line = indent + part.text
        }
        lines.append(line)
        // One part alone may be too wide.
        if let columns = style.columns {
            lines = lines.flatMap { line in
                let further = line.hasPrefix(" ") ? 0 : indent.count
                return line.folded(to: columns, indent: further, keepsIndented: false)
            }
        }
        lines[0] = colored(lines[0], style)
        return lines
    }

    // MARK: A line that is rewritten

    /// The row in one line that fits.
    ///
    /// First texts are shortened, that of the lowest rank first and then from the highest rank down. Then parts are left out,
    /// the one of the highest rank first, and the bar as the second. Room that is left is used in the opposite order.
    ///
    /// - Parameter style: The form.
    /// - Returns: The line, never wider than the style's columns.
    func fitted(_ style: LineStyle) -> String {
        let columns = style.columns ?? .max
        guard label.displayWidth < columns else { return label.shortened(to: columns) }
        let byRank = parts.indices.sorted { parts[$0].rank < parts[$1].rank }
        var kept = byRank.filter { parts[$0].rank <= Self.lastEssentialRank }
        var texts = Dictionary(uniqueKeysWithValues: kept.map { ($0, parts[$0].text) })
        var barSize = share == nil ? 0 : Self.barColumns.lowerBound
        func room() -> Int {
            let bar = barSize > 0 ? barSize + 2 : 0
            return columns - label.displayWidth - bar - texts.values.reduce(0) { $0 + $1.displayWidth + 2 }
        }
        let shortening = (kept.prefix(1) + kept.dropFirst().reversed()).filter { parts[$0].short != nil }
        for index in shortening where room() < 0 { texts[index] = parts[index].short }
        if room() < 0, let last = kept.popLast() { texts[last] = nil }
        if room() < 0 { barSize = 0 }
        while room() < 0, let last = kept.popLast() { texts[last] = nil }
        for index in shortening.reversed() where texts[index] != nil {
            let short = texts[index]
            texts[index] = parts[index].text
            if room() < 0 { texts[index] = short }
        }
        for index in byRank where parts[index].rank > Self.lastEssentialRank {
            let free = room() - 2
            let whole = [parts[index].text, parts[index].short].compactMap { $0 }
            if let fitting = whole.first(where: { $0.displayWidth <= free }) {
                texts[index] = fitting
            } else if parts[index].isCut, free >= Self.leastCut, let shortest = whole.last {
                texts[index] = shortest.shortened(to: free)
            }
        }
        if barSize > 0 { barSize = min(Self.barColumns.upperBound, barSize + room()) }
        var line = label
        if let share, barSize > 0 { line += "  " + Self.progressBar(share, columns: barSize) }
        for index in parts.indices { if let text = texts[index] { line += "  " + text } }
        return colored(line, style)
    }

    private func colored(_ line: String, _ style: LineStyle) -> String {
        guard style.hasColors, line.hasPrefix(label) else { return line }
        return "\u{1B}[\(color.rawValue)m\(label)\u{1B}[0m" + line.dropFirst(label.count)
    }

    /// A bar with its empty part, so that the end can be seen.
    static func progressBar(_ share: Double, columns: Int) -> String {
        let share = min(max(share.isFinite ? share : 0, 0), 1)
        // Only a complete phase fills the bar.
        let eighths = share == 1 ? 8 * columns : min(8 * columns - 1, Int(share * Double(8 * columns)))
        let filled = bar(eighths, of: 8 * columns, width: columns)
        return filled + String(repeating: "░", count: columns - filled.count)
    }
}
