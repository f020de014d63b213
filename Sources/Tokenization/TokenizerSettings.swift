/// What `tokenizer_config.json` and `special_tokens_map.json` decide.
struct TokenizerSettings: Sendable, Equatable {
    /// The names under which the files keep one special token each.
    static let names = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    /// The special tokens by the names above.
    var special: [String: String] = [:]
    /// The most tokens that the model takes.
    var modelMaxLength: Int?
    /// Whether truncation cuts the start of a text, not its end.
    var truncatesLeft = false
    /// The chat template.
    var chatTemplate: String?
    /// Whether the model is given token types.
    var givesTokenTypes = false

    /// Lengths from here on mean "no limit" in the files.
    private static let unlimited = 1e15

    init() {}

    /// Reads the files, and does to the pipeline what the Python library does when it reads them.
    ///
    /// - Parameters:
    ///   - files: The tokenizer's files.
    ///   - stages: Those of the folder's class, which has special tokens of its own; nil where it has none.
    ///   - pipeline: Gets the special tokens that it lacks, and the template that the files ask for.
    /// - Throws: `.corrupt` naming the file.
    init(
        files: TokenizerFiles,
        _ stages: ClassStages?,
        pipeline: inout Pipeline
    ) throws(TokenizerError) {
        var tokens: [String: AddedToken] = [:]
        var extra: [AddedToken] = []
        // As in the library, special_tokens_map.json counts only where tokenizer_config.json lists no tokens
        // of its own, and then goes before it.
        let config = try files.config.map { (bytes) throws(TokenizerError) in
            try Self.parse(bytes, TokenizerFiles.configName)
        }
        var sources = [(config, TokenizerFiles.configName)]
        if let map = files.specialTokens, config?["added_tokens_decoder"] == nil {
            sources.append(
                (try Self.parse(map, TokenizerFiles.specialTokensName), TokenizerFiles.specialTokensName)
            )
        }
        for (root, file) in sources {
            guard let root else { continue }
            do throws(TokenizerError) {
                for name in Self.names {
                    if let token = try Self.token(root[name]) { tokens[name] = token }
                }
                for list in ["additional_special_tokens", "extra_special_tokens"] {
                    for element in root[list]?.elements ?? [] {
                        if let token = try Self.token(element) { extra.append(token) }
                    }
                }
            } catch {
                throw error.inside(file)
            }
        }
        if let config { readConfig(config) }
        do throws(TokenizerError) {
            givesTokenTypes = try Self.givesTokenTypes(config, files)
        } catch {
            throw error.inside(TokenizerFiles.configName)
        }
        for (name, token) in stages?.defaultTokens ?? [] where tokens[name] == nil { tokens[name] = token }
        special = tokens.mapValues(\.content)
        if let template = files.chatTemplate { chatTemplate = String(decoding: template, as: UTF8.self) }
        let ordered = Self.names.compactMap { tokens[$0] } + extra
        try complete(&pipeline, with: ordered, config)
    }

    private static func parse(_ bytes: [UInt8], _ file: String) throws(TokenizerError) -> JSONValue {
        do throws(TokenizerError) {
            return try JSONDocument(parsing: bytes).root
        } catch {
            throw error.inside(file)
        }
    }

    private mutating func readConfig(_ root: JSONValue) {
        if let length = root["model_max_length"]?.number, length >= 1, length < Self.unlimited {
            modelMaxLength = Int(length)
        }
        truncatesLeft = root["truncation_side"]?.string == "left"
        chatTemplate = root["chat_template"]?.string
    }

    /// What `model_input_names` says of token types; without it, what the class has by default.
    private static func givesTokenTypes(
        _ config: JSONValue?,
        _ files: TokenizerFiles
    ) throws(TokenizerError) -> Bool {
        if let names = config?["model_input_names"], !names.isNull {
            guard names.kind == .array, names.elements.allSatisfy({ $0.string != nil }) else {
                throw names.fault("expected a list of names, such as [\"input_ids\", \"attention_mask\"].")
            }
            return names.elements.contains { $0.string == "token_type_ids" }
        }
        let model = files.modelConfiguration.flatMap { try? JSONDocument(parsing: $0).root }
        return TokenizerClass.givesTokenTypes(
            name: config?["tokenizer_class"]?.string ?? model?["tokenizer_class"]?.string,
            modelType: model?["model_type"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        )
    }

    private static func token(_ json: JSONValue?) throws(TokenizerError) -> AddedToken? {
        guard let json, !json.isNull else { return nil }
        if let content = json.string { return AddedToken(content: content) }
        return try AddedToken(json: json, isSpecialByDefault: true)
    }

    private func complete(
        _ pipeline: inout Pipeline,
        with special: [AddedToken],
        _ config: JSONValue?
    ) throws(TokenizerError) {
        var new: [AddedToken] = []
        for (_, value) in config?["added_tokens_decoder"]?.members ?? [] {
            let token: AddedToken
            do throws(TokenizerError) {
                token = try AddedToken(json: value)
            } catch {
                throw error.inside(TokenizerFiles.configName)
            }
            let known = pipeline.added.id(of: Array(token.content.utf8)).flatMap { pipeline.added.tokens[$0] }
            if known != token { new.append(token) }
        }
        for token in special where pipeline.added.id(of: Array(token.content.utf8)) == nil {
            if !new.contains(where: { $0.content.utf8.elementsEqual(token.content.utf8) }) {
                new.append(token)
            }
        }
        if !new.isEmpty {
            pipeline.added.add(new, to: pipeline.vocabulary, normalizer: pipeline.normalizer)
        }
    }
}
