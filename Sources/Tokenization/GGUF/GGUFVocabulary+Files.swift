extension GGUFVocabulary {
    private static let control = 3
    private static let userDefined = 4

    /// The pre-tokenizers by the names that GGUF files use.
    private enum PreTokenizer {
        case byteLevel
        case split(WordPattern)
    }

    private static let preTokenizers: [(names: [String], PreTokenizer)] = [
        // transformers reads `smollm` with GPT-2's pattern alone, although the model's own tokenizer isolates
        // digits first, which changes how two spaces before a digit are split. We follow transformers.
        (["gpt-2", "gpt2", "default", "smollm"], .byteLevel),
        (
            [
                "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
                "jina-v5-nano", "dbrx", "smaug-bpe",
            ], .split(.llama3)
        ),
        (["qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez"], .split(.qwen2)),
    ]

    /// Makes the tokenizer files that are equivalent to the GGUF's values.
    func makeFiles() throws(TokenizerError) -> TokenizerFiles {
        guard model == "gpt2" || Self.pieceModels.contains(model) else {
            let known = (["gpt2"] + Self.pieceModels).joined(separator: ", ")
            throw TokenizerError(
                .unsupported,
                "tokenizer.ggml.model is '\(model)', which is not supported. Supported: \(known)."
            )
        }
        try check()
        guard model == "gpt2" else { return try makePieceFiles() }
        try requireMerges()
        var files = TokenizerFiles(tokenizer: try makeTokenizer())
        files.config = makeConfig()
        files.specialTokens = makeSpecialTokens()
        files.chatTemplate = chatTemplate.map { Array($0.utf8) }
        return files
    }

    private func check() throws(TokenizerError) {
        guard !tokens.isEmpty, tokens.count <= Vocabulary.largestID else {
            throw TokenizerError(
                .corrupt,
                "tokenizer.ggml.tokens has \(tokens.count) values; expected 1 to \(Vocabulary.largestID)."
            )
        }
        if !tokenTypes.isEmpty, tokenTypes.count != tokens.count {
            throw TokenizerError(
                .corrupt,
                "tokenizer.ggml.token_type has \(tokenTypes.count) values for \(tokens.count) tokens; expected one per token."
            )
        }
        let ids = [
            ("bos", bosTokenID), ("eos", eosTokenID), ("unknown", unknownTokenID),
            ("padding", padTokenID), ("cls", classifierTokenID), ("seperator", separatorTokenID),
            ("mask", maskTokenID),
        ]
        for (name, id) in ids {
            guard let id, !tokens.indices.contains(Int(id)) else { continue }
            throw TokenizerError(
                .corrupt,
                "tokenizer.ggml.\(name)_token_id is \(id); expected 0..<\(tokens.count)."
            )
        }
    }

    /// Rejects a vocabulary without merges, which would split every word into single bytes.
    ///
    /// Source: llama.cpp, "cannot find tokenizer merges in model file" (src/llama-vocab.cpp).
    private func requireMerges() throws(TokenizerError) {
        guard merges.isEmpty else { return }
        throw TokenizerError(
            .corrupt,
            "tokenizer.ggml.merges is missing or empty, so words would be split into single bytes. "
                + "Convert the model again with a current llama.cpp, or use another GGUF file of the model."
        )
    }

    private func makeTokenizer() throws(TokenizerError) -> [UInt8] {
        var json = JSONWriter()
        json.raw("{\n")
        json.member("version", "\"1.0\"")
        json.member("truncation", "null")
        json.member("padding", "null")
        writeAddedTokens(to: &json)
        json.member("normalizer", "null")
        json.member("pre_tokenizer", try makePreTokenizer())
        json.member("post_processor", makePostProcessor())
        json.member(
            "decoder",
            #"{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}"#
        )
        writeModel(to: &json)
        json.raw("}\n")
        return json.bytes
    }

    private func writeAddedTokens(to json: inout JSONWriter) {
        json.raw("  \"added_tokens\": [")
        var isFirst = true
        for wanted in [Self.control, Self.userDefined] {
            for (id, type) in tokenTypes.enumerated() where type == wanted && isReachable(id, type) {
                json.raw(isFirst ? "\n" : ",\n")
                isFirst = false
                json.raw("    {\"id\": \(id), \"content\": ")
                json.string(tokens[id])
                json.raw(", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, ")
                json.raw("\"normalized\": false, \"special\": \(type == Self.control)}")
            }
        }
        json.raw(isFirst ? "],\n" : "\n  ],\n")
    }

    /// Whether a token can occur in a text.
    ///
    /// Control tokens with characters outside the byte alphabet are fillers, which transformers leaves out.
    private func isReachable(_ id: Int, _ type: Int) -> Bool {
        !tokens[id].isEmpty && (type != Self.control || ByteAlphabet.unspell(Array(tokens[id].utf8)) != nil)
    }

    private func findPreTokenizer() throws(TokenizerError) -> PreTokenizer {
        let name = preTokenizer.isEmpty ? "default" : preTokenizer
        guard let found = Self.preTokenizers.first(where: { $0.names.contains(name) }) else {
            let known = Self.preTokenizers.flatMap(\.names).joined(separator: ", ")
            throw TokenizerError(
                .unsupported,
                "tokenizer.ggml.pre is '\(preTokenizer)', which is unknown. Known: \(known)."
            )
        }
        return found.1
    }

    private func makePreTokenizer() throws(TokenizerError) -> String {
        func byteLevel(cuts: Bool) -> String {
            #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": \#(cuts)}"#
        }
        func sequence(_ first: String, _ second: String) -> String {
            #"{"type": "Sequence", "pretokenizers": [\#(first), \#(second)]}"#
        }
        switch try findPreTokenizer() {
        case .byteLevel: return byteLevel(cuts: true)
        case .split(let pattern):
            let regex = JSONWriter.quoted(pattern.regex)
            let split =
                #"{"type": "Split", "pattern": {"Regex": \#(regex)}, "behavior": "Isolated", "invert": false}"#
            return sequence(split, byteLevel(cuts: false))
        }
    }

    private func makePostProcessor() -> String {
        let bos = addsBOS == true ? bosTokenID : nil
        let eos = addsEOS == true ? eosTokenID : nil
        func special(_ id: Int32?, _ type: Int) -> [String] {
            id.map {
                [#"{"SpecialToken": {"id": \#(JSONWriter.quoted(tokens[Int($0)])), "type_id": \#(type)}}"#]
            } ?? []
        }
        func sequence(_ name: String, _ type: Int) -> String {
            let middle = #"{"Sequence": {"id": "\#(name)", "type_id": \#(type)}}"#
            return (special(bos, type) + [middle] + special(eos, type)).joined(separator: ", ")
        }
        let known = Set([bos, eos].compactMap { $0 }).sorted().map { id in
            let token = JSONWriter.quoted(tokens[Int(id)])
            return #"\#(token): {"id": \#(token), "ids": [\#(id)], "tokens": [\#(token)]}"#
        }
        let single = sequence("A", 0)
        return #"{"type": "TemplateProcessing", "single": [\#(single)], "#
            + #""pair": [\#(single), \#(sequence("B", 1))], "#
            + #""special_tokens": {\#(known.joined(separator: ", "))}}"#
    }

    private func writeModel(to json: inout JSONWriter) {
        json.raw("  \"model\": {\"type\": \"BPE\", \"dropout\": null, \"unk_token\": null, ")
        json.raw("\"continuing_subword_prefix\": \"\", \"end_of_word_suffix\": \"\", \"fuse_unk\": false, ")
        // Llama 3 encodes a word that is a token as that token, regardless of the merges.
        json.raw(
            "\"byte_fallback\": false, \"ignore_merges\": \(preTokenizer.hasPrefix("llama")),\n    \"vocab\": {"
        )
        for (id, token) in tokens.enumerated() {
            json.raw(id == 0 ? "\n" : ",\n")
            json.string(token)
            json.raw(":\(id)")
        }
        json.raw("},\n    \"merges\": [")
        for (index, merge) in merges.enumerated() {
            json.raw(index == 0 ? "\n" : ",\n")
            json.string(merge)
        }
        json.raw("]}\n")
    }

    private var specialTokens: [(name: String, token: String)] {
        [
            ("bos_token", bosTokenID), ("eos_token", eosTokenID), ("unk_token", unknownTokenID),
            // A model without a padding token uses its end-of-text token.
            ("pad_token", padTokenID ?? eosTokenID),
        ].compactMap { name, id in id.map { (name, tokens[Int($0)]) } }
    }

    private func makeConfig() -> [UInt8] {
        var json = JSONWriter()
        json.raw("{\n")
        json.member("add_bos_token", "\(addsBOS == true)")
        json.member("add_eos_token", "\(addsEOS == true)")
        for (name, token) in specialTokens { json.member(name, JSONWriter.quoted(token)) }
        json.member("clean_up_tokenization_spaces", "false")
        json.member("tokenizer_class", "\"PreTrainedTokenizerFast\"", isLast: true)
        json.raw("}\n")
        return json.bytes
    }

    private func makeSpecialTokens() -> [UInt8] {
        var json = JSONWriter()
        json.raw("{\n")
        for (index, (name, token)) in specialTokens.enumerated() {
            json.member(name, JSONWriter.quoted(token), isLast: index == specialTokens.count - 1)
        }
        json.raw("}\n")
        return json.bytes
    }
}
