import JSON

/// Word level: one token for every word.
///
/// Source: [`models/wordlevel`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/models/wordlevel/mod.rs)
struct WordLevelModel: TokenModel {
    let vocabulary: Vocabulary
    /// The token for unknown words.
    let unknownID: Int32

    /// Reads the `model` member of a tokenizer.json.
    ///
    /// - Parameter json: An object of type `WordLevel`.
    /// - Throws: `.corrupt` with the JSON path.
    init(json: JSONDocument.Value) throws(TokenizerError) {
        vocabulary = try Vocabulary(json: json.required("vocab"))
        let name = try json.optionalString("unk_token") ?? "<unk>"
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
        let id = vocabulary.id(of: piece) ?? unknownID
        tokens.append(PieceToken(id: id, end: Int32(truncatingIfNeeded: piece.count), start: 0))
    }
}
