import Evaluation
import Foundation
import Testing

@testable import Reporting

@Suite("Numbers, axes and text of a report")
struct ReportNumberTests {
    @Test("numbers are spelled the same everywhere, without a negative zero")
    func numbers() {
        #expect(ReportNumber.fixed(-0.00001, 3) == "0.000")
        #expect(ReportNumber.fixed(-1.5, 1) == "−1.5")
        #expect(ReportNumber.fixed(.nan) == "NaN")
        #expect(ReportNumber.significant(0.00005, 3) == "5e-5")
        #expect(ReportNumber.significant(1234.5) == "1235" || ReportNumber.significant(1234.5) == "1234")
        #expect(ReportNumber.significant(0.5) == "0.5000")
        #expect(ReportNumber.grouped(-1_234_567) == "−1,234,567")
        #expect(ReportNumber.percent(0.123) == "12.3\u{A0}%")
    }

    @Test("an axis ends at round numbers and includes all values")
    func axes() {
        let axis = PlotAxis.numbers("loss", [0.13, 1.9], fromZero: true)
        #expect(axis.domain == 0...2)
        #expect(axis.ticks.map(\.text) == ["0", "0.5", "1.0", "1.5", "2.0"])
        #expect(PlotAxis.numbers("x", [.nan, 3, 3]).domain.contains(3))
        #expect(PlotAxis.numbers("x", []).ticks.count > 1)
        #expect(
            PlotAxis.numbers("texts", [0, 1], fromZero: true, isWhole: true).ticks.map(\.text) == ["0", "1"]
        )
        #expect(
            PlotAxis.percent("p").ticks.map(\.text) == ["0", "25", "50", "75", "100"].map { $0 + "\u{A0}%" }
        )
        #expect(PlotAxis.percent("p", upTo: 0).domain.upperBound > 0)
        let counts = PlotAxis.logarithmic("texts", [10, 900])
        #expect(counts.ticks.map(\.text) == ["10", "20", "50", "100", "200", "500", "1,000"])
        #expect(abs(counts.share(counts.domain.upperBound) - 1) < 1e-12)
    }

    @Test("the report of a terminal fits its width", arguments: [40, 80, 100, 160])
    func width(columns: Int) {
        for rows in [
            SampleReports.classes(300, ["bug", "feature", SampleReports.hostile]),
            SampleReports.labelSets(200, ["one", "two", "three"]), SampleReports.numbers(200),
        ] {
            let text = TextReport(SampleReports.content(rows), columns: columns).text
            #expect(!text.unicodeScalars.contains("\u{7}"))
            // A table of many columns cannot be shortened to 40.
            for line in text.split(separator: "\n") where columns >= 80 {
                #expect(line.displayWidth <= columns, "\(line)")
            }
            #expect(text.contains("SUMMARY") && text.contains("TRAINING"))
        }
    }

    @Test("a rising line rises in the terminal, from the lower left to the upper right")
    func braille() throws {
        let plot = Plot(
            id: "x",
            title: "x",
            finding: "x",
            x: .percent("x"),
            y: .percent("y"),
            marks: [.line([CurvePoint(0, 0), CurvePoint(1, 1)], .first)],
            table: ReportTable("x", [.name("x")], [])
        )
        let lines = TextPlot(plot: plot, columns: 60).lines
        let first = try #require(lines.first?.firstIndex { ("\u{2801}"..."\u{28FF}").contains($0) })
        let low = try #require(
            lines.first { $0.hasPrefix("  0") }?.firstIndex { ("\u{2801}"..."\u{28FF}").contains($0) }
        )
        #expect(lines[0].distance(from: lines[0].startIndex, to: first) > 50)
        let bottom = try #require(lines.first { $0.hasPrefix("  0") })
        #expect(bottom.distance(from: bottom.startIndex, to: low) < 10)
    }
}
