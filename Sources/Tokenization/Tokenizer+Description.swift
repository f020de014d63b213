// What a person wants to know of a tokenizer.
extension Tokenizer {
    /// How it cuts words into tokens: `BPE`, `WordPiece`, `Unigram` or `WordLevel`, as `tokenizer.json` calls it.
    public var kind: String {
        switch pipeline.model {
        case is BytePairModel: "BPE"
        case is WordPieceModel: "WordPiece"
        case is UnigramModel: "Unigram"
        default: "WordLevel"
        }
    }

    /// The special tokens that have a purpose, by the files' name for it (`bos_token`, `pad_token`), in a fixed order.
    public var specialTokens: [(name: String, token: String)] {
        TokenizerSettings.names.compactMap { name in settings.special[name].map { (name, $0) } }
    }
}
