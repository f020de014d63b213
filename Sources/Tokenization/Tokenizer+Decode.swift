extension Tokenizer {
    /// Turns ids back into text.
    ///
    /// - Parameters:
    ///   - ids: Token ids; ids without a token are left out.
    ///   - skipSpecialTokens: Whether to leave out special tokens. Default true.
    /// - Returns: The text; bytes that are not UTF-8 become U+FFFD.
    public func decode(_ ids: [Int32], skipSpecialTokens: Bool = true) -> String {
        var tokens: [[UInt8]] = []
        for id in ids {
            if let added = pipeline.added.tokens[id] {
                if skipSpecialTokens, added.isSpecial { continue }
                tokens.append(pipeline.added.normalized[id] ?? Array(added.content.utf8))
            } else if let token = pipeline.vocabulary.token(id) {
                tokens.append(Array(token))
            }
        }
        guard let decoder = pipeline.decoder else {
            return String(decoding: Array(tokens.joined(separator: [0x20])), as: UTF8.self)
        }
        return String(decoding: decoder.decode(tokens).flatMap { $0 }, as: UTF8.self)
    }
}
