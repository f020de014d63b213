/// The bytes of a text's UTF-8 that a token covers.
public struct TokenSpan: Sendable, Equatable {
    /// The first byte.
    public var start: Int32
    /// One after the last byte; equal to `start` for a token that was added.
    public var end: Int32

    /// Creates a span.
    ///
    /// - Parameters:
    ///   - start: The first byte.
    ///   - end: One after the last byte.
    public init(start: Int32, end: Int32) {
        self.start = start
        self.end = end
    }

    /// The span as a range of byte indices.
    public var range: Range<Int> { Int(start)..<Int(max(start, end)) }
}

/// The ids of many texts, or pairs of texts, end to end.
///
/// A text is one sequence of ids, or several if it is read in windows.
public struct PackedEncodings: Sendable, Equatable {
    /// The ids of all texts, `[T]`.
    public var ids: [Int32]
    /// The start of each sequence in `ids`, followed by the end of the last one: `[B + 1]`.
    public var cuSeqlens: [Int32]
    /// Whether each text was truncated; empty if none was.
    public var isTruncated: [Bool]
    /// The first sequence of each text, followed by the number of sequences; empty if each text is one sequence.
    public var windowStarts: [Int32] = []
    /// For each id, the bytes of its text that it covers, `[T]`; empty if they were not requested.
    public var spans: [TokenSpan] = []
    /// For each id, its type id, `[T]`; empty if all are 0.
    public var typeIDs: [Int32] = []

    /// Creates packed encodings.
    ///
    /// - Parameters:
    ///   - ids: All ids.
    ///   - cuSeqlens: Offsets that rise from 0 to the number of ids.
    ///   - isTruncated: Whether each text was truncated; empty if none was.
    public init(ids: [Int32] = [], cuSeqlens: [Int32] = [0], isTruncated: [Bool] = []) {
        self.ids = ids
        self.cuSeqlens = cuSeqlens
        self.isTruncated = isTruncated
    }

    /// The number of sequences.
    public var count: Int { cuSeqlens.count - 1 }

    /// The number of texts.
    public var textCount: Int { windowStarts.isEmpty ? count : windowStarts.count - 1 }

    /// The number of texts that were truncated.
    public var truncatedCount: Int { isTruncated.count { $0 } }

    /// The sequences of a text.
    ///
    /// - Parameter text: The text's index.
    /// - Returns: Their indices, at least one.
    public func sequences(of text: Int) -> Range<Int> {
        windowStarts.isEmpty ? text..<text + 1 : Int(windowStarts[text])..<Int(windowStarts[text + 1])
    }

    /// The range of a text's ids in all of them, with all of its windows.
    ///
    /// - Parameter text: The text's index.
    /// - Returns: The positions of its ids, spans and type ids.
    public func range(ofText text: Int) -> Range<Int> {
        let sequences = sequences(of: text)
        return Int(cuSeqlens[sequences.lowerBound])..<Int(cuSeqlens[sequences.upperBound])
    }

    /// The range of a sequence's ids in all of them.
    ///
    /// - Parameter index: The sequence's index.
    /// - Returns: The positions of its ids, spans and type ids.
    public func range(of index: Int) -> Range<Int> { Int(cuSeqlens[index])..<Int(cuSeqlens[index + 1]) }

    /// The ids of one sequence.
    ///
    /// - Parameter index: The sequence's index.
    public subscript(index: Int) -> ArraySlice<Int32> { ids[range(of: index)] }

    /// Selects texts.
    ///
    /// - Parameter texts: The indices of the texts, in any order.
    /// - Returns: Their ids, type ids and spans in that order, with all windows of each text.
    public func selecting(_ texts: some Collection<Int>) -> PackedEncodings {
        var selected = PackedEncodings()
        selected.cuSeqlens.reserveCapacity(texts.count + 1)
        if !windowStarts.isEmpty { selected.windowStarts = [0] }
        for text in texts {
            for sequence in sequences(of: text) { selected.append(range(of: sequence), of: self) }
            if !windowStarts.isEmpty { selected.windowStarts.append(Int32(selected.count)) }
            if !isTruncated.isEmpty { selected.isTruncated.append(isTruncated[text]) }
        }
        return selected
    }

    private mutating func append(_ range: Range<Int>, of other: PackedEncodings) {
        ids += other.ids[range]
        if !other.typeIDs.isEmpty { typeIDs += other.typeIDs[range] }
        if !other.spans.isEmpty { spans += other.spans[range] }
        cuSeqlens.append(Int32(truncatingIfNeeded: ids.count))
    }

    /// The same sequences, each as a separate text.
    public var asSequences: PackedEncodings {
        guard !windowStarts.isEmpty else { return self }
        var result = self
        (result.windowStarts, result.isTruncated) = ([], [])
        return result
    }
}

extension PackedEncodings {
    /// Joins parts in order.
    package init(joining parts: [PackedEncodings]) {
        if parts.count == 1 {
            self = parts[0]
            return
        }
        self.init()
        let total = parts.reduce(0) { $0 + $1.ids.count }
        ids.reserveCapacity(total)
        cuSeqlens.reserveCapacity(parts.reduce(1) { $0 + $1.count })
        if parts.contains(where: { !$0.spans.isEmpty }) { spans.reserveCapacity(total) }
        if parts.contains(where: { !$0.typeIDs.isEmpty }) { typeIDs.reserveCapacity(total) }
        let hasWindows = parts.contains { !$0.windowStarts.isEmpty }
        let isCut = parts.contains { !$0.isTruncated.isEmpty }
        if hasWindows { windowStarts = [0] }
        for part in parts {
            let start = Int32(truncatingIfNeeded: ids.count)
            ids.append(contentsOf: part.ids)
            spans.append(contentsOf: part.spans)
            typeIDs.append(contentsOf: part.typeIDs)
            if hasWindows {
                let first = Int32(truncatingIfNeeded: cuSeqlens.count - 1)
                windowStarts += (0..<part.textCount).map { first + Int32(part.sequences(of: $0).upperBound) }
            }
            if isCut {
                isTruncated +=
                    part.isTruncated.isEmpty
                    ? Array(repeating: false, count: part.textCount) : part.isTruncated
            }
            cuSeqlens.append(contentsOf: part.cuSeqlens.dropFirst().map { $0 &+ start })
        }
    }
}
