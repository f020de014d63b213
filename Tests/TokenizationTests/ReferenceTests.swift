import Testing

@testable import Tokenization

struct ReferenceTests {
    @Test func `the fixtures exist`() {
        // A parameterized test without arguments would pass.
        #expect(TokenizerFixture.all.count >= 27)
    }

    @Test(arguments: TokenizerFixture.all)
    func `ids, tokens, offsets, words and types equal tokenizers'`(fixture: TokenizerFixture) throws {
        let tokenizer = try fixture.tokenizer()
        for expected in try fixture.cases() {
            let encoding =
                expected.pair.map { tokenizer.encode(expected.text, pair: $0) }
                ?? tokenizer.encode(expected.text)
            let comment = Comment(rawValue: "\(fixture.name): \(expected.text.debugDescription)")
            #expect(encoding.ids == expected.ids, comment)
            #expect(encoding.tokens.map { Array($0.utf8) } == expected.tokens.map { Array($0.utf8) }, comment)
            #expect(encoding.wordIDs == expected.words, comment)
            #expect(encoding.typeIDs == expected.types, comment)
            #expect(encoding.specialTokensMask.map { $0 ? 1 : 0 } == expected.mask, comment)
            guard expected.pair == nil else { continue }
            let offsets = encoding.scalarOffsets(in: expected.text).map { [$0.lowerBound, $0.upperBound] }
            #expect(offsets == expected.offsets, comment)
        }
    }

    @Test(arguments: TokenizerFixture.all)
    func `decoding gives tokenizers' text, byte for byte`(fixture: TokenizerFixture) throws {
        let tokenizer = try fixture.tokenizer()
        for expected in try fixture.cases() {
            let decoded = tokenizer.decode(expected.ids, skipSpecialTokens: false)
            let plain = tokenizer.decode(expected.ids)
            #expect(Array(decoded.utf8) == Array(expected.decoded.utf8), "\(expected.text.debugDescription)")
            #expect(Array(plain.utf8) == Array(expected.plain.utf8), "\(expected.text.debugDescription)")
        }
    }

    @Test(arguments: TokenizerFixture.all)
    func `a batch on several threads gives each text's ids in order`(fixture: TokenizerFixture) throws {
        let tokenizer = try fixture.tokenizer()
        let cases = try fixture.cases().filter { $0.pair == nil }
        let repeated = (0..<6).flatMap { _ in cases }
        let packed = tokenizer.encodeBatch(repeated.map(\.text), threads: 4)
        #expect(packed.count == repeated.count)
        for (index, expected) in repeated.enumerated() { #expect(Array(packed[index]) == expected.ids) }
    }

    @Test(arguments: TokenizerFixture.all)
    func `truncation keeps the special tokens and counts them`(fixture: TokenizerFixture) throws {
        let tokenizer = try fixture.tokenizer()
        let text = "The quick brown fox doesn't jump over the lazy dog"
        let around = tokenizer.encode("").ids.count
        let whole = tokenizer.encode(text)
        for length in around..<whole.count {
            let cut = tokenizer.encode(text, maxLength: length)
            #expect(cut.count == length)
            #expect(Array(tokenizer.encodeBatch([text], maxLength: length)[0]) == cut.ids)
        }
        #expect(tokenizer.encode(text, maxLength: 10_000) == whole)
    }

    @Test(arguments: TokenizerFixture.all)
    func `windows of long texts and pairs equal tokenizers'`(fixture: TokenizerFixture) throws {
        let tokenizer = try fixture.tokenizer()
        for expected in try fixture.truncations() {
            guard let windows = expected.windows else {
                #expect(throws: TokenizerError.self) {
                    try tokenizer.encode(expected.text, pair: expected.pair, truncation: expected.truncation)
                }
                continue
            }
            let first = try tokenizer.encode(
                expected.text,
                pair: expected.pair,
                truncation: expected.truncation
            )
            let found = [first] + first.overflowing
            let comment = Comment(rawValue: "\(fixture.name): \(expected)")
            #expect(found.map(\.ids) == windows.map(\.ids), comment)
            #expect(found.map(\.typeIDs) == windows.map(\.types), comment)
            #expect(found.map(\.wordIDs) == windows.map(\.words), comment)
            #expect(found.map { $0.specialTokensMask.map { $0 ? 1 : 0 } } == windows.map(\.mask), comment)
        }
    }
}
