/// How the delimiters are treated when a piece is split.
enum DelimiterBehavior: String, Sendable, CaseIterable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
}

/// Splits pieces at delimiters.
///
/// Source: [`NormalizedString::split`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/tokenizer/normalizer.rs)
enum PieceCutter {
    /// A part of a piece: a delimiter, or the text between two.
    struct Stretch {
        var range: Range<Int>
        var isDelimiter: Bool
    }

    /// Splits a piece at single characters.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - piece: The part of it to split.
    ///   - behavior: How the delimiters are treated.
    ///   - parts: Receives the parts.
    ///   - isDelimiter: Whether a scalar is a delimiter.
    static func cut(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ piece: Range<Int>,
        _ behavior: DelimiterBehavior,
        into parts: inout [Range<Int>],
        at isDelimiter: (UInt32) -> Bool
    ) {
        if behavior == .removed || behavior == .isolated || behavior == .mergedWithNext {
            cutAtOnce(bytes, piece, behavior, into: &parts, at: isDelimiter)
            return
        }
        var stretches: [Stretch] = []
        var start = piece.lowerBound
        var index = start
        while index < piece.upperBound {
            let (value, length) = UTF8Scanner.scalar(bytes, at: index)
            if isDelimiter(value) {
                if start < index { stretches.append(Stretch(range: start..<index, isDelimiter: false)) }
                stretches.append(Stretch(range: index..<index + length, isDelimiter: true))
                start = index + length
            }
            index += length
        }
        if start < index { stretches.append(Stretch(range: start..<index, isDelimiter: false)) }
        arrange(stretches, behavior, into: &parts)
    }

    /// Splits if each delimiter is treated independently: removed, isolated, or the start of the next part.
    @inline(__always)
    private static func cutAtOnce(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ piece: Range<Int>,
        _ behavior: DelimiterBehavior,
        into parts: inout [Range<Int>],
        at isDelimiter: (UInt32) -> Bool
    ) {
        var start = piece.lowerBound
        var index = start
        while index < piece.upperBound {
            let (value, length) = UTF8Scanner.scalar(bytes, at: index)
            if isDelimiter(value) {
                if start < index { parts.append(start..<index) }
                if behavior == .isolated { parts.append(index..<index + length) }
                start = behavior == .mergedWithNext ? index : index + length
            }
            index += length
        }
        if start < index { parts.append(start..<index) }
    }

    /// Joins stretches according to a behaviour.
    ///
    /// - Parameters:
    ///   - stretches: All stretches of a piece, in order.
    ///   - behavior: How the delimiters are treated.
    ///   - parts: Receives the parts; empty ones are left out.
    static func arrange(
        _ stretches: [Stretch],
        _ behavior: DelimiterBehavior,
        into parts: inout [Range<Int>]
    ) {
        switch behavior {
        case .isolated:
            for stretch in stretches { append(stretch.range, to: &parts) }
        case .removed:
            for stretch in stretches where !stretch.isDelimiter { append(stretch.range, to: &parts) }
        case .contiguous:
            joinWithPrevious(stretches, into: &parts) { $0.isDelimiter == $1 }
        case .mergedWithPrevious:
            joinWithPrevious(stretches, into: &parts) { $0.isDelimiter && !$1 }
        case .mergedWithNext:
            joinWithNext(stretches, into: &parts)
        }
    }

    private static func joinWithPrevious(
        _ stretches: [Stretch],
        into parts: inout [Range<Int>],
        where joins: (Stretch, Bool) -> Bool
    ) {
        var wasDelimiter = false
        var current: Range<Int>?
        for stretch in stretches {
            if let open = current, joins(stretch, wasDelimiter) {
                current = open.lowerBound..<stretch.range.upperBound
            } else {
                if let open = current { append(open, to: &parts) }
                current = stretch.range
            }
            wasDelimiter = stretch.isDelimiter
        }
        if let open = current { append(open, to: &parts) }
    }

    private static func joinWithNext(_ stretches: [Stretch], into parts: inout [Range<Int>]) {
        var wasDelimiter = false
        var joined: [Range<Int>] = []
        for stretch in stretches.reversed() {
            if stretch.isDelimiter, !wasDelimiter, let next = joined.last {
                joined[joined.count - 1] = stretch.range.lowerBound..<next.upperBound
            } else {
                joined.append(stretch.range)
            }
            wasDelimiter = stretch.isDelimiter
        }
        for range in joined.reversed() { append(range, to: &parts) }
    }

    private static func append(_ range: Range<Int>, to parts: inout [Range<Int>]) {
        if !range.isEmpty { parts.append(range) }
    }
}
