import Testing

@testable import Tokenization

struct WordCacheTests {
    private func tokenizer(merges: String) throws -> Tokenizer {
        let json =
            #"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "▁": 2, "▁b": 3, "a▁b": 4, "a▁": 5}, "#
            + #""merges": [\#(merges)]}}"#
        return try Tokenizer(files: TokenizerFiles(tokenizer: Array(json.utf8)))
    }

    @Test func `words are split at metaspaces if no merge crosses one`() throws {
        let tokenizer = try tokenizer(merges: #""▁ b""#)
        #expect((tokenizer.pipeline.model as? BytePairModel)?.cutsAtMetaspaces == true)
        let encoding = tokenizer.encode("a▁b▁▁a")
        #expect(encoding.ids == [0, 3, 2, 2, 0])
        #expect(encoding.offsets == [0..<1, 1..<5, 5..<8, 8..<11, 11..<12])
    }

    @Test(arguments: [(#""▁ b", "a ▁b""#, [Int32(4)]), (#""a ▁""#, [5, 1])])
    func `a merge that crosses a metaspace is not split`(merges: String, ids: [Int32]) throws {
        let tokenizer = try tokenizer(merges: merges)
        #expect((tokenizer.pipeline.model as? BytePairModel)?.cutsAtMetaspaces == false)
        #expect(tokenizer.encode("a▁b").ids == ids)
    }

    @Test func `a cached word gives the same tokens, regardless of the words after it`() {
        let cache = WordCache()
        func bytes(_ number: Int) -> [UInt8] { Array("word\(number)".utf8) }
        for number in 0..<20_000 {
            bytes(number).withUnsafeBufferPointer { word in
                let token = PieceToken(id: Int32(number), end: Int32(word.count), start: 0)
                cache.remember(word, hash: ByteHash.hash(word), tokens: [token])
            }
        }
        for number in stride(from: 0, to: 20_000, by: 7) {
            var found: [PieceToken] = []
            let known = bytes(number).withUnsafeBufferPointer { word in
                cache.recall(word, hash: ByteHash.hash(word), into: &found)
            }
            #expect(known)
            #expect(found.map(\.id) == [Int32(number)])
        }
    }
}
