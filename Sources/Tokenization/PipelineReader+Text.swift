import JSON

/// Runs normalisers one after another.
struct NormalizerSequence: Normalizer {
    var steps: [any Normalizer]

    func normalize(_ text: inout TrackedText) {
        for step in steps { step.normalize(&text) }
    }
}

extension PipelineReader {
    /// Reads a normaliser.
    func readNormalizer(_ json: JSONDocument.Value) throws(TokenizerError) -> any Normalizer {
        let type = try json.required("type").asString()
        if let form = UnicodeNormalizer.Form(rawValue: type) { return UnicodeNormalizer(form: form) }
        switch type {
        case "Sequence":
            var steps: [any Normalizer] = []
            for step in try self.steps("normalizers", of: json) { steps.append(try readNormalizer(step)) }
            return NormalizerSequence(steps: steps)
        case "BertNormalizer":
            let lowercases = try json.flag("lowercase", default: true)
            return BERTNormalizer(
                cleansText: try json.flag("clean_text", default: true),
                separatesIdeographs: try json.flag("handle_chinese_chars", default: true),
                stripsAccents: try json.flag("strip_accents", default: lowercases),
                lowercases: lowercases
            )
        case "ByteLevel": return ByteLevelNormalizer()
        case "Nmt": return NMTNormalizer()
        case "StripAccents": return StripAccentsNormalizer()
        case "Lowercase": return LowercaseNormalizer()
        case "Precompiled": return try PrecompiledNormalizer(json: json)
        case "Prepend": return PrependNormalizer(content: try json.required("prepend").asUTF8())
        case "Replace":
            return ReplaceNormalizer(
                pattern: try TextPattern(json: json.required("pattern")),
                content: try json.required("content").asUTF8()
            )
        case "Strip":
            return StripNormalizer(
                left: try json.flag("strip_left", default: true),
                right: try json.flag("strip_right", default: true)
            )
        default:
            throw unknown(
                type,
                in: json,
                known: [
                    "BertNormalizer", "ByteLevel", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt",
                    "Precompiled", "Prepend", "Replace", "Sequence", "Strip", "StripAccents",
                ]
            )
        }
    }

    /// Reads a decoder.
    func readDecoder(_ json: JSONDocument.Value) throws(TokenizerError) -> any Decoder {
        let type = try json.required("type").asString()
        switch type {
        case "Sequence":
            var steps: [any Decoder] = []
            for step in try self.steps("decoders", of: json) { steps.append(try readDecoder(step)) }
            return DecoderSequence(steps: steps)
        case "ByteLevel": return ByteLevelDecoder()
        case "WordPiece":
            return WordPieceDecoder(
                prefix: Array((try json.optionalString("prefix") ?? "##").utf8),
                cleansUp: try json.flag("cleanup", default: true)
            )
        case "Replace":
            return ReplaceDecoder(
                pattern: try TextPattern(json: json.required("pattern")),
                content: try json.required("content").asUTF8()
            )
        case "ByteFallback": return ByteFallbackDecoder()
        case "Fuse": return FuseDecoder()
        case "Strip":
            return StripDecoder(
                content: try json.required("content").asScalar(),
                start: try json.required("start").asCount(),
                stop: try json.required("stop").asCount()
            )
        case "Metaspace":
            let stage = try MetaspacePreTokenizer(json: json)
            return MetaspaceDecoder(replacement: stage.replacement, prepends: stage.scheme != .never)
        case "CTC":
            return CTCDecoder(
                padToken: Array((try json.optionalString("pad_token") ?? "<pad>").utf8),
                wordDelimiter: Array((try json.optionalString("word_delimiter_token") ?? "|").utf8),
                cleansUp: try json.flag("cleanup", default: true)
            )
        case "BPEDecoder":
            return BPEDecoder(suffix: Array((try json.optionalString("suffix") ?? "</w>").utf8))
        default:
            throw unknown(
                type,
                in: json,
                known: [
                    "BPEDecoder", "ByteFallback", "ByteLevel", "CTC", "Fuse", "Metaspace", "Replace",
                    "Sequence",
                    "Strip", "WordPiece",
                ]
            )
        }
    }
}

extension MetaspacePreTokenizer {
    /// Reads a stage of type `Metaspace`.
    init(json: JSONDocument.Value) throws(TokenizerError) {
        replacement = try json.required("replacement").asScalar()
        cuts = try json.flag("split", default: true)
        let named = json["prepend_scheme"]
        scheme = .always
        if let named {
            guard let known = PrependScheme(rawValue: try named.asString()) else {
                throw named.fault(
                    "expected one of \(PrependScheme.allCases.map(\.rawValue).joined(separator: ", "))."
                )
            }
            scheme = known
        }
        if try !json.flag("add_prefix_space", default: true) {
            guard named == nil || scheme == .never else {
                throw json.fault("add_prefix_space is false, but prepend_scheme is '\(scheme.rawValue)'.")
            }
            scheme = .never
        }
    }
}
