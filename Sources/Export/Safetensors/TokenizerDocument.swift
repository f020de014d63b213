import JSON
import Tokenization

/// The `tokenizer.json` of a tokenizer, whose vocabulary can be cut.
struct TokenizerDocument {
    /// The file's members.
    let root: JSONObject
    /// The vocabulary of the model, in the file's order.
    let tokens: [(text: String, id: Int32)]

    private let tokenizer: Tokenizer

    /// The model's member `model`.
    private var model: JSONValue { root["model"] }

    /// Reads the file.
    ///
    /// - Parameter tokenizer: A tokenizer.
    /// - Throws: ``ExportError`` for a vocabulary that cannot be cut.
    init(_ tokenizer: Tokenizer) throws(ExportError) {
        guard let file = tokenizer.files.first(where: { $0.name == "tokenizer.json" }),
            let root = (try? JSONValue.parse(file.contents))?.object
        else { throw Self.unreadable }
        self.root = root
        self.tokenizer = tokenizer
        let vocabulary = root["model"]["vocab"]
        if let list = vocabulary.array {
            tokens = list.enumerated().compactMap { id, entry in
                entry.array?.first?.string.map { (text: $0, id: Int32(id)) }
            }
        } else {
            tokens = (vocabulary.object?.members ?? []).compactMap { member in
                member.value.int.flatMap(Int32.init(exactly:)).map { (text: member.name, id: $0) }
            }
        }
        guard !tokens.isEmpty else { throw Self.unreadable }
        let affixes = ["continuing_subword_prefix", "end_of_word_suffix"]
            .map { root["model"][$0].string ?? "" }
        guard tokenizer.kind != "BPE" || affixes.allSatisfy(\.isEmpty) else {
            throw ExportError(
                .unsupported,
                "the vocabulary cannot be cut, because its BPE marks the beginnings or ends of words; export with the whole "
                    + "vocabulary"
            )
        }
    }

    private static let unreadable = ExportError(
        .unsupported,
        "the vocabulary cannot be cut, because tokenizer.json has none, or numbers such as NaN that JSON lacks; export with the "
            + "whole vocabulary"
    )

    // MARK: The tokens to keep besides those that texts use

    /// The ids of tokens with a purpose: added tokens, those of the files' settings and those that are put around texts.
    var specialIDs: [Int32] {
        let added = (root["added_tokens"].array ?? []).compactMap { $0["content"].string }
        let named = tokenizer.specialTokens.map(\.token)
        let decoder = (settings["added_tokens_decoder"].object?.members ?? [])
            .compactMap { $0.value["content"].string }
        let others = ["additional_special_tokens", "extra_special_tokens"]
            .flatMap { settings[$0].array ?? [] }
            .compactMap { $0.string ?? $0["content"].string }
        let unknown = [model["unk_token"].string].compactMap { $0 }
        let contents = added + named + decoder + others + unknown
        let numbers =
            [model["unk_id"].int, root["padding"]["pad_id"].int].compactMap { $0 }
            + Self.ids(inPostProcessor: root["post_processor"])
        return contents.compactMap(tokenizer.id(for:)) + numbers.compactMap(Int32.init(exactly:))
    }

    /// `tokenizer_config.json`.
    private var settings: JSONValue {
        let file = tokenizer.files.first { $0.name == "tokenizer_config.json" }
        return file.flatMap { try? JSONValue.parse($0.contents) } ?? .null
    }

    /// The ids that a post-processor puts around texts.
    private static func ids(inPostProcessor json: JSONValue) -> [Int] {
        let tokens = (json["special_tokens"].object?.members ?? []).flatMap { $0.value["ids"].array ?? [] }
        let ends = ["sep", "cls"].compactMap { json[$0].array?.last }
        return (tokens + ends).compactMap(\.int)
            + (json["processors"].array ?? []).flatMap(ids(inPostProcessor:))
    }

