/// The origin of a byte in a rewritten text: a range of the source text's bytes.
struct Origin: Sendable, Equatable {
    var start: Int32
    var end: Int32
}

/// A text on its way to tokens: its current bytes, its pieces, and the origin of each byte.
///
/// The stages of a pipeline change it in place. Until it is rewritten, its bytes are a range of the source and no
/// table of origins is kept.
struct TrackedText: Sendable {
    /// The text's current UTF-8.
    private(set) var bytes: [UInt8]
    /// The ranges of `bytes` that merges cannot cross: non-empty and ascending, possibly with gaps.
    var pieces: [Range<Int>]
    /// The origin of each byte; empty while the text is unchanged, or if origins are not wanted.
    private(set) var origins: [Origin] = []
    /// The start of the text in the source.
    private(set) var base: Int
    /// Whether rewriting keeps origins.
    let keepsOrigins: Bool
    /// Whether anything has rewritten the text.
    private(set) var isRewritten = false

    /// Makes an unchanged text of one piece.
    ///
    /// - Parameters:
    ///   - bytes: Well-formed UTF-8.
    ///   - base: Its start in the source, in bytes.
    ///   - keepsOrigins: Whether offsets will be needed.
    init(_ bytes: [UInt8], base: Int = 0, keepsOrigins: Bool = true) {
        self.bytes = bytes
        self.base = base
        self.keepsOrigins = keepsOrigins
        pieces = bytes.isEmpty ? [] : [0..<bytes.count]
    }

    /// The source bytes that a byte stands for.
    func origin(at index: Int) -> Origin {
        if !origins.isEmpty { return origins[index] }
        guard !isRewritten else { return Origin(start: 0, end: 0) }
        var start = index
        while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        var end = index + 1
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return Origin(
            start: Int32(truncatingIfNeeded: base + start),
            end: Int32(truncatingIfNeeded: base + end)
        )
    }

    /// The source bytes that a range stands for, from the first byte's start to the last one's end.
    func source(of range: Range<Int>) -> Range<Int> {
        guard !range.isEmpty else {
            let at = range.lowerBound < bytes.count ? Int(origin(at: range.lowerBound).start) : base
            return at..<at
        }
        let start = Int(origin(at: range.lowerBound).start)
        return start..<max(start, Int(origin(at: range.upperBound - 1).end))
    }

    /// A part of the text as a separate text of one piece.
    func slice(_ range: Range<Int>) -> TrackedText {
        if range == 0..<bytes.count, pieces.count <= 1 { return self }
        var result = TrackedText(
            Array(bytes[range]),
            base: base + range.lowerBound,
            keepsOrigins: keepsOrigins
        )
        result.isRewritten = isRewritten
        if !origins.isEmpty { result.origins = Array(origins[range]) }
        return result
    }

    /// Splits every piece again.
    ///
    /// - Parameter cut: Called with the text's bytes, a piece and the list to which it appends that piece's parts.
    mutating func cutPieces(
        _ cut: (UnsafeBufferPointer<UInt8>, Range<Int>, inout [Range<Int>]) -> Void
    ) {
        var parts: [Range<Int>] = []
        parts.reserveCapacity(max(pieces.count, bytes.count / 4))
        bytes.withUnsafeBufferPointer { text in
            for piece in pieces { cut(text, piece, &parts) }
        }
        pieces = parts
    }

    /// Rewrites the whole text, which is one piece afterwards.
    ///
    /// - Parameter body: Called with the old bytes and the builder for the new ones.
    mutating func rewrite(_ body: (UnsafeBufferPointer<UInt8>, inout TextBuilder) -> Void) {
        var builder = TextBuilder(origins: keepsOrigins ? allOrigins() : nil, capacity: bytes.count)
        bytes.withUnsafeBufferPointer { body($0, &builder) }
        adopt(builder, pieces: builder.bytes.isEmpty ? [] : [0..<builder.bytes.count])
    }

    /// Replaces bytes one by one; neither origins nor pieces change.
    ///
    /// - Parameter replacement: Returns the new value of a byte; the text must stay UTF-8.
    mutating func mapBytes(_ replacement: (UInt8) -> UInt8) {
        for index in bytes.indices { bytes[index] = replacement(bytes[index]) }
    }

    /// Rewrites each piece; text between pieces is dropped.
    ///
    /// - Parameter body: Called with the old bytes, a piece and the builder for the new ones.
    mutating func rewritePieces(_ body: (UnsafeBufferPointer<UInt8>, Range<Int>, inout TextBuilder) -> Void) {
        var builder = TextBuilder(origins: keepsOrigins ? allOrigins() : nil, capacity: bytes.count)
        var changed: [Range<Int>] = []
        changed.reserveCapacity(pieces.count)
        bytes.withUnsafeBufferPointer { text in
            for piece in pieces {
                let start = builder.bytes.count
                body(text, piece, &builder)
                if builder.bytes.count > start { changed.append(start..<builder.bytes.count) }
            }
        }
        adopt(builder, pieces: changed)
    }

    private mutating func adopt(_ builder: TextBuilder, pieces: [Range<Int>]) {
        bytes = builder.bytes
        origins = builder.origins
        self.pieces = pieces
        isRewritten = true
    }

    private func allOrigins() -> [Origin] {
        guard origins.isEmpty else { return origins }
        guard !isRewritten else { return [] }
        var result: [Origin] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            var end = index + 1
            while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
            let origin = Origin(
                start: Int32(truncatingIfNeeded: base + index),
                end: Int32(truncatingIfNeeded: base + end)
            )
            for _ in index..<end { result.append(origin) }
            index = end
        }
        return result
    }
}

/// Collects a rewritten text and, for each byte, the origin of the old byte that it stands for.
struct TextBuilder {
    /// The new text.
    private(set) var bytes: [UInt8] = []
    /// The origins of the new text; empty if they are not wanted.
    private(set) var origins: [Origin] = []
    private let old: [Origin]?

    init(origins: [Origin]?, capacity: Int) {
        old = origins
        bytes.reserveCapacity(capacity + capacity / 8 + 8)
        if origins != nil { self.origins.reserveCapacity(capacity + capacity / 8 + 8) }
    }

    /// Appends a scalar that stands for the old byte at `index`.
    @inline(__always)
    mutating func put(_ scalar: UInt32, for index: Int) {
        follow(UTF8Scanner.append(scalar, to: &bytes), index)
    }

    /// Appends bytes that all stand for the old byte at `index`.
    mutating func put(_ new: [UInt8], for index: Int) {
        bytes.append(contentsOf: new)
        follow(new.count, index)
    }

    /// Appends a range of the old text unchanged.
    mutating func keep(_ range: Range<Int>, of text: UnsafeBufferPointer<UInt8>) {
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[range]))
        if let old, !old.isEmpty { origins.append(contentsOf: old[range]) }
    }

    @inline(__always)
    private mutating func follow(_ count: Int, _ index: Int) {
        guard let old else { return }
        // Text without an old byte has an empty origin.
        let origin = old.indices.contains(index) ? old[index] : Origin(start: 0, end: 0)
        for _ in 0..<count { origins.append(origin) }
    }
}
