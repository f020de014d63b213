import JSON

// The stages that each class builds around its vocabulary.
// Source: `__init__` of the classes in `models/*/tokenization_*.py` of transformers 5.23.

extension TokenizerBuilder {
    /// The members of the model's object that are neither vocabulary nor merges.
    func modelOptions() throws(TokenizerError) -> String {
        let unknown = special("unk_token")?.content
        func quoted(_ text: String?) -> String { text.map(JSONWriter.quoted) ?? "null" }
        switch model {
        case .wordPiece:
            return #""type": "WordPiece", "unk_token": \#(quoted(unknown ?? "[UNK]")), "#
                + ###""continuing_subword_prefix": "##", "max_input_chars_per_word": 100"###
        case .unigram(_, let unknownID):
            return #""type": "Unigram", "unk_id": \#(unknownID), "byte_fallback": \#(byteFallback)"#
        case .bytePairs:
            let isPieces = [.llama, .gemma, .generic].contains(tokenizerClass)
            let fallsBack = [.llama, .gemma].contains(tokenizerClass) || byteFallback
            var named: String?
            if tokenizerClass == .clip || tokenizerClass == .gemma { named = unknown }
            if tokenizerClass == .generic { named = unknownToken }
            let suffix = tokenizerClass == .clip ? "\"</w>\"" : isPieces ? "null" : "\"\""
            return #""type": "BPE", "dropout": null, "unk_token": \#(quoted(named)), "#
                + #""continuing_subword_prefix": \#(isPieces ? "null" : "\"\""), "#
                + #""end_of_word_suffix": \#(suffix), "fuse_unk": \#(isPieces), "#
                + #""byte_fallback": \#(fallsBack), "ignore_merges": false"#
        }
    }

