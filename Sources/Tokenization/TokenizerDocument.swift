import JSON

/// Reads the stages of a `tokenizer.json`; what is not known is an error that names its place.
///
/// Source: https://github.com/huggingface/tokenizers, serialization.rs of each stage.
struct TokenizerDocument {
    let root: JSONValue
    let path: String

    func unsupported(_ place: String, _ what: String, known: String) -> TokenizerError {
        TokenizerError(
            .unsupported,
            "\(path): `\(place)` \(what), which is not supported yet; known: \(known)"
        )
    }

    func corrupt(_ place: String, _ what: String) -> TokenizerError {
        TokenizerError(.corrupt, "\(path): `\(place)` \(what); download or save the tokenizer again")
    }

    // MARK: Stages

    func checkNormalizer() throws(TokenizerError) {
        guard root["normalizer"] == .null else {
            throw unsupported(
                "normalizer",
                "is \(root["normalizer"]["type"].string ?? "unknown")",
                known: "none"
            )
        }
    }

    func preTokenizer() throws(TokenizerError) -> any PreTokenizer {
        var stages: [any PreTokenizer] = []
        let isByteLevel = try collect(root["pre_tokenizer"], "pre_tokenizer", into: &stages)
        guard isByteLevel else {
            throw unsupported("pre_tokenizer", "has no ByteLevel stage", known: "byte-level tokenizers")
        }
        return stages.count == 1 ? stages[0] : SequencePreTokenizer(stages: stages)
    }

    /// Appends the stages of one entry; tells whether one of them is ByteLevel.
    private func collect(
        _ value: JSONValue,
        _ place: String,
        into stages: inout [any PreTokenizer]
    ) throws(TokenizerError) -> Bool {
        switch value["type"].string {
        case "Sequence":
            var isByteLevel = false
            for (index, inner) in (value["pretokenizers"].array ?? []).enumerated() {
                if try collect(inner, "\(place).pretokenizers[\(index)]", into: &stages) {
                    isByteLevel = true
                }
            }
            return isByteLevel
        case "ByteLevel":
            guard value["add_prefix_space"].bool != true else {
                throw unsupported("\(place).add_prefix_space", "is true", known: "false")
            }
            if value["use_regex"].bool ?? true { stages.append(PatternPreTokenizer(pattern: .gpt2)) }
            return true
        case "Digits":
            guard value["individual_digits"].bool == true else {
                throw unsupported("\(place).individual_digits", "is false", known: "true")
            }
            stages.append(DigitsPreTokenizer())
            return false
        case "Split":
            let regex = value["pattern"]["Regex"].string ?? ""
            guard let pattern = SplitPattern(regex: regex), value["invert"].bool != true,
                value["behavior"].string == "Isolated"
            else {
                throw unsupported(
                    place,
                    "splits by \(value["pattern"].oneLine)",
                    known: "the patterns of GPT-2, Llama 3, Qwen 2"
                )
            }
            stages.append(PatternPreTokenizer(pattern: pattern))
            return false
        case let type:
            throw unsupported(
                "\(place).type",
                "is \(type ?? "missing")",
                known: "ByteLevel, Digits, Split, Sequence"
            )
        }
    }

    /// Ids that go before and after every single text.
    func template() throws(TokenizerError) -> (prefix: [Int32], suffix: [Int32]) {
        try template(root["post_processor"], "post_processor")
    }

    private func template(
        _ value: JSONValue,
        _ place: String
    ) throws(TokenizerError) -> (prefix: [Int32], suffix: [Int32]) {
        var result: (prefix: [Int32], suffix: [Int32]) = ([], [])
        switch value["type"].string {
        case nil where value == .null: break
        case "ByteLevel": break
        case "Sequence":
            for (index, inner) in (value["processors"].array ?? []).enumerated() {
                let added = try template(inner, "\(place).processors[\(index)]")
                result = (added.prefix + result.prefix, result.suffix + added.suffix)
            }
        case "TemplateProcessing":
            var isAfterText = false
            for piece in value["single"].array ?? [] {
                if piece["Sequence"] != .null {
                    isAfterText = true
                } else if let name = piece["SpecialToken"]["id"].string,
                    let ids = value["special_tokens"][name]["ids"].array
                {
                    let ids = ids.compactMap { $0.int.flatMap(Int32.init(exactly:)) }
                    if isAfterText { result.suffix += ids } else { result.prefix += ids }
                } else {
                    throw corrupt("\(place).single", "names a token that `special_tokens` lacks")
                }
            }
        case let type:
            throw unsupported(
                "\(place).type",
                "is \(type ?? "missing")",
                known: "ByteLevel, TemplateProcessing, Sequence"
            )
        }
        return result
    }

    func addedTokens() throws(TokenizerError) -> AddedTokens {
        var tokens: [AddedToken] = []
        for (index, value) in (root["added_tokens"].array ?? []).enumerated() {
            let place = "added_tokens[\(index)]"
            guard let id = value["id"].int.flatMap(Int32.init(exactly:)), id >= 0,
                let content = value["content"].string, !content.isEmpty
            else { throw corrupt(place, "lacks an id or its text") }
            guard value["single_word"].bool != true else {
                throw unsupported("\(place).single_word", "is true", known: "false")
            }
            tokens.append(
                AddedToken(
                    id: id,
                    content: content,
                    isSpecial: value["special"].bool ?? false,
                    stripsLeft: value["lstrip"].bool ?? false,
                    stripsRight: value["rstrip"].bool ?? false
                )
            )
        }
        return AddedTokens(tokens)
    }
}
