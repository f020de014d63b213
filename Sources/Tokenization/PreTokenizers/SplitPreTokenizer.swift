/// Splits at the matches of a pattern.
///
/// Source: [`pre_tokenizers/split`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/split.rs)
struct SplitPreTokenizer: PreTokenizer {
    var pattern: TextPattern
    var behavior: DelimiterBehavior
    /// Whether the text between matches counts as the delimiter.
    var isInverted: Bool

    func split(_ text: inout TrackedText) {
        text.cutPieces { bytes, piece, parts in
            if case .words(let pattern) = pattern, behavior == .isolated {
                pattern.cut(bytes, piece, into: &parts)
                return
            }
            var stretches = pattern.stretches(in: bytes, piece)
            if isInverted {
                for index in stretches.indices { stretches[index].isDelimiter.toggle() }
            }
            PieceCutter.arrange(stretches, behavior, into: &parts)
        }
    }
}

/// Finds one text in another.
enum ByteSearch {
    /// Splits a piece into matches of a text and the parts between them.
    ///
    /// - Parameters:
    ///   - wanted: The text to search for; an empty one never matches.
    ///   - bytes: The text.
    ///   - piece: The part of it to search.
    /// - Returns: Stretches that cover the piece; matches are delimiters.
    static func stretches(
        of wanted: [UInt8],
        in bytes: UnsafeBufferPointer<UInt8>,
        _ piece: Range<Int>
    ) -> [PieceCutter.Stretch] {
        var result: [PieceCutter.Stretch] = []
        var start = piece.lowerBound
        var index = start
        while let first = wanted.first, index + wanted.count <= piece.upperBound {
            guard bytes[index] == first, bytes[index..<index + wanted.count].elementsEqual(wanted) else {
                index += 1
                continue
            }
            if start < index { result.append(.init(range: start..<index, isDelimiter: false)) }
            index += wanted.count
            result.append(.init(range: index - wanted.count..<index, isDelimiter: true))
            start = index
        }
        if start < piece.upperBound {
            result.append(.init(range: start..<piece.upperBound, isDelimiter: false))
        }
        return result
    }
}
