import Foundation
import TestSupport
import Testing

@testable import Tokenization

@Suite struct LongTextTests {
    /// Words with ids from 10 on, in order, and [CLS] (2) and [SEP] (3) around them.
    private let tokenizer: Tokenizer
    private let text = (0..<20).map { "w\($0)" }.joined(separator: " ")

    init() throws {
        let vocabulary =
            ["[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3]
            .merging((0..<20).map { ("w\($0)", 10 + $0) }) { first, _ in first }
        let json: [String: Any] = [
            "version": "1.0", "added_tokens": [Any](),
            "pre_tokenizer": ["type": "Whitespace"],
            "post_processor": [
                "type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2],
            ],
            "model": ["type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"],
        ]
        let data = try JSONSerialization.data(withJSONObject: json)
        tokenizer = try withTemporaryFolder { folder in
            try data.write(to: folder.appending(path: "tokenizer.json"))
            return try Tokenizer(folder: folder)
        }
    }

    private func ids(_ packed: PackedEncodings) -> [[Int]] {
        (0..<packed.count).map { packed[$0].map(Int.init) }
    }

    @Test func `head, tail and both keep room for the special tokens`() {
        func kept(_ part: LongText?) -> [Int] {
            let packed = tokenizer.encodeBatch([text], maxLength: 10, longText: part)
            #expect(packed.isTruncated == [true] && packed.windowStarts.isEmpty)
            return packed.ids.map(Int.init)
        }
        #expect(kept(nil) == [2] + Array(10..<18) + [3])
        #expect(kept(.head) == kept(nil))
        #expect(kept(.tail) == [2] + Array(22..<30) + [3])
        #expect(kept(.headTail(head: 3)) == [2, 10, 11, 12, 25, 26, 27, 28, 29, 3])
        // 128 of 510 tokens, as Sun et al. have it: 2 of 8.
        #expect(kept(.headTail(head: nil)) == [2, 10, 11, 24, 25, 26, 27, 28, 29, 3])
        #expect(kept(.headTail(head: 99)) == kept(.head))
    }

    @Test func `the shares of Sun et al. at 512 tokens`() {
        #expect(LongText.headTail(head: nil).tailCount(of: 510) == 382)
    }

    @Test func `windows cover the text, each with special tokens, and the last one ends with it`() {
        let packed = tokenizer.encodeBatch(
            ["w0 w1", text, "w3"],
            maxLength: 10,
            longText: .window(stride: 6)
        )
        #expect(
            ids(packed) == [
                [2, 10, 11, 3], [2] + Array(10..<18) + [3], [2] + Array(16..<24) + [3],
                [2] + Array(22..<30) + [3], [2, 13, 3],
            ]
        )
        #expect(packed.windowStarts == [0, 1, 4, 5] && packed.truncatedCount == 0 && packed.textCount == 3)
        let selected = packed.selecting([2, 1])
        #expect(ids(selected) == [ids(packed)[4]] + ids(packed)[1...3])
        #expect(selected.windowStarts == [0, 1, 4])
    }

    @Test func `many texts on many threads give the same windows as one after another`() {
        let texts = (0..<300).map { n in (0..<n % 40).map { "w\($0 % 20)" }.joined(separator: " ") }
        let together = tokenizer.encodeBatch(texts, maxLength: 10, longText: .window(stride: nil))
        let apart = texts.map { tokenizer.encodeBatch([$0], maxLength: 10, longText: .window(stride: nil)) }
        #expect(ids(together) == apart.flatMap(ids))
        #expect((0..<300).map { together.sequences(of: $0).count } == apart.map(\.count))
        let cut = tokenizer.encodeBatch(texts, maxLength: 10, longText: .tail)
        #expect(cut.isTruncated == (0..<300).map { $0 % 40 > 8 })
    }

    @Test func `offsets follow the kept part`() {
        let packed = tokenizer.encodeBatch([text], maxLength: 6, longText: .tail, withOffsets: true)
        let bytes = Array(text.utf8)
        #expect(
            packed.spans.dropFirst().dropLast().map { String(decoding: bytes[$0.range], as: UTF8.self) } == [
                "w16", "w17", "w18", "w19",
            ]
        )
    }

    @Test(arguments: ["head", "tail", "head-tail", "head-tail:128", "window", "window:96"])
    func `a choice is read as it is written`(_ text: String) { #expect(LongText(text)?.description == text) }

    @Test(arguments: ["", "heads", "head:3", "head-tail:", "head-tail:0", "window:-1", "window:x"])
    func `other spellings are refused`(_ text: String) { #expect(LongText(text) == nil) }
}
