/// Finds the ends of words.
struct WordScanner {
    /// The text up to the end of the piece.
    let bytes: UnsafeBufferPointer<UInt8>

    static let apostrophe = UInt8(ascii: "'")
    static let space: UInt8 = 0x20
    static let notSymbol: CharacterClass = [.letter, .number, .whitespace]

    @inline(__always)
    func character(_ index: Int) -> (kind: CharacterClass, end: Int) {
        let (value, length) = UTF8Scanner.scalar(bytes, at: index)
        return (CharacterClass.of(value), index + length)
    }

    /// The end of the run of characters from `index` that meet a condition.
    @inline(__always)
    func run(from index: Int, while holds: (CharacterClass) -> Bool) -> Int {
        var end = index
        while end < bytes.count {
            let next = character(end)
            guard holds(next.kind) else { break }
            end = next.end
        }
        return end
    }

    /// The end of the word at `index` in GPT-2's pattern.
    func endOfGPT2Word(from index: Int) -> Int {
        if bytes[index] == Self.apostrophe, let end = endOfContraction(from: index, ignoresCase: false) {
            return end
        }
        let body = bytes[index] == Self.space && index + 1 < bytes.count ? index + 1 : index
        let first = character(body)
        if first.kind.contains(.letter) { return run(from: first.end) { $0.contains(.letter) } }
        if first.kind.contains(.number) { return run(from: first.end) { $0.contains(.number) } }
        if first.kind.isDisjoint(with: Self.notSymbol) {
            return run(from: first.end) { $0.isDisjoint(with: Self.notSymbol) }
        }
        return endOfSpaces(from: index)
    }

    /// The end of the word at `index` in the pattern of Llama 3 and Qwen 2.
    func endOfLlama3Word(from index: Int, mostDigits: Int) -> Int {
        if bytes[index] == Self.apostrophe, let end = endOfContraction(from: index, ignoresCase: true) {
            return end
        }
        let first = character(index)
        if first.kind.contains(.letter) { return run(from: first.end) { $0.contains(.letter) } }
        if first.kind.contains(.number) { return endOfDigits(from: index, most: mostDigits) }
        let isNewline = bytes[index] == 0x0A || bytes[index] == 0x0D
        if !isNewline, first.end < bytes.count {
            let second = character(first.end)
            if second.kind.contains(.letter) { return run(from: second.end) { $0.contains(.letter) } }
        }
        let body = bytes[index] == Self.space && index + 1 < bytes.count ? index + 1 : index
        let symbol = character(body)
        if symbol.kind.isDisjoint(with: Self.notSymbol) {
            var end = run(from: symbol.end) { $0.isDisjoint(with: Self.notSymbol) }
            while end < bytes.count, bytes[end] == 0x0A || bytes[end] == 0x0D { end += 1 }
            return end
        }
        return endOfLines(from: index) ?? endOfSpaces(from: index)
    }

    func endOfDigits(from index: Int, most: Int) -> Int {
        var end = index
        var count = 0
        while count < most, end < bytes.count {
            let next = character(end)
            guard next.kind.contains(.number) else { break }
            end = next.end
            count += 1
        }
        return end
    }

    /// `\s*[\r\n]+`: the run of whitespace up to its last line end.
    func endOfLines(from index: Int) -> Int? {
        var end = index
        var lastLineEnd: Int?
        while end < bytes.count {
            let next = character(end)
            guard next.kind.contains(.whitespace) else { break }
            if bytes[end] == 0x0A || bytes[end] == 0x0D { lastLineEnd = next.end }
            end = next.end
        }
        return lastLineEnd
    }

    /// `\s+(?!\S)|\s+`: a run of whitespace, without its last character if a word follows.
    func endOfSpaces(from index: Int) -> Int {
        var end = index
        var last = index
        while end < bytes.count {
            let next = character(end)
            guard next.kind.contains(.whitespace) else { break }
            last = end
            end = next.end
        }
        return end == bytes.count || last == index ? max(end, index + 1) : last
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`.
    func endOfContraction(from index: Int, ignoresCase: Bool) -> Int? {
        guard index + 1 < bytes.count else { return nil }
        let fold: UInt8 = ignoresCase ? 0x20 : 0
        let first = bytes[index + 1] | fold
        switch first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return index + 2
        case 0xC5 | fold:
            // The long s, U+017F, equals s if case is ignored.
            let isLongS = index + 2 < bytes.count && bytes[index + 1] == 0xC5 && bytes[index + 2] == 0xBF
            return ignoresCase && isLongS ? index + 3 : nil
        default: break
        }
        guard index + 2 < bytes.count else { return nil }
        switch (first, bytes[index + 2] | fold) {
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return index + 3
        default: return nil
        }
    }
}
