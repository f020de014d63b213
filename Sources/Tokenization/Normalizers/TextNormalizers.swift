/// Prepends a fixed text to each non-empty text.
struct PrependNormalizer: Normalizer {
    var content: [UInt8]

    func normalize(_ text: inout TrackedText) {
        guard !text.bytes.isEmpty else { return }
        text.rewrite { bytes, builder in
            builder.put(content, for: 0)
            builder.keep(0..<bytes.count, of: bytes)
        }
    }
}

/// Replaces every match of a pattern.
///
/// Source: [`NormalizedString::replace`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/tokenizer/normalizer.rs)
struct ReplaceNormalizer: Normalizer {
    var pattern: TextPattern
    var content: [UInt8]

    func normalize(_ text: inout TrackedText) {
        guard !text.bytes.isEmpty else { return }
        let stretches = text.bytes.withUnsafeBufferPointer { pattern.stretches(in: $0, 0..<$0.count) }
        guard stretches.contains(where: \.isDelimiter) else { return }
        text.rewrite { bytes, builder in
            for stretch in stretches {
                if stretch.isDelimiter {
                    // The replacement takes the origin of the match's last character.
                    builder.put(content, for: stretch.range.upperBound - 1)
                } else {
                    builder.keep(stretch.range, of: bytes)
                }
            }
        }
    }
}

/// SentencePiece's normaliser for translation: drops control characters and replaces unusual spaces with plain ones.
///
/// Source: [`normalizers/unicode`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/normalizers/unicode.rs)
struct NMTNormalizer: Normalizer {
    func normalize(_ text: inout TrackedText) {
        text.rewriteScalars { scalar, index, builder in
            switch scalar {
            case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: break
            case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
                builder.put(0x20, for: index)
            default: builder.put(scalar, for: index)
            }
        }
    }
}

/// Removes combining marks.
///
/// Source: [`normalizers/strip`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/normalizers/strip.rs)
struct StripAccentsNormalizer: Normalizer {
    func normalize(_ text: inout TrackedText) {
        if text.bytes.allSatisfy({ $0 < 0xCC }) { return }
        text.rewriteScalars { scalar, index, builder in
            if !Self.isMark(scalar) { builder.put(scalar, for: index) }
        }
    }

    /// Whether a character is a combining mark in tokenizers' tables, which follow Unicode 9.
    private static func isMark(_ value: UInt32) -> Bool {
        switch value {
        case 0..<0x300, 0x7FD, 0x111C9: return false
        case 0x1CF2, 0x1CF3: return true
        default:
            guard CharacterClass.of(value).contains(.mark), let scalar = Unicode.Scalar(value) else {
                return false
            }
            return UnicodeNormalizer.isKnown(scalar)
        }
    }
}

/// Spells every byte as a printable character.
///
/// Source: [`normalizers/byte_level`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/normalizers/byte_level.rs)
struct ByteLevelNormalizer: Normalizer {
    func normalize(_ text: inout TrackedText) {
        text.rewrite { bytes, builder in
            for index in bytes.indices { builder.put(ByteAlphabet.scalars[Int(bytes[index])], for: index) }
        }
    }
}

/// Removes whitespace at the ends.
struct StripNormalizer: Normalizer {
    var left: Bool
    var right: Bool

    func normalize(_ text: inout TrackedText) {
        text.rewrite { bytes, builder in
            var (start, end) = (0, bytes.count)
            while left, start < end {
                let next = UTF8Scanner.scalar(bytes, at: start)
                guard CharacterClass.of(next.value).contains(.whitespace) else { break }
                start += next.length
            }
            while right, end > start {
                let previous = UTF8Scanner.scalar(bytes, before: end)
                guard CharacterClass.of(previous.value).contains(.whitespace) else { break }
                end -= previous.length
            }
            builder.keep(start..<end, of: bytes)
        }
    }
}
