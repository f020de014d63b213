import Evaluation
import Files

/// A chart as SVG.
///
/// The size suits half a page on a desktop and a whole one on a phone, where the text remains readable.
struct SVGPlot {
    let plot: Plot

    private static let size = (width: 420.0, height: 280.0)
    private static let inside = (left: 64.0, right: 404.0, top: 16.0, bottom: 228.0)
    private static let mostPoints = 500

    /// The chart, with its title and its finding for screen readers.
    var text: String {
        let (width, height) = (Int(Self.size.width), Int(Self.size.height))
        return """
            <svg role="img" aria-labelledby="\(plot.id)-t \(plot.id)-d" viewBox="0 0 \(width) \(height)">\
            <title id="\(plot.id)-t">\(HTMLText.escaped(plot.title))</title>\
            <desc id="\(plot.id)-d">\(HTMLText.escaped(plot.finding))</desc>
            \(axes)\(plot.marks.map(svg).joined())</svg>
            """
    }

    // MARK: Coordinates

    /// A coordinate with one digit after the point, which is enough for a screen.
    private func c(_ value: Double) -> String {
        let tenths = Int((min(max(value, -9999), 9999) * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        let (whole, rest) = (tenths.magnitude / 10, tenths.magnitude % 10)
        return sign + "\(whole)" + (rest == 0 ? "" : ".\(rest)")
    }

    private func x(_ value: Double) -> Double {
        Self.inside.left + plot.x.share(value) * (Self.inside.right - Self.inside.left)
    }

    private func y(_ value: Double) -> Double {
        Self.inside.bottom - plot.y.share(value) * (Self.inside.bottom - Self.inside.top)
    }

    private func clampedY(_ value: Double) -> Double {
        min(max(y(value), Self.inside.top), Self.inside.bottom)
    }

    // MARK: Axes

    private var axes: String {
        let inside = Self.inside
        var text = ""
        for tick in plot.y.ticks {
            let place = c(y(tick.position))
            text += "<path class=\"g\" d=\"M\(c(inside.left)) \(place)H\(c(inside.right))\"/>"
            text += label(tick.text, c(inside.left - 7), c(y(tick.position) + 4), "end")
        }
        text += "\n<path class=\"a\" d=\"M\(c(inside.left)) \(c(inside.bottom))H\(c(inside.right))\"/>"
        for tick in shownTicks {
            let place = c(x(tick.position))
            text += "<path class=\"a\" d=\"M\(place) \(c(inside.bottom))v4\"/>"
            text += label(tick.text, place, c(inside.bottom + 18), "middle")
        }
        text += label(
            plot.x.label,
            c((inside.left + inside.right) / 2),
            c(Self.size.height - 12),
            "middle",
            "n"
        )
        let middle = c((inside.top + inside.bottom) / 2)
        text +=
            "<text class=\"n\" text-anchor=\"middle\" transform=\"translate(13 \(middle)) rotate(-90)\">"
            + "\(HTMLText.escaped(plot.y.label))</text>\n"
        return text
    }

    /// The horizontal axis's numbers, without those that would run into their neighbours.
    private var shownTicks: [PlotAxis.Tick] {
        var shown: [PlotAxis.Tick] = []
        var end = -Double.infinity
        for tick in plot.x.ticks {
            let half = Self.width(of: tick.text) / 2
            let place = x(tick.position)
            guard place - half > end else { continue }
            shown.append(tick)
            end = place + half + 6
        }
        return shown
    }

    /// The approximate width of a label.
    private static func width(of text: String) -> Double { Double(text.displayWidth) * 7 }

    private func label(
        _ text: String,
        _ x: String,
        _ y: String,
        _ anchor: String,
        _ kind: String = ""
    ) -> String {
        let kind = kind.isEmpty ? "" : " class=\"\(kind)\""
        return "<text\(kind) x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor)\">\(HTMLText.escaped(text))</text>"
    }

    // MARK: Marks

    private func svg(_ mark: Plot.Mark) -> String {
        switch mark {
        case .line(let points, let style): line(points, style)
        case .dots(let points, let style): dots(points, style)
        case .bars(let bars, let style): self.bars(bars, style)
        case .whiskers(let whiskers): self.whiskers(whiskers)
        case .rule(let value, let name): rule(value, name)
        case .reference(let from, let to):
            "<path class=\"r\" d=\"M\(c(x(from.x))) \(c(y(from.y)))L\(c(x(to.x))) \(c(y(to.y)))\"/>\n"
        case .names(let names): self.names(names)
        }
    }

    private func line(_ points: [CurvePoint], _ style: PlotStyle) -> String {
        let finite = points.filter { $0.x.isFinite && $0.y.isFinite }
        guard finite.count > 1 else { return dots(finite, style) }
        let most = style == .quiet ? Self.mostPoints / 4 : Self.mostPoints
        let path = finite.thinned(to: most).map { "\(c(x($0.x))) \(c(clampedY($0.y)))" }
        return "<path class=\"l \(style.rawValue)\" d=\"M\(path.joined(separator: "L"))\"/>\n"
    }

    private func dots(_ points: [CurvePoint], _ style: PlotStyle) -> String {
        let finite = points.filter { $0.x.isFinite && $0.y.isFinite }
        let shapes = finite.map { Self.shape(style, c(x($0.x)), c(clampedY($0.y))) }
        return shapes.isEmpty ? "" : "<path class=\"d \(style.rawValue)\" d=\"\(shapes.joined())\"/>\n"
    }

    /// A filled shape around a point, different for each style.
    ///
    /// - Parameters:
    ///   - style: The style.
    ///   - x: The horizontal coordinate.
    ///   - y: The vertical coordinate.
    /// - Returns: The path.
    static func shape(_ style: PlotStyle, _ x: String, _ y: String) -> String {
        switch style {
        case .first: "M\(x) \(y)m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z"
        case .second: "M\(x) \(y)m-3.2-3.2h6.4v6.4h-6.4z"
        case .third: "M\(x) \(y)m0-4.4l4.2 7.6h-8.4z"
        case .fourth: "M\(x) \(y)m0-4.6l4.6 4.6l-4.6 4.6l-4.6-4.6z"
        case .quiet: "M\(x) \(y)m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z"
        }
    }

    private func bars(_ bars: [Plot.Bar], _ style: PlotStyle) -> String {
        let shapes = bars.filter { $0.y.upperBound > $0.y.lowerBound }.map { bar in
            // A gap of one pixel between neighbours, and at least one pixel of height.
            let (left, right) = (x(bar.x.lowerBound) + 0.5, x(bar.x.upperBound) - 0.5)
            let bottom = clampedY(bar.y.lowerBound)
            let top = min(clampedY(bar.y.upperBound), bottom - 1)
            return "M\(c(left)) \(c(bottom))V\(c(top))H\(c(right))V\(c(bottom))z"
        }
        return shapes.isEmpty ? "" : "<path class=\"b \(style.rawValue)\" d=\"\(shapes.joined())\"/>\n"
    }

    private func whiskers(_ whiskers: [Plot.Whisker]) -> String {
        let shapes = whiskers.map { whisker in
            let (low, high) = (clampedY(whisker.y.lowerBound), clampedY(whisker.y.upperBound))
            return "M\(c(x(whisker.x) - 3)) \(c(high))h6m-3 0V\(c(low))m-3 0h6"
        }
        return shapes.isEmpty ? "" : "<path class=\"w\" d=\"\(shapes.joined())\"/>\n"
    }

    private func rule(_ value: Double, _ name: String) -> String {
        let place = x(value)
        let isLeft = place > (Self.inside.left + Self.inside.right) / 2
        let text = label(
            name,
            c(place + (isLeft ? -5 : 5)),
            c(Self.inside.top - 5),
            isLeft ? "end" : "start",
            "k"
        )
        return
            "<path class=\"v\" d=\"M\(c(place)) \(c(Self.inside.top))V\(c(Self.inside.bottom))\"/>\(text)\n"
    }

    /// Names next to points; a name without room is left out, because the table has it.
    private func names(_ names: [(point: CurvePoint, name: String)]) -> String {
        typealias Box = (left: Double, top: Double, right: Double, bottom: Double)
        var taken: [Box] = names.map {
            (x($0.point.x) - 4, y($0.point.y) - 4, x($0.point.x) + 4, y($0.point.y) + 4)
        }
        var text = ""
        for (point, name) in names {
            let name = name.withoutControls.shortened(to: 18)
            let (px, py, width) = (x(point.x), y(point.y), Self.width(of: name))
            let places: [(x: Double, y: Double, anchor: String, left: Double)] = [
                (px + 8, py + 4, "start", px + 8), (px - 8, py + 4, "end", px - 8 - width),
                (px, py - 9, "middle", px - width / 2), (px, py + 18, "middle", px - width / 2),
            ]
            for place in places {
                let box: Box = (place.left, place.y - 10, place.left + width, place.y + 3)
                let fits =
                    box.left >= Self.inside.left && box.right <= Self.size.width
                    && box.top >= 0 && box.bottom <= Self.inside.bottom
                let isFree = taken.allSatisfy {
                    box.right < $0.left || box.left > $0.right || box.bottom < $0.top || box.top > $0.bottom
                }
                guard fits, isFree else { continue }
                taken.append(box)
                text += label(name, c(place.x), c(place.y), place.anchor, "k")
                break
            }
        }
        return text
    }
}
