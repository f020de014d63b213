import Checkpoints
import Foundation
import JSON
import NN
import Torch

extension GGUFDescription {
    // MARK: GPT-2

    mutating func describe(gpt2 reader: ConfigurationReader) throws(ModelError) {
        let model = try GPT2Configuration(reader)
        try require(
            model.scalesAttention && !model.scalesAttentionByLayer,
            reader,
            "llama.cpp scales GPT-2's scores by the width of a head (scale_attn_weights, scale_attn_by_inverse_layer_idx)"
        )
        try require(
            model.activation == .geluTanh || model.activation == .gelu,
            reader,
            "llama.cpp computes GPT-2 with GELU, not with \(model.activation.rawValue)"
        )
        addSizes(
            blocks: model.numHiddenLayers,
            context: model.maxPositionEmbeddings,
            hidden: model.hiddenSize,
            inner: model.intermediateSize,
            heads: model.numAttentionHeads
        )
        add("attention.layer_norm_epsilon", .number(model.layerNormEpsilon))
        add("vocab_size", .count(model.vocabularySize))
        noteGELU(model.activation)
        noteMetadataHead()
    }

    // MARK: Llama's relatives

    mutating func describe(decoder reader: ConfigurationReader) throws(ModelError) {
        let type = reader.configuration.modelType
        let model = try Self.decoder(reader)
        try requireKnown(model, reader)
        addSizes(
            blocks: model.layers.count,
            context: reader.configuration["max_position_embeddings"].int ?? model.positionLimit?.tokens
                ?? 4096,
            hidden: model.hiddenSize,
            inner: model.intermediateSize,
            heads: model.numAttentionHeads,
            keyHeads: model.numKeyValueHeads
        )
        add("attention.layer_norm_rms_epsilon", .number(model.rmsNormEps))
        add("attention.key_length", .count(model.headDim))
        add("attention.value_length", .count(model.headDim))
        add("vocab_size", .count(model.vocabularySize))
        try addRotary(model, reader)
        switch type {
        case "gemma2", "gemma3_text": try addGemma(model, reader)
        case "phi3": add("attention.sliding_window", .count(Self.window(model) ?? 0))
        case "mistral":
            if let window = Self.window(model) { add("attention.sliding_window", .count(window)) }
        default: break
        }
        if !type.hasPrefix("gemma"), let window = Self.window(model) {
            notes.append(
                "llama.cpp computes this architecture without the window of \(window) tokens, so longer texts get other logits there"
            )
        }
        // Only Qwen3's head is read, and llama.cpp turns its logits into probabilities of one label.
        if type == "qwen3", reader.configuration.problemType == .singleLabel {
            head = .tensors
            notes.append("llama.cpp returns probabilities instead of logits for Qwen3")
        } else {
            noteMetadataHead()
        }
    }

    private mutating func noteMetadataHead() {
        notes.append(
            "llama.cpp has no classification head for \(architecture) models: it opens the file as an embedding model, whose "
                + "embedding of a text (--pooling last --embd-normalize -1) times the head, \(GGUFKeys.head) in the metadata, "
                + "gives the logits"
        )
    }

    private static func decoder(_ reader: ConfigurationReader) throws(ModelError) -> DecoderConfiguration {
        switch reader.configuration.modelType {
        case "mistral": return try DecoderConfiguration.mistral(reader)
        case "qwen2": return try DecoderConfiguration.qwen2(reader)
        case "qwen3": return try DecoderConfiguration.qwen3(reader)
        case "phi3": return try DecoderConfiguration.phi3(reader)
        case "gemma2": return try DecoderConfiguration.gemma2(reader)
        case "gemma3_text": return try DecoderConfiguration.gemma3(reader)
        default: return try DecoderConfiguration.llama(reader)
        }
    }

    /// The number of keys that a token sees in a layer with a window; nil if no layer has one.
    private static func window(_ model: DecoderConfiguration) -> Int? {
        model.layers.lazy.compactMap { $0.window.left.map { $0 + 1 } }.first
    }

    private func requireKnown(
        _ model: DecoderConfiguration,
        _ reader: ConfigurationReader
    ) throws(ModelError) {
        let isGemma = architecture.hasPrefix("gemma")
        let wanted: Activation = isGemma ? .geluTanh : .silu
        try require(
            model.activation == wanted,
            reader,
            "llama.cpp computes this architecture with \(wanted.rawValue), not with \(model.activation.rawValue)"
        )
        try require(
            !model.hasQueryKeyValueBias || ["llama", "qwen2"].contains(architecture),
            reader,
            "llama.cpp has no biases in this architecture's attention"
        )
        let isCausal = model.layers.allSatisfy { $0.window.right == 0 }
        try require(isCausal, reader, "llama.cpp computes this architecture with causal attention only")
    }

    // MARK: Gemma

