import Testing

@testable import Tokenization

struct BatchTests {
    private func spans(_ encoding: Encoding) -> [TokenSpan] {
        encoding.offsets.map { TokenSpan(start: Int32($0.lowerBound), end: Int32($0.upperBound)) }
    }

    @Test(arguments: TokenizerFixture.all)
    func `a batch gives the same ids and offsets as each text alone`(fixture: TokenizerFixture) throws {
        let tokenizer = try fixture.tokenizer()
        let texts = try fixture.cases().filter { $0.pair == nil }.map(\.text)
        for threads in [1, 3] {
            let packed = tokenizer.encodeBatch(texts, withOffsets: true, threads: threads)
            #expect(packed.spans.count == packed.ids.count && packed.typeIDs.isEmpty)
            for (index, text) in texts.enumerated() {
                let encoding = tokenizer.encode(text)
                let comment = Comment(rawValue: "\(fixture.name): \(text.debugDescription)")
                #expect(Array(packed[index]) == encoding.ids, comment)
                #expect(Array(packed.spans[packed.range(of: index)]) == spans(encoding), comment)
            }
        }
    }

    @Test(arguments: TokenizerFixture.all, [nil, 0, 3, 7, 12])
    func `a batch of pairs gives the same result as each pair alone`(
        fixture: TokenizerFixture,
        maxLength: Int?
    ) throws {
        let tokenizer = try fixture.tokenizer()
        let all = try fixture.cases().map(\.text)
        // Only about two dozen texts, because every pair is encoded fifteen times.
        let texts = stride(from: 0, to: all.count, by: max(1, all.count / 24)).map { all[$0] }
        let pairs = zip(texts, texts.reversed()).map { ($0, $1) }
        for truncation in [PairTruncation.longestFirst, .onlyFirst, .onlySecond] {
            let packed = tokenizer.encodeBatch(
                pairs: pairs,
                maxLength: maxLength,
                truncation: truncation,
                withOffsets: true,
                threads: 2
            )
            #expect(packed.count == pairs.count)
            for (index, pair) in pairs.enumerated() {
                let encoding = tokenizer.encode(
                    pair.0,
                    pair: pair.1,
                    maxLength: maxLength,
                    truncation: truncation
                )
                let comment = Comment(rawValue: "\(fixture.name): \(pair)")
                let range = packed.range(of: index)
                #expect(Array(packed[index]) == encoding.ids, comment)
                #expect(Array(packed.typeIDs[range]) == encoding.typeIDs, comment)
                #expect(Array(packed.spans[range]) == spans(encoding), comment)
            }
            guard maxLength == nil, truncation == .longestFirst else { continue }
            let plain = tokenizer.encodeBatch(pairs: pairs)
            #expect(plain.ids == packed.ids && plain.typeIDs == packed.typeIDs && plain.spans.isEmpty)
        }
    }

    @Test(arguments: TokenizerFixture.all)
    func `truncated texts keep their offsets`(fixture: TokenizerFixture) throws {
        let tokenizer = try fixture.tokenizer()
        let text = "  The quick brown fox doesn't jump over the lazy dog"
        for length in 0..<12 {
            let packed = tokenizer.encodeBatch([text], maxLength: length, withOffsets: true)
            let encoding = tokenizer.encode(text, maxLength: length)
            #expect(packed.ids == encoding.ids)
            #expect(packed.spans == spans(encoding))
            #expect(packed.truncatedCount == 1)
        }
    }

    @Test func `the word cache does not change the result`() throws {
        let tokenizer = try TokenizerFixture(name: "smollm").tokenizer()
        let texts = try TokenizerFixture(name: "smollm").cases().map(\.text)
        let first = tokenizer.encodeBatch(texts, withOffsets: true)
        #expect(tokenizer.encodeBatch(texts, withOffsets: true, threads: 1) == first)
        #expect(tokenizer.encodeBatch([]).ids.isEmpty && tokenizer.encodeBatch([]).count == 0)
    }
}
