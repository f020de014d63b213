/// BERT's normaliser: removes control characters, separates ideographs, strips accents and lower-cases.
///
/// Source: [`normalizers/bert`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/normalizers/bert.rs)
struct BERTNormalizer: Normalizer {
    var cleansText = true
    var separatesIdeographs = true
    var stripsAccents = true
    var lowercases = true

    func normalize(_ text: inout TrackedText) {
        if text.bytes.allSatisfy({ $0 < 0x7F && ($0 >= 0x20 || (9...10).contains($0) || $0 == 13) }) {
            text.mapBytes { byte in
                if byte < 0x20, cleansText { return 0x20 }
                let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                return lowercases && isUpper ? byte + 0x20 : byte
            }
            return
        }
        if cleansText { clean(&text) }
        if separatesIdeographs { separateIdeographs(&text) }
        if stripsAccents {
            UnicodeNormalizer(form: .nfd).normalize(&text)
            text.rewriteScalars { scalar, index, builder in
                if !CharacterClass.of(scalar).contains(.bertAccent) { builder.put(scalar, for: index) }
            }
        }
        if lowercases { LowercaseNormalizer().normalize(&text) }
    }

    private func clean(_ text: inout TrackedText) {
        text.rewriteScalars { scalar, index, builder in
            let kind = CharacterClass.of(scalar)
            guard !kind.contains(.bertControl) else { return }
            builder.put(kind.contains(.whitespace) ? 0x20 : scalar, for: index)
        }
    }

    private func separateIdeographs(_ text: inout TrackedText) {
        text.rewriteScalars { scalar, index, builder in
            guard Self.isIdeograph(scalar) else {
                builder.put(scalar, for: index)
                return
            }
            for part in [0x20, scalar, 0x20] { builder.put(part, for: index) }
        }
    }

    private static func isIdeograph(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
            0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }
}

/// Lower-cases each character independently, with Unicode's full mapping.
struct LowercaseNormalizer: Normalizer {
    func normalize(_ text: inout TrackedText) {
        if text.bytes.allSatisfy({ $0 < 0x80 }) {
            text.mapBytes { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 0x20 : $0 }
            return
        }
        text.rewriteScalars { scalar, index, builder in
            if scalar < 0x80 {
                let isUpper = scalar >= 0x41 && scalar <= 0x5A
                builder.put(isUpper ? scalar + 0x20 : scalar, for: index)
            } else if let mapping = Unicode.Scalar(scalar)?.properties.lowercaseMapping {
                for lower in mapping.unicodeScalars { builder.put(lower.value, for: index) }
            }
        }
    }
}

extension TrackedText {
    /// Rewrites the text scalar by scalar.
    ///
    /// - Parameter body: Called with a scalar, the index of its first byte and the builder for its replacement.
    mutating func rewriteScalars(_ body: (UInt32, Int, inout TextBuilder) -> Void) {
        rewrite { bytes, builder in
            var index = 0
            while index < bytes.count {
                let (value, length) = UTF8Scanner.scalar(bytes, at: index)
                body(value, index, &builder)
                index += length
            }
        }
    }
}
