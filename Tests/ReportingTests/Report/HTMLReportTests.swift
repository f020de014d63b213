import Evaluation
import Files
import Foundation
import Testing

@testable import Reporting

/// The page is read in a browser, on paper, by a screen reader, and by a program that compares two runs.
@Suite("The page of a report")
struct HTMLReportTests {
    private static let labels = ["bug", "feature", SampleReports.hostile, "ثقة"]
    private static let samples: [(name: String, content: ReportContent)] = [
        ("classes", SampleReports.content(SampleReports.classes(400, labels))),
        ("label sets", SampleReports.content(SampleReports.labelSets(300, labels))),
        ("numbers", SampleReports.content(SampleReports.numbers(300))),
        ("one row", SampleReports.content(SampleReports.classes(1, ["a", "b"]))),
        ("no rows", SampleReports.content(nil)),
        ("no log", ReportContent(title: "", subtitle: "")),
    ]

    /// The parts of the page that match a pattern.
    private func all(_ pattern: String, _ page: String) throws -> [String] {
        try page.matches(of: Regex(pattern).dotMatchesNewlines()).map { String(page[$0.range]) }
    }

    @Test("equal contents give equal bytes", arguments: samples.indices)
    func stable(sample: Int) {
        let content = Self.samples[sample].content
        #expect(HTMLReport(content).text == HTMLReport(content).text)
    }

    @Test(
        "every element is closed, and nothing of a label or a setting becomes markup",
        arguments: samples.indices
    )
    func wellFormed(sample: Int) throws {
        let page = HTMLReport(Self.samples[sample].content).text
        var open: [String] = []
        let element = try Regex("</?[a-z0-9]+( [a-zA-Z-]+=\"[^\"]*\")*/?>")
        for tag in try all("<[^>]*>", page).dropFirst() {
            try #require(tag.wholeMatch(of: element) != nil, "\(tag)")
            let name = String(tag.drop { $0 == "<" || $0 == "/" }.prefix { $0.isLetter || $0.isNumber })
            if tag.hasPrefix("</") {
                try #require(open.popLast() == name, "\(tag)")
            } else if !tag.hasSuffix("/>"), !["meta", "link"].contains(name) {
                open.append(name)
            }
        }
        #expect(open.isEmpty)
        #expect(!page.contains("<script") && !page.contains("onload='"))
        #expect(!page.unicodeScalars.contains("\u{7}"))
    }

