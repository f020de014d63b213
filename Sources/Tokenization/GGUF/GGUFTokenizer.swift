import Files
import Foundation
import JSON

/// A tokenizer in llama.cpp's terms, to be written into a GGUF file: the reverse of ``Tokenizer/init(gguf:)``.
///
/// Source: llama.cpp's converter (conversion/base.py, conversion/bert.py; vocab.py of gguf-py 0.19) for the values, and
/// src/llama-vocab.cpp for their effect.
package struct GGUFTokenizer: Sendable {
    /// The vocabulary; its model is `none` if llama.cpp cannot tokenize for it.
    package private(set) var vocabulary: GGUFVocabulary
    /// `tokenizer.ggml.add_sep_token`: whether a separator is between the two texts of a pair.
    package private(set) var addsSeparator = false
    /// `tokenizer.ggml.add_space_prefix`; nil for vocabularies without it.
    package private(set) var addsSpacePrefix: Bool?
    /// `tokenizer.ggml.remove_extra_whitespaces`; nil for vocabularies without it.
    package private(set) var removesExtraSpaces: Bool?
    /// `tokenizer.ggml.precompiled_charsmap`: SentencePiece's table of replacements.
    package private(set) var charsmap: [UInt8] = []
    /// `tokenizer.ggml.normalizer.lowercase`; nil for vocabularies without it.
    package private(set) var lowercases: Bool?
    /// `tokenizer.ggml.normalizer.strip_accents`; nil for vocabularies without it.
    package private(set) var stripsAccents: Bool?
    /// The differences between llama.cpp's tokens and this tokenizer's, one sentence each.
    package private(set) var notes: [String] = []

    /// The types of tokens.
    private enum TokenType {
        static let normal = 1
        static let unknown = 2
        static let control = 3
        static let userDefined = 4
        static let unused = 5
        static let byte = 6
    }

    /// Describes a tokenizer.
    ///
    /// - Parameters:
    ///   - tokenizer: The tokenizer.
    ///   - rows: The rows of the model's token embedding; llama.cpp expects one token for each.
    /// - Throws: `.corrupt` if its files contradict themselves.
    package init(_ tokenizer: Tokenizer, rows: Int) throws(TokenizerError) {
        let root = try JSONDocument(parsing: tokenizer.stored.tokenizer).root
        vocabulary = GGUFVocabulary(model: "none", preTokenizer: "", tokens: [], tokenTypes: [], merges: [])
        setSpecialTokens(tokenizer)
        switch tokenizer.pipeline.model {
        case let model as WordPieceModel where model.prefix == Array("##".utf8):
            setTokens(tokenizer, rows, unknownID: nil)
            setWordPieces(tokenizer)
        case let model as UnigramModel:
            setTokens(tokenizer, rows, unknownID: model.unknownID)
            setUnigram(model, root)
        case let model as BytePairModel where model.rawBytes != nil:
            setTokens(tokenizer, rows, unknownID: nil)
            vocabulary.merges = try Self.merges(root)
            setByteLevel(tokenizer, root)
        case let model as BytePairModel where model.options.byteTokens != nil:
            setTokens(tokenizer, rows, unknownID: model.options.unknownID)
            try setSentencePieces(root)
        default:
            notes.append(
                "llama.cpp has no tokenizer like this model's (\(tokenizer.kind)), so it needs token ids instead of texts"
            )
        }
    }

    // MARK: Tokens

    private mutating func setTokens(_ tokenizer: Tokenizer, _ rows: Int, unknownID: Int32?) {
        let added = tokenizer.pipeline.added.tokens
        var tokens: [String] = []
        var types: [Int] = []
        tokens.reserveCapacity(rows)
        types.reserveCapacity(rows)
        for id in 0..<Int32(clamping: rows) {
            guard let token = tokenizer.token(for: id) else {
                tokens.append("[PAD\(id)]")
                types.append(TokenType.unused)
                continue
            }
            tokens.append(token)
            if id == unknownID {
                types.append(TokenType.unknown)
            } else if let special = added[id] {
                types.append(special.isSpecial ? TokenType.control : TokenType.userDefined)
            } else {
                types.append(TokenType.normal)
            }
        }
        (vocabulary.tokens, vocabulary.tokenTypes) = (tokens, types)
        let last = tokenizer.vocabularySize
        if last > rows {
            notes.append(
                "left out for llama.cpp, because the model has no embedding for them: the tokenizer's last "
                    + counted(last - rows, "token")
            )
        }
    }

    private mutating func setSpecialTokens(_ tokenizer: Tokenizer) {
        func id(_ name: String) -> Int32? { tokenizer.settings.special[name].flatMap(tokenizer.id(for:)) }
        vocabulary.classifierTokenID = id("cls_token")
        vocabulary.separatorTokenID = id("sep_token")
        vocabulary.bosTokenID = id("bos_token") ?? vocabulary.classifierTokenID
        vocabulary.eosTokenID = id("eos_token") ?? vocabulary.separatorTokenID
        vocabulary.unknownTokenID = id("unk_token")
        vocabulary.padTokenID = id("pad_token")
        vocabulary.maskTokenID = id("mask_token")
        vocabulary.chatTemplate = tokenizer.chatTemplate
        let layout = BatchLayout(tokenizer.pipeline.postProcessor, isPair: false, addSpecialTokens: true)
        let frame = layout.frame ?? ([], [])
        // llama.cpp begins a text with the BOS token, which it also takes for CLS, and ends it with EOS or SEP.
        if let first = frame.before.first {
            vocabulary.bosTokenID = first
            vocabulary.classifierTokenID = vocabulary.classifierTokenID ?? first
        }
        if let last = frame.after.last {
            vocabulary.eosTokenID = last
            vocabulary.separatorTokenID = vocabulary.separatorTokenID ?? last
        }
        vocabulary.addsBOS = frame.before.count == 1
        vocabulary.addsEOS = frame.after.count == 1
        addsSeparator = frame.before.count == 1 && frame.after.count == 1
        if layout.frame == nil || frame.before.count > 1 || frame.after.count > 1 {
            notes.append(
                "llama.cpp adds at most one token before and one after a text; this tokenizer adds others, so give llama.cpp "
                    + "token ids instead of texts"
            )
        }
    }

    // MARK: Kinds

    private mutating func setWordPieces(_ tokenizer: Tokenizer) {
        vocabulary.model = "bert"
        vocabulary.preTokenizer = "default"
        // GGUF files mark the starts of words instead of their continuations.
        for (index, type) in vocabulary.tokenTypes.enumerated() where type != TokenType.control {
            let token = vocabulary.tokens[index]
            guard type != TokenType.unused else { continue }
            vocabulary.tokens[index] =
                token.hasPrefix("##") ? String(token.unicodeScalars.dropFirst(2)) : "\u{2581}" + token
        }
        guard let normalizer = tokenizer.pipeline.normalizer as? BERTNormalizer else {
            (lowercases, stripsAccents) = (false, false)
            notes.append("llama.cpp normalizes texts as BERT does, which this tokenizer does not")
            return
        }
        (lowercases, stripsAccents) = (normalizer.lowercases, normalizer.stripsAccents)
        if !normalizer.lowercases || !normalizer.stripsAccents {
            notes.append(
                "older versions of llama.cpp lowercase every text of a WordPiece vocabulary and strip its accents; this model needs "
                    + "one that reads tokenizer.ggml.normalizer.lowercase"
            )
        }
    }

    private mutating func setByteLevel(_ tokenizer: Tokenizer, _ root: JSONDocument.Value) {
        vocabulary.model = "gpt2"
        let stages = Self.stages(root["pre_tokenizer"])
        if let name = Self.preTokenizerName(stages) {
            // RoBERTa's name makes llama.cpp put separators between two texts.
            vocabulary.preTokenizer = name == "gpt-2" && addsSeparator ? "roberta-bpe" : name
        } else {
            vocabulary.preTokenizer = "default"
            notes.append(
                "llama.cpp has no name for the pattern with which this tokenizer splits texts into words, so some texts are "
                    + "tokenized differently there; give it token ids instead of texts"
            )
        }
        if stages.contains(where: { $0["add_prefix_space"]?.bool == true }) {
            notes.append(
                "this tokenizer puts a space before each text, which llama.cpp does not: begin texts with a space there"
            )
        }
    }

    private mutating func setSentencePieces(_ root: JSONDocument.Value) throws(TokenizerError) {
        vocabulary.model = "llama"
        vocabulary.preTokenizer = "default"
        markByteTokens()
        // llama.cpp joins the neighbours whose joined token has the highest score; here it is the rank of the merge.
        let merges = try Self.merges(root)
        var ranks: [String: Int] = [:]
        for (rank, merge) in merges.enumerated() {
            let joined = merge.split(separator: " ", maxSplits: 1).joined()
            if ranks[joined] == nil { ranks[joined] = rank }
        }
        let unreached = Float(-merges.count - 1)
        vocabulary.scores = zip(vocabulary.tokens, vocabulary.tokenTypes).map { token, type in
            type == TokenType.normal ? ranks[token].map { -Float($0) } ?? unreached : 0
        }
        addsSpacePrefix = Self.prependsSpace(root)
        removesExtraSpaces = false
    }

    private mutating func setUnigram(_ model: UnigramModel, _ root: JSONDocument.Value) {
        vocabulary.model = "t5"
        vocabulary.preTokenizer = "default"
        if model.byteTokens != nil { markByteTokens() }
        vocabulary.scores = vocabulary.tokens.indices.map { id in
            id < model.scores.count ? Float(model.scores[id]) : -10_000
        }
        addsSpacePrefix = Self.prependsSpace(root)
        let stages = Self.stages(root["pre_tokenizer"])
        removesExtraSpaces = stages.contains { $0["type"]?.string?.hasPrefix("Whitespace") == true }
        if let text = Self.charsmap(root["normalizer"]), let data = Data(base64Encoded: text) {
            charsmap = Array(data)
        } else if root["normalizer"] != nil {
            notes.append(
                "llama.cpp does not normalize texts as this tokenizer does, so rare characters may give other tokens"
            )
        }
    }

    private mutating func markByteTokens() {
        for (index, token) in vocabulary.tokens.enumerated()
        where token.utf8.count == 6 && token.hasPrefix("<0x") && token.hasSuffix(">") {
            vocabulary.tokenTypes[index] = TokenType.byte
        }
    }

    // MARK: tokenizer.json

    /// The merges as `left right`.
    private static func merges(_ root: JSONDocument.Value) throws(TokenizerError) -> [String] {
        try root.required("model").required("merges").elements.map {
            (merge) throws(TokenizerError) -> String in
            if let text = merge.string { return text }
            let parts = merge.elements.compactMap(\.string)
            guard parts.count == 2 else { throw merge.fault("expected two tokens.") }
            return parts.joined(separator: " ")
        }
    }

    /// The steps of a pre-tokenizer.
    private static func stages(_ json: JSONDocument.Value?) -> [JSONDocument.Value] {
        guard let json else { return [] }
        guard let inner = json["pretokenizers"] else { return [json] }
        return inner.elements.flatMap { stages($0) }
    }

    /// llama.cpp's name for the steps; nil if it has none.
    private static func preTokenizerName(_ stages: [JSONDocument.Value]) -> String? {
        let types = stages.map { $0["type"]?.string ?? "" }
        let cuts = stages.last?["use_regex"]?.bool ?? true
        switch types {
        case ["ByteLevel"] where cuts: return "gpt-2"
        case ["Digits", "ByteLevel"] where cuts && stages[0]["individual_digits"]?.bool == true:
            return "smollm"
        case ["Split", "ByteLevel"] where !cuts:
            guard let regex = stages[0]["pattern"]?["Regex"]?.string, let pattern = WordPattern(regex: regex)
            else { return nil }
            return switch pattern {
            case .gpt2: "gpt-2"
            case .llama3: "llama-bpe"
            case .qwen2: "qwen2"
            case .o200k: "gpt-4o"
            case .tekken: "tekken"
            case .cl100k: nil
            }
        default: return nil
        }
    }

    /// Whether a text gets a leading space: by a step of the normalizer, or of the pre-tokenizer.
    private static func prependsSpace(_ root: JSONDocument.Value) -> Bool {
        let normalizer = root["normalizer"]
        let normalizers = normalizer?["normalizers"]?.elements ?? [normalizer].compactMap(\.self)
        if normalizers.contains(where: { $0["type"]?.string == "Prepend" }) { return true }
        return stages(root["pre_tokenizer"]).contains {
            $0["type"]?.string == "Metaspace" && ($0["prepend_scheme"]?.string ?? "always") != "never"
        }
    }

    private static func charsmap(_ json: JSONDocument.Value?) -> String? {
        guard let json else { return nil }
        if let found = json["precompiled_charsmap"]?.string { return found }
        return (json["normalizers"]?.elements ?? []).lazy.compactMap { charsmap($0) }.first
    }
}
