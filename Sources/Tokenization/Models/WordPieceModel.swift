import JSON

/// WordPiece: repeatedly takes the longest token at the start of the rest of a word.
///
/// Source: [`models/wordpiece`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/models/wordpiece/mod.rs)
struct WordPieceModel: TokenModel {
    let vocabulary: Vocabulary
    /// The token for words that cannot be split into tokens.
    let unknownID: Int32
    /// The prefix of tokens inside a word.
    let prefix: [UInt8]
    /// The longest word in characters; longer ones are unknown.
    let longestWord: Int

    /// Reads the `model` member of a tokenizer.json.
    ///
    /// - Parameter json: An object of type `WordPiece`.
    /// - Throws: `.corrupt` with the JSON path.
    init(json: JSONDocument.Value) throws(TokenizerError) {
        vocabulary = try Vocabulary(json: json.required("vocab"))
        prefix = try Array((json.optionalString("continuing_subword_prefix") ?? "##").utf8)
        longestWord = json["max_input_chars_per_word"]?.integer ?? 100
        let name = try json.optionalString("unk_token") ?? "[UNK]"
        guard let id = vocabulary.id(of: name.utf8) else {
            throw json.fault("unk_token is '\(name)', which is not in the vocabulary.")
        }
        unknownID = id
    }

    func tokenize(
        _ piece: UnsafeBufferPointer<UInt8>,
        into tokens: inout [PieceToken],
        workspace: Workspace
    ) {
        let isShort = piece.count <= WordCache.longestWord
        let hash = isShort ? ByteHash.hash(piece) : 0
        if isShort, workspace.cache.recall(piece, hash: hash, into: &tokens) { return }
        let start = tokens.count
        if !appendTokens(of: piece, to: &tokens, workspace: workspace) {
            tokens.removeSubrange(start...)
            tokens.append(PieceToken(id: unknownID, end: Int32(truncatingIfNeeded: piece.count), start: 0))
        }
        if isShort { workspace.cache.remember(piece, hash: hash, tokens: tokens[start...]) }
    }

    /// Appends a word's tokens.
    ///
    /// - Returns: False if the word is unknown.
    private func appendTokens(
        of piece: UnsafeBufferPointer<UInt8>,
        to tokens: inout [PieceToken],
        workspace: Workspace
    ) -> Bool {
        let length = piece.count { $0 & 0xC0 != 0x80 }
        guard length <= longestWord else { return false }
        var start = 0
        while start < piece.count {
            guard let (id, end) = longestToken(of: piece, from: start, workspace: workspace) else {
                return false
            }
            tokens.append(PieceToken(id: id, end: Int32(end), start: Int32(start)))
            start = end
        }
        return true
    }

    private func longestToken(
        of piece: UnsafeBufferPointer<UInt8>,
        from start: Int,
        workspace: Workspace
    ) -> (Int32, Int)? {
        workspace.spelling.removeAll(keepingCapacity: true)
        if start > 0 { workspace.spelling.append(contentsOf: prefix) }
        let lead = workspace.spelling.count
        workspace.spelling.append(contentsOf: UnsafeBufferPointer(rebasing: piece[start...]))
        return workspace.spelling.withUnsafeBufferPointer { spelling in
            var end = spelling.count
            while end > lead {
                if let id = vocabulary.id(of: UnsafeBufferPointer(rebasing: spelling[..<end])) {
                    return (id, start + end - lead)
                }
                end -= UTF8Scanner.scalar(spelling, before: end).length
            }
            return nil
        }
    }
}
