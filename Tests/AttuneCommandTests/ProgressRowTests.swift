import Evaluation
import Testing

@testable import AttuneCommand

/// Rows fit into any terminal: live rows lose their least important parts, rows that stay are folded between parts.
@Suite struct ProgressRowTests {
    private let row = ProgressRow(
        "train",
        .cyan,
        [
            .init("step  75/220", short: "75/220", rank: 1), .init("34 %", rank: 7),
            .init("1:05 left", rank: 2), .init("loss 0.4321", short: "loss 0.432", rank: 3),
            .init("eval accuracy 0.953", short: "eval 0.953", rank: 4),
            .init("12.3 texts/s", short: "12.3/s", rank: 5),
            .init("epoch 0.23", rank: 8), .init("lr 5.00e-05", rank: 9),
        ],
        share: 75.0 / 220
    )

    @Test func `a live row shows the most important parts that fit`() {
        func line(_ columns: Int) -> String { row.fitted(LineStyle(columns: columns)) }
        #expect(line(19) == "train  step  75/220")
        #expect(line(39) == "train  75/220  1:05 left  loss 0.4321")
        #expect(line(79) == "train  ███▋░░░░░░░  75/220  1:05 left  loss 0.4321  eval accuracy 0.953  12.3/s")
    }

    @Test(arguments: [1, 2, 5, 10, 20, 40, 60, 80, 100, 120, 200])
    func `a live row is never wider than the terminal`(columns: Int) {
        let wide = ProgressRow(
            "read",
            .cyan,
            [.init("推文数据集的一个很长的名字.csv", short: "推文.csv", rank: 9), .init("👩‍👩‍👧‍👦 12/30", rank: 1)],
            share: 0.4
        )
        for row in [row, wide] {
            for hasColors in [false, true] {
                let line = row.fitted(LineStyle(columns: columns, hasColors: hasColors))
                let plain = line.replacing(/\u{1B}\[[0-9]*m/, with: "")
                #expect(plain.displayWidth <= columns, "\(plain)")
                #expect(!plain.contains("\n"))
            }
        }
    }

    @Test(arguments: [20, 40, 80, 120])
    func `a row that stays is folded between its parts and keeps all of them`(columns: Int) {
        let lines = row.folded(LineStyle(columns: columns))
        for line in lines { #expect(line.displayWidth <= columns, "\(line)") }
        let words = lines.joined(separator: " ").split(separator: " ")
        #expect(words == row.folded(LineStyle(columns: nil)).joined().split(separator: " "))
        for line in lines.dropFirst() { #expect(line.hasPrefix("      ")) }
    }

    @Test func `only a label is coloured`() {
        #expect(
            row.fitted(LineStyle(columns: 19, hasColors: true)) == "\u{1B}[36mtrain\u{1B}[0m  step  75/220"
        )
    }

    @Test func `a bar is full only at the end`() {
        #expect(ProgressRow.progressBar(0, columns: 6) == "░░░░░░")
        #expect(ProgressRow.progressBar(0.5, columns: 6) == "███░░░")
        #expect(ProgressRow.progressBar(0.9999, columns: 6) == "█████▉")
        #expect(ProgressRow.progressBar(1, columns: 6) == "██████")
        #expect(ProgressRow.progressBar(.nan, columns: 6) == "░░░░░░")
    }
}

/// Texts are measured in columns, not in characters.
@Suite struct DisplayWidthTests {
    @Test(arguments: [
        ("tweets", 6), ("推文", 4), ("한국어", 6), ("ｆｕｌｌ", 8), ("é", 1), ("e\u{301}", 1), ("🙂", 2), ("👩‍👩‍👧‍👦", 2),
        ("🇩🇪", 2), ("❤️", 2),
        ("\u{200B}", 0), ("░█", 2), ("", 0),
    ])
    func `wide and combining characters are counted as terminals show them`(text: String, columns: Int) {
        #expect(text.displayWidth == columns)
    }

    @Test func `a text is shortened to columns`() {
        #expect("tweets".shortened(to: 6) == "tweets")
        #expect("tweets".shortened(to: 5) == "twee…")
        #expect("推文数据".shortened(to: 6) == "推文…")
        #expect("推文数据".shortened(to: 0) == "")
        #expect("推".shortened(to: 1) == "…")
    }

    @Test func `a text is folded between words, and commands and long words stay whole`() {
        #expect("read 5 rows from a file".folded(to: 12) == ["read 5 rows", "  from a", "  file"])
        #expect("see /a/very/long/path now".folded(to: 10) == ["see", "  /a/very/long/path", "  now"])
        #expect(
            "resume with:\n  attune train --resume".folded(to: 12) == [
                "resume with:", "  attune train --resume",
            ]
        )
        #expect("accuracy   0.953   (high)".folded(to: 20) == ["accuracy   0.953", "  (high)"])
        #expect("  a long result".folded(to: 8, keepsIndented: false) == ["  a long", "    result"])
        #expect("one\ntwo".folded(to: nil) == ["one", "two"])
    }

    @Test func `control characters do not move the cursor`() {
        #expect("a\u{1B}[2Kb\rc".withoutControls == "a [2Kb c")
    }
}
