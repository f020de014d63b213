extension GGUFArchitecture {
    /// All supported architectures by the file's `general.architecture`; Mistral's models use `llama`.
    static let all: [String: GGUFArchitecture] = [
        "llama": llama, "qwen2": qwen2, "qwen3": qwen3, "phi3": phi3, "gemma2": gemma2, "gemma3": gemma3,
        "gpt2": gpt2, "gptneox": gptNeoX, "bert": bert, "modern-bert": modernBERT,
    ]

    private static let decoderOuter = [
        Row("token_embd", "model.embed_tokens"), Row("output_norm", "model.norm"), Row("output", "lm_head"),
    ]

    private static let gatedFeedForward = [
        Row("ffn_gate", "mlp.gate_proj"), Row("ffn_up", "mlp.up_proj"), Row("ffn_down", "mlp.down_proj"),
    ]

    private static let attention = [
        Row("attn_q", "self_attn.q_proj"), Row("attn_k", "self_attn.k_proj"),
        Row("attn_v", "self_attn.v_proj"), Row("attn_output", "self_attn.o_proj"),
    ]

    private static let preNorms = [
        Row("attn_norm", "input_layernorm"), Row("ffn_norm", "post_attention_layernorm"),
    ]

    private static let llama = GGUFArchitecture(
        block: "model.layers.",
        outer: decoderOuter,
        inner: [
            Row("attn_q", "self_attn.q_proj", .interleavedQueries),
            Row("attn_k", "self_attn.k_proj", .interleavedKeys),
            Row("attn_v", "self_attn.v_proj"), Row("attn_output", "self_attn.o_proj"),
        ] + gatedFeedForward + preNorms
    )

    private static let qwen2 = GGUFArchitecture(
        block: "model.layers.",
        outer: decoderOuter,
        inner: attention + gatedFeedForward + preNorms
    )

    /// The only decoder whose head llama.cpp reads.
    private static let qwen3 = GGUFArchitecture(
        block: "model.layers.",
        outer: decoderOuter + [Row("cls.output", "score")],
        inner: attention + gatedFeedForward + preNorms + [
            Row("attn_q_norm", "self_attn.q_norm"), Row("attn_k_norm", "self_attn.k_norm"),
        ]
    )

    private static let phi3 = GGUFArchitecture(
        block: "model.layers.",
        outer: decoderOuter,
        inner: [
            Row("attn_qkv", "self_attn.qkv_proj"), Row("attn_output", "self_attn.o_proj"),
            Row("ffn_up", "mlp.gate_up_proj"), Row("ffn_down", "mlp.down_proj"),
        ] + preNorms
    )

    private static let gemmaOuter = [
        Row("token_embd", "model.embed_tokens"), Row("output_norm", "model.norm", .plusOne),
        Row("output", "lm_head"),
    ]

    private static let gemmaNorms = [
        Row("attn_norm", "input_layernorm", .plusOne),
        Row("post_attention_norm", "post_attention_layernorm", .plusOne),
        Row("ffn_norm", "pre_feedforward_layernorm", .plusOne),
        Row("post_ffw_norm", "post_feedforward_layernorm", .plusOne),
    ]

    private static let gemma2 = GGUFArchitecture(
        block: "model.layers.",
        outer: gemmaOuter,
        inner: attention + gatedFeedForward + gemmaNorms
    )

    private static let gemma3 = GGUFArchitecture(
        block: "model.layers.",
        outer: gemmaOuter,
        inner: attention + gatedFeedForward + gemmaNorms + [
            Row("attn_q_norm", "self_attn.q_norm", .plusOne),
            Row("attn_k_norm", "self_attn.k_norm", .plusOne),
        ]
    )

    private static let gpt2 = GGUFArchitecture(
        block: "transformer.h.",
        outer: [
            Row("token_embd", "transformer.wte"), Row("position_embd", "transformer.wpe"),
            Row("output_norm", "transformer.ln_f"), Row("output", "lm_head"),
        ],
        inner: [
            Row("attn_norm", "ln_1"), Row("attn_qkv", "attn.c_attn", .transposed),
            Row("attn_output", "attn.c_proj", .transposed), Row("ffn_norm", "ln_2"),
            Row("ffn_up", "mlp.c_fc", .transposed), Row("ffn_down", "mlp.c_proj", .transposed),
        ]
    )

    private static let gptNeoX = GGUFArchitecture(
        block: "gpt_neox.layers.",
        outer: [
            Row("token_embd", "gpt_neox.embed_in"), Row("output_norm", "gpt_neox.final_layer_norm"),
            Row("output", "lm_head"),
        ],
        inner: [
            Row("attn_norm", "input_layernorm"), Row("attn_qkv", "attention.query_key_value", .grouped),
            Row("attn_output", "attention.dense"), Row("ffn_norm", "post_attention_layernorm"),
            Row("ffn_up", "mlp.dense_h_to_4h"), Row("ffn_down", "mlp.dense_4h_to_h"),
        ]
    )

    private static func embeddings(_ prefix: String, positions: Change) -> [Row] {
        [
            Row("token_embd", "\(prefix).embeddings.word_embeddings"),
            Row("position_embd", "\(prefix).embeddings.position_embeddings", positions),
            Row("token_types", "\(prefix).embeddings.token_type_embeddings"),
            Row("token_embd_norm", "\(prefix).embeddings.LayerNorm"),
        ]
    }

    private static let encoderBlock = [
        Row("attn_q", "attention.self.query"), Row("attn_k", "attention.self.key"),
        Row("attn_v", "attention.self.value"), Row("attn_output", "attention.output.dense"),
        Row("attn_output_norm", "attention.output.LayerNorm"), Row("ffn_up", "intermediate.dense"),
        Row("ffn_down", "output.dense"), Row("layer_output_norm", "output.LayerNorm"),
    ]

    /// BERT, whose pooler llama.cpp's converter drops, so that it must be initialized.
    ///
    /// llama.cpp's program computes a pooler if the file has one (src/llama-graph.cpp, `build_pooling`).
    private static let bert = GGUFArchitecture(
        block: "bert.encoder.layer.",
        outer: embeddings("bert", positions: .none) + [
            Row("cls", "bert.pooler.dense"), Row("cls.output", "classifier"),
        ],
        inner: encoderBlock
    )

    /// RoBERTa and XLM-RoBERTa.
    static let roberta = GGUFArchitecture(
        block: "roberta.encoder.layer.",
        outer: embeddings("roberta", positions: .afterPadding) + [
            Row("cls", "classifier.dense"), Row("cls.output", "classifier.out_proj"),
        ],
        inner: encoderBlock
    )

    private static let modernBERT = GGUFArchitecture(
        block: "model.layers.",
        outer: [
            Row("token_embd", "model.embeddings.tok_embeddings"),
            Row("token_embd_norm", "model.embeddings.norm"), Row("output_norm", "model.final_norm"),
            Row("cls", "head.dense"), Row("cls.norm", "head.norm"), Row("cls.output", "classifier"),
        ],
        inner: [
            Row("attn_norm", "attn_norm"), Row("attn_qkv", "attn.Wqkv"), Row("attn_output", "attn.Wo"),
            Row("ffn_norm", "mlp_norm"), Row("ffn_up", "mlp.Wi"), Row("ffn_down", "mlp.Wo"),
        ]
    )
}
