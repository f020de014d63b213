import Evaluation

/// A chart in characters: lines and points in Braille patterns of two by four dots, with the numbers of the axes.
struct TextPlot {
    let plot: Plot
    /// The columns for the whole chart.
    let columns: Int

    private static let height = 12

    /// The lines of the chart, without its title.
    var lines: [String] {
        let margin = min(plot.y.ticks.map { $0.text.displayWidth }.max() ?? 0, 12)
        let width = max(min(columns - margin - 2, 72), 8)
        var canvas = Canvas(width: width, height: Self.height)
        for mark in plot.marks { draw(mark, &canvas) }
        var names = [String](repeating: "", count: Self.height)
        for tick in plot.y.ticks {
            let row = Int(((1 - plot.y.share(tick.position)) * Double(Self.height - 1)).rounded())
            if names.indices.contains(row) { names[row] = tick.text.shortened(to: margin) }
        }
        var lines = canvas.rows.enumerated().map { row, text in
            let name = names[row]
            let space = String(repeating: " ", count: margin - name.displayWidth)
            return space + name + (name.isEmpty ? " │" : " ┤") + text
        }
        lines.append(String(repeating: " ", count: margin) + " └" + String(repeating: "─", count: width))
        lines += axis(width, margin)
        return lines.map { line in
            var line = line
            while line.last == " " || line.last == "\u{2800}" { line.removeLast() }
            return line
        }
    }

    /// The numbers and the name of the horizontal axis.
    private func axis(_ width: Int, _ margin: Int) -> [String] {
        var cells = [Character](repeating: " ", count: margin + 2 + width)
        var end = -1
        for tick in plot.x.ticks {
            let text = Array(tick.text)
            let center = margin + 2 + Int((plot.x.share(tick.position) * Double(width - 1)).rounded())
            let start = max(min(center - text.count / 2, cells.count - text.count), 0)
            guard start > end, start + text.count <= cells.count else { continue }
            cells.replaceSubrange(start..<start + text.count, with: text)
            end = start + text.count
        }
        let line = String(cells)
        guard line.displayWidth + 2 + plot.x.label.displayWidth > columns else {
            return [line + "  " + plot.x.label]
        }
        return [
            line,
            String(repeating: " ", count: margin + 2) + plot.x.label.shortened(to: columns - margin - 2),
        ]
    }

    private func draw(_ mark: Plot.Mark, _ canvas: inout Canvas) {
        func place(_ point: CurvePoint) -> (x: Double, y: Double) {
            (plot.x.share(point.x), plot.y.share(point.y))
        }
        switch mark {
        case .line(let points, let style) where style != .quiet:
            let finite = points.filter { $0.x.isFinite && $0.y.isFinite }
            for (from, to) in zip(finite, finite.dropFirst()) {
                canvas.line(place(from), place(to), dots: style.dots)
            }
        case .line: break
        case .dots(let points, _):
            for point in points where point.x.isFinite && point.y.isFinite { canvas.dot(place(point)) }
        case .bars(let bars, let style):
            for bar in bars {
                canvas.bar(
                    place(CurvePoint(bar.x.lowerBound, bar.y.lowerBound)),
                    place(CurvePoint(bar.x.upperBound, bar.y.upperBound)),
                    isHollow: style == .first && plot.legend.count > 1
                )
            }
        case .rule(let x, _): canvas.line((plot.x.share(x), 0), (plot.x.share(x), 1), dots: (1, 2))
        case .reference(let from, let to): canvas.line(place(from), place(to), dots: (1, 5))
        case .whiskers, .names: break
        }
    }

    /// A grid of Braille patterns.
    private struct Canvas {
        private let width: Int
        private let height: Int
        private var dots: [Bool]

        init(width: Int, height: Int) {
            (self.width, self.height) = (width * 2, height * 4)
            dots = [Bool](repeating: false, count: width * height * 8)
        }

        private mutating func set(_ x: Int, _ y: Int) {
            guard (0..<width).contains(x), (0..<height).contains(y) else { return }
            dots[y * width + x] = true
        }

        private func cell(_ place: (x: Double, y: Double)) -> (x: Int, y: Int) {
            let (x, y) = (min(max(place.x, -1), 2), min(max(place.y, 0), 1))
            return (Int((x * Double(width - 1)).rounded()), Int(((1 - y) * Double(height - 1)).rounded()))
        }

        mutating func dot(_ place: (x: Double, y: Double)) {
            let center = cell(place)
            for (x, y) in [(0, 0), (1, 0), (0, 1), (1, 1)] { set(center.x + x, center.y + y) }
        }

        /// Draws `dots.on` of each `dots.of` dots of a line.
        mutating func line(
            _ from: (x: Double, y: Double),
            _ to: (x: Double, y: Double),
            dots: (on: Int, of: Int)
        ) {
            let (a, b) = (cell(from), cell(to))
            let steps = max(abs(b.x - a.x), abs(b.y - a.y), 1)
            for step in 0...steps {
                let x = a.x + (b.x - a.x) * step / steps
                let y = a.y + (b.y - a.y) * step / steps
                // By position, so that a curve of many short lines has dashes, too.
                if (x + y) % dots.of < dots.on { set(x, y) }
            }
        }

        mutating func bar(_ low: (x: Double, y: Double), _ high: (x: Double, y: Double), isHollow: Bool) {
            guard high.y > low.y else { return }
            let (a, b) = (cell(low), cell(high))
            for x in a.x...max(b.x - 1, a.x) {
                for y in min(b.y, a.y)...a.y {
                    let isEdge = y == b.y || x == a.x || x == b.x - 1
                    if !isHollow || isEdge || (x + y).isMultiple(of: 3) { set(x, y) }
                }
            }
        }

        var rows: [String] {
            (0..<height / 4).map { row in
                String(
                    String.UnicodeScalarView(
                        (0..<width / 2).compactMap { column in
                            // The dots' bits, column by column: Unicode's block of Braille patterns.
                            var bits: UInt32 = 0
                            for (place, bit) in [0, 1, 2, 6, 3, 4, 5, 7].enumerated() {
                                let (x, y) = (column * 2 + place / 4, row * 4 + place % 4)
                                if dots[y * width + x] { bits |= 1 << UInt32(bit) }
                            }
                            return Unicode.Scalar(0x2800 + bits)
                        }
                    )
                )
            }
        }
    }
}

extension PlotStyle {
    /// The dots of a line that are drawn: some of each group.
    fileprivate var dots: (on: Int, of: Int) {
        switch self {
        case .first: (1, 1)
        case .second: (2, 3)
        case .third: (1, 2)
        case .fourth: (2, 5)
        case .quiet: (1, 6)
        }
    }

    /// A sample of the style for the legend.
    ///
    /// - Parameter isBar: Whether of bars, not of a line.
    /// - Returns: Two characters.
    func sample(isBar: Bool) -> String {
        switch self {
        case .first: isBar ? "░░" : "━━"
        case .second: isBar ? "██" : "╍╍"
        case .third: "┅┅"
        case .fourth: "┈┈"
        case .quiet: "··"
        }
    }
}
