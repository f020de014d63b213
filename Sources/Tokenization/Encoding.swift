/// An encoded text or pair: token ids, and for each id its origin in the text.
public struct Encoding: Sendable, Equatable {
    /// The token ids.
    public internal(set) var ids: [Int32] = []
    /// The tokens as the vocabulary spells them.
    public internal(set) var tokens: [String] = []
    /// For each token, the range of the text's UTF-8 bytes that it covers; empty for a token that was added.
    public internal(set) var offsets: [Range<Int>] = []
    /// For each token, the type id of its sequence: 0, or 1 for the second text of a pair if the tokenizer uses types.
    public internal(set) var typeIDs: [Int32] = []
    /// For each token, the number of its word; nil for a token that was added.
    public internal(set) var wordIDs: [Int?] = []
    /// For each token, the number of its sequence, 0 or 1; nil for a token that was added.
    public internal(set) var sequenceIDs: [Int?] = []
    /// For each token, whether the tokenizer added it.
    public internal(set) var specialTokensMask: [Bool] = []

    /// The further windows that truncation has cut off, each with its special tokens.
    public internal(set) var overflowing: [Encoding] = []

    /// The text, for post-processors that read its characters; empty in the encodings that users get.
    var source: [UInt8] = []

    /// The number of tokens.
    public var count: Int { ids.count }

    /// Makes an empty encoding.
    init() {}

    /// Makes an encoding of one token that covers no text.
    init(added id: Int32, token: String, typeID: Int32) {
        ids = [id]
        tokens = [token]
        offsets = [0..<0]
        typeIDs = [typeID]
        wordIDs = [nil]
        sequenceIDs = [nil]
        specialTokensMask = [true]
    }

    /// The offsets counted in Unicode scalars, as in tokenizers and transformers.
    ///
    /// - Parameters:
    ///   - text: The text that was encoded; for a pair, the one that `sequence` selects.
    ///   - sequence: The number of the text's sequence. Default 0. The ranges of the other sequence stay in bytes.
    /// - Returns: One range per token.
    /// - Complexity: O(length of the text).
    public func scalarOffsets(in text: String, sequence: Int = 0) -> [Range<Int>] {
        var scalarAt: [Int] = []
        var count = -1
        for byte in text.utf8 {
            if byte & 0xC0 != 0x80 { count += 1 }
            scalarAt.append(count)
        }
        scalarAt.append(count + 1)
        return zip(offsets, sequenceIDs).map { range, own in
            guard own == nil || own == sequence, range.upperBound < scalarAt.count else { return range }
            return scalarAt[range.lowerBound]..<scalarAt[range.upperBound]
        }
    }

    /// Appends an encoding; windows of the two combine as in tokenizers.
    ///
    /// Source: [`Encoding::merge_with`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/tokenizer/encoding.rs)
    mutating func append(_ other: Encoding) {
        if !overflowing.isEmpty || !other.overflowing.isEmpty {
            var windows: [Encoding] = []
            for own in overflowing + [self] {
                let isMain = windows.count == overflowing.count * (1 + other.overflowing.count)
                for next in (isMain ? [] : [other]) + other.overflowing {
                    var window = own
                    window.overflowing = []
                    window.source = []
                    window.appendTokens(next)
                    windows.append(window)
                }
            }
            overflowing = windows
        }
        appendTokens(other)
    }

    private mutating func appendTokens(_ other: Encoding) {
        ids += other.ids
        tokens += other.tokens
        offsets += other.offsets
        typeIDs += other.typeIDs
        wordIDs += other.wordIDs
        sequenceIDs += other.sequenceIDs
        specialTokensMask += other.specialTokensMask
    }

    /// The tokens of a range of positions.
    func part(_ range: Range<Int>) -> Encoding {
        var result = Encoding()
        result.source = source
        result.ids = Array(ids[range])
        result.tokens = Array(tokens[range])
        result.offsets = Array(offsets[range])
        result.typeIDs = Array(typeIDs[range])
        result.wordIDs = Array(wordIDs[range])
        result.sequenceIDs = Array(sequenceIDs[range])
        result.specialTokensMask = Array(specialTokensMask[range])
        return result
    }
}
