import JSON

/// The settings in a folder's small files, for a tokenizer built from bare vocabulary files.
///
/// Source: `PreTrainedTokenizerBase._from_pretrained` of transformers 5.23.
struct SourceSettings {
    /// `tokenizer_config.json`; an empty object if it is missing.
    let config: JSONDocument.Value
    /// The special tokens by name, as in the files; names that are set to null are in `withoutToken`.
    private(set) var named: [String: AddedToken] = [:]
    /// The names that the files set to null.
    private(set) var withoutToken: Set<String> = []
    /// The added tokens that the files list with ids, lowest id first.
    private(set) var added: [AddedToken] = []
    /// Further special tokens; nil if the files have no list of them.
    private(set) var extra: [AddedToken]?

    /// Reads the files' contents.
    ///
    /// - Parameters:
    ///   - config: `tokenizer_config.json`, if present.
    ///   - specialTokens: `special_tokens_map.json`, if present.
    ///   - addedTokens: `added_tokens.json`, if present.
    /// - Throws: `.corrupt` with file and JSON path.
    init(
        config: [UInt8]?,
        specialTokens: [UInt8]? = nil,
        addedTokens: [UInt8]? = nil
    ) throws(TokenizerError) {
        self.config = try Self.parse(config ?? Array("{}".utf8), TokenizerFiles.configName)
        do throws(TokenizerError) {
            try readConfig()
        } catch {
            throw error.inside(TokenizerFiles.configName)
        }
        // The older files count only if the newer one does not list its tokens.
        guard self.config["added_tokens_decoder"] == nil else { return }
        if let specialTokens {
            let root = try Self.parse(specialTokens, TokenizerFiles.specialTokensName)
            do throws(TokenizerError) {
                try readTokens(root)
            } catch {
                throw error.inside(TokenizerFiles.specialTokensName)
            }
        }
        if let addedTokens { try readAddedTokens(addedTokens) }
    }

    private static func parse(_ bytes: [UInt8], _ name: String) throws(TokenizerError) -> JSONDocument.Value {
        do throws(TokenizerError) {
            let root = try JSONDocument(parsing: bytes).root
            guard root.kind == .object else { throw root.fault("expected an object, found \(root.kind).") }
            return root
        } catch {
            throw error.inside(name)
        }
    }

    private mutating func readConfig() throws(TokenizerError) {
        try readTokens(config)
        var byID: [(id: Int, token: AddedToken)] = []
        for (name, value) in config["added_tokens_decoder"]?.members ?? [] {
            guard let id = Int(name), id >= 0 else { throw value.fault("expected a token id as the name.") }
            byID.append((id, try AddedToken(json: value)))
        }
        added = byID.sorted { $0.id < $1.id }.map(\.token)
        for (name, token) in named {
            if let listed = added.last(where: { Self.isSame($0, token) }) { named[name] = listed }
        }
    }

    private mutating func readTokens(_ root: JSONDocument.Value) throws(TokenizerError) {
        for (name, value) in root.members where TokenizerSettings.names.contains(name) {
            withoutToken.remove(name)
            named[name] = try Self.token(value)
            if value.isNull { withoutToken.insert(name) }
        }
        let list = root["extra_special_tokens"] ?? root["additional_special_tokens"]
        guard let list else { return }
        var tokens: [AddedToken] = []
        let values = list.kind == .object ? list.members.map(\.value) : list.elements
        for value in values {
            if let token = try Self.token(value) { tokens.append(token) }
        }
        extra = tokens
    }

    private static func token(_ json: JSONDocument.Value) throws(TokenizerError) -> AddedToken? {
        if json.isNull { return nil }
        if let content = json.string { return AddedToken(content: content) }
        var token = try AddedToken(json: json, isSpecialByDefault: true)
        token.isSpecial = true
        return token
    }

    private mutating func readAddedTokens(_ bytes: [UInt8]) throws(TokenizerError) {
        let root = try Self.parse(bytes, "added_tokens.json")
        var byID: [(id: Int32, token: AddedToken)] = []
        for (name, value) in root.members {
            let isSpecial =
                named.values.contains { $0.content.utf8.elementsEqual(name.utf8) }
                || (extra ?? []).contains { $0.content.utf8.elementsEqual(name.utf8) }
            var token = AddedToken(content: name)
            token.isSpecial = isSpecial
            token.isNormalized = !isSpecial
            do throws(TokenizerError) {
                byID.append((try value.asTokenID(), token))
            } catch {
                throw error.inside("added_tokens.json")
            }
        }
        added = byID.sorted { $0.id < $1.id }.map(\.token)
    }

    private static func isSame(_ left: AddedToken, _ right: AddedToken) -> Bool {
        left.content.utf8.elementsEqual(right.content.utf8)
    }

    /// A Boolean option of the class.
    func flag(_ name: String, default value: Bool) throws(TokenizerError) -> Bool {
        do throws(TokenizerError) {
            return try config.flag(name, default: value)
        } catch {
            throw error.inside(TokenizerFiles.configName)
        }
    }

    /// A whole-number option; the default if it is missing.
    func count(_ name: String, default value: Int, most: Int) throws(TokenizerError) -> Int {
        guard let json = config[name] else { return value }
        guard let count = json.integer, (0...most).contains(count) else {
            throw json.fault("expected a whole number from 0 to \(most).").inside(TokenizerFiles.configName)
        }
        return count
    }

    /// The special token with a name, from the files or else from the class.
    func token(_ name: String, of tokenizerClass: TokenizerClass) -> AddedToken? {
        if let token = named[name] { return token }
        guard !withoutToken.contains(name) else { return nil }
        guard let content = tokenizerClass.defaultTokens.first(where: { $0.name == name })?.content else {
            return nil
        }
        var token = AddedToken(content: content)
        // In these classes, the mask token includes the space before it.
        token.stripsLeft =
            name == "mask_token" && [.camembert, .mpnet, .xlnet].contains(tokenizerClass)
        return token
    }
}