    private mutating func addGemma(
        _ model: DecoderConfiguration,
        _ reader: ConfigurationReader
    ) throws(ModelError) {
        let isSecond = architecture == "gemma2"
        // llama.cpp knows the scale by the number of layers: only the largest models divide the width by the heads.
        let isLargest = model.layers.count == (isSecond ? 46 : 62)
        let expected = isLargest ? model.hiddenSize / model.numAttentionHeads : model.headDim
        try require(
            abs(model.attentionScale - 1 / Double(expected).squareRoot()) < 1e-6,
            reader,
            "llama.cpp scales the scores of such a model by 1/√\(expected), not as `query_pre_attn_scalar` says"
        )
        if isSecond {
            guard let softcap = model.attentionSoftcap else {
                throw Self.unsupported(
                    reader.configuration,
                    "llama.cpp always has a soft-cap of Gemma 2's scores"
                )
            }
            add("attn_logit_softcapping", .number(softcap))
        }
        if let softcap = reader.configuration["final_logit_softcapping"].double {
            add("final_logit_softcapping", .number(softcap))
        }
        // A window of 0 would hide every key.
        add("attention.sliding_window", .count(Self.window(model) ?? 1 << 20))
        guard let period = Self.period(model) else {
            throw Self.unsupported(
                reader.configuration,
                "llama.cpp repeats the pattern of layers with a window, and this model's does not repeat"
            )
        }
        let usual = isSecond ? 2 : 6
        if period != usual, Self.window(model) != nil {
            add("attention.sliding_window_pattern", .count(period))
            notes.append(
                "every \(period)th layer has no window instead of every \(usual)th; older versions of llama.cpp do not read that"
            )
        }
    }

    /// The distance between layers without a window, the first of which ends the first period; nil if there is none.
    private static func period(_ model: DecoderConfiguration) -> Int? {
        let slides = model.layers.map { $0.window.left != nil }
        guard slides.contains(true) else { return 1 }
        let first = (slides.firstIndex(of: false) ?? slides.count) + 1
        let repeats = slides.enumerated().allSatisfy { $1 != ($0 + 1).isMultiple(of: first) }
        return repeats ? first : nil
    }

    // MARK: Rotary positions

    private mutating func addRotary(
        _ model: DecoderConfiguration,
        _ reader: ConfigurationReader
    ) throws(ModelError) {
        guard let rotary = model.rotaries.first else { return }
        try require(
            rotary.width.isMultiple(of: 2),
            reader,
            "llama.cpp rotates pairs of elements, and this model an odd number of \(rotary.width)"
        )
        add("rope.freq_base", .number(rotary.theta))
        add("rope.dimension_count", .count(rotary.width))
        if model.rotaries.count > 1 { add("rope.freq_base_swa", .number(model.rotaries[1].theta)) }
        switch rotary.scaling {
        case .none: break
        case .linear(let factor): addScaling("linear", factor)
        case .dynamic(_, let original):
            notes.append(
                "llama.cpp has no dynamic scaling of rotary frequencies, so texts of more than \(original) tokens get other logits "
                    + "there"
            )
        case .llama3(let factor, let low, let high, let original):
            tables.append(
                (
                    "rope_freqs.weight",
                    Self.llama3Table(rotary, factor: factor, low: low, high: high, original: original)
                )
            )
        case .longRope(let short, let long, let original, let attention):
            tables.append(("rope_factors_long.weight", long.map(Float.init)))
            tables.append(("rope_factors_short.weight", short.map(Float.init)))
            if architecture != "phi3" { add("rope.scaling.type", .text("longrope")) }
            add("rope.scaling.original_context_length", .count(original))
            add("rope.scaling.attn_factor", .number(attention))
            notes.append(
                "llama.cpp chooses between the two tables of rotary factors by the size of its context (--ctx-size), not by the "
                    + "length of a text: set it to at most \(original) for texts up to that length"
            )
        case .yarn(let factor, let fast, let slow, let original, let attention, let truncates):
            addScaling("yarn", factor)
            add("rope.scaling.original_context_length", .count(original))
            add("rope.scaling.yarn_beta_fast", .number(fast))
            add("rope.scaling.yarn_beta_slow", .number(slow))
            if abs(attention - (0.1 * log(factor) + 1)) > 1e-6 || !truncates {
                notes.append(
                    "llama.cpp computes yarn's attention factor and ramp itself, so its logits differ for this model"
                )
            }
        }
    }

    private mutating func addScaling(_ type: String, _ factor: Double) {
        add("rope.scaling.type", .text(type))
        add("rope.scaling.factor", .number(factor))
    }

    /// The divisors of the frequencies.
    ///
    /// Source: llama.cpp's conversion/llama.py.
    private static func llama3Table(
        _ rotary: RotaryEmbedding,
        factor: Double,
        low: Double,
        high: Double,
        original: Int
    ) -> [Float] {
        (0..<rotary.width / 2).map { index in
            let wavelength = 2 * Double.pi * pow(rotary.theta, Double(2 * index) / Double(rotary.width))
            if wavelength < Double(original) / high { return 1 }
            if wavelength > Double(original) / low { return Float(factor) }
            let smooth = (Double(original) / wavelength - low) / (high - low)
            return Float(1 / ((1 - smooth) / factor + smooth))
        }
    }
}
