// Phi-3 mini and medium, Phi-3.5 and Phi-4-mini: Llama's block with fused projections, longrope and partially rotated
// heads.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/phi3/modeling_phi3.py

import NN

extension DecoderConfiguration {
    /// Reads a `phi3` configuration.
    static func phi3(_ config: ConfigurationReader) throws(ModelError) -> DecoderConfiguration {
        var rotary = ConfigurationReader.RotaryFields()
        rotary.partialField = "partial_rotary_factor"
        rotary.defaultOriginalLength = 4096
        rotary.aliases = ["su": "longrope", "yarn": "longrope"]
        var decoder = try DecoderConfiguration(config, rotary: rotary, rmsNormEps: 1e-5)
        decoder.activation = try config.activation("hidden_act", default: .silu)
        decoder.projections = .fused
        decoder.residualDropout = try config.probability("resid_pdrop")
        // transformers reads these two but does not apply them.
        _ = (config["embd_pdrop"], config["attention_bias"])
        if let window = try config.optionalInteger("sliding_window") {
            decoder.setWindow(config.slidingWindow(window))
        }
        return decoder
    }
}
