/// A tokenizer as a GGUF file describes it: the values of its `tokenizer.*` keys.
public struct GGUFVocabulary: Sendable, Equatable {
    /// `tokenizer.ggml.model`: `gpt2` for byte-level BPE, `llama` and `gemma4` for SentencePiece's BPE, `t5` for
    /// Unigram, `bert` for WordPiece.
    public var model: String
    /// `tokenizer.ggml.pre`: the name of the pattern that splits text into words; empty if the file does not say.
    public var preTokenizer: String
    /// `tokenizer.ggml.tokens`: the tokens by id.
    public var tokens: [String]
    /// `tokenizer.ggml.token_type`: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
    public var tokenTypes: [Int]
    /// `tokenizer.ggml.scores`.
    public var scores: [Float] = []
    /// `tokenizer.ggml.merges`: `left right`, best first.
    public var merges: [String]
    /// `tokenizer.ggml.bos_token_id`.
    public var bosTokenID: Int32?
    /// `tokenizer.ggml.eos_token_id`.
    public var eosTokenID: Int32?
    /// `tokenizer.ggml.unknown_token_id`.
    public var unknownTokenID: Int32?
    /// `tokenizer.ggml.padding_token_id`.
    public var padTokenID: Int32?
    /// `tokenizer.ggml.cls_token_id`.
    public var classifierTokenID: Int32?
    /// `tokenizer.ggml.seperator_token_id`, as the format spells it.
    public var separatorTokenID: Int32?
    /// `tokenizer.ggml.mask_token_id`.
    public var maskTokenID: Int32?
    /// `tokenizer.ggml.add_bos_token`: whether texts begin with ``bosTokenID``; nil if the file does not say.
    public var addsBOS: Bool?
    /// `tokenizer.ggml.add_eos_token`: whether texts end with ``eosTokenID``; nil if the file does not say.
    public var addsEOS: Bool?
    /// `general.architecture`, which distinguishes vocabularies with the same ``model``.
    public var architecture = ""
    /// `tokenizer.chat_template`.
    public var chatTemplate: String?

    /// Creates a vocabulary.
    ///
    /// - Parameters:
    ///   - model: `tokenizer.ggml.model`.
    ///   - preTokenizer: `tokenizer.ggml.pre`.
    ///   - tokens: The tokens by id.
    ///   - tokenTypes: The type of each token, or an empty array.
    ///   - merges: The merges in the order learned.
    public init(model: String, preTokenizer: String, tokens: [String], tokenTypes: [Int], merges: [String]) {
        self.model = model
        self.preTokenizer = preTokenizer
        self.tokens = tokens
        self.tokenTypes = tokenTypes
        self.merges = merges
    }
}

extension GGUFVocabulary {
    /// Warnings about a vocabulary that can be used nevertheless, one sentence each.
    ///
    /// Source: llama.cpp's warning for byte-level BPE, the only vocabularies with patterns (src/llama-vocab.cpp).
    var notes: [String] {
        guard model == "gpt2", preTokenizer.isEmpty else { return [] }
        return [
            "the GGUF file does not say how to split texts into words (tokenizer.ggml.pre): missing pre-tokenizer type, using: "
                + "'default'; texts may be tokenized differently from the model's training; "
                + "convert the model again with a current llama.cpp"
        ]
    }
}

extension Tokenizer {
    /// Makes the tokenizer that a GGUF file describes.
    ///
    /// `save(to:)` writes it as a `tokenizer.json`.
    ///
    /// - Parameter gguf: The file's values.
    /// - Throws: `.unsupported` for an unknown model or pre-tokenizer, listing the known ones;
    ///   `.corrupt` if the values contradict each other.
    public init(gguf: GGUFVocabulary) throws(TokenizerError) {
        do throws(TokenizerError) {
            try self.init(files: gguf.makeFiles())
        } catch {
            throw error.inside("the GGUF file's tokenizer")
        }
        notes = gguf.notes
    }
}
