import JSON

/// Checks for fields that were not read.
extension ConfigurationReader {
    /// Fields that never change a classifier's logits: names and labels (read elsewhere), token ids, options of text generation
    /// and outputs, initialization of fresh weights, and heads that a classifier lacks.
    private static let inert: Set<String> = [
        "_name_or_path", "_attn_implementation", "_attn_implementation_autoset", "architectures",
        "attn_implementation",
        "auto_map", "model_type", "name", "transformers_version", "dtype", "torch_dtype", "torchscript",
        "id2label", "label2id", "num_labels", "problem_type", "finetuning_task", "task_specific_params",
        "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "cls_token_id", "mask_token_id",
        "unk_token_id",
        "decoder_start_token_id", "tokenizer_class", "prefix",
        "cache_implementation", "use_cache", "cross_attention_hidden_size", "return_dict",
        "return_dict_in_generate",
        "output_attentions", "output_hidden_states", "output_scores", "output_past", "is_composition",
        "initializer_range", "initializer_factor", "initializer_cutoff_factor", "chunk_size_feed_forward",
        "gradient_checkpointing", "pretraining_tp", "tie_word_embeddings", "tie_weights_", "language",
        "directionality",
        "max_length", "min_length", "do_sample", "num_beams", "temperature", "top_k", "top_p", "typical_p",
        "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "early_stopping", "suppress_tokens",
        "bad_words_ids", "begin_suppress_tokens", "diversity_penalty", "encoder_no_repeat_ngram_size",
        "exponential_decay_length_penalty", "forced_bos_token_id", "forced_eos_token_id", "num_beam_groups",
        "num_return_sequences", "remove_invalid_values", "tf_legacy_loss", "use_bfloat16",
        "final_logit_softcapping",
        "max_position_embeddings", "model_max_length", "vocab_size", "_sliding_window_pattern",
        "original_max_position_embeddings",
    ]

    /// Fields that may change the logits, with the values that do not change them.
    private static let neutralValues: [String: [JSONValue]] = [
        "add_cross_attention": [.bool(false), .null],
        "is_decoder": [.bool(false), .null],
        "is_encoder_decoder": [.bool(false), .null],
        "position_embedding_type": [.string("absolute"), .null],
        "pruned_heads": [.object([:]), .null],
        "rope_interleaved": [.bool(false), .null],
        "rope_scaling": [.null],
        "rope_parameters": [.null],
        "partial_rotary_factor": [.null, .int(1), .number("1.0")],
        "sliding_window": [.null],
        "layer_types": [.null],
        "use_bidirectional_attention": [.bool(false), .null],
        "attention_dropout": [.null, .int(0), .number("0.0")],
        "attn_logit_softcapping": [.null],
        "num_experts": [.null, .int(0)],
        "num_local_experts": [.null, .int(0)],
        "clip_qkv": [.null],
        "no_rope_layers": [.null],
        "residual_multiplier": [.null, .int(1), .number("1.0")],
        "embedding_multiplier": [.null, .int(1), .number("1.0")],
        "attention_multiplier": [.null],
        "logits_scaling": [.null, .int(1), .number("1.0")],
        "use_qk_norm": [.bool(false), .null],
        "qk_layernorm": [.bool(false), .null],
    ]

    /// Returns unknown fields, which are ignored but kept when the model is saved.
    ///
    /// - Returns: Their names, sorted.
    /// - Throws: `.unsupported` if an unread field would change the result.
    func unreadFields() throws(ModelError) -> [String] {
        var unknown: [String] = []
        for field in configuration.fields.members
        where field.name != ModelConfiguration.quantizationField && !readNames.contains(field.name)
            && !Self.inert.contains(field.name)
        {
            guard let neutral = Self.neutralValues[field.name] else {
                unknown.append(field.name)
                continue
            }
            if !neutral.contains(field.value) {
                throw ModelError(
                    .unsupported,
                    "\(source): `\(field.name)` is \(field.value.compact), which would change the result and is unsupported for "
                        + "models of type \"\(configuration.modelType)\""
                )
            }
        }
        return unknown.sorted()
    }
}
