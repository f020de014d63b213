// Gemma 2: norms before and after, soft-capped scores, and a window in every other layer.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/gemma2/modeling_gemma2.py

import JSON
import NN

extension DecoderConfiguration {
    /// Reads a `gemma2` configuration.
    static func gemma2(_ config: ConfigurationReader) throws(ModelError) -> DecoderConfiguration {
        var decoder = try DecoderConfiguration(config, headDim: 256, numKeyValueHeads: 4)
        try decoder.setGemmaFields(config)
        let softcap = "attn_logit_softcapping"
        decoder.attentionSoftcap =
            config.configuration.fields.contains(softcap) ? try config.optionalNumber(softcap) : 50
        let slides = try config.slidingLayers(decoder.layers.count) { !($0 + 1).isMultiple(of: 2) }
        let window = try config.integer("sliding_window", default: 4096)
        for (index, slides) in slides.enumerated() where slides {
            decoder.layers[index].window = config.slidingWindow(window)
        }
        return decoder
    }

    /// Sets the fields that Gemma 2 and 3 share.
    mutating func setGemmaFields(_ config: ConfigurationReader) throws(ModelError) {
        // Old files have `hidden_act`, which transformers also ignores.
        _ = config["hidden_act"]
        activation = try config.activation("hidden_activation", default: .geluTanh)
        hasQueryKeyValueBias = try config.flag("attention_bias", default: false)
        hasOutputBias = hasQueryKeyValueBias
        norms = .beforeAndAfter
        normWeight = .onePlus
        embeddingScale = Double(hiddenSize).squareRoot()
        let scalar = try config.number("query_pre_attn_scalar", default: 256)
        guard scalar > 0 else { throw config.bad("query_pre_attn_scalar", "a positive number") }
        attentionScale = 1 / scalar.squareRoot()
    }
}
