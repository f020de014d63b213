/// The well-known patterns that split texts into words, as hand-written scanners.
///
/// Each pattern matches at every position, so its matches cover the whole piece. Look-ahead ends at the end of the
/// piece.
enum WordPattern: Sendable, CaseIterable {
    /// GPT-2, RoBERTa and most byte-level vocabularies since.
    case gpt2
    /// Llama 3 and GPT-4: words with the character before them, up to three digits, symbols with newlines after them.
    case llama3
    /// Qwen 2: like Llama 3, but digits one by one.
    case qwen2
    /// GPT-4 as tiktoken spells it now: like Llama 3, but digits stay together, and so does whitespace at the end of
    /// a text.
    case cl100k
    /// GPT-4o: words are split between lower case and upper case; contractions stay with their word.
    case o200k
    /// Mistral's Tekken: like GPT-4o, but digits one by one and contractions split off.
    case tekken

    /// The regular expression that the scanner implements, as spelled in tokenizer.json.
    var regex: String { spellings[0] }

    /// Every known spelling of the expression.
    var spellings: [String] {
        let spaces = #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
        let lines = #"| ?[^\s\p{L}\p{N}]+[\r\n]*"# + spaces
        let llama3 = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"#
        let small = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
        let large = #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
        let slashes = #"| ?[^\s\p{L}\p{N}]+[\r\n/]*"# + spaces
        switch self {
        case .gpt2:
            return [
                #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#,
                #"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#,
                #"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"#,
            ]
        case .llama3:
            return [
                llama3 + #"|\p{N}{1,3}"# + lines,
                #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}"#
                    + #"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#,
            ]
        case .qwen2: return [llama3 + #"|\p{N}"# + lines]
        case .cl100k:
            return [
                #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"#
                    + #"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"#
            ]
        case .o200k:
            let contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
            return [
                "\(large)*\(small)+\(contraction)|\(large)+\(small)*\(contraction)" + #"|\p{N}{1,3}"#
                    + slashes
            ]
        case .tekken: return ["\(large)*\(small)+|\(large)+\(small)*" + #"|\p{N}"# + slashes]
        }
    }

    /// Finds the pattern of a regular expression; nil if it is not one of the well-known ones.
    init?(regex: String) {
        let wanted = Array(regex.utf8)
        let known = Self.allCases.first { $0.spellings.contains { $0.utf8.elementsEqual(wanted) } }
        guard let known else { return nil }
        self = known
    }

    /// Splits a piece into words.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - piece: The part of it to split.
    ///   - parts: Receives the words.
    func cut(_ bytes: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>, into parts: inout [Range<Int>]) {
        let scanner = WordScanner(bytes: UnsafeBufferPointer(rebasing: bytes[..<piece.upperBound]))
        switch self {
        case .gpt2: Self.cut(piece, into: &parts) { scanner.endOfGPT2Word(from: $0) }
        case .llama3: Self.cut(piece, into: &parts) { scanner.endOfLlama3Word(from: $0, mostDigits: 3) }
        case .qwen2: Self.cut(piece, into: &parts) { scanner.endOfLlama3Word(from: $0, mostDigits: 1) }
        case .cl100k:
            Self.cut(piece, into: &parts) {
                // In Oniguruma, `{1,3}+` means any number of these runs, not a possessive quantifier.
                scanner.endOfLastSpaces(from: $0) ?? scanner.endOfLlama3Word(from: $0, mostDigits: .max)
            }
        case .o200k: Self.cut(piece, into: &parts) { scanner.endOfCasedWord(from: $0, isTekken: false) }
        case .tekken: Self.cut(piece, into: &parts) { scanner.endOfCasedWord(from: $0, isTekken: true) }
        }
    }

    @inline(__always)
    private static func cut(_ piece: Range<Int>, into parts: inout [Range<Int>], _ end: (Int) -> Int) {
        var index = piece.lowerBound
        while index < piece.upperBound {
            let next = end(index)
            parts.append(index..<next)
            index = next
        }
    }
}
