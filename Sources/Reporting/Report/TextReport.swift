import Evaluation

/// A report for a terminal: the same sections, with charts in characters.
public struct TextReport {
    private let content: ReportContent
    private let columns: Int

    /// The fewest columns in which charts are drawn.
    private static let leastForPlots = 40
    /// The most rows of a table.
    private static let mostRows = 24
    /// The most classes of a confusion matrix.
    private static let mostClasses = 12

    /// Creates the text of a report.
    ///
    /// - Parameters:
    ///   - content: Everything that the report shows.
    ///   - columns: The width of the terminal; nil for 100 columns.
    public init(_ content: ReportContent, columns: Int?) {
        self.content = content
        self.columns = max(columns ?? 100, 20)
    }

    /// The lines, each ending in a line feed.
    public var text: String {
        var lines = folded(content.title) + folded(content.subtitle)
        for section in ReportSections(content).all {
            let title = section.title.uppercased().withoutControls
            lines += ["", title, String(repeating: "─", count: min(title.displayWidth, columns))]
            for block in section.blocks { lines += [""] + self.lines(block) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func lines(_ block: ReportSection.Block) -> [String] {
        switch block {
        case .paragraph(let text): return folded(text)
        case .list(let items): return items.flatMap { folded("- " + $0) }
        case .tiles(let tiles): return table(tiles.map { [$0.name, $0.value, $0.detail] }, numbers: [1, 2])
        case .plots(let plots): return Array(plots.map(lines).joined(separator: [""]))
        case .table(let table): return lines(table)
        case .matrix(let matrix): return lines(matrix)
        case .facts(let groups):
            return Array(
                groups.filter { !$0.facts.isEmpty }.map { group in
                    [group.name] + table(group.facts.map { ["  " + $0.name, $0.value] }, numbers: [])
                }.joined(separator: [""])
            )
        case .code(let name, _): return ["\(name): in the run's folder"]
        }
    }

    private func lines(_ plot: Plot) -> [String] {
        guard columns >= Self.leastForPlots else { return [plot.title] + folded(plot.finding) }
        var lines = [plot.title] + folded(plot.finding) + TextPlot(plot: plot, columns: columns).lines
        if plot.legend.count > 1 {
            let hasBars = plot.marks.contains { if case .bars = $0 { true } else { false } }
            lines += folded(
                plot.legend.map { "\($0.style.sample(isBar: hasBars)) \($0.name)" }.joined(separator: "   ")
            )
        }
        // Points in a plane cannot be told apart without colours and names.
        if plot.id == "frequency" { lines += [""] + self.lines(plot.table) }
        return lines
    }

    private func lines(_ table: ReportTable) -> [String] {
        let shown = table.rows.prefix(Self.mostRows)
        let numbers = table.columns.indices.filter {
            if case .number = table.columns[$0] { true } else { false }
        }
        let rest = table.rows.count - shown.count
        return folded(table.caption) + self.table([table.columns.map(\.title)] + shown, numbers: Set(numbers))
            + (rest > 0 ? ["… and \(ReportNumber.grouped(rest)) more"] : [])
    }

    private func lines(_ matrix: ReportMatrix) -> [String] {
        guard matrix.labels.count <= Self.mostClasses else {
            return folded("The confusion matrix has \(matrix.labels.count) classes: see report.html.")
        }
        let rows = matrix.counts.enumerated().map { label, counts in
            [matrix.labels[label]] + counts.map(ReportNumber.grouped)
        }
        return [matrix.caption]
            + table([["true \\ predicted"] + matrix.labels] + rows, numbers: Set(1...matrix.labels.count))
    }

    private func table(_ rows: [[String]], numbers: Set<Int>) -> [String] {
        TextTable(rows: rows, rightAligned: numbers).text(columns: columns)
            .split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// A text in lines that fit, broken at spaces.
    private func folded(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.withoutControls.split(separator: " ") {
            if !line.isEmpty, line.displayWidth + 1 + word.displayWidth > min(columns, 100) {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
