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

    /// Lengths from here on mean "no limit" in the files.
    private static let unlimited = 1e15

    init() {}

    /// Reads the files, and does to the pipeline what the Python library does when it reads them.
    ///
    /// - Parameters:
    ///   - files: The tokenizer's files.
    ///   - pipeline: Gets the special tokens that it lacks, and the template that the files ask for.
    /// - Throws: `.corrupt` naming the file.
    init(files: TokenizerFiles, pipeline: inout Pipeline) throws(TokenizerError) {
        var tokens: [String: AddedToken] = [:]
        var extra: [AddedToken] = []
        // special_tokens_map.json is older; what tokenizer_config.json says goes before it.
        for (bytes, name) in [
            (files.specialTokens, TokenizerFiles.specialTokensName),
            (files.config, TokenizerFiles.configName),
        ] {
            guard let bytes else { continue }
            do throws(TokenizerError) {
                let root = try JSONDocument(parsing: bytes).root
                for name in Self.names {
                    if let token = try Self.token(root[name]) { tokens[name] = token }
                }
                for list in ["additional_special_tokens", "extra_special_tokens"] {
                    for element in root[list]?.elements ?? [] {
                        if let token = try Self.token(element) { extra.append(token) }
                    }
                }
                if bytes == files.config { try readConfig(root) }
            } catch {
                throw error.inside(name)
            }
        }
        special = tokens.mapValues(\.content)
        if let template = files.chatTemplate { chatTemplate = String(decoding: template, as: UTF8.self) }
        let ordered = Self.names.compactMap { tokens[$0] } + extra
        try complete(&pipeline, with: ordered, files)
    }

    private mutating func readConfig(_ root: JSONValue) throws(TokenizerError) {
        if let length = root["model_max_length"]?.number, length >= 1, length < Self.unlimited {
            modelMaxLength = Int(length)
        }
        truncatesLeft = root["truncation_side"]?.string == "left"
        chatTemplate = root["chat_template"]?.string
    }

    private static func token(_ json: JSONValue?) throws(TokenizerError) -> AddedToken? {
        guard let json, !json.isNull else { return nil }
        if let content = json.string { return AddedToken(content: content) }
        return try AddedToken(json: json, isSpecialByDefault: true)
    }

    private func complete(
        _ pipeline: inout Pipeline,
        with special: [AddedToken],
        _ files: TokenizerFiles
    ) throws(TokenizerError) {
        var new: [AddedToken] = []
        if let bytes = files.config {
            let root = try JSONDocument(parsing: bytes).root
            for (_, value) in root["added_tokens_decoder"]?.members ?? [] {
                let token = try AddedToken(json: value)
                let known = pipeline.added.id(of: Array(token.content.utf8)).flatMap {
                    pipeline.added.tokens[$0]
                }
                if known != token { new.append(token) }
            }
            try replaceTemplate(&pipeline, root)
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

    /// `add_bos_token` and `add_eos_token`, where present, replace the post-processor.
    ///
    /// Source: `update_post_processor` of transformers 5.23.
    private func replaceTemplate(_ pipeline: inout Pipeline, _ root: JSONValue) throws(TokenizerError) {
        guard root["add_bos_token"] != nil || root["add_eos_token"] != nil || pipeline.postProcessor == nil
        else {
            return
        }
        let addsBOS = try root.flag("add_bos_token", default: false)
        let addsEOS = try root.flag("add_eos_token", default: false)
        pipeline.postProcessor = template(pipeline, addsBOS: addsBOS, addsEOS: addsEOS)
    }

    /// The post-processor that puts bos and eos around each text.
    func template(_ pipeline: Pipeline, addsBOS: Bool, addsEOS: Bool) -> TemplatePostProcessor {
        func part(_ name: String, _ isAdded: Bool, _ typeID: Int32) -> [TemplatePostProcessor.Part] {
            guard isAdded, let token = special[name] else { return [] }
            let bytes = Array(token.utf8)
            guard let id = pipeline.added.id(of: bytes) ?? pipeline.vocabulary.id(of: bytes) else {
                return []
            }
            return [.special([.init(id: id, token: token)], typeID: typeID)]
        }
        func sequence(_ index: Int) -> [TemplatePostProcessor.Part] {
            let typeID = Int32(index)
            return part("bos_token", addsBOS, typeID) + [.sequence(index, typeID: typeID)]
                + part("eos_token", addsEOS, typeID)
        }
        return TemplatePostProcessor(single: sequence(0), pair: sequence(0) + sequence(1))
    }
}
