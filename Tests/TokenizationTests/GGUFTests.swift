import Foundation
import Testing

@testable import Tokenization

struct GGUFTests {
    /// The vocabulary of a fixture as in a GGUF file.
    private func vocabulary(of fixture: String, pre: String) throws -> GGUFVocabulary {
        struct File: Decodable {
            struct Model: Decodable {
                var vocab: [String: Int]
                var merges: [[String]]
            }
            var model: Model
        }
        let url = TokenizerFixture(name: fixture).folder.appendingPathComponent("tokenizer.json")
        let model = try JSONDecoder().decode(File.self, from: Data(contentsOf: url)).model
        let tokens = model.vocab.sorted { $0.value < $1.value }.map(\.key) + ["<|mid|>"]
        var result = GGUFVocabulary(
            model: "gpt2",
            preTokenizer: pre,
            tokens: tokens,
            tokenTypes: [3, 3] + Array(repeating: 1, count: tokens.count - 3) + [4],
            merges: model.merges.map { $0.joined(separator: " ") }
        )
        result.bosTokenID = 0
        result.eosTokenID = 1
        result.addsBOS = true
        result.chatTemplate = "{{ \"quoted\" }}\n"
        return result
    }

    @Test(arguments: [("gpt2", "gpt-2"), ("gpt2", "smollm"), ("llama3", "llama-bpe"), ("qwen2", "qwen2")])
    func `a GGUF vocabulary gives the ids of the tokenizer it was made from`(
        fixture: String,
        pre: String
    ) throws {
        let tokenizer = try Tokenizer(gguf: vocabulary(of: fixture, pre: pre))
        let original = try TokenizerFixture(name: fixture).tokenizer()
        for text in try TokenizerFixture(name: fixture).cases().map(\.text) where !text.contains("<|mid|>") {
            guard !text.contains("wordy") else { continue }
            let ids = tokenizer.encode(text, addSpecialTokens: false).ids
            #expect(ids == original.encode(text, addSpecialTokens: false).ids, "\(text.debugDescription)")
            #expect(tokenizer.encode(text).ids == [0] + ids)
        }
        #expect(tokenizer.bosTokenID == 0)
        #expect(tokenizer.eosTokenID == 1)
        #expect(tokenizer.padTokenID == 1)
        #expect(tokenizer.unknownTokenID == nil)
    }

    @Test func `a byte-level BPE vocabulary without merges is refused`() throws {
        var vocabulary = try vocabulary(of: "gpt2", pre: "gpt-2")
        vocabulary.merges = []
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(gguf: vocabulary) }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("tokenizer.ggml.merges is missing or empty") == true)
    }

    @Test func `without a pre-tokenizer the default is used, with a note in llama.cpp's words`() throws {
        let tokenizer = try Tokenizer(gguf: vocabulary(of: "gpt2", pre: ""))
        let note = try #require(tokenizer.notes.first)
        #expect(tokenizer.notes.count == 1 && note.contains("missing pre-tokenizer type, using: 'default'"))
        let named = try Tokenizer(gguf: vocabulary(of: "gpt2", pre: "default"))
        #expect(named.notes.isEmpty)
        let text = "It's 12,345 letters\n\n  long"
        #expect(tokenizer.encode(text) == named.encode(text))
    }

    @Test func `an unknown pre-tokenizer is refused by its name`() throws {
        let error = #expect(throws: TokenizerError.self) {
            try Tokenizer(gguf: vocabulary(of: "gpt2", pre: "no-such-one"))
        }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("tokenizer.ggml.pre is 'no-such-one'") == true)
    }

    @Test func `a saved GGUF tokenizer gives the same results`() throws {
        let tokenizer = try Tokenizer(gguf: vocabulary(of: "smollm", pre: "smollm"))
        try withTemporaryFolder { folder in
            try tokenizer.save(to: folder)
            let reopened = try Tokenizer(folder: folder)
            for text in try TokenizerFixture(name: "smollm").cases().map(\.text) {
                #expect(reopened.encode(text) == tokenizer.encode(text))
            }
            #expect(reopened.chatTemplate == "{{ \"quoted\" }}\n")
            #expect(reopened.vocabularySize == tokenizer.vocabularySize)
            #expect(reopened.settings == tokenizer.settings)
        }
    }

    @Test func `an unknown pre-tokenizer is an error that lists the known ones`() throws {
        let vocabulary = try vocabulary(of: "gpt2", pre: "klingon")
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(gguf: vocabulary) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("'klingon'") == true)
        #expect(error?.message.contains("gpt-2, gpt2, default, smollm, llama-bpe") == true)
    }

    @Test func `an unknown model is an error that lists the known ones`() throws {
        var vocabulary = try vocabulary(of: "gpt2", pre: "gpt-2")
        vocabulary.model = "rwkv"
        let wrong = vocabulary
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(gguf: wrong) }
        #expect(error?.message.contains("'rwkv'") == true)
    }

    @Test func `a special token outside the vocabulary is an error, not a crash`() throws {
        var vocabulary = try vocabulary(of: "gpt2", pre: "gpt-2")
        vocabulary.eosTokenID = 1_000_000
        let wrong = vocabulary
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(gguf: wrong) }
        #expect(error?.message.contains("tokenizer.ggml.eos_token_id is 1000000") == true)
    }
}
