public import Checkpoints
import JSON

extension ModelConfiguration {
    /// The `config.json` that a GGUF's metadata amounts to.
    ///
    /// - Parameters:
    ///   - file: Of an architecture that is known here.
    ///   - source: Its path, for messages.
    /// - Throws: `.unsupported` for another architecture; `.badConfiguration` where a value is missing.
    ///
    /// Source: `GGUF_CONFIG_MAPPING` of transformers 5.23 (integrations/ggml.py).
    public init(gguf file: GGUFFile, source: String) throws(ModelError) {
        let architecture = file.metadata["general.architecture"]?.string ?? ""
        guard architecture == "llama" else {
            throw ModelError(
                .unsupported,
                "\(source): GGUF models of architecture \"\(architecture)\" are not known; known are: llama"
            )
        }
        var fields: JSONObject = [
            "model_type": .string("llama"), "architectures": .array([.string("LlamaForCausalLM")]),
            "hidden_act": .string("silu"), "attention_bias": .bool(false), "mlp_bias": .bool(false),
            "attention_dropout": .double(0), "initializer_range": .double(0.02),
            "tie_word_embeddings": .bool(true),
            "use_cache": .bool(false),
        ]
        fields["tie_word_embeddings"] = .bool(!file.tensorNames.contains("output.weight"))
        let integers = [
            "block_count": "num_hidden_layers", "context_length": "max_position_embeddings",
            "embedding_length": "hidden_size", "feed_forward_length": "intermediate_size",
            "attention.head_count": "num_attention_heads", "attention.head_count_kv": "num_key_value_heads",
            "attention.key_length": "head_dim",
        ]
        for (name, field) in integers {
            if let value = file.metadata["llama." + name]?.int { fields[field] = .int(value) }
        }
        if let epsilon = file.metadata["llama.attention.layer_norm_rms_epsilon"]?.double {
            // Stored in float32: its shortest text is the number meant, 1e-05 and not 9.99999974737875e-06.
            fields["rms_norm_eps"] = .number("\(Float(epsilon))")
        }
        let rope = try Self.rope(file, source: source)
        fields["rope_theta"] = rope["rope_theta"]
        fields["rope_parameters"] = .object(rope)
        let tokens = file.metadata["tokenizer.ggml.tokens"]?.strings?.count
        if let count = file.metadata["llama.vocab_size"]?.int ?? tokens { fields["vocab_size"] = .int(count) }
        for (name, field) in [
            "bos_token_id": "bos_token_id", "eos_token_id": "eos_token_id",
            "padding_token_id": "pad_token_id",
        ] {
            if let id = file.metadata["tokenizer.ggml." + name]?.int { fields[field] = .int(id) }
        }
        self.init(fields: fields, source: source)
    }

    /// Rotary positions; what would be computed otherwise than the file means is refused, not guessed.
    private static func rope(_ file: GGUFFile, source: String) throws(ModelError) -> JSONObject {
        func unsupported(_ what: String) -> ModelError {
            ModelError(
                .unsupported,
                "\(source): \(what), which is not supported from a GGUF yet; use the model's folder with safetensors"
            )
        }
        func value(_ name: String) -> GGUFValue? { file.metadata["llama." + name] }
        if file.tensorNames.contains("rope_freqs.weight") {
            throw unsupported("the model stretches its rotary frequencies by a table (rope_freqs.weight)")
        }
        if let experts = value("expert_count")?.int, experts > 0 {
            throw unsupported("the model is a mixture of \(experts) experts")
        }
        if let heads = value("attention.head_count")?.int, heads > 0,
            let width = value("rope.dimension_count")?.int,
            let hidden = value("embedding_length")?.int,
            width != value("attention.key_length")?.int ?? hidden / heads
        {
            throw unsupported("the model rotates only \(width) numbers of a head")
        }
        // Stored in float32, as the epsilon above.
        let theta = JSONValue.number("\(Float(value("rope.freq_base")?.double ?? 10_000))")
        switch value("rope.scaling.type")?.string ?? "none" {
        case "none": return ["rope_theta": theta, "rope_type": .string("default")]
        case "linear":
            let factor = JSONValue.number("\(Float(value("rope.scaling.factor")?.double ?? 1))")
            return ["rope_theta": theta, "rope_type": .string("linear"), "factor": factor]
        case let type: throw unsupported("the model stretches its rotary frequencies by \"\(type)\"")
        }
    }
}
