/// Rewrites a text before it is split into words: lower-casing or Unicode normalisation, for example.
protocol Normalizer: Sendable {
    /// Rewrites the text.
    func normalize(_ text: inout TrackedText)
}

/// Splits a text into pieces that the model cannot merge across.
protocol PreTokenizer: Sendable {
    /// Splits every piece of the text, and rewrites it if the pre-tokenizer does.
    func split(_ text: inout TrackedText)
}

/// Splits one piece into tokens.
protocol TokenModel: Sendable {
    /// Appends a piece's tokens.
    ///
    /// - Parameters:
    ///   - piece: The piece's bytes; never empty.
    ///   - tokens: Receives the tokens. They cover the whole piece unless the model drops characters.
    ///   - workspace: Memory to reuse.
    func tokenize(
        _ piece: UnsafeBufferPointer<UInt8>,
        into tokens: inout [PieceToken],
        workspace: Workspace
    )
}

/// Adds the special tokens around one text or a pair: `[CLS]` or `</s>`, for example.
protocol PostProcessor: Sendable {
    /// Builds the final encoding of one or two sequences.
    ///
    /// - Parameters:
    ///   - sequences: One encoding, or two for a pair.
    ///   - addSpecialTokens: Whether to add tokens; type ids and offsets are set in any case.
    /// - Returns: The parts in order, to be joined into one encoding.
    func process(_ sequences: [Encoding], addSpecialTokens: Bool) -> [Encoding]
}

/// Turns tokens back into text.
protocol Decoder: Sendable {
    /// Rewrites the list of token texts; joined, the result is the decoded text.
    func decode(_ tokens: [[UInt8]]) -> [[UInt8]]
}

/// A token within a piece.
struct PieceToken: Sendable, Equatable {
    /// The token's id.
    var id: Int32
    /// The end of the token in its piece, in bytes.
    var end: Int32
    /// The start of the token in its piece, in bytes.
    var start: Int32
}
