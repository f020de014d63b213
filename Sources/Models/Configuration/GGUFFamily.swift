import Checkpoints
import JSON

/// Converts the metadata of one GGUF architecture to the fields of a `config.json`.
///
/// Source: `GGUF_CONFIG_MAPPING` of transformers 5.23 (integrations/ggml.py) for the architectures that it opens. llama.cpp's
/// conversion/*.py and src/models/*.cpp for gptneox, bert and modern-bert, and for values that transformers leaves at the
/// defaults of its classes: windows, soft-caps, head widths, scaled positions.
struct GGUFFamily: Sendable {
    /// The class name on the Hub, without a classification head.
    let architecture: String
    /// Maps names of integers in the file to fields.
    let integers: [String: String]
    /// Maps names of numbers in the file to fields.
    let numbers: [String: String]
    /// Constant fields of the family, which files do not contain.
    let constants: JSONObject
    /// Sets the fields that need more than a change of name.
    let finish: @Sendable (inout JSONObject, GGUFMetadata) throws(ModelError) -> Void

    static let all: [String: GGUFFamily] = [
        "llama": decoder("LlamaForCausalLM", "llama", llama),
        "qwen2": decoder("Qwen2ForCausalLM", "qwen2") { fields, gguf throws(ModelError) in
            fields["rope_parameters"] = .object(try gguf.rope())
            if let width = gguf["attention.key_length"]?.int { fields["head_dim"] = .int(width) }
        },
        "qwen3": decoder("Qwen3ForCausalLM", "qwen3") { fields, gguf throws(ModelError) in
            fields["rope_parameters"] = .object(try gguf.rope())
            fields["head_dim"] = .int(try gguf.headWidth())
            fields["attention_bias"] = .bool(try gguf.attentionBias())
        },
        "phi3": decoder("Phi3ForCausalLM", "phi3", phi3),
        "gemma2": decoder("Gemma2ForCausalLM", "gemma2", gemma2),
        "gemma3": decoder("Gemma3ForCausalLM", "gemma3_text", gemma3),
        "gpt2": gpt2, "gptneox": gptNeoX, "bert": bert, "modern-bert": modernBERT,
    ]

    private static let sizes = [
        "block_count": "num_hidden_layers", "context_length": "max_position_embeddings",
        "embedding_length": "hidden_size", "feed_forward_length": "intermediate_size",
        "attention.head_count": "num_attention_heads",
    ]

    private static func decoder(
        _ architecture: String,
        _ modelType: String,
        _ finish: @escaping @Sendable (inout JSONObject, GGUFMetadata) throws(ModelError) -> Void
    ) -> GGUFFamily {
        let activation: JSONObject =
            modelType.hasPrefix("gemma")
            ? ["hidden_activation": .string("gelu_pytorch_tanh")] : ["hidden_act": .string("silu")]
        return GGUFFamily(
            architecture: architecture,
            integers: sizes.merging(["attention.head_count_kv": "num_key_value_heads"]) { $1 },
            numbers: ["attention.layer_norm_rms_epsilon": "rms_norm_eps"],
            constants: JSONObject(
                [("model_type", .string(modelType))] + activation.members.map { ($0.name, $0.value) }
            ),
            finish: finish
        )
    }

    // MARK: Decoders

    private static func llama(_ fields: inout JSONObject, _ gguf: GGUFMetadata) throws(ModelError) {
        if let experts = gguf["expert_count"]?.int, experts > 0 {
            throw gguf.unsupported("the model is a mixture of \(experts) experts")
        }
        fields["rope_parameters"] = .object(try gguf.rope())
        if let width = gguf["attention.key_length"]?.int ?? gguf["rope.dimension_count"]?.int {
            fields["head_dim"] = .int(width)
        }
        // llama.cpp stores Mistral's models as llama; transformers recognizes them only by name.
        let window = gguf["attention.sliding_window"]?.int ?? 0
        if window > 0 || gguf.file.metadata["general.name"]?.string == "mistral" {
            fields["model_type"] = .string("mistral")
            fields["architectures"] = .array([.string("MistralForCausalLM")])
            fields["sliding_window"] = window > 0 ? .int(window) : .null
        } else {
            fields["attention_bias"] = .bool(try gguf.attentionBias())
            fields["mlp_bias"] = .bool(gguf.has("blk.0.ffn_up.bias"))
        }
    }

    private static func phi3(_ fields: inout JSONObject, _ gguf: GGUFMetadata) throws(ModelError) {
        fields["rope_parameters"] = .object(try gguf.rope(allowsPartial: true))
        if let original = gguf["rope.scaling.original_context_length"]?.int {
            fields["original_max_position_embeddings"] = .int(original)
        }
        // Zero means no window: Phi-4.
        if let window = gguf["attention.sliding_window"]?.int, window > 0 {
            fields["sliding_window"] = .int(window)
        }
    }

    private static func gemma2(_ fields: inout JSONObject, _ gguf: GGUFMetadata) throws(ModelError) {
        try gemma(&fields, gguf, layersOfLargest: 46, period: 2)
        fields["rope_parameters"] = .object(try gguf.rope())
        fields["attn_logit_softcapping"] = try gguf.number("attn_logit_softcapping") ?? .null
    }

    private static func gemma3(_ fields: inout JSONObject, _ gguf: GGUFMetadata) throws(ModelError) {
        try gemma(&fields, gguf, layersOfLargest: 62, period: 6)
        fields["rope_parameters"] = .object([
            "full_attention": .object(try gguf.rope()),
            "sliding_attention": .object([
                "rope_type": .string("default"), "rope_theta": try gguf.theta("rope.freq_base_swa"),
            ]),
        ])
    }

