/// Turns byte-level spelling back into text.
///
/// Source: [`pre_tokenizers/byte_level`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/pre_tokenizers/byte_level.rs)
struct ByteLevelDecoder: Decoder {
    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
        [tokens.flatMap { ByteAlphabet.unspell($0) ?? $0 }]
    }
}

/// Runs decoders one after another.
struct DecoderSequence: Decoder {
    var steps: [any Decoder]

    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
        steps.reduce(tokens) { texts, step in step.decode(texts) }
    }
}
