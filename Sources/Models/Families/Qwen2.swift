// Qwen2 and Qwen2.5: Llama's block with biases on queries, keys and values, and windows in upper layers.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/qwen2/modeling_qwen2.py

import JSON
import NN

extension DecoderConfiguration {
    /// Reads a `qwen2` configuration.
    static func qwen2(_ config: ConfigurationReader) throws(ModelError) -> DecoderConfiguration {
        var decoder = try DecoderConfiguration(config, numKeyValueHeads: 32)
        decoder.activation = try config.activation("hidden_act", default: .silu)
        decoder.hasQueryKeyValueBias = true
        try decoder.setQwenWindows(config)
        return decoder
    }

    /// Sets windows from layer `max_window_layers` on, if `use_sliding_window` is true.
    mutating func setQwenWindows(_ config: ConfigurationReader) throws(ModelError) {
        let uses = try config.flag("use_sliding_window", default: false)
        let window = try config.optionalInteger("sliding_window", missing: 4096)
        let firstLayer = config["max_window_layers"].int ?? 28
        let slides = try config.slidingLayers(layers.count) { uses && window != nil && $0 >= firstLayer }
        for (index, slides) in slides.enumerated() where slides {
            guard uses, let window else {
                throw ModelError(
                    .badConfiguration,
                    "\(config.source): sliding layers in `layer_types` need `use_sliding_window` true and a `sliding_window`"
                )
            }
            layers[index].window = config.slidingWindow(window)
        }
    }
}
