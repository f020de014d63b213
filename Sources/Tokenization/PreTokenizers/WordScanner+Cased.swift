extension WordScanner {
    /// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`: characters at the start of a word in GPT-4o's pattern.
    private static let large: CharacterClass = [.upper, .caseless, .mark]
    /// `[\p{Lm}\p{Lo}\p{M}]`: characters at the start or the end.
    private static let either: CharacterClass = [.caseless, .mark]
    /// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`: characters at the end.
    private static let small: CharacterClass = [.lower, .caseless, .mark]

    /// The end of the word at `index` in the pattern of GPT-4o or of Tekken.
    func endOfCasedWord(from index: Int, isTekken: Bool) -> Int {
        let first = character(index)
        if first.kind.contains(.number) { return endOfDigits(from: index, most: isTekken ? 1 : 3) }
        let isNewline = bytes[index] == 0x0A || bytes[index] == 0x0D
        let body = first.kind.contains(.letter) || isNewline ? index : first.end
        if let end = endOfCasedLetters(from: body, orFrom: index, first.kind) {
            guard !isTekken, end < bytes.count, bytes[end] == Self.apostrophe else { return end }
            return endOfContraction(from: end, ignoresCase: true) ?? end
        }
        let start = bytes[index] == Self.space && index + 1 < bytes.count ? index + 1 : index
        let symbol = character(start)
        if symbol.kind.isDisjoint(with: Self.notSymbol) {
            var end = run(from: symbol.end) { $0.isDisjoint(with: Self.notSymbol) }
            while end < bytes.count,
                bytes[end] == 0x0A || bytes[end] == 0x0D || bytes[end] == UInt8(ascii: "/")
            {
                end += 1
            }
            return end
        }
        return endOfLines(from: index) ?? endOfSpaces(from: index)
    }

    /// The end of a word's letters: any number of large ones and then at least one small one, or only large ones.
    private func endOfCasedLetters(from body: Int, orFrom index: Int, _ first: CharacterClass) -> Int? {
        guard body < bytes.count else { return first.contains(.mark) ? bytes.count : nil }
        var end = body
        var lastEither: Int?
        while end < bytes.count {
            let next = character(end)
            guard !next.kind.isDisjoint(with: Self.large) else {
                if next.kind.contains(.lower) { return run(from: end) { !$0.isDisjoint(with: Self.small) } }
                break
            }
            end = next.end
            if !next.kind.isDisjoint(with: Self.either) { lastEither = end }
        }
        // If no lower-case letter follows, the last caseless letters are the small ones.
        if let lastEither { return lastEither }
        // A leading mark is a letter too, if it is not a prefix.
        if body > index, first.contains(.mark) { return body }
        return end > body ? end : nil
    }

    /// `\s++$`: whitespace from `index` to the end of the text, or nil if anything else follows.
    func endOfLastSpaces(from index: Int) -> Int? {
        guard character(index).kind.contains(.whitespace) else { return nil }
        let end = run(from: index) { $0.contains(.whitespace) }
        return end == bytes.count ? end : nil
    }
}
