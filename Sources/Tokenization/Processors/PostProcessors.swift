/// Trims the offsets of byte-level tokens, so that they leave out the spaces around a word.
///
/// Source: [`process_offsets`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/byte_level.rs)
struct ByteLevelPostProcessor: PostProcessor {
    var trimsOffsets: Bool
    var addsPrefixSpace: Bool

    func process(_ sequences: [Encoding], addSpecialTokens: Bool) -> [Encoding] {
        trimsOffsets ? sequences.map(trimmed) : sequences
    }

    private func trimmed(_ encoding: Encoding) -> Encoding {
        var result = encoding
        result.overflowing = encoding.overflowing.map(trimmed)
        encoding.source.withUnsafeBufferPointer { source in
            for (index, token) in encoding.tokens.enumerated() {
                let margin = TokenMargins.Margin(of: token.utf8)
                guard !margin.isEmpty else { continue }
                result.offsets[index] = trim(
                    encoding.offsets[index],
                    by: margin,
                    isFirst: index == 0,
                    in: source
                )
            }
        }
        return result
    }

    /// A token's range without the spaces at its ends.
    ///
    /// - Parameters:
    ///   - range: The bytes that the token covers.
    ///   - margin: The number of spaces at its ends.
    ///   - isFirst: Whether it is the first token of its sequence.
    ///   - source: The text.
    /// - Returns: The trimmed range, which may be empty.
    func trim(
        _ range: Range<Int>,
        by margin: TokenMargins.Margin,
        isFirst: Bool,
        in source: UnsafeBufferPointer<UInt8>
    ) -> Range<Int> {
        var leading = Int(margin.leading)
        var (start, end) = (range.lowerBound, range.upperBound)
        if leading > 0 {
            if isFirst || start == 0, addsPrefixSpace, leading == 1 { leading = 0 }
            start = min(Self.move(start, by: leading, in: source), end)
        }
        if margin.trailing > 0 {
            end = max(Self.moveBack(end, by: Int(margin.trailing), in: source), start)
        }
        return start..<end
    }

    /// Moves an index by a number of characters: any characters, not only spaces, as in tokenizers.
    private static func move(_ index: Int, by count: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        var index = index
        for _ in 0..<count where index < text.count {
            index += 1
            while index < text.count, text[index] & 0xC0 == 0x80 { index += 1 }
        }
        return index
    }

    private static func moveBack(_ index: Int, by count: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        var place = min(index, text.count)
        for _ in 0..<count {
            // As in tokenizers, nothing is trimmed if there are fewer characters than spaces to trim.
            guard place > 0 else { return index }
            place -= 1
            while place > 0, text[place] & 0xC0 == 0x80 { place -= 1 }
        }
        return place
    }

    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value == ByteAlphabet.scalars[0x20] || scalar.properties.isWhitespace
    }
}

/// Lays out one text or a pair by a template: `[CLS] $A [SEP] $B:1 [SEP]:1`.
///
/// Source: [`processors/template`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/processors/template.rs)
struct TemplatePostProcessor: PostProcessor {
    /// A part of a template.
    enum Part: Sendable, Equatable {
        case sequence(Int, typeID: Int32)
        case special([SpecialToken], typeID: Int32)
    }

    /// A token that a template adds.
    struct SpecialToken: Sendable, Equatable {
        var id: Int32
        var token: String
    }

    var single: [Part]
    var pair: [Part]
    /// Whether windows get the template's type ids too; otherwise they keep their sequence's number.
    var setsTypesOfWindows = false

    func process(_ sequences: [Encoding], addSpecialTokens: Bool) -> [Encoding] {
        (sequences.count > 1 ? pair : single).flatMap { part -> [Encoding] in
            switch part {
            case .sequence(let index, let typeID):
                guard index < sequences.count else { return [] }
                var encoding = sequences[index]
                encoding.typeIDs = Array(repeating: typeID, count: encoding.count)
                for window in encoding.overflowing.indices where setsTypesOfWindows {
                    let count = encoding.overflowing[window].count
                    encoding.overflowing[window].typeIDs = Array(repeating: typeID, count: count)
                }
                return [encoding]
            case .special(let tokens, let typeID):
                guard addSpecialTokens else { return [] }
                return tokens.map { Encoding(added: $0.id, token: $0.token, typeID: typeID) }
            }
        }
    }
}

/// Runs post-processors one after another, each on the parts of the previous one.
struct PostProcessorSequence: PostProcessor {
    var steps: [any PostProcessor]

    func process(_ sequences: [Encoding], addSpecialTokens: Bool) -> [Encoding] {
        steps.reduce(sequences) { parts, step in step.process(parts, addSpecialTokens: addSpecialTokens) }
    }
}
