/// A GGUF's vocabulary as plain values, `tokenizer.ggml.*` of its metadata.
public struct GGUFVocabulary: Sendable {
    /// `tokenizer.ggml.model`: `gpt2` is byte-level BPE.
    public var model: String
    /// `tokenizer.ggml.pre`: the name of the split pattern.
    public var preTokenizer: String
    /// `tokenizer.ggml.tokens`: by id.
    public var tokens: [String]
    /// `tokenizer.ggml.token_type`: 1 normal, 3 control, 4 user-defined.
    public var tokenTypes: [Int]
    /// `tokenizer.ggml.merges`: `left right`, in the order learnt.
    public var merges: [String]
    /// The id that begins a text.
    public var bosTokenID: Int32?
    /// The id that ends a text.
    public var eosTokenID: Int32?
    /// The id of what is unknown.
    public var unknownTokenID: Int32?
    /// The id that pads.
    public var padTokenID: Int32?
    /// Whether texts begin with ``bosTokenID``.
    public var addsBOS: Bool
    /// Whether texts end with ``eosTokenID``.
    public var addsEOS: Bool

    /// A vocabulary.
    ///
    /// - Parameters:
    ///   - model: `tokenizer.ggml.model`.
    ///   - preTokenizer: `tokenizer.ggml.pre`.
    ///   - tokens: By id.
    ///   - tokenTypes: As many, or none.
    ///   - merges: In the order learnt.
    public init(model: String, preTokenizer: String, tokens: [String], tokenTypes: [Int], merges: [String]) {
        self.model = model
        self.preTokenizer = preTokenizer
        self.tokens = tokens
        self.tokenTypes = tokenTypes
        self.merges = merges
        addsBOS = false
        addsEOS = false
    }
}
