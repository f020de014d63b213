/// Separates digits from other text, one by one or in runs.
///
/// Source: [`pre_tokenizers/digits`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/digits.rs)
struct DigitsPreTokenizer: PreTokenizer {
    /// Whether every digit is a separate piece.
    var individually: Bool

    func split(_ text: inout TrackedText) {
        text.cutPieces { bytes, piece, parts in
            PieceCutter.cut(bytes, piece, individually ? .isolated : .contiguous, into: &parts) {
                CharacterClass.of($0).contains(.numeric)
            }
        }
    }
}

/// Drops whitespace and isolates punctuation characters.
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

/// Splits at characters of a class, or at one character.
///
/// Sources: `pre_tokenizers/whitespace`, `/punctuation` and `/delimiter` of tokenizers.
struct CharacterPreTokenizer: PreTokenizer {
    /// The characters that count as delimiters.
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

/// Keeps words, and runs of characters that are neither word characters nor whitespace.
///
/// Source: [`pre_tokenizers/whitespace`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/whitespace.rs),
/// `\w+|[^\w\s]+` by Rust's `regex`
struct WhitespacePreTokenizer: PreTokenizer {
    private enum Kind {
        case word, symbol, space
    }

    func split(_ text: inout TrackedText) {
        text.cutPieces { bytes, piece, parts in
            var start = piece.lowerBound
            var index = start
            var kind = Kind.space
            while index < piece.upperBound {
                let (value, length) = UTF8Scanner.scalar(bytes, at: index)
                let next = Self.kind(value)
                if next != kind {
                    if kind != .space { parts.append(start..<index) }
                    (start, kind) = (index, next)
                }
                index += length
            }
            if kind != .space { parts.append(start..<index) }
        }
    }

    private static func kind(_ scalar: UInt32) -> Kind {
        if CharacterClass.isRustWord(scalar) { return .word }
        return CharacterClass.of(scalar).contains(.whitespace) ? .space : .symbol
    }
}

/// Splits into parts of a fixed number of characters.
///
/// Source: [`pre_tokenizers/fixed_length`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/fixed_length.rs)
struct FixedLengthPreTokenizer: PreTokenizer {
    /// The number of characters of a part; at least 1.
    var length: Int

    func split(_ text: inout TrackedText) {
        text.cutPieces { bytes, piece, parts in
            var start = piece.lowerBound
            var index = start
            var count = 0
            while index < piece.upperBound {
                index += UTF8Scanner.scalar(bytes, at: index).length
                count += 1
                guard count == length || index >= piece.upperBound else { continue }
                parts.append(start..<index)
                (start, count) = (index, 0)
            }
        }
    }
}

/// Splits between scripts; Japanese kana count as Han.
///
/// Source: [`pre_tokenizers/unicode_scripts`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/unicode_scripts/pre_tokenizer.rs)
struct UnicodeScriptsPreTokenizer: PreTokenizer {
    func split(_ text: inout TrackedText) {
        text.cutPieces { bytes, piece, parts in
            // As in tokenizers, text before the first character with a script is dropped.
            var start: Int?
            var script: Int?
            var index = piece.lowerBound
            while index < piece.upperBound {
                let (value, length) = UTF8Scanner.scalar(bytes, at: index)
                if let next = Self.script(of: value), next != script {
                    if let start { parts.append(start..<index) }
                    (start, script) = (index, next)
                }
                index += length
            }
            if let start { parts.append(start..<piece.upperBound) }
        }
    }

    private static let runs = UnicodeSets.runs(ScriptRunTable.runs)

    /// A number for a character's script; nil if it fits any script.
    private static func script(of scalar: UInt32) -> Int? {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].range.upperBound <= scalar { low = middle + 1 } else { high = middle }
        }
        return low < runs.count && runs[low].range.contains(scalar) ? runs[low].number : nil
    }
}

/// Runs pre-tokenizers one after another, each on the pieces of the previous one.
struct PreTokenizerSequence: PreTokenizer {
    var steps: [any PreTokenizer]

    func split(_ text: inout TrackedText) {
        for step in steps { step.split(&text) }
    }
}
