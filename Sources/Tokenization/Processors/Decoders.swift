/// Turns byte-level spelling back into text.
///
/// Source: [`pre_tokenizers/byte_level`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/byte_level.rs)
struct ByteLevelDecoder: Decoder {
    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
        let bytes = tokens.flatMap { ByteAlphabet.unspell($0) ?? $0 }
        return [Array(String(decoding: bytes, as: UTF8.self).utf8)]
    }
}

/// Joins WordPiece tokens, with spaces between words.
///
/// Source: [`decoders/wordpiece`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/decoders/wordpiece.rs)
struct WordPieceDecoder: Decoder {
    var prefix: [UInt8]
    var cleansUp: Bool

    private static let cleanings: [(from: String, to: String)] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ]

    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
        tokens.enumerated().map { index, token in
            var text = token
            if index > 0 {
                text = token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [0x20] + token
            }
            return cleansUp ? Self.clean(text) : text
        }
    }

    /// Removes the spaces that tokenization has put around punctuation.
    static func clean(_ text: [UInt8]) -> [UInt8] {
        cleanings.reduce(text) { text, cleaning in
            TextPattern.text(Array(cleaning.from.utf8)).replace(by: Array(cleaning.to.utf8), in: text)
        }
    }
}

/// Joins the output of a speech model (CTC): repeated tokens count once, and padding tokens are dropped.
///
/// Source: [`decoders/ctc`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/decoders/ctc.rs)
struct CTCDecoder: Decoder {
    var padToken: [UInt8]
    var wordDelimiter: [UInt8]
    var cleansUp: Bool

    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        for (index, token) in tokens.enumerated() where index == 0 || tokens[index - 1] != token {
            var text = padToken.isEmpty ? token : TextPattern.text(padToken).replace(by: [], in: token)
            if cleansUp {
                text = WordPieceDecoder.clean(text)
                if !wordDelimiter.isEmpty {
                    text = TextPattern.text(wordDelimiter).replace(by: [0x20], in: text)
                }
            }
            if !text.isEmpty { result.append(text) }
        }
        return result
    }
}

/// Replaces a text in every token.
struct ReplaceDecoder: Decoder {
    var pattern: TextPattern
    var content: [UInt8]

    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
        tokens.map { pattern.replace(by: content, in: $0) }
    }
}

/// Turns runs of the tokens `<0x00>` … `<0xFF>` into the bytes they stand for.
///
/// Source: [`decoders/byte_fallback`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/decoders/byte_fallback.rs)
struct ByteFallbackDecoder: Decoder {
    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var pending: [UInt8] = []
        func flush() {
            guard !pending.isEmpty else { return }
            let isText = pending.withUnsafeBufferPointer(UTF8Scanner.isValid)
            if isText {
                result.append(pending)
            } else {
                for _ in pending { result.append([0xEF, 0xBF, 0xBD]) }
            }
            pending = []
        }
        for token in tokens {
            if let byte = Self.byte(of: token) {
                pending.append(byte)
            } else {
                flush()
                result.append(token)
            }
        }
        flush()
        return result
    }

    private static func byte(of token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">") else {
            return nil
        }
        return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
    }
}

/// Joins all tokens into one.
struct FuseDecoder: Decoder {
    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] { [tokens.flatMap { $0 }] }
}

/// Removes up to `start` and `stop` copies of a character from the ends of every token.
struct StripDecoder: Decoder {
    var content: UInt32
    var start: Int
    var stop: Int

    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
        tokens.map { token in
            let scalars = token.withUnsafeBufferPointer(UTF8Scanner.scalars)
            let leading = scalars.prefix(start).prefix { $0 == content }.count
            let trailing = scalars.suffix(stop).reversed().prefix { $0 == content }.count
            var result: [UInt8] = []
            guard leading <= scalars.count - trailing else { return result }
            for scalar in scalars[leading..<scalars.count - trailing] {
                UTF8Scanner.append(scalar, to: &result)
            }
            return result
        }
    }
}

/// Turns the characters that stand for spaces back into spaces.
///
/// Source: [`pre_tokenizers/metaspace`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/metaspace.rs)
struct MetaspaceDecoder: Decoder {
    var replacement: UInt32
    /// Whether encoding prepended one to the text.
    var prepends: Bool

    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
        tokens.enumerated().map { index, token in
            var result: [UInt8] = []
            for scalar in token.withUnsafeBufferPointer(UTF8Scanner.scalars) {
                if scalar != replacement {
                    UTF8Scanner.append(scalar, to: &result)
                } else if index > 0 || !prepends {
                    result.append(0x20)
                }
            }
            return result
        }
    }
}

/// Turns the end-of-word suffix into a space, except after the last token.
struct BPEDecoder: Decoder {
    var suffix: [UInt8]

    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
        tokens.enumerated().map { index, token in
            suffix.isEmpty
                ? token
                : TextPattern.text(suffix).replace(by: index == tokens.count - 1 ? [] : [0x20], in: token)
        }
    }
}

/// Runs decoders one after another.
struct DecoderSequence: Decoder {
    var steps: [any Decoder]

    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
        steps.reduce(tokens) { texts, step in step.decode(texts) }
    }
}
