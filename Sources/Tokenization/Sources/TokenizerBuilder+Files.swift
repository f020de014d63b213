import Foundation
import JSON

extension TokenizerBuilder {
    /// Reads a `vocab.txt`: one token per line, with ids from 0.
    ///
    /// - Throws: `.corrupt` naming the line.
    init(
        _ tokenizerClass: TokenizerClass,
        _ settings: SourceSettings,
        wordList: [UInt8]
    ) throws(TokenizerError) {
        var tokens: [(token: [UInt8], id: Int32)] = []
        for (index, line) in try Self.lines(of: wordList).enumerated() {
            guard index <= Vocabulary.largestID else {
                throw TokenizerError(.corrupt, "more than \(Vocabulary.largestID) lines are not supported.")
            }
            var line = line[...]
            while let last = line.unicodeScalars.last, last.properties.isWhitespace {
                line.unicodeScalars.removeLast()
            }
            tokens.append((Array(line.utf8), Int32(index)))
        }
        self.init(tokenizerClass, settings, .wordPiece, tokens: Self.lastOfEqual(tokens))
    }

    /// Reads a `vocab.json` of tokens and ids, and a `merges.txt` with one pair per line.
    ///
    /// - Throws: `.corrupt` with the JSON path, or naming the line of `merges.txt`.
    init(
        _ tokenizerClass: TokenizerClass,
        _ settings: SourceSettings,
        vocabulary: [UInt8],
        merges: [UInt8]
    ) throws(TokenizerError) {
        let root = try JSONDocument(parsing: vocabulary).root
        guard root.kind == .object else { throw root.fault("expected an object, found \(root.kind).") }
        var tokens: [(token: [UInt8], id: Int32)] = []
        for (name, value) in root.members { tokens.append((Array(name.utf8), try value.asTokenID())) }
        let known = Set(tokens.map(\.token))
        var pairs: [(left: [UInt8], right: [UInt8])] = []
        for (index, line) in try Self.lines(of: merges).enumerated() where !line.hasPrefix("#version") {
            let bytes = Array(line.utf8)
            let parts = bytes.split(separator: 0x20, omittingEmptySubsequences: false).map { Array($0) }
            guard parts.count == 2, parts.allSatisfy(known.contains), known.contains(parts[0] + parts[1])
            else {
                throw TokenizerError(
                    .corrupt,
                    "merges.txt, line \(index + 1): expected two tokens of the vocabulary, separated "
                        + "by a space, that join to another token."
                )
            }
            pairs.append((parts[0], parts[1]))
        }
        self.init(tokenizerClass, settings, .bytePairs(merges: pairs), tokens: Self.lastOfEqual(tokens))
    }

    /// The lines of a file; the last line break may be missing.
    private static func lines(of bytes: [UInt8]) throws(TokenizerError) -> [String] {
        guard bytes.withUnsafeBufferPointer(UTF8Scanner.isValid) else {
            throw TokenizerError(.corrupt, "the file is not UTF-8.")
        }
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self) }
    }

    /// Leaves out tokens that are repeated later.
    static func lastOfEqual(
        _ tokens: [(token: [UInt8], id: Int32)]
    ) -> [(token: [UInt8], id: Int32)] {
        var last: [[UInt8]: Int] = [:]
        for (index, entry) in tokens.enumerated() { last[entry.token] = index }
        guard last.count < tokens.count else { return tokens }
        return tokens.enumerated().filter { last[$1.token] == $0 }.map(\.element)
    }
}

