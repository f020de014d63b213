import Testing

@testable import Evaluation

/// Tables of text, whose columns are aligned in a terminal.
struct TextTableTests {
    /// The terminal columns in which a word begins in each line.
    private func places(of words: [String], in text: String) -> [Int] {
        text.split(separator: "\n").enumerated().map { index, line in
            line.firstRange(of: words[index]).map { line[..<$0.lowerBound].displayWidth } ?? -1
        }
    }

    @Test func `labels in any script take the columns that a terminal gives them`() {
        let names = ["计算机", "スポーツ", "ニュース(速報)", "한국", "👍🏽 good", "🇨🇭", "é", "e\u{301}", "sport"]
        let table = TextTable(rows: names.enumerated().map { [$1, "n\($0)"] })
        let found = places(of: names.indices.map { "n\($0)" }, in: table.text)
        #expect(found == Array(repeating: 16, count: names.count), "\(table.text)")
        #expect(table.text.hasPrefix("计算机          n0\nスポーツ        n1\n"))
    }

    @Test func `numbers below a wide heading are right-aligned`() {
        let table = TextTable(numbers: [["真 \\ 予測", "猫", "犬小屋"], ["猫", "12", "3"], ["犬小屋", "0", "140"]])
        #expect(
            table.text == """
                真 \\ 予測  猫  犬小屋
                猫         12       3
                犬小屋      0     140

                """
        )
    }

    @Test func `a cell is shortened to terminal columns, never in the middle of a character`() {
        let rows = [["多くの人が読む長いラベル", "0.5"], ["short", "0.25"]]
        for columns in 12...40 {
            let lines = TextTable(numbers: rows).text(columns: columns).split(separator: "\n")
            #expect(lines.allSatisfy { $0.displayWidth <= max(columns, 18) }, "\(lines)")
            #expect(Set(lines.map(\.displayWidth)).count == 1, "\(lines)")
        }
        #expect(TextTable(rows: rows).text(columns: 19).hasPrefix("多くの人が読…  0.5\n"))
    }

    @Test func `a metrics table with Chinese labels is aligned`() {
        let metrics = ClassificationMetrics(
            ConfusionMatrix(predictions: [0, 1, 1, 0], labels: [0, 1, 0, 0], classCount: 2)
        )
        let lines = metrics.table(labels: ["体育新闻", "科技"]).split(separator: "\n")
        for first in ["class", "true"] {
            let start = lines.firstIndex { $0.hasPrefix(first) } ?? 0
            let widths = lines[start..<start + 3].map(\.displayWidth)
            #expect(Set(widths).count == 1, "\(lines)")
        }
    }

    @Test func `a tab or a line feed in a label shifts nothing`() {
        #expect(TextTable(rows: [["a\tb\nc", "1"], ["abcdef", "2"]]).text == "a b c   1\nabcdef  2\n")
    }
}
