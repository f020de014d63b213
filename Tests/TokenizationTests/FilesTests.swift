import Foundation
import Testing

@testable import Tokenization

struct FilesTests {
    private func error(of json: String) -> TokenizerError? {
        do throws(TokenizerError) {
            _ = try Tokenizer(files: TokenizerFiles(tokenizer: Array(json.utf8)))
            return nil
        } catch {
            return error
        }
    }

    @Test func `a tokenizer read from a folder is saved byte for byte`() throws {
        let source = TokenizerFixture(name: "llama3").folder
        try withTemporaryFolder { folder in
            try Tokenizer(folder: source).save(to: folder)
            let written = try Data(contentsOf: folder.appendingPathComponent("tokenizer.json"))
            #expect(try written == Data(contentsOf: source.appendingPathComponent("tokenizer.json")))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["tokenizer.json"])
        }
    }

    @Test func `a missing folder is an error that names the file`() throws {
        let error = #expect(throws: TokenizerError.self) {
            try Tokenizer(folder: URL(fileURLWithPath: "/nowhere/at/all"))
        }
        #expect(error?.code == .unreadable)
        #expect(error?.message.contains("/nowhere/at/all/tokenizer.json") == true)
    }

    @Test(arguments: [
        ("{\n  \"a\": tru\n}", "line 2, column 8"), ("", "line 1, column 1"),
        ("{\"a\": \"\\ud800\"}", "surrogate"),
        ("[1, 2", "ends too early"), ("{\"a\" 1}", "expected ':'"), ("\"\u{1}\"", "control character"),
        (String(repeating: "[", count: 100_000), "nested deeper than 128 levels"), ("{} x", "after the end"),
    ])
    func `malformed JSON is an error with its position`(json: String, expected: String) {
        let error = error(of: json)
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        (#"{"model": 3}"#, "$.model"), (#"{}"#, "'model' is missing"),
        ("[]", "expected an object, found array"),
        (#"{"model": {"type": "Magic"}}"#, "$.model: 'Magic' is not supported"),
        (#"{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}"#, #"$.model.vocab["a"]"#),
        (#"{"model": {"type": "BPE", "vocab": {"a": 99999999999}, "merges": []}}"#, #"$.model.vocab["a"]"#),
        (#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}"#, "$.model.merges[0]"),
        (#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [7]}}"#, "$.model.merges[0]"),
        (#"{"model": {"type": "BPE", "vocab": {}, "merges": [], "dropout": 0.5}}"#, "$.model.dropout"),
        (
            #"{"model": {"type": "BPE", "vocab": {}, "merges": []}, "pre_tokenizer": {"type": "Sequence", "#
                + #""pretokenizers": [{"type": "Mystery"}]}}"#, "$.pre_tokenizer.pretokenizers[0]: 'Mystery'"
        ),
    ])
    func `an invalid value is an error with its JSON path`(json: String, expected: String) {
        let message = error(of: json)?.message ?? ""
        #expect(message.contains(expected), "\(message)")
    }

    @Test func `tokens that are equal as Swift strings stay distinct`() throws {
        let json =
            #"{"model": {"type": "BPE", "vocab": {"\u00e9": 0, "e\u0301": 1, "e": 2, "\u0301": 3}, "#
            + #""merges": ["e \u0301"]}}"#
        let tokenizer = try Tokenizer(files: TokenizerFiles(tokenizer: Array(json.utf8)))
        #expect(tokenizer.encode("\u{e9}").ids == [0])
        #expect(tokenizer.encode("e\u{301}").ids == [1])
        #expect(tokenizer.id(for: "e\u{301}") == 1)
    }

    @Test func `byte tokens of a suffix have offsets inside the text`() throws {
        let json =
            #"{"model": {"type": "BPE", "vocab": {"<0x61>": 0, "<0x2F>": 1}, "merges": [], "#
            + #""byte_fallback": true, "end_of_word_suffix": "/"}}"#
        let encoding = try Tokenizer(files: TokenizerFiles(tokenizer: Array(json.utf8))).encode("a")
        #expect(encoding.ids == [0, 1])
        #expect(encoding.offsets.allSatisfy { $0.upperBound <= 1 })
    }

    @Test func `a word of a hundred thousand letters is encoded completely`() throws {
        let tokenizer = try TokenizerFixture(name: "gpt2").tokenizer()
        let word = String(repeating: "the", count: 33_333)
        let encoding = tokenizer.encodeBatch([word], threads: 1)
        #expect(tokenizer.decode(Array(encoding[0])) == word)
    }
}
