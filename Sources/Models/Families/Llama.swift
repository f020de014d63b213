// Llama 1 to 3.2, SmolLM2 and other models of type `llama`.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/llama/modeling_llama.py

import NN

extension DecoderConfiguration {
    /// Reads a `llama` configuration.
    static func llama(_ config: ConfigurationReader) throws(ModelError) -> DecoderConfiguration {
        var decoder = try DecoderConfiguration(config)
        decoder.activation = try config.activation("hidden_act", default: .silu)
        decoder.hasQueryKeyValueBias = try config.flag("attention_bias", default: false)
        decoder.hasOutputBias = decoder.hasQueryKeyValueBias
        decoder.hasMLPBias = try config.flag("mlp_bias", default: false)
        return decoder
    }
}