    /// The normaliser.
    func normalizer() throws(TokenizerError) -> String {
        let precompiled = charsmap.map {
            #"{"type": "Precompiled", "precompiled_charsmap": "\#($0)"}"#
        }
        if prependsByNormalizer {
            return Stage.normalizers([#"{"type": "Prepend", "prepend": "▁"}"#, Stage.replace(" ", "▁")])
        }
        switch tokenizerClass {
        case .bert, .mpnet:
            let accents = settings.config["strip_accents"]?.bool.map(String.init) ?? "null"
            let ideographs = try settings.flag("tokenize_chinese_chars", default: true)
            let lowercases = try settings.flag("do_lower_case", default: true)
            return #"{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": \#(ideographs), "#
                + #""strip_accents": \#(accents), "lowercase": \#(lowercases)}"#
        case .qwen2, .gptNeoX: return Stage.nfc
        case .clip:
            return Stage.normalizers([Stage.nfc, Stage.replace(regex: #"\s+"#, " "), Stage.lowercase])
        case .gemma: return Stage.replace(" ", "\u{2581}")
        case .t5, .xlmRoberta, .camembert: return precompiled ?? "null"
        case .debertaV2:
            let lower = try settings.flag("do_lower_case", default: false) ? [Stage.lowercase] : []
            return Stage.normalizers(
                lower + [Stage.replace(regex: #"\s{2,}|[\n\r\t]"#, " "), Stage.nfc, Stage.stripRight]
            )
        case .albert, .xlnet:
            var steps = [Stage.replace("``", "\""), Stage.replace("''", "\"")]
            let keepsAccents = try settings.flag("keep_accents", default: false)
            if tokenizerClass == .xlnet || !keepsAccents { steps += [Stage.nfkd, Stage.stripAccents] }
            if try settings.flag("do_lower_case", default: tokenizerClass == .albert) {
                steps.append(Stage.lowercase)
            }
            return Stage.normalizers(steps + [precompiled].compactMap { $0 })
        case .generic:
            return Stage.normalizers([precompiled].compactMap { $0 } + [Stage.replace(" ", "\u{2581}")])
        case .gpt2, .roberta, .deberta, .llama: return "null"
        }
    }

    /// The pre-tokenizer.
    func preTokenizer() throws(TokenizerError) -> String {
        if prependsByNormalizer { return "null" }
        switch tokenizerClass {
        case .bert, .mpnet: return #"{"type": "BertPreTokenizer"}"#
        case .gpt2, .roberta, .gptNeoX, .deberta:
            return Stage.byteLevel(prefixSpace: try settings.flag("add_prefix_space", default: false))
        case .qwen2:
            let prefix = try settings.flag("add_prefix_space", default: false)
            return Stage.preTokenizers([
                Stage.split(regex: WordPattern.qwen2.regex, "Isolated"),
                Stage.byteLevel(prefixSpace: prefix, cuts: false),
            ])
        case .clip:
            let pattern =
                #"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"#
            return Stage.preTokenizers([
                Stage.split(regex: pattern, "Removed", inverted: true), Stage.byteLevel(prefixSpace: false),
            ])
        case .llama:
            let scheme = try settings.flag("legacy", default: false) ? "always" : "first"
            let prepends = try settings.flag("add_prefix_space", default: true)
            return Stage.metaspace(prepends ? scheme : "never", split: false)
        case .gemma:
            return
                #"{"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false}"#
        case .debertaV2:
            let punctuation = #"{"type": "Punctuation", "behavior": "Isolated"}"#
            let cuts = try settings.flag("split_by_punct", default: false) ? [punctuation] : []
            let prepends = try settings.flag("add_prefix_space", default: true)
            return Stage.preTokenizers(cuts + [Stage.metaspace(prepends ? "always" : "first")])
        case .t5, .xlmRoberta, .camembert, .albert, .xlnet:
            return Stage.preTokenizers([#"{"type": "WhitespaceSplit"}"#, Stage.metaspace(try wordScheme())])
        case .generic: return "null"
        }
    }

    private func wordScheme() throws(TokenizerError) -> String {
        guard tokenizerClass != .t5, tokenizerClass != .xlnet else { return "always" }
        return try settings.flag("add_prefix_space", default: true) ? "always" : "never"
    }

    /// The decoder.
    func decoder() throws(TokenizerError) -> String {
        let toSpace = Stage.replace("\u{2581}", " ")
        let fallback = [toSpace, #"{"type": "ByteFallback"}"#, #"{"type": "Fuse"}"#]
        switch tokenizerClass {
        case .bert, .mpnet: return ###"{"type": "WordPiece", "prefix": "##", "cleanup": true}"###
        case .gpt2, .roberta, .gptNeoX, .deberta, .qwen2, .clip: return Stage.byteLevel(prefixSpace: true)
        case .llama:
            let prepends = try settings.flag("add_prefix_space", default: true)
            let strip = #"{"type": "Strip", "content": " ", "start": 1, "stop": 0}"#
            return Stage.decoders(fallback + (prepends ? [strip] : []))
        case .gemma: return Stage.decoders(fallback)
        case .debertaV2:
            let prepends = try settings.flag("add_prefix_space", default: true)
            return Stage.metaspace(prepends ? "always" : "first")
        case .t5, .xlmRoberta, .camembert, .albert, .xlnet: return Stage.metaspace(try wordScheme())
        case .generic: return Stage.decoders(byteFallback ? fallback : [toSpace])
        }
    }

    /// The post-processor.
    func postProcessor() throws(TokenizerError) -> String {
        func token(_ name: String, or fallback: Int32? = nil) throws(TokenizerError) -> Stage.Token {
            let content = special(name)?.content ?? ""
            guard let id = id(of: content) ?? fallback else {
                throw TokenizerError(
                    .corrupt,
                    "\(tokenizerClass.rawValue) needs a \(name), but the files name none that is in the vocabulary."
                )
            }
            return Stage.Token(content: content, id: id)
        }
        let a0 = Stage.Part.sequence("A", 0)
        let b0 = Stage.Part.sequence("B", 0)
        let b1 = Stage.Part.sequence("B", 1)
        switch tokenizerClass {
        case .bert, .debertaV2, .albert:
            let (cls, sep) = (try token("cls_token", or: 2), try token("sep_token", or: 3))
            let single: [Stage.Part] = [.token(cls, 0), a0, .token(sep, 0)]
            return Stage.template(single, single + [b1, .token(sep, 1)])
        case .deberta:
            let (cls, sep) = (try token("cls_token"), try token("sep_token"))
            let single: [Stage.Part] = [.token(cls, 0), a0, .token(sep, 0)]
            return Stage.template(single, single + [.token(sep, 0), b0, .token(sep, 0)])
        case .xlmRoberta, .camembert:
            let (bos, eos) = (try token("bos_token"), try token("eos_token"))
            let single: [Stage.Part] = [.token(bos, 0), a0, .token(eos, 0)]
            return Stage.template(single, single + [.token(eos, 0), b0, .token(eos, 0)])
        case .t5:
            let eos = try token("eos_token")
            return Stage.template([a0, .token(eos, 0)], [a0, .token(eos, 0), b0, .token(eos, 0)])
        case .xlnet:
            let (cls, sep) = (try token("cls_token"), try token("sep_token"))
            let single: [Stage.Part] = [a0, .token(sep, 0)]
            return Stage.template(
                single + [.token(cls, 2)],
                single + [b1, .token(sep, 1), .token(cls, 2)]
            )
        case .roberta:
            return Stage.roberta(
                sep: try token("sep_token"),
                cls: try token("cls_token"),
                trims: try settings.flag("trim_offsets", default: true),
                prefixSpace: try settings.flag("add_prefix_space", default: false)
            )
        case .mpnet:
            return Stage.roberta(
                sep: try token("sep_token", or: 2),
                cls: try token("cls_token", or: 0),
                trims: true,
                prefixSpace: false
            )
        case .clip:
            return Stage.roberta(
                sep: try token("eos_token"),
                cls: try token("bos_token"),
                trims: false,
                prefixSpace: false
            )
        case .gpt2, .gptNeoX, .qwen2, .llama, .gemma, .generic:
            var (before, after): ([Stage.Token], [Stage.Token]) = ([], [])
            if try settings.flag("add_bos_token", default: false), special("bos_token") != nil {
                before = [try token("bos_token")]
            }
            if try settings.flag("add_eos_token", default: false), special("eos_token") != nil {
                after = [try token("eos_token")]
            }
            func around(_ name: String, _ type: Int) -> [Stage.Part] {
                before.map { .token($0, type) } + [.sequence(name, type)] + after.map { .token($0, type) }
            }
            return Stage.template(around("A", 0), around("A", 0) + around("B", 1))
        }
    }
}
