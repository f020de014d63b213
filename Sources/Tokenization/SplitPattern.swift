/// The split patterns that byte-level tokenizers use, scanned by hand.
///
/// Each divides a text completely, so a scanner only says where the piece that starts here ends.
struct SplitPattern: Sendable, Equatable {
    /// Whether contractions match whatever their case, `(?i:'s|'t|…)`.
    let ignoresCaseOfContractions: Bool
    /// Digits in a piece at the most; GPT-2's are unbounded and take a space before them.
    let digitsAtMost: Int?
    /// Whether one character that is no letter, digit or line break may lead a word, and line breaks make pieces:
    /// cl100k and its descendants. GPT-2 allows a space only.
    let isModern: Bool

    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    static let gpt2 = SplitPattern(ignoresCaseOfContractions: false, digitsAtMost: nil, isModern: false)
    /// Llama 3's, cl100k with up to three digits.
    static let llama3 = SplitPattern(ignoresCaseOfContractions: true, digitsAtMost: 3, isModern: true)
    /// Qwen 2's, cl100k with single digits.
    static let qwen2 = SplitPattern(ignoresCaseOfContractions: true, digitsAtMost: 1, isModern: true)

    private static let modernTail = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let modernHead = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#

    /// The pattern as a `tokenizer.json` writes it.
    var regex: String {
        if !isModern { return #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"# }
        return Self.modernHead + (digitsAtMost == 1 ? #"\p{N}"# : #"\p{N}{1,3}"#) + Self.modernTail
    }

    /// The pattern that a regex spells, if it is a known one.
    init?(regex: String) {
        guard let known = [Self.gpt2, .llama3, .qwen2].first(where: { $0.regex == regex }) else { return nil }
        self = known
    }

    private init(ignoresCaseOfContractions: Bool, digitsAtMost: Int?, isModern: Bool) {
        self.ignoresCaseOfContractions = ignoresCaseOfContractions
        self.digitsAtMost = digitsAtMost
        self.isModern = isModern
    }

    /// Where the piece that starts at `start` ends.
    func end(of text: ScalarView, from start: Int, to end: Int) -> Int {
        if let contraction = contraction(text, start, end) { return contraction }
        let (kind, next) = text.characterClass(at: start)
        if isModern {
            if let word = modernWord(text, start, end, kind, next) { return word }
        } else {
            let isSpace = text.bytes[start] == 0x20
            let body = isSpace ? next : start
            if body < end {
                let inner = text.characterClass(at: body).class
                if inner != .space { return text.end(of: inner, from: body, to: end) }
            }
        }
        guard kind == .space else { return next }
        return spaces(text, start, end)
    }

    private func contraction(_ text: ScalarView, _ start: Int, _ end: Int) -> Int? {
        guard text.bytes[start] == UInt8(ascii: "'"), start + 1 < end else { return nil }
        func letter(_ offset: Int) -> UInt8 {
            guard start + offset < end else { return 0 }
            let byte = text.bytes[start + offset]
            return ignoresCaseOfContractions && (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
        }
        let (first, second) = (letter(1), letter(2))
        if "stmd".utf8.contains(first) { return start + 2 }
        // U+017F folds to s.
        if ignoresCaseOfContractions, first == 0xC5, second == 0xBF { return start + 3 }
        let pairs: [(Character, Character)] = [("r", "e"), ("v", "e"), ("l", "l")]
        let isPair = pairs.contains { $0.0.asciiValue == first && $0.1.asciiValue == second }
        return isPair ? start + 3 : nil
    }

    /// `[^\r\n\p{L}\p{N}]?\p{L}+`, `\p{N}{1,n}` and ` ?[^\s\p{L}\p{N}]+[\r\n]*`.
    private func modernWord(
        _ text: ScalarView,
        _ start: Int,
        _ end: Int,
        _ kind: CharacterClass,
        _ next: Int
    ) -> Int? {
        if kind == .letter { return text.end(of: .letter, from: start, to: end) }
        if kind == .number { return text.end(of: .number, from: start, to: end, limit: digitsAtMost ?? .max) }
        let first = text.bytes[start]
        let isLineBreak = first == 0x0A || first == 0x0D
        if !isLineBreak, next < end, text.characterClass(at: next).class == .letter {
            return text.end(of: .letter, from: next, to: end)
        }
        let body = first == 0x20 ? next : start
        guard body < end, text.characterClass(at: body).class == .other else { return nil }
        var stop = text.end(of: .other, from: body, to: end)
        while stop < end, text.bytes[stop] == 0x0A || text.bytes[stop] == 0x0D { stop += 1 }
        return stop
    }

    /// `\s*[\r\n]+`, `\s+(?!\S)` and `\s+`.
    private func spaces(_ text: ScalarView, _ start: Int, _ end: Int) -> Int {
        var index = start
        var last = start
        var afterLineBreak: Int?
        while index < end {
            let (kind, next) = text.characterClass(at: index)
            guard kind == .space else { break }
            if text.bytes[index] == 0x0A || text.bytes[index] == 0x0D { afterLineBreak = next }
            last = index
            index = next
        }
        if isModern, let afterLineBreak { return afterLineBreak }
        // Before a word the last space belongs to it, unless it is the only one.
        return index < end && last > start ? last : index
    }
}
