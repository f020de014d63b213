import Evaluation
import Files

/// A report as one self-contained page: no script, no request, readable from a disk and on paper.
///
/// Equal contents give equal bytes.
public struct HTMLReport {
    /// The kind of the page, above its title.
    private let kind: String
    private let title: String
    private let subtitle: String
    private let sections: [ReportSection]

    /// Creates the page of a report.
    ///
    /// - Parameter content: Everything that the report shows.
    public init(_ content: ReportContent) {
        (kind, title, subtitle) = ("Report of a training run", content.title, content.subtitle)
        sections = ReportSections(content).all
    }

    /// Creates a page of paragraphs and tables.
    ///
    /// - Parameters:
    ///   - kind: The kind of the page, in a few words above its title.
    ///   - title: The title.
    ///   - subtitle: One line under the title.
    ///   - sections: The sections, in order.
    public init(kind: String, title: String, subtitle: String, sections: [ReportContent.ExtraSection]) {
        (self.kind, self.title, self.subtitle) = (kind, title, subtitle)
        self.sections = sections.enumerated().map { ReportSection($1, place: $0) }
    }

    /// The page.
    public var text: String {
        let links = sections.map { "<li><a href=\"#\($0.id)\">\(HTMLText.escaped($0.title))</a></li>\n" }
        let title = HTMLText.escaped(title)
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="generator" content="Attune">
            <title>\(title) · report</title>
            <link rel="icon" href="data:,">
            <style>
            \(ReportStyle.text)
            </style>
            </head>
            <body>
            <a class="skip" href="#content">Skip to the report</a>
            <div class="wrap page">
            <nav aria-label="Sections"><ul>
            \(links.joined())</ul></nav>
            <div>
            <header>
            <p class="eyebrow">\(HTMLText.escaped(kind))</p>
            <h1>\(title)</h1>
            <p class="subtitle">\(HTMLText.escaped(subtitle))</p>
            </header>
            <main id="content">
            \(sections.map(html).joined())</main>
            <footer>Written by Attune. Intervals contain the value for texts of the same kind with 95&nbsp;% confidence. \
            This page loads nothing and runs no script.</footer>
            </div>
            </div>
            </body>
            </html>

            """
    }

    private func html(_ section: ReportSection) -> String {
        let heading = section.id == "summary" ? "Summary" : section.title
        let blocks = section.blocks.enumerated().map { place, block in
            html(block, "\(section.id)-\(place)", isLead: section.id == "summary" && place == 0)
        }
        return """
            <section id="\(section.id)" aria-labelledby="\(section.id)-h">
            <h2 id="\(section.id)-h">\(HTMLText.escaped(heading))</h2>
            \(blocks.joined())</section>

            """
    }

    private func html(_ block: ReportSection.Block, _ id: String, isLead: Bool) -> String {
        switch block {
        case .paragraph(let text):
            return "<p\(isLead ? " class=\"lead\"" : "")>\(HTMLText.escaped(text))</p>\n"
        case .tiles(let tiles):
            let items = tiles.map { tile in
                "<div><dt>\(HTMLText.escaped(tile.name))</dt><dd class=\"v\">\(HTMLText.escaped(tile.value))</dd>"
                    + "<dd class=\"i\">\(HTMLText.escaped(tile.detail))</dd></div>\n"
            }
            return "<dl class=\"tiles\">\n\(items.joined())</dl>\n"
        case .plots(let plots): return "<div class=\"grid\">\n\(plots.map(html).joined())</div>\n"
        case .table(let table): return card(table, id)
        case .matrix(let matrix): return html(matrix, id)
        case .facts(let groups): return html(groups)
        case .list(let items):
            return "<ul class=\"notes\">\(items.map { "<li>\(HTMLText.escaped($0))</li>" }.joined())</ul>\n"
        case .code(let name, let text):
            return "<details><summary>\(HTMLText.escaped(name))</summary>"
                + "<pre class=\"card\" tabindex=\"0\">\(HTMLText.escaped(text))</pre></details>\n"
        }
    }

    private func html(_ groups: [ReportContent.FactGroup]) -> String {
        let parts = groups.filter { !$0.facts.isEmpty }.map { group in
            let facts = group.facts.map {
                "<dt>\(HTMLText.escaped($0.name))</dt><dd>\(HTMLText.escaped($0.value))</dd>\n"
            }
            return
                "<div class=\"card\"><h3>\(HTMLText.escaped(group.name))</h3><dl>\n\(facts.joined())</dl></div>\n"
        }
        return "<div class=\"facts\">\n\(parts.joined())</div>\n"
    }

    // MARK: Charts

    private func html(_ plot: Plot) -> String {
        let legend = plot.legend.map { style, name in
            "<li>\(Self.sample(style, plot))<span>\(HTMLText.escaped(name))</span></li>"
        }
        let definition = plot.definition.map { "<p class=\"small\">\(HTMLText.escaped($0))</p>\n" }
        return """
            <figure id="\(plot.id)">
            <div class="chart"><h3>\(HTMLText.escaped(plot.title))</h3>
            <p class="finding">\(HTMLText.escaped(plot.finding))</p>
            \(SVGPlot(plot: plot).text)
            \(legend.isEmpty ? "" : "<ul class=\"legend\">\(legend.joined())</ul>\n")</div>
            \(definition ?? "")\
            <details><summary>Numbers<span class="off"> of “\(HTMLText.escaped(plot.title))”</span></summary>\
            \(scrolling(plot.table, plot.id + "-n"))</details>
            </figure>

            """
    }

    /// A sample of a style for the legend.
    private static func sample(_ style: PlotStyle, _ plot: Plot) -> String {
        var (hasLine, hasBars, hasDots) = (false, false, false)
        for mark in plot.marks {
            switch mark {
            case .line(_, style): hasLine = true
            case .bars(_, style): hasBars = true
            case .dots(_, style): hasDots = true
            default: break
            }
        }
        let name = style.rawValue
        let shape =
            (hasLine ? "<path class=\"l \(name)\" d=\"M1 6H29\"/>" : "")
            + (hasBars ? "<path class=\"b \(name)\" d=\"M8 1H22V11H8z\"/>" : "")
            + (hasDots ? "<path class=\"d \(name)\" d=\"\(SVGPlot.shape(style, "15", "6"))\"/>" : "")
        return "<svg viewBox=\"0 0 30 12\" aria-hidden=\"true\">\(shape)</svg>"
    }

    // MARK: Tables

    private func scrolling(_ table: ReportTable, _ id: String) -> String {
        region(id, html(table, id, hidesCaption: false))
    }

    /// A region that scrolls, which a keyboard can reach.
    private func region(_ id: String, _ inside: String) -> String {
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"\(id)-c\">\(inside)</div>"
    }

    /// A table as a separate part, whose heading does not scroll with it.
    private func card(_ table: ReportTable, _ id: String) -> String {
        """
        <div class="card">
        <h3 id="\(id)-c">\(HTMLText.escaped(table.caption))</h3>
        \(region(id, html(table, id, hidesCaption: true)))
        </div>

        """
    }

    private func html(_ table: ReportTable, _ id: String, hidesCaption: Bool) -> String {
        func kind(_ column: ReportTable.Column) -> String {
            switch column {
            case .name: "name"
            case .number: "num"
            case .text: "long"
            }
        }
        let head = table.columns.map {
            "<th scope=\"col\" class=\"\(kind($0))\">\(HTMLText.escaped($0.title))</th>"
        }
        let rows = table.rows.map { row in
            let cells = zip(table.columns, row).enumerated().map { place, cell in
                let text = HTMLText.escaped(cell.1)
                return place == 0
                    ? "<th scope=\"row\" class=\"\(kind(cell.0))\">\(text)</th>"
                    : "<td class=\"\(kind(cell.0))\">\(text)</td>"
            }
            return "<tr>\(cells.joined())</tr>\n"
        }
        let caption = hidesCaption ? " class=\"off\"" : " id=\"\(id)-c\""
        return "<table><caption\(caption)>\(HTMLText.escaped(table.caption))</caption>"
            + "<thead><tr>\(head.joined())</tr></thead>\n<tbody>\n\(rows.joined())</tbody></table>"
    }

    /// A confusion matrix: a table whose cells are shaded by their share of the row.
    private func html(_ matrix: ReportMatrix, _ id: String) -> String {
        let names = matrix.labels.map(HTMLText.escaped)
        let isTall = matrix.labels.count > 8 || matrix.labels.contains { $0.count > 12 }
        let head = names.map { "<th scope=\"col\"><span>\($0)</span></th>" }
        let rows = matrix.counts.enumerated().map { truth, counts in
            let total = max(counts.reduce(0, +), 1)
            let cells = counts.enumerated().map { prediction, count in
                let share = Double(count) / Double(total)
                // The root separates small shares.
                let steps = Double(ReportPalette.shadeCount - 1)
                let level = count == 0 ? 0 : max(Int((share.squareRoot() * steps).rounded()), 1)
                let kind = "h\(level)\(truth == prediction ? " hit" : "")"
                return "<td class=\"\(kind)\">\(ReportNumber.grouped(count))</td>"
            }
            return
                "<tr><th scope=\"row\" title=\"\(names[truth])\">\(names[truth])</th>\(cells.joined())</tr>\n"
        }
        let table =
            "<table class=\"matrix\(isTall ? " tall" : "")\"><caption class=\"off\">\(HTMLText.escaped(matrix.caption))</caption>"
            + "<thead><tr><th scope=\"col\">true ↓ predicted →</th>\(head.joined())</tr></thead>\n"
            + "<tbody>\n\(rows.joined())</tbody></table>"
        return """
            <div class="card">
            <h3 id="\(id)-c">\(HTMLText.escaped(matrix.caption))</h3>
            <p class="small">\(HTMLText.escaped(matrix.explanation))</p>
            \(region(id, table))
            </div>

            """
    }
}
