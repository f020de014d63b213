// Gemma 3 for text: Gemma 2's block with normalized queries and keys, and separate rotary frequencies for local layers.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/gemma3/modeling_gemma3.py

import JSON
import NN
import Torch

extension DecoderConfiguration {
    /// Reads a `gemma3_text` configuration.
    static func gemma3(_ config: ConfigurationReader) throws(ModelError) -> DecoderConfiguration {
        var decoder = try DecoderConfiguration(config, headDim: 256, rotary: nil, numKeyValueHeads: 4)
        try decoder.setGemmaFields(config)
        decoder.normalizesQueriesAndKeys = true
        decoder.rotaries = try rotaries(config, headDim: decoder.headDim)
        decoder.positionLimit = try config.positionLimit(
            config.optionalInteger("max_position_embeddings"),
            globalRotary,
            layerType: "full_attention"
        )
        // transformers reads it but does not apply it to Gemma 3.
        _ = config["attn_logit_softcapping"]
        let pattern = try config.integer("sliding_window_pattern", default: 6)
        let slides = try config.slidingLayers(decoder.layers.count) { !($0 + 1).isMultiple(of: pattern) }
        let size = try config.integer("sliding_window", default: 4096)
        let isBidirectional = try config.flag("use_bidirectional_attention", default: false)
        for (index, slides) in slides.enumerated() {
            let window: AttentionOptions.Window
            switch (slides, isBidirectional) {
            case (false, false): window = .causal
            case (true, false): window = config.slidingWindow(size)
            case (false, true): window = .full
            case (true, true): window = .init(left: size / 2, right: size / 2)
            }
            decoder.layers[index] = Layer(window: window, rotary: slides ? 1 : 0)
        }
        return decoder
    }

    /// The frequencies of global and local layers; the old spelling scales only global ones.
    private static func rotaries(
        _ config: ConfigurationReader,
        headDim: Int
    ) throws(ModelError) -> [RotaryEmbedding] {
        [
            try config.rotary(headWidth: headDim, globalRotary, layerType: "full_attention"),
            try config.rotary(headWidth: headDim, localRotary, layerType: "sliding_attention"),
        ]
    }

    private static let globalRotary = ConfigurationReader.RotaryFields(defaultTheta: 1_000_000)
    private static let localRotary = ConfigurationReader.RotaryFields(
        thetaField: "rope_local_base_freq",
        takesScaling: false
    )
}
