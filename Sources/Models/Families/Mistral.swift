// Mistral 7B and its kin: Llama's block with a sliding window.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/mistral/modeling_mistral.py

import JSON
import NN

extension DecoderConfiguration {
    /// Reads a `mistral` configuration.
    static func mistral(_ config: ConfigurationReader) throws(ModelError) -> DecoderConfiguration {
        var decoder = try DecoderConfiguration(config, numKeyValueHeads: 8)
        decoder.activation = try config.activation("hidden_act", default: .silu)
        // A missing field is the reference's default, an explicit null is no window.
        let window =
            config.configuration.fields.contains("sliding_window")
            ? try config.optionalInteger("sliding_window") : 4096
        if let window { decoder.setWindow(config.slidingWindow(window)) }
        return decoder
    }
}
