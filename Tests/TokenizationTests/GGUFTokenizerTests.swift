import Testing

@testable import Tokenization

/// Tokenizers in llama.cpp's terms.
struct GGUFTokenizerTests {
    private func described(_ name: String, rows: Int? = nil) throws -> (GGUFTokenizer, Tokenizer) {
        let tokenizer = try TokenizerFixture(name: name).tokenizer()
        return (try GGUFTokenizer(tokenizer, rows: rows ?? tokenizer.vocabularySize), tokenizer)
    }

    @Test(arguments: [
        ("gpt2", "gpt2", "gpt-2"), ("llama3", "gpt2", "llama-bpe"), ("qwen2", "gpt2", "qwen2"),
        ("smollm", "gpt2", "smollm"), ("roberta", "gpt2", "roberta-bpe"), ("o200k", "gpt2", "gpt-4o"),
        ("tekken", "gpt2", "tekken"), ("mistral", "llama", "default"), ("bert-uncased", "bert", "default"),
        ("xlm-roberta", "t5", "default"),
    ])
    func `a kind of tokenizer has llama.cpp's names`(name: String, model: String, pre: String) throws {
        let (gguf, tokenizer) = try described(name)
        #expect(gguf.vocabulary.model == model && gguf.vocabulary.preTokenizer == pre)
        #expect(gguf.vocabulary.tokens.count == tokenizer.vocabularySize)
        #expect(gguf.vocabulary.tokenTypes.count == tokenizer.vocabularySize)
    }

    @Test(arguments: ["gpt2", "llama3", "qwen2"])
    func `a byte-level vocabulary gives the tokenizer's ids again`(name: String) throws {
        let (gguf, tokenizer) = try described(name)
        let again = try Tokenizer(gguf: gguf.vocabulary)
        for text in try TokenizerFixture(name: name).cases().map(\.text) {
            // The options of these added tokens have no place in the format.
            guard !text.contains("<|mid|>"), !text.contains("wordy") else { continue }
            let ids = tokenizer.encode(text, addSpecialTokens: false).ids
            #expect(again.encode(text, addSpecialTokens: false).ids == ids, "\(text.debugDescription)")
        }
    }

    @Test func `WordPiece marks the starts of words, and control tokens stay`() throws {
        let (gguf, tokenizer) = try described("bert-uncased")
        for (id, token) in gguf.vocabulary.tokens.enumerated() {
            let original = try #require(tokenizer.token(for: Int32(id)))
            if gguf.vocabulary.tokenTypes[id] == 3 {
                #expect(token == original)
            } else if original.hasPrefix("##") {
                #expect("##" + token == original)
            } else {
                #expect(token == "\u{2581}" + original)
            }
        }
        #expect(gguf.vocabulary.bosTokenID == tokenizer.id(for: "[CLS]"))
        #expect(gguf.vocabulary.separatorTokenID == tokenizer.id(for: "[SEP]"))
        #expect(gguf.lowercases == true && gguf.addsSeparator)
    }

    @Test func `a cased vocabulary says so`() throws {
        let (gguf, _) = try described("bert-cased")
        #expect(gguf.lowercases == false && gguf.notes.contains { $0.contains("lowercase") })
    }

    @Test func `SentencePiece's merges become scores, best first`() throws {
        let (gguf, _) = try described("mistral")
        let vocabulary = gguf.vocabulary
        #expect(vocabulary.scores.count == vocabulary.tokens.count && gguf.addsSpacePrefix == true)
        #expect(vocabulary.tokenTypes.filter { $0 == 6 }.count == 256)
        #expect(vocabulary.scores.max() == 0)
    }

    @Test func `embedding rows without a token get a filler, and tokens without a row are left out`() throws {
        let (more, tokenizer) = try described("gpt2", rows: 600)
        #expect(more.vocabulary.tokens.count == 600 && more.vocabulary.tokens[599] == "[PAD599]")
        #expect(more.vocabulary.tokenTypes[599] == 5)
        let (fewer, _) = try described("gpt2", rows: tokenizer.vocabularySize - 1)
        #expect(fewer.vocabulary.tokens.count == tokenizer.vocabularySize - 1)
        #expect(fewer.notes.contains { $0.contains("has no embedding") })
    }

    @Test(arguments: ["words", "cl100k"])
    func `a tokenizer that llama.cpp lacks is noted`(name: String) throws {
        #expect(try described(name).0.notes.contains { $0.contains("token ids instead of texts") })
    }
}