extension TokenizerBuilder {
    /// Creates a builder from a SentencePiece model.
    ///
    /// Source: `SentencePieceExtractor.extract` and the converters' `convert_from_spm` of transformers 5.23.
    ///
    /// - Throws: `.unsupported` for a model type other than Unigram or BPE.
    init(
        _ tokenizerClass: TokenizerClass,
        _ settings: SourceSettings,
        sentencePiece model: SentencePieceModel
    ) throws(TokenizerError) {
        guard (1...2).contains(model.modelType) else {
            throw TokenizerError(
                .unsupported,
                "the model type is \(model.modelType) (3: words, 4: characters); expected 1 (Unigram) or 2 (BPE)."
            )
        }
        let isPairs =
            tokenizerClass == .generic
            ? model.modelType == 2 : [.llama, .gemma].contains(tokenizerClass)
        let extraIDs = try settings.count("extra_ids", default: 100, most: 10_000)
        let pieces = Self.pieces(model, tokenizerClass, settings, extraIDs: extraIDs)
        let tokens = pieces.enumerated().map { (token: Array($1.text.utf8), id: Int32($0)) }
        if isPairs {
            let kept = Self.lastOfEqual(tokens)
            self.init(
                tokenizerClass,
                settings,
                .bytePairs(merges: MergeRecovery.merges(of: kept)),
                tokens: kept
            )
        } else {
            let scores = pieces.map(\.score)
            let unknown = Self.unknownID(model, tokenizerClass, settings, pieces)
            guard pieces.indices.contains(unknown) else {
                throw TokenizerError(.corrupt, "the unknown id is \(unknown); expected 0..<\(pieces.count).")
            }
            self.init(tokenizerClass, settings, .unigram(scores: scores, unknownID: unknown), tokens: tokens)
        }
        charsmap = model.charsmap.isEmpty ? nil : Data(model.charsmap).base64EncodedString()
        byteFallback = tokenizerClass == .generic && model.byteFallback
        unknownToken = tokenizerClass == .generic ? model.unknownPiece : nil
        fileTokens = model.pieces.compactMap { piece in
            guard piece.kind == .control || piece.kind == .userDefined else { return nil }
            var token = AddedToken(content: piece.text)
            token.isSpecial = piece.kind == .control
            return token
        }
        if tokenizerClass == .t5 {
            fileTokens += (0..<extraIDs).map { AddedToken(content: "<extra_id_\($0)>") }
        }
        if tokenizerClass == .generic {
            if model.bosID >= 0 { fallbackTokens["bos_token"] = model.bosPiece }
            if model.eosID >= 0 { fallbackTokens["eos_token"] = model.eosPiece }
            if model.unknownID >= 0 { fallbackTokens["unk_token"] = model.unknownPiece }
        }
    }

    private typealias Scored = (text: String, score: Double)

    /// The vocabulary as the class lays it out.
    private static func pieces(
        _ model: SentencePieceModel,
        _ tokenizerClass: TokenizerClass,
        _ settings: SourceSettings,
        extraIDs: Int
    ) -> [(text: String, score: Double)] {
        let own: [Scored] = model.pieces.map { ($0.text, Double($0.score)) }
        func content(_ name: String) -> String {
            settings.token(name, of: tokenizerClass)?.content ?? ""
        }
        switch tokenizerClass {
        case .xlmRoberta:
            let first = ["bos_token", "pad_token", "eos_token", "unk_token"].map { (content($0), 0.0) }
            return first + own.dropFirst(3) + [(content("mask_token"), 0)]
        case .camembert:
            let first: [Scored] = [
                ("<s>NOTUSED", 0), (content("pad_token"), 0), ("</s>NOTUSED", 0), (content("unk_token"), 0),
                ("<unk>NOTUSED", -100),
            ]
            return first + own.dropFirst() + [(content("mask_token"), 0)]
        case .t5: return own + (0..<extraIDs).reversed().map { ("<extra_id_\($0)>", 0) }
        default: return own
        }
    }

    private static func unknownID(
        _ model: SentencePieceModel,
        _ tokenizerClass: TokenizerClass,
        _ settings: SourceSettings,
        _ pieces: [(text: String, score: Double)]
    ) -> Int {
        let unknown = Array((settings.token("unk_token", of: tokenizerClass)?.content ?? "").utf8)
        switch tokenizerClass {
        case .t5: return 2
        case .xlmRoberta: return 3
        case .albert: return 1
        case .camembert: return pieces.firstIndex { Array($0.text.utf8) == unknown } ?? 0
        case .debertaV2:
            return pieces.firstIndex { Array($0.text.utf8) == unknown && $0.score == 0 } ?? model.unknownID
        default: return model.unknownID
        }
    }
}
