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

/// Drops whitespace, and makes punctuation pieces of their own.
///
/// Source: [`pre_tokenizers/bert`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/bert.rs)
struct BERTPreTokenizer: PreTokenizer {
    func split(_ text: inout TrackedText) {
        text.cutPieces { bytes, piece, parts in
            var start = piece.lowerBound
            var index = start
            while index < piece.upperBound {
                let (value, length) = UTF8Scanner.scalar(bytes, at: index)
                let kind = CharacterClass.of(value)
                if !kind.isDisjoint(with: [.whitespace, .bertPunctuation]) {
                    if start < index { parts.append(start..<index) }
                    if kind.contains(.bertPunctuation) { parts.append(index..<index + length) }
                    start = index + length
                }
                index += length
            }
            if start < index { parts.append(start..<index) }
        }
    }
}

/// Cuts at characters of a class, or at one character.
///
/// Sources: `pre_tokenizers/whitespace`, `/punctuation` and `/delimiter` of the reference.
struct CharacterPreTokenizer: PreTokenizer {
    /// What counts as a delimiter.
    enum Delimiter: Sendable {
        case characters(CharacterClass)
        case scalar(UInt32)
    }

    var delimiter: Delimiter
    var behavior: DelimiterBehavior

    func split(_ text: inout TrackedText) {
        text.cutPieces { bytes, piece, parts in
            PieceCutter.cut(bytes, piece, behavior, into: &parts) { scalar in
                switch delimiter {
                case .characters(let wanted): !CharacterClass.of(scalar).isDisjoint(with: wanted)
                case .scalar(let wanted): scalar == wanted
                }
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
