// Mistral 7B and related models: Llama's block with a sliding window.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/mistral/modeling_mistral.py

import JSON
import NN

extension DecoderConfiguration {
    /// Reads a `mistral` configuration.
    static func mistral(_ config: ConfigurationReader) throws(ModelError) -> DecoderConfiguration {
        var decoder = try DecoderConfiguration(config, numKeyValueHeads: 8)
        decoder.activation = try config.activation("hidden_act", default: .silu)
        if let window = try config.optionalInteger("sliding_window", missing: 4096) {
            decoder.setWindow(config.slidingWindow(window))
        }
        return decoder
    }
}
