// Descriptions of a tokenizer for people.
extension Tokenizer {
    /// The model that splits words into tokens: `BPE`, `WordPiece`, `Unigram` or `WordLevel`, as in `tokenizer.json`.
    public var kind: String {
        switch pipeline.model {
        case is BytePairModel: "BPE"
        case is WordPieceModel: "WordPiece"
        case is UnigramModel: "Unigram"
        default: "WordLevel"
        }
    }

    /// The special tokens with a purpose, each with its name in the files (`bos_token`, `pad_token`), in a fixed order.
    public var specialTokens: [(name: String, token: String)] {
        TokenizerSettings.names.compactMap { name in settings.special[name].map { (name, $0) } }
    }
}
