// GGUF vocabularies that are not byte-level BPE: SentencePiece's BPE, Unigram and WordPiece.

extension GGUFVocabulary {
    /// The kinds of tokens, by their number in `token_type`.
    private enum TokenType {
        static let control = 3
        static let userDefined = 4
    }

    /// The default number of T5's sentinel tokens.
    private static let blankCount = 100

    /// The values of `tokenizer.ggml.model` that are built from pieces.
    static let pieceModels = ["llama", "gemma4", "t5", "bert"]

    /// Makes the tokenizer files that are equivalent to a vocabulary of pieces.
    ///
    /// Source: [`gguf_tokenizer_mapping`](https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/integrations/gguf/gguf_tokenizer_mapping.py);
    /// it does not read WordPiece, which follows llama.cpp's converter here.
    func makePieceFiles() throws(TokenizerError) -> TokenizerFiles {
        let settings = try SourceSettings(config: settingsJSON())
        var builder: TokenizerBuilder
        switch model {
        case "bert":
            builder = TokenizerBuilder(.bert, settings, .wordPiece, tokens: indexed(wordPieces()))
        case "t5":
            guard scores.count == tokens.count else { throw missing("scores", scores.count) }
            let named = blanksNamed()
            let unigram = TokenizerBuilder.Model.unigram(scores: scores.map(Double.init), unknownID: 2)
            guard named.count > 2 else { throw missing("tokens", named.count) }
            builder = TokenizerBuilder(.t5, settings, unigram, tokens: indexed(named))
            builder.fileTokens = (0..<Self.blankCount).map { AddedToken(content: "<extra_id_\($0)>") }
        default:
            let isGemma = model == "gemma4" || ["gemma", "gemma2", "gemma3"].contains(architecture)
            // Gemma files spell runs of spaces as spaces, and their scores do not follow the merges' order.
            let respelled = isGemma && model == "llama" ? tokens.map(Self.respelled) : tokens
            let entries = TokenizerBuilder.lastOfEqual(indexed(respelled))
            let order = try mergeOrder(byPlace: isGemma && model == "llama", entries.map(\.id))
            let merges =
                try merges.isEmpty
                ? MergeRecovery.merges(of: entries, scores: order) : pairs(entries)
            builder = TokenizerBuilder(
                isGemma ? .gemma : .llama,
                settings,
                .bytePairs(merges: merges),
                tokens: entries
            )
            // Phi-3's tokenizer inserts the leading space before it splits the text.
            builder.prependsByNormalizer = architecture == "phi3"
        }
        builder.firstTokens =
            model == "bert"
            ? [] : builder.tokenizerClass.defaultTokens.map { AddedToken(content: $0.content) }
        builder.fileTokens += marked(TokenType.control) + marked(TokenType.userDefined)
        var files = try builder.files()
        files.chatTemplate = chatTemplate.map { Array($0.utf8) }
        return files
    }

    private func indexed(_ tokens: [String]) -> [(token: [UInt8], id: Int32)] {
        tokens.enumerated().map { (Array($1.utf8), Int32(truncatingIfNeeded: $0)) }
    }

    private func missing(_ name: String, _ count: Int) -> TokenizerError {
        TokenizerError(
            .corrupt,
            "tokenizer.ggml.\(name) has \(count) values, which does not fit \(tokens.count) tokens of model '\(model)'."
        )
    }

    private func marked(_ type: Int) -> [AddedToken] {
        zip(tokens, tokenTypes).filter { $1 == type && !$0.isEmpty }.map { text, _ in
            var token = AddedToken(content: text)
            token.isSpecial = type == TokenType.control
            return token
        }
    }

    private static func respelled(_ token: String) -> String {
        let isSpaces = token.contains(" ") && token.unicodeScalars.allSatisfy(\.properties.isWhitespace)
        return isSpaces ? String(repeating: "\u{2581}", count: token.unicodeScalars.count) : token
    }

    private func mergeOrder(byPlace: Bool, _ kept: [Int32]) throws(TokenizerError) -> [Double] {
        if byPlace { return kept.map { -Double($0) } }
        guard merges.isEmpty else { return [] }
        guard scores.count == tokens.count else { throw missing("scores", scores.count) }
        guard scores.allSatisfy({ !$0.isNaN }) else {
            throw TokenizerError(.corrupt, "tokenizer.ggml.scores contains NaN.")
        }
        return kept.map { Double(scores[Int($0)]) }
    }

    private func pairs(
        _ entries: [(token: [UInt8], id: Int32)]
    ) throws(TokenizerError) -> [(left: [UInt8], right: [UInt8])] {
        let known = Set(entries.map(\.token))
        var result: [(left: [UInt8], right: [UInt8])] = []
        for (index, merge) in merges.enumerated() {
            let parts = Array(merge.utf8).split(separator: 0x20, omittingEmptySubsequences: false).map {
                Array($0)
            }
            guard parts.count == 2, parts.allSatisfy(known.contains), known.contains(parts[0] + parts[1])
            else {
                throw TokenizerError(
                    .corrupt,
                    "tokenizer.ggml.merges[\(index)]: expected two tokens that join to another token."
                )
            }
            result.append((parts[0], parts[1]))
        }
        return result
    }

    /// The tokens with T5's sentinels, which GGUF files call `[PAD32000]` and so on, under their own names.
    private func blanksNamed() -> [String] {
        var result = tokens
        var next = Self.blankCount - 1
        for (index, token) in tokens.enumerated() where next >= 0 {
            let digits = token.utf8.dropFirst(4).dropLast()
            guard token.hasPrefix("[PAD"), token.utf8.last == UInt8(ascii: "]"), !digits.isEmpty,
                digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { continue }
            result[index] = "<extra_id_\(next)>"
            next -= 1
        }
        return result
    }

    /// WordPiece tokens as BERT spells them; GGUF files mark the starts of words instead of their continuations.
    private func wordPieces() -> [String] {
        tokens.enumerated().map { index, token in
            let isControl =
                index < tokenTypes.count
                ? tokenTypes[index] == TokenType.control : token.hasPrefix("[") && token.hasSuffix("]")
            if isControl { return token }
            return token.hasPrefix("\u{2581}") ? String(token.unicodeScalars.dropFirst()) : "##" + token
        }
    }

    private func settingsJSON() -> [UInt8] {
        var json = JSONWriter()
        func quoted(_ id: Int32?) -> String { id.map { JSONWriter.quoted(tokens[Int($0)]) } ?? "null" }
        json.raw("{\n")
        if model == "bert" {
            // Older files store these two as the BOS and EOS tokens.
            json.member("cls_token", quoted(classifierTokenID ?? bosTokenID))
            json.member("sep_token", quoted(separatorTokenID ?? eosTokenID))
            if let maskTokenID { json.member("mask_token", quoted(maskTokenID)) }
        } else {
            json.member("bos_token", quoted(bosTokenID))
            json.member("eos_token", quoted(eosTokenID))
        }
        json.member("unk_token", quoted(unknownTokenID))
        // A model without a padding token uses its end-of-text token.
        json.member("pad_token", quoted(padTokenID ?? eosTokenID))
        json.member("add_bos_token", "\(model == "gemma4" ? false : addsBOS ?? (model == "llama"))")
        json.member("add_eos_token", "\(addsEOS ?? false)", isLast: true)
        json.raw("}\n")
        return json.bytes
    }
}
