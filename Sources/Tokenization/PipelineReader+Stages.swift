extension PipelineReader {
    /// Reads a normaliser.
    func readNormalizer(_ json: JSONValue) throws(TokenizerError) -> any Normalizer {
        let type = try json.required("type").asString()
        switch type {
        case "Sequence":
            var steps: [any Normalizer] = []
            for step in try self.steps("normalizers", of: json) { steps.append(try readNormalizer(step)) }
            return NormalizerSequence(steps: steps)
        default: throw unknown(type, in: json, known: ["Sequence"])
        }
    }

    /// Reads a pre-tokenizer.
    ///
    /// - Parameters:
    ///   - json: The object.
    ///   - isLast: Whether nothing comes between it and the model.
    ///   - spelling: How words reach the model.
    /// - Returns: The stage.
    /// - Throws: `.corrupt` or `.unsupported` with the JSON path.
    func readPreTokenizer(
        _ json: JSONValue,
        isLast: Bool,
        _ spelling: Spelling
    ) throws(TokenizerError) -> any PreTokenizer {
        let type = try json.required("type").asString()
        switch type {
        case "Sequence":
            var steps: [any PreTokenizer] = []
            let elements = try self.steps("pretokenizers", of: json)
            for (index, step) in elements.enumerated() {
                let isLast = isLast && index == elements.count - 1
                steps.append(try readPreTokenizer(step, isLast: isLast, spelling))
            }
            return PreTokenizerSequence(steps: steps)
        case "ByteLevel":
            return ByteLevelPreTokenizer(
                addsPrefixSpace: try json.flag("add_prefix_space", default: true),
                cuts: try json.flag("use_regex", default: true),
                spells: !(isLast && spelling.takesRawBytes)
            )
        case "Digits":
            return DigitsPreTokenizer(individually: try json.flag("individual_digits", default: false))
        case "Split": return try readSplit(json)
        default: throw unknown(type, in: json, known: ["ByteLevel", "Digits", "Sequence", "Split"])
        }
    }

    private func readSplit(_ json: JSONValue) throws(TokenizerError) -> any PreTokenizer {
        let named = try json.required("behavior")
        guard let behavior = DelimiterBehavior(rawValue: try named.asString()) else {
            let known = DelimiterBehavior.allCases.map(\.rawValue).joined(separator: ", ")
            throw named.fault("expected one of \(known).")
        }
        return SplitPreTokenizer(
            pattern: try readPattern(json.required("pattern")),
            behavior: behavior,
            isInverted: try json.flag("invert", default: false)
        )
    }

    private func readPattern(_ json: JSONValue) throws(TokenizerError) -> SplitPreTokenizer.Pattern {
        if let text = json["String"] { return .text(try text.asUTF8()) }
        let regex = try json.required("Regex")
        guard let pattern = WordPattern(regex: try regex.asString()) else {
            throw regex.fault("this regular expression is not one of those supported here.", .unsupported)
        }
        return .words(pattern)
    }

    /// Reads a post-processor.
    func readPostProcessor(_ json: JSONValue) throws(TokenizerError) -> any PostProcessor {
        let type = try json.required("type").asString()
        switch type {
        case "Sequence":
            var steps: [any PostProcessor] = []
            for step in try self.steps("processors", of: json) { steps.append(try readPostProcessor(step)) }
            return PostProcessorSequence(steps: steps)
        case "ByteLevel":
            return ByteLevelPostProcessor(
                trimsOffsets: try json.flag("trim_offsets", default: true),
                addsPrefixSpace: try json.flag("add_prefix_space", default: true)
            )
        case "TemplateProcessing": return try TemplatePostProcessor(json: json)
        default: throw unknown(type, in: json, known: ["ByteLevel", "Sequence", "TemplateProcessing"])
        }
    }

    /// Reads a decoder.
    func readDecoder(_ json: JSONValue) throws(TokenizerError) -> any Decoder {
        let type = try json.required("type").asString()
        switch type {
        case "Sequence":
            var steps: [any Decoder] = []
            for step in try self.steps("decoders", of: json) { steps.append(try readDecoder(step)) }
            return DecoderSequence(steps: steps)
        case "ByteLevel": return ByteLevelDecoder()
        default: throw unknown(type, in: json, known: ["ByteLevel", "Sequence"])
        }
    }
}

/// Runs normalisers one after another.
struct NormalizerSequence: Normalizer {
    var steps: [any Normalizer]

    func normalize(_ text: inout TrackedText) {
        for step in steps { step.normalize(&text) }
    }
}

extension TemplatePostProcessor {
    /// Reads a post-processor of type `TemplateProcessing`.
    init(json: JSONValue) throws(TokenizerError) {
        var tokens: [String: [SpecialToken]] = [:]
        for (name, value) in json["special_tokens"]?.members ?? [] {
            let ids = try value.required("ids").elements
            let texts = try value.required("tokens").elements
            guard ids.count == texts.count else {
                throw value.fault("\(ids.count) ids for \(texts.count) tokens; expected as many.")
            }
            var list: [SpecialToken] = []
            for (id, text) in zip(ids, texts) {
                list.append(SpecialToken(id: try id.asTokenID(), token: try text.asString()))
            }
            tokens[name] = list
        }
        single = try Self.parts(json.required("single"), tokens)
        pair = try Self.parts(json.required("pair"), tokens)
    }

    private static func parts(
        _ json: JSONValue,
        _ tokens: [String: [SpecialToken]]
    ) throws(TokenizerError) -> [Part] {
        var result: [Part] = []
        for element in json.elements {
            if let sequence = element["Sequence"] {
                let index = try sequence.required("id").asString() == "B" ? 1 : 0
                result.append(.sequence(index, typeID: try sequence.required("type_id").asTokenID()))
            } else {
                let special = try element.required("SpecialToken")
                let name = try special.required("id")
                guard let list = tokens[try name.asString()] else {
                    throw name.fault("this token is not among the template's special_tokens.")
                }
                result.append(.special(list, typeID: try special.required("type_id").asTokenID()))
            }
        }
        return result
    }
}
