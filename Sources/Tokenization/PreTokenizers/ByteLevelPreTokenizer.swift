/// GPT-2's pre-tokenizer: splits by its pattern, then spells every byte as a printable character.
///
/// Source: [`pre_tokenizers/byte_level`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/byte_level.rs)
struct ByteLevelPreTokenizer: PreTokenizer {
    /// Whether a piece that does not start with a space gets one.
    var addsPrefixSpace: Bool
    /// Whether GPT-2's pattern cuts the pieces.
    var cuts: Bool
    /// Whether bytes are spelled as characters; false if the model takes raw bytes.
    var spells: Bool

    func split(_ text: inout TrackedText) {
        if addsPrefixSpace { addPrefixSpace(to: &text) }
        if cuts {
            text.cutPieces { bytes, piece, parts in
                WordPattern.gpt2.cut(bytes, piece, into: &parts)
            }
        }
        if spells { spell(&text) }
    }

    private func addPrefixSpace(to text: inout TrackedText) {
        let needsNone = text.pieces.allSatisfy { text.bytes[$0.lowerBound] == 0x20 }
        guard !needsNone else { return }
        text.rewritePieces { bytes, piece, builder in
            if bytes[piece.lowerBound] != 0x20 { builder.put(0x20, for: piece.lowerBound) }
            builder.keep(piece, of: bytes)
        }
    }

    private func spell(_ text: inout TrackedText) {
        text.rewritePieces { bytes, piece, builder in
            for index in piece { builder.put(ByteAlphabet.scalars[Int(bytes[index])], for: index) }
        }
    }
}
