/// Cuts digits off: each by itself, or runs of them.
///
/// Source: [`pre_tokenizers/digits`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/digits.rs)
struct DigitsPreTokenizer: PreTokenizer {
    /// Whether every digit is a piece of its own.
    var individually: Bool

    func split(_ text: inout TrackedText) {
        text.cutPieces { bytes, piece, parts in
            PieceCutter.cut(bytes, piece, individually ? .isolated : .contiguous, into: &parts) {
                CharacterClass.of($0).contains(.numeric)
            }
        }
    }
}

/// Runs pre-tokenizers one after another, each on the pieces of the one before.
struct PreTokenizerSequence: PreTokenizer {
    var steps: [any PreTokenizer]

    func split(_ text: inout TrackedText) {
        for step in steps { step.split(&text) }
    }
}
