/// Puts a text in front of each text that is not empty.
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

/// Replaces every match of a text.
///
/// Source: [`NormalizedString::replace`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/tokenizer/normalizer.rs)
struct ReplaceNormalizer: Normalizer {
    var wanted: [UInt8]
    var content: [UInt8]

    func normalize(_ text: inout TrackedText) {
        guard let first = wanted.first, text.bytes.contains(first) else { return }
        text.rewrite { bytes, builder in
            for stretch in ByteSearch.stretches(of: wanted, in: bytes, 0..<bytes.count) {
                if stretch.isDelimiter {
                    // What is put in stands for the last character of what is taken out.
                    builder.put(content, for: stretch.range.upperBound - 1)
                } else {
                    builder.keep(stretch.range, of: bytes)
                }
            }
        }
    }
}

/// Takes whitespace off the ends.
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