    /// The tokens of single bytes, and of the single characters that other kept tokens have, so that new words can be spelled.
    ///
    /// - Parameter isKept: Whether a token is kept already.
    /// - Returns: Their ids.
    func spellingIDs(_ isKept: (Int32) -> Bool) -> [Int32] {
        let spellsBytes = ["pre_tokenizer", "normalizer", "decoder"].contains { Self.spellsBytes(root[$0]) }
        let prefix = tokenizer.kind == "WordPiece" ? model["continuing_subword_prefix"].string ?? "##" : ""
        var characters = Set((0x20..<0x7F).map { Unicode.Scalar(UInt8($0)) })
        for token in tokens where isKept(token.id) { characters.formUnion(token.text.unicodeScalars) }
        let bytes = model["byte_fallback"].bool == true
        return tokens.filter { text, _ in
            if bytes, text.wholeMatch(of: #/<0x[0-9A-F]{2}>/#) != nil { return true }
            let scalars = text.unicodeScalars
            let isInside = scalars.starts(with: prefix.unicodeScalars)
            let rest = scalars.dropFirst(isInside ? prefix.unicodeScalars.count : 0)
            guard let first = rest.first, rest.dropFirst().isEmpty else { return false }
            return spellsBytes || characters.contains(first)
        }.map(\.id)
    }

    /// Whether a stage spells bytes as characters.
    private static func spellsBytes(_ json: JSONValue) -> Bool {
        json["type"].string == "ByteLevel"
            || ["pretokenizers", "normalizers", "decoders"].contains { name in
                (json[name].array ?? []).contains(where: spellsBytes)
            }
    }

    /// The token with the lowest score of a Unigram model, from which the score of unknown characters follows.
    var lowestScoreID: Int32? {
        let entries = model["vocab"].array ?? []
        let scores = entries.enumerated().compactMap { id, entry in
            entry.array?.last?.double.map { (id: id, score: $0) }
        }
        return scores.min { $0.score < $1.score }.map { Int32($0.id) }
    }

    /// The merges of a BPE model; nil for another model.
    var merges: [JSONValue]? { model["merges"].array }
}

// MARK: Cutting

extension TokenizerDocument {
    /// The tokenizer's files with the tokens of a map only.
    ///
    /// - Parameters:
    ///   - map: The new ids.
    ///   - merges: The merges of a BPE model to keep; nil for another model.
    /// - Returns: The files that change: `tokenizer.json`, and `tokenizer_config.json` if it lists ids.
    func files(_ map: VocabularyMap, merges: [JSONValue]?) -> [(name: String, contents: String)] {
        var files = [
            (name: "tokenizer.json", contents: JSONValue.object(cut(map, merges: merges)).compact)
        ]
        if var settings = settings.object, let decoder = settings["added_tokens_decoder"].object {
            let members = decoder.members.compactMap { member in
                newID(ofContent: member.value, map).map { ("\($0)", member.value) }
            }
            settings["added_tokens_decoder"] = .object(JSONObject(members))
            files.append((name: "tokenizer_config.json", contents: JSONValue.object(settings).formatted))
        }
        return files
    }

    private func cut(_ map: VocabularyMap, merges: [JSONValue]?) -> JSONObject {
        var root = root
        var model = root["model"].object ?? [:]
        model["vocab"] = cutVocabulary(map)
        if let merges { model["merges"] = .array(merges) }
        if let unknown = map.newID(model["unk_id"].int) { model["unk_id"] = .int(unknown) }
        root["model"] = .object(model)
        if let added = root["added_tokens"].array {
            root["added_tokens"] = .array(
                added.compactMap { token -> JSONValue? in
                    guard let id = newID(ofContent: token, map), var object = token.object else { return nil }
                    object["id"] = .int(id)
                    return .object(object)
                }
            )
        }
        if root["post_processor"] != .null {
            root["post_processor"] = Self.renumbered(root["post_processor"], map)
        }
        if var padding = root["padding"].object, let id = map.newID(padding["pad_id"].int) {
            padding["pad_id"] = .int(id)
            root["padding"] = .object(padding)
        }
        return root
    }

    private func cutVocabulary(_ map: VocabularyMap) -> JSONValue {
        if let list = model["vocab"].array {
            return .array(map.oldIDs.map(Int.init).filter(list.indices.contains).map { list[$0] })
        }
        let kept = tokens.compactMap { text, id in map[id].map { (text, JSONValue.int(Int($0))) } }
        return .object(JSONObject(kept))
    }

    /// The new id of an added token.
    private func newID(ofContent token: JSONValue, _ map: VocabularyMap) -> Int? {
        map.newID(token["content"].string.flatMap(tokenizer.id(for:)).map(Int.init))
    }

    /// A post-processor with new ids.
    private static func renumbered(_ json: JSONValue, _ map: VocabularyMap) -> JSONValue {
        guard var object = json.object else { return json }
        func newID(_ id: JSONValue) -> JSONValue { map.newID(id.int).map(JSONValue.int) ?? id }
        if let tokens = object["special_tokens"].object {
            let members = tokens.members.map { member -> (String, JSONValue) in
                guard var token = member.value.object, let ids = token["ids"].array else {
                    return (member.name, member.value)
                }
                token["ids"] = .array(ids.map(newID))
                return (member.name, .object(token))
            }
            object["special_tokens"] = .object(JSONObject(members))
        }
        for name in ["sep", "cls"] {
            guard let pair = object[name].array, pair.count == 2 else { continue }
            object[name] = .array([pair[0], newID(pair[1])])
        }
        if let steps = object["processors"].array {
            object["processors"] = .array(steps.map { renumbered($0, map) })
        }
        return .object(object)
    }
}
