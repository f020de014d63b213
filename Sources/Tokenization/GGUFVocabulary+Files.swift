import JSON

extension GGUFVocabulary {
    /// The pre-tokenizers of `tokenizer.ggml.pre` names, as a `tokenizer.json` writes them.
    ///
    /// The reference reads `smollm` by GPT-2's pattern alone, though the model's own tokenizer makes digits pieces first:
    /// two spaces before a digit come out otherwise, and everything else alike. We follow the reference.
    ///
    /// Source: llama.cpp's llama-vocab.cpp, `llama_vocab::impl::load`; transformers 5.23, integrations/ggml.py.
    private static let preTokenizers: [String: JSONValue] = {
        let gpt2 = byteLevel(usesRegex: true)
        func split(_ pattern: SplitPattern) -> JSONValue {
            sequence([
                .object([
                    "type": .string("Split"), "pattern": .object(["Regex": .string(pattern.regex)]),
                    "behavior": .string("Isolated"), "invert": .bool(false),
                ]), byteLevel(usesRegex: false),
            ])
        }
        return [
            "gpt-2": gpt2, "smollm": gpt2, "llama-bpe": split(.llama3), "llama3": split(.llama3),
            "qwen2": split(.qwen2),
        ]
    }()

    private static func byteLevel(usesRegex: Bool) -> JSONValue {
        .object([
            "type": .string("ByteLevel"), "add_prefix_space": .bool(false), "trim_offsets": .bool(true),
            "use_regex": .bool(usesRegex),
        ])
    }

    private static func sequence(_ stages: [JSONValue]) -> JSONValue {
        .object(["type": .string("Sequence"), "pretokenizers": .array(stages)])
    }

    /// The files that the Python library needs to make the same tokenizer.
    ///
    /// - Throws: `.unsupported` for a model or a split pattern that is not known.
    func files() throws(TokenizerError) -> [(name: String, contents: [UInt8])] {
        guard model == "gpt2" else {
            throw TokenizerError(
                .unsupported,
                "the GGUF's vocabulary is of model \"\(model)\"; known: \"gpt2\" (byte-level BPE)"
            )
        }
        guard let preTokenizer = Self.preTokenizers[preTokenizer] else {
            let known = Self.preTokenizers.keys.sorted().joined(separator: ", ")
            throw TokenizerError(
                .unsupported,
                "the GGUF's vocabulary is split by \"\(self.preTokenizer)\"; known: \(known)"
            )
        }
        let document: JSONValue = .object([
            "version": .string("1.0"), "truncation": .null, "padding": .null,
            "added_tokens": .array(addedTokens),
            "normalizer": .null, "pre_tokenizer": preTokenizer, "post_processor": postProcessor,
            "decoder": Self.byteLevel(usesRegex: true),
            "model": .object([
                "type": .string("BPE"), "dropout": .null, "unk_token": .null,
                "continuing_subword_prefix": .null,
                "end_of_word_suffix": .null, "fuse_unk": .bool(false), "byte_fallback": .bool(false),
                "ignore_merges": .bool(self.preTokenizer.hasPrefix("llama")),
                "vocab": .object(JSONObject(tokens.enumerated().map { ($1, .int($0)) })),
                "merges": .array(merges.map(JSONValue.string)),
            ]),
        ])
        return [
            ("tokenizer.json", Array(document.compact.utf8)),
            ("tokenizer_config.json", Array(JSONValue.object(configuration).formatted.utf8)),
            ("special_tokens_map.json", Array(JSONValue.object(specialTokens).formatted.utf8)),
        ]
    }

    private func token(_ id: Int32?) -> String? {
        guard let id, tokens.indices.contains(Int(id)) else { return nil }
        return tokens[Int(id)]
    }

    private var specialTokens: JSONObject {
        var result: JSONObject = [:]
        for (name, id) in [
            ("bos_token", bosTokenID), ("eos_token", eosTokenID), ("unk_token", unknownTokenID),
            // A model that was never padded is padded with what ends its texts.
            ("pad_token", padTokenID ?? eosTokenID),
        ] {
            if let token = token(id) { result[name] = .string(token) }
        }
        return result
    }

    private var configuration: JSONObject {
        var result = specialTokens
        result["tokenizer_class"] = .string("PreTrainedTokenizerFast")
        result["clean_up_tokenization_spaces"] = .bool(false)
        result["add_prefix_space"] = .bool(false)
        return result
    }

    /// Control and user-defined tokens.
    private var addedTokens: [JSONValue] {
        let (control, userDefined) = (3, 4)
        return zip(tokens.indices, tokenTypes).filter { $1 == control || $1 == userDefined }.map { id, type in
            .object([
                "id": .int(id), "content": .string(tokens[id]), "single_word": .bool(false),
                "lstrip": .bool(false),
                "rstrip": .bool(false), "normalized": .bool(false), "special": .bool(type == control),
            ])
        }
    }

    private var postProcessor: JSONValue {
        let before = addsBOS ? bosTokenID : nil
        let after = addsEOS ? eosTokenID : nil
        guard before != nil || after != nil else { return .null }
        func piece(_ id: Int32?) -> [JSONValue] {
            token(id).map { [.object(["SpecialToken": .object(["id": .string($0), "type_id": .int(0)])])] }
                ?? []
        }
        func sequence(_ name: String) -> [JSONValue] {
            [.object(["Sequence": .object(["id": .string(name), "type_id": .int(0)])])]
        }
        let special = [before, after].compactMap { id in
            token(id).map { name in
                (
                    name,
                    JSONValue.object([
                        "id": .string(name), "ids": .array([.int(Int(id ?? 0))]),
                        "tokens": .array([.string(name)]),
                    ])
                )
            }
        }
        return .object([
            "type": .string("TemplateProcessing"),
            "single": .array(piece(before) + sequence("A") + piece(after)),
            "pair": .array(
                piece(before) + sequence("A") + piece(after) + piece(before) + sequence("B") + piece(after)
            ),
            "special_tokens": .object(JSONObject(special)),
        ])
    }
}
