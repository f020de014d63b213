import JSON

/// Builds a `tokenizer.json` from a bare vocabulary, like one of transformers' tokenizer classes.
///
/// The result has the same file format as any other, so it can be saved and opened again.
struct TokenizerBuilder {
    /// The kind of model that splits words into tokens.
    enum Model {
        /// WordPiece: parts of words, each the longest that fits.
        case wordPiece
        /// BPE: pairs that merge, in order.
        case bytePairs(merges: [(left: [UInt8], right: [UInt8])])
        /// Unigram: the likeliest parts, with a score for each token.
        case unigram(scores: [Double], unknownID: Int)
    }

    var tokenizerClass: TokenizerClass
    var settings: SourceSettings
    var model: Model
    /// The tokens in the file's order; of two equal ones, the last counts.
    var tokens: [(token: [UInt8], id: Int32)]
    /// The class's name in the model's `config.json`, which counts if `tokenizer_config.json` names none.
    var className: String?
    /// SentencePiece's compiled normaliser, in base64.
    var charsmap: String?
    /// The tokens that the vocabulary file itself marks as control or user-defined.
    var fileTokens: [AddedToken] = []
    /// Tokens that are added before all others.
    var firstTokens: [AddedToken] = []
    /// Whether the normaliser inserts the leading space and nothing splits the text, as in Phi-3 of Llama's class.
    var prependsByNormalizer = false
    /// For a vocabulary file without a class: whether unknown characters become bytes, and the unknown token.
    var byteFallback = false
    var unknownToken: String?
    /// The special tokens by name in the vocabulary file, used if neither the files nor the class names them.
    var fallbackTokens: [String: String] = [:]

    /// The resolved added tokens, set by ``resolve()``.
    private(set) var added = AddedTokens()
    private(set) var addedIDs: [Int32] = []
    private var vocabulary = Vocabulary(capacity: 0)

    init(
        _ tokenizerClass: TokenizerClass,
        _ settings: SourceSettings,
        _ model: Model,
        tokens: [(token: [UInt8], id: Int32)]
    ) {
        self.tokenizerClass = tokenizerClass
        self.settings = settings
        self.model = model
        self.tokens = tokens
    }

    /// The id of a token's text, added or not.
    func id(of text: String) -> Int32? {
        let bytes = Array(text.utf8)
        return added.id(of: bytes) ?? vocabulary.id(of: bytes)
    }

    /// The special token with a name, from the files or the class.
    func special(_ name: String) -> AddedToken? {
        if let token = settings.token(name, of: tokenizerClass) { return token }
        guard !settings.withoutToken.contains(name) else { return nil }
        return fallbackTokens[name].map { AddedToken(content: $0) }
    }

    /// Uses the tokens of a pipeline that has been read.
    mutating func adopt(_ pipeline: Pipeline, charsmap: String?) {
        vocabulary = pipeline.vocabulary
        added = pipeline.added
        self.charsmap = charsmap
    }

    /// Makes the equivalent tokenizer files.
    ///
    /// - Throws: `.corrupt` if a token that the class needs is missing.
    func files() throws(TokenizerError) -> TokenizerFiles {
        var builder = self
        builder.resolve()
        var files = TokenizerFiles(tokenizer: try builder.tokenizerJSON())
        files.config = builder.configJSON()
        return files
    }

    /// Adds tokens in transformers' order, which determines the ids of those outside the vocabulary.
    private mutating func resolve() {
        vocabulary = Vocabulary(capacity: tokens.count, bytes: tokens.count * 8)
        for (token, id) in tokens {
            token.withUnsafeBufferPointer { _ = vocabulary.insert($0, id: id) }
        }
        var list = settings.added
        let listed = Set(list.map { Array($0.content.utf8) })
        list = firstTokens + (firstTokens.isEmpty ? [] : fileTokens) + list
        func isListed(_ token: AddedToken) -> Bool { listed.contains(Array(token.content.utf8)) }
        list += TokenizerSettings.names.compactMap(special).filter { !isListed($0) }
        list += (settings.extra ?? fileTokens).filter { !isListed($0) }
        added.add(list, to: vocabulary, normalizer: nil)
        addedIDs = added.tokens.keys.sorted()
    }

    private func tokenizerJSON() throws(TokenizerError) -> [UInt8] {
        var json = JSONWriter()
        json.raw("{\n")
        json.member("version", "\"1.0\"")
        json.member("truncation", "null")
        json.member("padding", "null")
        json.raw("  \"added_tokens\": [")
        for (index, id) in addedIDs.enumerated() {
            guard let token = added.tokens[id] else { continue }
            json.raw(index == 0 ? "\n" : ",\n")
            json.raw("    {\"id\": \(id), \"content\": ")
            json.string(token.content)
            json.raw(", \"single_word\": \(token.isSingleWord), \"lstrip\": \(token.stripsLeft), ")
            json.raw("\"rstrip\": \(token.stripsRight), \"normalized\": \(token.isNormalized), ")
            json.raw("\"special\": \(token.isSpecial)}")
        }
        json.raw(addedIDs.isEmpty ? "],\n" : "\n  ],\n")
        json.member("normalizer", try normalizer())
        json.member("pre_tokenizer", try preTokenizer())
        json.member("post_processor", try postProcessor())
        json.member("decoder", try decoder())
        json.raw("  \"model\": ")
        try writeModel(to: &json)
        json.raw("\n}\n")
        return json.bytes
    }

    private func writeModel(to json: inout JSONWriter) throws(TokenizerError) {
        json.raw("{\(try modelOptions()), \"vocab\": ")
        if case .unigram(let scores, _) = model {
            json.raw("[")
            for (index, entry) in tokens.enumerated() {
                json.raw(index == 0 ? "\n[" : ",\n[")
                json.string(entry.token)
                json.raw(", \(scores[index])]")
            }
            json.raw("]")
        } else {
            json.raw("{")
            for (index, entry) in tokens.enumerated() {
                json.raw(index == 0 ? "\n" : ",\n")
                json.string(entry.token)
                json.raw(":\(entry.id)")
            }
            json.raw("}")
        }
        if case .bytePairs(let merges) = model {
            json.raw(", \"merges\": [")
            for (index, merge) in merges.enumerated() {
                json.raw(index == 0 ? "\n[" : ",\n[")
                json.string(merge.left)
                json.raw(", ")
                json.string(merge.right)
                json.raw("]")
            }
            json.raw("]")
        }
        json.raw("}")
    }

    /// The options, the special tokens and the class, without the settings that the built tokenizer.json contains.
    private func configJSON() -> [UInt8] {
        let built: Set<String> = [
            "added_tokens_decoder", "additional_special_tokens", "extra_special_tokens", "tokenizer_class",
            "add_bos_token", "add_eos_token",
        ]
        var members: [(name: String, value: String)] = []
        for (name, value) in settings.config.members {
            guard !built.contains(name), !TokenizerSettings.names.contains(name) else { continue }
            members.append((name, value.serialized))
        }
        for name in TokenizerSettings.names {
            if let token = special(name) { members.append((name, JSONWriter.quoted(token.content))) }
        }
        let className =
            settings.config["tokenizer_class"]?.string ?? self.className ?? tokenizerClass.rawValue
        members.append(("tokenizer_class", JSONWriter.quoted(className)))
        var json = JSONWriter()
        json.raw("{\n")
        for (index, member) in members.enumerated() {
            json.member(member.name, member.value, isLast: index == members.count - 1)
        }
        json.raw("}\n")
        return json.bytes
    }
}
