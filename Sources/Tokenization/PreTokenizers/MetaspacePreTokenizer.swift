/// Spells spaces as a visible character, and splits before each.
///
/// Source: [`pre_tokenizers/metaspace`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/metaspace.rs)
struct MetaspacePreTokenizer: PreTokenizer {
    /// Which pieces get a leading replacement character if they have none.
    enum PrependScheme: String, Sendable, CaseIterable {
        case always, never, first
    }

    var replacement: UInt32
    var scheme: PrependScheme
    var cuts: Bool

    func split(_ text: inout TrackedText) {
        var isAtStart: [Bool] = []
        if scheme == .first { isAtStart = text.pieces.map { text.source(of: $0).lowerBound == 0 } }
        var number = 0
        text.rewritePieces { bytes, piece, builder in
            let starts =
                bytes[piece.lowerBound] == 0x20
                || UTF8Scanner.scalar(bytes, at: piece.lowerBound).value == replacement
            if !starts, scheme == .always || scheme == .first && isAtStart[number] {
                builder.put(replacement, for: piece.lowerBound)
            }
            number += 1
            spell(bytes, piece, &builder)
        }
        guard cuts else { return }
        text.cutPieces { bytes, piece, parts in
            PieceCutter.cut(bytes, piece, .mergedWithNext, into: &parts) { $0 == replacement }
        }
    }

    private func spell(_ bytes: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>, _ builder: inout TextBuilder)
    {
        var start = piece.lowerBound
        for index in piece where bytes[index] == 0x20 {
            if start < index { builder.keep(start..<index, of: bytes) }
            builder.put(replacement, for: index)
            start = index + 1
        }
        if start < piece.upperBound { builder.keep(start..<piece.upperBound, of: bytes) }
    }
}
