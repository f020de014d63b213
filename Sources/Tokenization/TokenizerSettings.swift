import JSON

/// The settings in `tokenizer_config.json` and `special_tokens_map.json`.
struct TokenizerSettings: Sendable, Equatable {
    /// The names in the files for the special tokens with a purpose.
    static let names = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    /// The special tokens by the names above.
    var special: [String: String] = [:]
    /// The model's maximum number of tokens.
    var modelMaxLength: Int?
    /// Whether truncation removes the start of a text instead of its end.
    var truncatesLeft = false
    /// The chat template.
    var chatTemplate: String?
    /// Whether the model gets token types.
    var givesTokenTypes = false

    /// Lengths of at least this value mean "no limit" in the files.
    private static let unlimited = 1e15

    init() {}

    /// Reads the files and changes the pipeline as transformers does.
    ///
    /// - Parameters:
    ///   - files: The tokenizer's files.
    ///   - stages: The stages of the folder's class, with its default special tokens; nil without a class.
    ///   - pipeline: Receives the special tokens that it lacks.
    /// - Throws: `.corrupt` naming the file.
    init(
        files: TokenizerFiles,
        _ stages: ClassStages?,
        pipeline: inout Pipeline
    ) throws(TokenizerError) {
        var tokens: [String: AddedToken] = [:]
        var extra: [AddedToken] = []
        // As in transformers, special_tokens_map.json counts only if tokenizer_config.json lists no added tokens,
        // and then takes precedence.
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

    private static func parse(_ bytes: [UInt8], _ file: String) throws(TokenizerError) -> JSONDocument.Value {
        do throws(TokenizerError) {
            return try JSONDocument(parsing: bytes).root
        } catch {
            throw error.inside(file)
        }
    }

    private mutating func readConfig(_ root: JSONDocument.Value) {
        if let length = root["model_max_length"]?.number, length >= 1, length < Self.unlimited {
            modelMaxLength = Int(length)
        }
        truncatesLeft = root["truncation_side"]?.string == "left"
        chatTemplate = root["chat_template"]?.string
    }

    /// Whether `model_input_names` lists token types; without it, the default of the class.
    private static func givesTokenTypes(
        _ config: JSONDocument.Value?,
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

    private static func token(_ json: JSONDocument.Value?) throws(TokenizerError) -> AddedToken? {
        guard let json, !json.isNull else { return nil }
        if let content = json.string { return AddedToken(content: content) }
        return try AddedToken(json: json, isSpecialByDefault: true)
    }

    private func complete(
        _ pipeline: inout Pipeline,
        with special: [AddedToken],
        _ config: JSONDocument.Value?
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
