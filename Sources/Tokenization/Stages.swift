/// Rewrites a text before anything looks for words in it: lower-casing, Unicode normalisation and such.
protocol Normalizer: Sendable {
    /// Rewrites the text.
    func normalize(_ text: inout TrackedText)
}

/// Cuts a text into the pieces that a model may not merge across.
protocol PreTokenizer: Sendable {
    /// Cuts, and where the pre-tokenizer says so rewrites, every piece of the text.
    func split(_ text: inout TrackedText)
}

/// Turns one piece into tokens.
protocol TokenModel: Sendable {
    /// Appends a piece's tokens.
    ///
    /// - Parameters:
    ///   - piece: The piece's bytes; never empty.
    ///   - tokens: Where to append; lengths add up to the piece, except where a model drops characters.
    ///   - workspace: Memory to reuse.
    func tokenize(
        _ piece: UnsafeBufferPointer<UInt8>,
        into tokens: inout [PieceToken],
        workspace: Workspace
    )
}

/// Adds what surrounds one text or a pair: `[CLS]`, `</s>` and such.
protocol PostProcessor: Sendable {
    /// Builds the final encoding of one or two sequences.
    ///
    /// - Parameters:
    ///   - sequences: One encoding, or two for a pair.
    ///   - addSpecialTokens: Whether to add tokens; type ids and offsets are set all the same.
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
    /// Where the token ends in its piece, in bytes.
    var end: Int32
    /// Where the token starts in its piece, in bytes.
    var start: Int32
}
