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
public struct PackedEncodings: Sendable, Equatable {
    /// The ids of all texts, `[T]`.
    public var ids: [Int32]
    /// The start of each text in `ids`, followed by the end of the last one: `[B + 1]`.
    public var cuSeqlens: [Int32]
    /// The number of texts that were truncated.
    public var truncatedCount: Int
    /// For each id, the bytes of its text that it covers, `[T]`; empty if they were not requested.
    public var spans: [TokenSpan] = []
    /// For each id, its type id, `[T]`; empty if all are 0.
    public var typeIDs: [Int32] = []

    /// Creates packed encodings.
    ///
    /// - Parameters:
    ///   - ids: All ids.
    ///   - cuSeqlens: Offsets that rise from 0 to the number of ids.
    ///   - truncatedCount: The number of texts that were truncated.
    public init(ids: [Int32] = [], cuSeqlens: [Int32] = [0], truncatedCount: Int = 0) {
        self.ids = ids
        self.cuSeqlens = cuSeqlens
        self.truncatedCount = truncatedCount
    }

    /// The number of texts.
    public var count: Int { cuSeqlens.count - 1 }

    /// The range of a text's ids in all of them.
    ///
    /// - Parameter index: The text's index.
    /// - Returns: The positions of its ids, spans and type ids.
    public func range(of index: Int) -> Range<Int> { Int(cuSeqlens[index])..<Int(cuSeqlens[index + 1]) }

    /// The ids of one text.
    ///
    /// - Parameter index: The text's index.
    public subscript(index: Int) -> ArraySlice<Int32> { ids[range(of: index)] }

    /// Selects texts.
    ///
    /// - Parameter indices: The indices of the texts, in any order.
    /// - Returns: Their ids, type ids and spans in that order; ``truncatedCount`` remains that of all texts, because it is not
    ///   known which of them were truncated.
    public func selecting(_ indices: some Collection<Int>) -> PackedEncodings {
        var selected = PackedEncodings(truncatedCount: truncatedCount)
        selected.cuSeqlens.reserveCapacity(indices.count + 1)
        for index in indices {
            let range = range(of: index)
            selected.ids += ids[range]
            if !typeIDs.isEmpty { selected.typeIDs += typeIDs[range] }
            if !spans.isEmpty { selected.spans += spans[range] }
            selected.cuSeqlens.append(Int32(truncatingIfNeeded: selected.ids.count))
        }
        return selected
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
        for part in parts {
            let start = Int32(truncatingIfNeeded: ids.count)
            ids.append(contentsOf: part.ids)
            spans.append(contentsOf: part.spans)
            typeIDs.append(contentsOf: part.typeIDs)
            truncatedCount += part.truncatedCount
            cuSeqlens.append(contentsOf: part.cuSeqlens.dropFirst().map { $0 &+ start })
        }
    }
}
