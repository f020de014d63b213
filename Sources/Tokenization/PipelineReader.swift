import JSON

/// Builds a pipeline from a tokenizer.json.
///
/// The `"type"` of a stage names it. An unknown type is an error with its JSON path, never a guess.
struct PipelineReader {
    let root: JSONDocument.Value

    /// Reads the whole file.
    ///
    /// - Returns: The pipeline with its added tokens.
    /// - Throws: `.corrupt` or `.unsupported` with the JSON path.
    func read() throws(TokenizerError) -> Pipeline {
        guard root.kind == .object else { throw root.fault("expected an object, found \(root.kind).") }
        let normalizer = try root["normalizer"].map(optional: readNormalizer)
        let modelJSON = try root.required("model")
        let spelling = Spelling(preTokenizer: root["pre_tokenizer"], model: modelJSON)
        let (model, vocabulary) = try readModel(modelJSON, spelling)
        var pipeline = Pipeline(
            normalizer: normalizer,
            preTokenizer: try root["pre_tokenizer"].map(optional: { (json) throws(TokenizerError) in
                try readPreTokenizer(json, isLast: true, spelling)
            }),
            model: model,
            vocabulary: vocabulary,
            postProcessor: try root["post_processor"].map(optional: readPostProcessor),
            decoder: try root["decoder"].map(optional: readDecoder)
        )
        pipeline.spelledOutID = (model as? UnigramModel)?.unknownID
        pipeline.needsOrigins = Self.asksForPlace(root["pre_tokenizer"])
        pipeline.added.add(try readAddedTokens(), to: vocabulary, normalizer: normalizer)
        return pipeline
    }

    /// Whether words reach the model spelled in the byte alphabet, and whether the model takes raw bytes instead.
    struct Spelling {
        var isSpelled = false
        var takesRawBytes = false

        init(preTokenizer: JSONDocument.Value?, model: JSONDocument.Value) {
            var last = preTokenizer
            while let inner = last?["pretokenizers"]?.elements.last { last = inner }
            isSpelled = last?["type"]?.string == "ByteLevel"
            let isPlain = ["continuing_subword_prefix", "end_of_word_suffix"].allSatisfy {
                (model[$0]?.string ?? "").isEmpty
            }
            takesRawBytes =
                isSpelled && isPlain && model["byte_fallback"]?.bool != true
                && (model["type"]?.string ?? "BPE") == "BPE" && model["merges"] != nil
        }
    }

    private func readModel(
        _ json: JSONDocument.Value,
        _ spelling: Spelling
    ) throws(TokenizerError) -> (any TokenModel, Vocabulary) {
        let type = try json.optionalString("type") ?? Self.guessModelType(json)
        switch type {
        case "BPE":
            let model = try BytePairModel(json: json, takesRawBytes: spelling.takesRawBytes)
            return (model, model.vocabulary)
        case "WordPiece":
            let model = try WordPieceModel(json: json)
            return (model, model.vocabulary)
        case "Unigram":
            let model = try UnigramModel(json: json)
            return (model, model.vocabulary)
        case "WordLevel":
            let model = try WordLevelModel(json: json)
            return (model, model.vocabulary)
        default: throw unknown(type, in: json, known: ["BPE", "Unigram", "WordLevel", "WordPiece"])
        }
    }

    /// Whether a pre-tokenizer treats the start of the text differently.
    private static func asksForPlace(_ json: JSONDocument.Value?) -> Bool {
        guard let json else { return false }
        return json["prepend_scheme"]?.string == "first"
            || (json["pretokenizers"]?.elements ?? []).contains(where: asksForPlace)
    }

    private static func guessModelType(_ json: JSONDocument.Value) -> String {
        if json["merges"] != nil { return "BPE" }
        return json["vocab"]?.kind == .array ? "Unigram" : "WordPiece"
    }

    private func readAddedTokens() throws(TokenizerError) -> [AddedToken] {
        var result: [AddedToken] = []
        for json in root["added_tokens"]?.elements ?? [] { result.append(try AddedToken(json: json)) }
        return result
    }

    /// The error for a stage of an unknown type.
    func unknown(_ type: String, in json: JSONDocument.Value, known: [String]) -> TokenizerError {
        json.fault(
            "'\(type)' is not supported. Supported: \(known.joined(separator: ", ")).",
            .unsupported
        )
    }

    /// Returns the elements of a member, which must be an array.
    func steps(_ name: String, of json: JSONDocument.Value) throws(TokenizerError) -> [JSONDocument.Value] {
        let list = try json.required(name)
        guard list.kind == .array else { throw list.fault("expected an array, found \(list.kind).") }
        return list.elements
    }
}

extension AddedToken {
    /// Reads an element of `added_tokens`, or a special token of a tokenizer_config.json.
    init(json: JSONDocument.Value, isSpecialByDefault: Bool = false) throws(TokenizerError) {
        content = try json.required("content").asString()
        isSpecial = try json.flag("special", default: isSpecialByDefault)
        isNormalized = try json.flag("normalized", default: !isSpecial)
        stripsLeft = try json.flag("lstrip", default: false)
        stripsRight = try json.flag("rstrip", default: false)
        isSingleWord = try json.flag("single_word", default: false)
    }
}

extension Optional where Wrapped == JSONDocument.Value {
    /// `map` with a typed error.
    func map<Stage>(
        optional read: (JSONDocument.Value) throws(TokenizerError) -> Stage
    ) throws(TokenizerError) -> Stage? {
        guard let self else { return nil }
        return try read(self)
    }
}
