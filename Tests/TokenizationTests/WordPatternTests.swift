import Testing

@testable import Tokenization

struct WordPatternTests {
    @Test(arguments: WordPattern.allCases)
    func `a scanner splits like its regular expression, in every spelling`(pattern: WordPattern) throws {
        var random = SystemSequence(state: 7)
        let engines = try pattern.spellings.map { try RegularExpression($0) }
        for _ in 0..<1500 {
            let text = Array(Self.text(&random).utf8)
            text.withUnsafeBufferPointer { bytes in
                var scanned: [Range<Int>] = []
                pattern.cut(bytes, 0..<bytes.count, into: &scanned)
                for engine in engines {
                    var found: [Range<Int>] = []
                    engine.visitMatches(in: bytes, 0..<bytes.count) { found.append($0) }
                    #expect(scanned == found, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
                }
            }
        }
    }

    @Test func `only well-known expressions are recognized`() {
        #expect(WordPattern(regex: WordPattern.o200k.regex) == .o200k)
        #expect(WordPattern(regex: #"\p{L}+"#) == nil)
    }

    private static let parts: [String] = [
        "a", "B", "the", "ABC", "aB", "'s", "'LL", "'ſ", "'", " ", "  ", "\n", "\r\n", "\t", "\u{A0}",
        "\u{2028}", "1", "234", "²",
        "Ⅷ", "ǅ", "ʰ", "中", "\u{301}", "\u{903}", "!", "/", "//", "...", "é", "Ж", "ж", "ª", "👍", "\u{200D}",
        "\u{FEFF}", "_", "0x",
    ]

    private static func text(_ random: inout SystemSequence) -> String {
        (0..<1 + random.next(below: 14)).map { _ in parts[random.next(below: parts.count)] }.joined()
    }
}

/// A small random number generator with a fixed sequence.
private struct SystemSequence {
    var state: UInt64

    mutating func next(below bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }
}
