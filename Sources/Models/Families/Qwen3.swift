// Qwen3: Qwen2's block with normalized queries and keys.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/qwen3/modeling_qwen3.py

import NN

extension DecoderConfiguration {
    /// Reads a `qwen3` configuration.
    static func qwen3(_ config: ConfigurationReader) throws(ModelError) -> DecoderConfiguration {
        var decoder = try DecoderConfiguration(config, headDim: 128, numKeyValueHeads: 32)
        decoder.activation = try config.activation("hidden_act", default: .silu)
        decoder.hasQueryKeyValueBias = try config.flag("attention_bias", default: false)
        decoder.hasOutputBias = decoder.hasQueryKeyValueBias
        decoder.normalizesQueriesAndKeys = true
        try decoder.setQwenWindows(config)
        return decoder
    }
}
