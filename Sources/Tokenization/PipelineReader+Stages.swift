import JSON

extension PipelineReader {
    /// Reads a pre-tokenizer.
    ///
    /// - Parameters:
    ///   - json: The object.
    ///   - isLast: Whether it is the last stage before the model.
    ///   - spelling: The form in which words reach the model.
    /// - Returns: The stage.
    /// - Throws: `.corrupt` or `.unsupported` with the JSON path.
    func readPreTokenizer(
        _ json: JSONDocument.Value,
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
        case "BertPreTokenizer": return BERTPreTokenizer()
        case "Metaspace": return try MetaspacePreTokenizer(json: json)
        case "WhitespaceSplit":
            return CharacterPreTokenizer(delimiter: .characters(.whitespace), behavior: .removed)
        case "Whitespace": return WhitespacePreTokenizer()
        case "UnicodeScripts": return UnicodeScriptsPreTokenizer()
        case "FixedLength":
            let length = try json["length"].map(optional: { (json) throws(TokenizerError) in
                try json.asCount()
            })
            guard length != 0 else { throw json.fault("length is 0; expected at least 1.") }
            return FixedLengthPreTokenizer(length: length ?? 5)
        case "Punctuation":
            let behavior = try json["behavior"].map(optional: readBehavior) ?? .isolated
            return CharacterPreTokenizer(delimiter: .characters(.bertPunctuation), behavior: behavior)
        case "CharDelimiterSplit":
            let delimiter = try json.required("delimiter").asScalar()
            return CharacterPreTokenizer(delimiter: .scalar(delimiter), behavior: .removed)
        default:
            throw unknown(
                type,
                in: json,
                known: [
                    "BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "FixedLength",
                    "Metaspace",
                    "Punctuation", "Sequence", "Split", "UnicodeScripts", "Whitespace", "WhitespaceSplit",
                ]
            )
        }
    }

    private func readSplit(_ json: JSONDocument.Value) throws(TokenizerError) -> any PreTokenizer {
        let behavior = try readBehavior(json.required("behavior"))
        return SplitPreTokenizer(
            pattern: try TextPattern(json: json.required("pattern")),
            behavior: behavior,
            isInverted: try json.flag("invert", default: false)
        )
    }

    private func readBehavior(_ json: JSONDocument.Value) throws(TokenizerError) -> DelimiterBehavior {
        guard let behavior = DelimiterBehavior(rawValue: try json.asString()) else {
            let known = DelimiterBehavior.allCases.map(\.rawValue).joined(separator: ", ")
            throw json.fault("expected one of \(known).")
        }
        return behavior
    }

    /// Reads a post-processor.
    func readPostProcessor(_ json: JSONDocument.Value) throws(TokenizerError) -> any PostProcessor {
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
        case "BertProcessing":
            let (cls, sep) = try (readNamedToken(json, "cls"), readNamedToken(json, "sep"))
            let single: [TemplatePostProcessor.Part] = [cls(0), .sequence(0, typeID: 0), sep(0)]
            return TemplatePostProcessor(single: single, pair: single + [.sequence(1, typeID: 1), sep(1)])
        case "RobertaProcessing": return try readRobertaProcessing(json)
        default:
            throw unknown(
                type,
                in: json,
                known: ["BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"]
            )
        }
    }

    private func readRobertaProcessing(_ json: JSONDocument.Value) throws(TokenizerError) -> any PostProcessor
    {
        let (cls, sep) = try (readNamedToken(json, "cls"), readNamedToken(json, "sep"))
        let single: [TemplatePostProcessor.Part] = [cls(0), .sequence(0, typeID: 0), sep(0)]
        let template = TemplatePostProcessor(
            single: single,
            pair: single + [sep(0), .sequence(1, typeID: 0), sep(0)],
            setsTypesOfWindows: true
        )
        let trimming = ByteLevelPostProcessor(
            trimsOffsets: try json.flag("trim_offsets", default: true),
            addsPrefixSpace: try json.flag("add_prefix_space", default: true)
        )
        return PostProcessorSequence(steps: [trimming, template])
    }

    /// Reads `["[SEP]", 102]`.
    ///
    /// - Returns: A function that makes the template's part for a type id.
    private func readNamedToken(
        _ json: JSONDocument.Value,
        _ name: String
    ) throws(TokenizerError) -> @Sendable (Int32) -> TemplatePostProcessor.Part {
        let pair = try json.required(name)
        guard pair.elements.count == 2 else { throw pair.fault("expected a token and its id.") }
        let token = TemplatePostProcessor.SpecialToken(
            id: try pair.elements[1].asTokenID(),
            token: try pair.elements[0].asString()
        )
        return { .special([token], typeID: $0) }
    }
}

extension TemplatePostProcessor {
    /// Reads a post-processor of type `TemplateProcessing`.
    init(json: JSONDocument.Value) throws(TokenizerError) {
        var tokens: [String: [SpecialToken]] = [:]
        for (name, value) in json["special_tokens"]?.members ?? [] {
            let ids = try value.required("ids").elements
            let texts = try value.required("tokens").elements
            guard ids.count == texts.count else {
                throw value.fault("\(ids.count) ids for \(texts.count) tokens; expected one id per token.")
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
        _ json: JSONDocument.Value,
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
                    throw name.fault("this token is not in the template's special_tokens.")
                }
                result.append(.special(list, typeID: try special.required("type_id").asTokenID()))
            }
        }
        return result
    }
}
