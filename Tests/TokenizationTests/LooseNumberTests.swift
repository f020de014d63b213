import Testing

@testable import Tokenization

/// The expected values are the scores that tokenizers 0.23.3 writes for a Unigram model that it has read.
struct LooseNumberTests {
    @Test(arguments: [
        ("-2.1717426776885986", -2.171742677688598), ("-3.601804733276367", -3.601804733276367), ("0.0", 0),
        ("-7", -7),
        ("1e2", 100), ("12.5E-1", 1.25), ("1e-400", 0),
        ("123456789012345678901234567890", 1.2345678901234568e29),
    ])
    func `numbers round as in tokenizers`(text: String, expected: Double) {
        #expect(LooseNumber.value(of: text.utf8) == expected)
    }

    @Test(arguments: ["", "-", ".", "1.2.3", "1e", "1x", "1e999", "e5", "--1"])
    func `invalid numbers give nil`(text: String) {
        #expect(LooseNumber.value(of: text.utf8) == nil)
    }
}