    /// Sets the fields that both Gemmas share.
    ///
    /// Files do not contain the scale of attention. llama.cpp derives it from the number of layers; transformers always uses 256.
    private static func gemma(
        _ fields: inout JSONObject,
        _ gguf: GGUFMetadata,
        layersOfLargest: Int,
        period: Int
    ) throws(ModelError) {
        let layers = try gguf.count("block_count")
        let width = try gguf.headWidth()
        let share = try gguf.count("embedding_length") / gguf.count("attention.head_count")
        fields["head_dim"] = .int(width)
        fields["query_pre_attn_scalar"] = .int(layers == layersOfLargest ? share : width)
        fields["attention_bias"] = .bool(try gguf.attentionBias())
        fields["final_logit_softcapping"] = try gguf.number("final_logit_softcapping") ?? .null
        let window = gguf["attention.sliding_window"]?.int ?? 0
        if window > 0 { fields["sliding_window"] = .int(window) }
        fields["layer_types"] = try gguf.layerTypes(period: window > 0 ? period : 1) { index, period in
            !(index + 1).isMultiple(of: period)
        }
    }

    private static let gpt2 = GGUFFamily(
        architecture: "GPT2LMHeadModel",
        integers: [
            "block_count": "n_layer", "context_length": "n_positions", "embedding_length": "n_embd",
            "attention.head_count": "n_head",
        ],
        numbers: ["attention.layer_norm_epsilon": "layer_norm_epsilon"],
        constants: ["model_type": .string("gpt2"), "activation_function": .string("gelu_new")]
    ) { fields, gguf throws(ModelError) in
        // The converter always writes four times the width; the tensors have the true size.
        if let shape = gguf.file.info("blk.0.ffn_up.weight")?.shape, let inner = shape.first {
            fields["n_inner"] = .int(inner)
        }
        if let positions = gguf.file.info("position_embd.weight")?.shape.first {
            fields["n_positions"] = .int(positions)
        }
    }

    private static let gptNeoX = GGUFFamily(
        architecture: "GPTNeoXForCausalLM",
        integers: sizes,
        numbers: ["attention.layer_norm_epsilon": "layer_norm_eps"],
        constants: ["model_type": .string("gpt_neox"), "hidden_act": .string("gelu")]
    ) { fields, gguf throws(ModelError) in
        fields["rope_parameters"] = .object(try gguf.rope(allowsPartial: true))
        fields["use_parallel_residual"] = .bool(gguf["use_parallel_residual"]?.bool ?? true)
        fields["attention_bias"] = .bool(gguf.has("blk.0.attn_qkv.bias"))
    }

    // MARK: Encoders

    private static let bert = GGUFFamily(
        architecture: "BertModel",
        integers: sizes,
        numbers: ["attention.layer_norm_epsilon": "layer_norm_eps"],
        constants: ["model_type": .string("bert"), "hidden_act": .string("gelu")]
    ) { fields, gguf throws(ModelError) in
        // RoBERTa and XLM-RoBERTa also use this name, without the first rows of their position table.
        guard gguf.tokenizer("model")?.string ?? "bert" == "bert" else {
            throw gguf.unsupported("the model is a RoBERTa according to its vocabulary")
        }
        guard let types = gguf.file.info("token_types.weight")?.shape.first else {
            throw gguf.unsupported("the model has no token types, like a DistilBERT")
        }
        fields["type_vocab_size"] = .int(types)
        if let positions = gguf.file.info("position_embd.weight")?.shape.first {
            fields["max_position_embeddings"] = .int(positions)
        }
    }

    private static let modernBERT = GGUFFamily(
        architecture: "ModernBertModel",
        integers: sizes.merging(["attention.sliding_window": "local_attention"]) { $1 },
        numbers: ["attention.layer_norm_epsilon": "norm_eps"],
        constants: ["model_type": .string("modernbert")]
    ) { fields, gguf throws(ModelError) in
        fields["hidden_activation"] = .string(gguf["hidden_act"]?.string ?? "gelu")
        fields["attention_bias"] = .bool(gguf.has("blk.0.attn_qkv.bias"))
        fields["mlp_bias"] = .bool(gguf.has("blk.0.ffn_up.bias"))
        fields["norm_bias"] = .bool(gguf.has("output_norm.bias"))
        fields["rope_parameters"] = .object([
            "full_attention": .object([
                "rope_type": .string("default"), "rope_theta": try gguf.theta("rope.freq_base"),
            ]),
            "sliding_attention": .object([
                "rope_type": .string("default"), "rope_theta": try gguf.theta("rope.freq_base_swa"),
            ]),
        ])
        fields["layer_types"] = try gguf.layerTypes(period: 3) { !$0.isMultiple(of: $1) }
    }
}

extension GGUFMetadata {
    /// Returns whether the four attention projections have biases.
    ///
    /// Throws if only some have.
    func attentionBias() throws(ModelError) -> Bool {
        let biases = ["q", "k", "v", "output"].map { has("blk.0.attn_\($0).bias") }
        guard Set(biases).count == 1 else {
            throw unsupported("only some of the model's projections have biases")
        }
        return biases[0]
    }

    /// Returns `layer_types`, which says which layers use a sliding window.
    func layerTypes(
        period: Int,
        _ isSliding: (_ layer: Int, _ period: Int) -> Bool
    ) throws(ModelError) -> JSONValue {
        let layers = try count("block_count")
        let period = self["attention.sliding_window_pattern"]?.int ?? period
        guard layers <= file.tensorNames.count, period > 0 else {
            throw bad("block_count", "at most as many layers as tensors, and a positive pattern")
        }
        return .array(
            (0..<layers).map { .string(isSliding($0, period) ? "sliding_attention" : "full_attention") }
        )
    }
}
