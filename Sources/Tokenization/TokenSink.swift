/// Collects a text's token ids and, if wanted, the bytes that they cover.
struct TokenSink: Sendable {
    /// The collected ids.
    var ids: [Int32] = []
    /// One span per id, if spans are wanted.
    var spans: [TokenSpan] = []
    /// Whether spans are wanted.
    var wantsSpans = false
    /// How the post-processor trims spans; nil if it does not.
    var margins: TokenMargins?
    /// The index of the current sequence's first token.
    var start = 0

    /// Empties the sink for a new text.
    mutating func reset(wantsSpans: Bool, margins: TokenMargins?) {
        ids.removeAll(keepingCapacity: true)
        spans.removeAll(keepingCapacity: true)
        self.wantsSpans = wantsSpans
        self.margins = margins
        start = 0
    }

    /// Appends the ids of a piece's tokens.
    @inline(__always)
    mutating func append(_ tokens: [PieceToken]) {
        for token in tokens { ids.append(token.id) }
    }

    /// Appends a piece's tokens with their spans.
    ///
    /// - Parameters:
    ///   - tokens: The tokens.
    ///   - text: The rewritten text with the piece.
    ///   - piece: The start of the piece in it.
    ///   - source: The original text.
    mutating func append(
        _ tokens: [PieceToken],
        of text: borrowing TrackedText,
        from piece: Int,
        in source: UnsafeBufferPointer<UInt8>
    ) {
        for token in tokens {
            let range = text.source(of: piece + Int(token.start)..<piece + Int(token.end))
            append(token.id, range, margins?.margin(of: token.id), source)
        }
    }

    /// Appends an added token.
    mutating func append(
        _ id: Int32,
        _ range: Range<Int>,
        _ written: [UInt8],
        in source: UnsafeBufferPointer<UInt8>
    ) {
        guard wantsSpans else {
            ids.append(id)
            return
        }
        append(id, range, margins.map { _ in TokenMargins.Margin(of: written) }, source)
    }

    @inline(__always)
    private mutating func append(
        _ id: Int32,
        _ range: Range<Int>,
        _ margin: TokenMargins.Margin?,
        _ source: UnsafeBufferPointer<UInt8>
    ) {
        var range = range
        if let margins, let margin, !margin.isEmpty {
            for step in margins.steps {
                range = step.trim(range, by: margin, isFirst: ids.count == start, in: source)
            }
        }
        ids.append(id)
        spans.append(
            TokenSpan(
                start: Int32(truncatingIfNeeded: range.lowerBound),
                end: Int32(truncatingIfNeeded: range.upperBound)
            )
        )
    }
}

/// The number of spaces at the ends of each token, and the byte-level post-processors that trim them.
///
/// Source: [`process_offsets`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/byte_level.rs)
struct TokenMargins: Sendable {
    /// The spaces at a token's ends.
    struct Margin: Sendable {
        var leading: Int32 = 0
        var trailing: Int32 = 0

        var isEmpty: Bool { leading == 0 && trailing == 0 }

        init() {}

        init(of text: some Collection<UInt8>) {
            let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
            leading = Int32(truncatingIfNeeded: scalars.prefix(while: ByteLevelPostProcessor.isSpace).count)
            trailing = Int32(
                truncatingIfNeeded: scalars.reversed().prefix(while: ByteLevelPostProcessor.isSpace).count
            )
        }
    }

    /// The post-processors that trim, in order; empty if none does.
    let steps: [ByteLevelPostProcessor]
    private let margins: [Margin]

    /// The margins of a pipeline's tokens.
    init(_ pipeline: Pipeline) {
        steps = Self.steps(in: pipeline.postProcessor)
        guard !steps.isEmpty else {
            margins = []
            return
        }
        margins = (0..<Int32(truncatingIfNeeded: pipeline.vocabulary.idCount)).map { id in
            guard let token = pipeline.vocabulary.token(id), let first = token.first, let last = token.last,
                Self.maybeSpace(first) || Self.maybeSpace(last) || last >= 0x80
            else { return Margin() }
            return Margin(of: token)
        }
    }

    private static func maybeSpace(_ byte: UInt8) -> Bool { byte <= 0x20 || byte >= 0xC2 }

    private static func steps(in processor: (any PostProcessor)?) -> [ByteLevelPostProcessor] {
        if let step = processor as? ByteLevelPostProcessor { return step.trimsOffsets ? [step] : [] }
        return (processor as? PostProcessorSequence)?.steps.flatMap(steps(in:)) ?? []
    }

    /// The spaces of a token.
    func margin(of id: Int32) -> Margin { id < margins.count ? margins[Int(id)] : Margin() }
}
