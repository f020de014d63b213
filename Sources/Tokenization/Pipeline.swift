/// The stages of a tokenizer, in the order in which they process a text.
struct Pipeline: Sendable {
    var normalizer: (any Normalizer)?
    var preTokenizer: (any PreTokenizer)?
    var model: any TokenModel
    var vocabulary: Vocabulary
    var postProcessor: (any PostProcessor)?
    var decoder: (any Decoder)?
    var added = AddedTokens()
    /// The unknown token, if encodings show the original text in its place.
    var spelledOutID: Int32?
    /// Whether a stage needs to know where a text started, so that origins are kept even if only ids are wanted.
    var needsOrigins = false

    /// Appends a text's tokens, without special tokens around them.
    ///
    /// - Parameters:
    ///   - source: The text's UTF-8.
    ///   - sink: Receives the tokens, with spans if it wants them.
    ///   - workspace: Memory to reuse.
    func append(
        _ source: UnsafeBufferPointer<UInt8>,
        to sink: inout TokenSink,
        workspace: Workspace
    ) {
        visit(source, keepsOrigins: needsOrigins || sink.wantsSpans) { text in
            switch text {
            case .token(let id, let range, let written): sink.append(id, range, written, in: source)
            case .text(let text):
                var tokens = workspace.tokens
                workspace.tokens = []
                text.bytes.withUnsafeBufferPointer { bytes in
                    for piece in text.pieces {
                        tokens.removeAll(keepingCapacity: true)
                        model.tokenize(
                            UnsafeBufferPointer(rebasing: bytes[piece]),
                            into: &tokens,
                            workspace: workspace
                        )
                        if sink.wantsSpans {
                            sink.append(tokens, of: text, from: piece.lowerBound, in: source)
                        } else {
                            sink.append(tokens)
                        }
                    }
                }
                workspace.tokens = tokens
            }
        }
    }

    /// Encodes a text, without special tokens around it.
    ///
    /// - Parameters:
    ///   - source: The text's UTF-8.
    ///   - sequence: The number of the text's sequence in a pair.
    ///   - workspace: Memory to reuse.
    /// - Returns: The encoding; its type ids are the sequence's number.
    func encode(_ source: UnsafeBufferPointer<UInt8>, sequence: Int, workspace: Workspace) -> Encoding {
        var result = Encoding()
        var word = 0
        visit(source, keepsOrigins: true) { text in
            switch text {
            case .token(let id, let range, let written):
                // As in tokenizers, the token is spelled as in the text, with the spaces that it includes.
                let content = String(decoding: written, as: UTF8.self)
                result.append(id, content, range, word: word, sequence: sequence)
                word += 1
            case .text(let text):
                append(text, to: &result, word: &word, sequence: sequence, workspace: workspace)
            }
        }
        return result
    }

    private func append(
        _ text: TrackedText,
        to result: inout Encoding,
        word: inout Int,
        sequence: Int,
        workspace: Workspace
    ) {
        var tokens: [PieceToken] = []
        text.bytes.withUnsafeBufferPointer { bytes in
            for piece in text.pieces {
                tokens.removeAll(keepingCapacity: true)
                model.tokenize(
                    UnsafeBufferPointer(rebasing: bytes[piece]),
                    into: &tokens,
                    workspace: workspace
                )
                for token in tokens {
                    let written = piece.lowerBound + Int(token.start)..<piece.lowerBound + Int(token.end)
                    let range = text.source(of: written)
                    let name =
                        token.id == spelledOutID
                        ? String(decoding: bytes[written], as: UTF8.self) : self.token(for: token.id) ?? ""
                    result.append(token.id, name, range, word: word, sequence: sequence)
                }
                word += 1
            }
        }
    }

    /// The text of a token.
    func token(for id: Int32) -> String? {
        added.tokens[id]?.content ?? vocabulary.token(id).map { String(decoding: $0, as: UTF8.self) }
    }

    private enum Part {
        case token(Int32, Range<Int>, [UInt8])
        case text(TrackedText)
    }

    /// Splits a text at its added tokens, then normalises and pre-tokenizes the text between them.
    private func visit(
        _ source: UnsafeBufferPointer<UInt8>,
        keepsOrigins: Bool,
        _ body: (Part) -> Void
    ) {
        for stretch in added.stretches(ofSource: source) {
            if let id = stretch.id {
                body(.token(id, stretch.range, Array(source[stretch.range])))
                continue
            }
            var text = TrackedText(
                Array(source[stretch.range]),
                base: stretch.range.lowerBound,
                keepsOrigins: keepsOrigins
            )
            normalizer?.normalize(&text)
            guard added.searchesNormalized else {
                preTokenizer?.split(&text)
                body(.text(text))
                continue
            }
            for part in text.bytes.withUnsafeBufferPointer(added.stretches(ofNormalized:)) {
                if let id = part.id {
                    body(.token(id, text.source(of: part.range), Array(text.bytes[part.range])))
                } else {
                    var slice = text.slice(part.range)
                    preTokenizer?.split(&slice)
                    body(.text(slice))
                }
            }
        }
    }
}

extension Encoding {
    fileprivate mutating func append(
        _ id: Int32,
        _ token: String,
        _ range: Range<Int>,
        word: Int,
        sequence: Int
    ) {
        ids.append(id)
        tokens.append(token)
        offsets.append(range)
        typeIDs.append(Int32(sequence))
        wordIDs.append(word)
        sequenceIDs.append(sequence)
        specialTokensMask.append(false)
    }
}