    @Test("quotes are escaped also before a combining mark, and control characters are replaced")
    func escaping() {
        let escaped = HTMLText.escaped("a\"\u{301}'<b>&\u{7}\n\u{FFFF}😀")
        #expect(
            escaped.unicodeScalars.elementsEqual(
                "a&quot;\u{301}&#39;&lt;b&gt;&amp;\u{FFFD}\n\u{FFFD}😀".unicodeScalars
            )
        )
    }

    @Test("the page loads nothing and runs nothing", arguments: samples.indices)
    func selfContained(sample: Int) throws {
        let page = HTMLReport(Self.samples[sample].content).text
        for text in ["http:", "https:", "src=", "url(", "@import", "<iframe", "<img", "javascript:"] {
            #expect(!page.contains(text), "\(text)")
        }
        #expect(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:;"))
        #expect(try all("href=\"[^\"#]*\"", page) == ["href=\"data:,\""])
    }

    @Test("every chart has a title first, its finding, and a table with headings", arguments: samples.indices)
    func charts(sample: Int) throws {
        let page = HTMLReport(Self.samples[sample].content).text
        let figures = try all("<figure.*?</figure>", page)
        #expect(figures.count == (try all("<svg role=\"img\"", page)).count)
        for figure in figures {
            let names = try #require(
                try all("<svg role=\"img\" aria-labelledby=\"[^\"]*\"[^>]*><title", figure).first
            )
            let ids = names.split(separator: "\"")[3].split(separator: " ")
            try #require(ids.count == 2)
            #expect(figure.contains("<title id=\"\(ids[0])\">") && figure.contains("<desc id=\"\(ids[1])\">"))
            #expect(!figure.contains("<desc id=\"\(ids[1])\"></desc>"))
            #expect(figure.contains("<caption") && figure.contains("<th scope=\"col\""))
            #expect(figure.contains("<th scope=\"row\""))
        }
        let ids = try all(" id=\"[^\"]*\"", page)
        #expect(Set(ids).count == ids.count)
    }

    @Test("headings are in order, and each section can be reached by keyboard", arguments: samples.indices)
    func structure(sample: Int) throws {
        let page = HTMLReport(Self.samples[sample].content).text
        let levels = try all("<h[1-6]", page).compactMap { $0.last?.wholeNumberValue }
        #expect(levels.first == 1 && levels.count { $0 == 1 } == 1)
        #expect(zip(levels, levels.dropFirst()).allSatisfy { $1 <= $0 + 1 })
        #expect(page.contains("<html lang=\"en\">") && page.contains("<a class=\"skip\" href=\"#content\">"))
        for region in try all("<div class=\"scroll\"[^>]*>", page) {
            #expect(region.contains("tabindex=\"0\""))
        }
        for link in try all("<li><a href=\"#[^\"]*", page) {
            #expect(page.contains("<section id=\"\(link.drop { $0 != "#" }.dropFirst())\""))
        }
    }

    @Test("text and lines have WCAG's contrast in both schemes")
    func contrast() throws {
        func colour(_ name: String, _ isDark: Bool) throws -> UInt32 {
            let entry = try #require(ReportPalette.entries.first { $0.name == name })
            return isDark ? entry.dark : entry.light
        }
        for isDark in [false, true] {
            for ground in ["page", "panel"] {
                let ground = try colour(ground, isDark)
                for text in ["ink", "muted", "link"] {
                    #expect(ReportPalette.contrast(try colour(text, isDark), ground) >= 4.5, "\(text)")
                }
            }
            for line in ["axis", "s0", "s1", "s2", "s3", "s4"] {
                #expect(
                    ReportPalette.contrast(try colour(line, isDark), try colour("panel", isDark)) >= 3,
                    "\(line)"
                )
            }
            for level in 0..<ReportPalette.shadeCount {
                let shade = ReportPalette.shade(level, isDark: isDark)
                #expect(ReportPalette.contrast(ReportPalette.text(on: shade), shade) >= 4.5)
            }
        }
        #expect(abs(ReportPalette.contrast(0x000000, 0xFFFFFF) - 21) < 1e-9)
    }

    @Test("many classes give their most confused pairs instead of a matrix, in less than 2 MB")
    func large() throws {
        let labels = (0..<300).map { "class number \($0)" }
        let page = HTMLReport(SampleReports.content(SampleReports.classes(2000, labels), steps: 5000)).text
        #expect(page.utf8.count < 2_000_000)
        #expect(!page.contains("class=\"matrix") && page.contains("Most confused pairs, of"))
        for path in try all(" d=\"M[^\"]*\"", page) where path.contains("L") {
            #expect(path.count { $0 == "L" } < 500)
        }
        let few = HTMLReport(SampleReports.content(SampleReports.classes(200, ["a", "b", "c"]))).text
        #expect(few.contains("class=\"matrix") && few.contains("Most confused pairs, of"))
    }

    @Test("texts are shown only if they are given")
    func texts() {
        var content = SampleReports.content(SampleReports.classes(50, ["a", "b"]))
        #expect(HTMLReport(content).text.contains("Texts are left out"))
        content.texts = Dictionary(uniqueKeysWithValues: (0..<50).map { ($0, "text <\($0)>") })
        let page = HTMLReport(content).text
        #expect(page.contains("text &lt;") && !page.contains("Texts are left out"))
    }

    @Test("logits that are NaN leave the training in the report")
    func notFinite() {
        let rows = ScoredRows(
            labels: ["a", "b"],
            logits: [.nan, 0],
            truth: .classes([0]),
            tokenCounts: [1],
            isTruncated: [false],
            textHashes: [""]
        )
        let page = HTMLReport(SampleReports.content(rows)).text
        #expect(page.contains("NaN or infinite") && page.contains("<h3>Loss</h3>"))
    }
}
