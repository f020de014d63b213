/// Which text of a pair gives way when the two are too long.
public enum PairTruncation: Sendable, Equatable {
    /// The longer one, then both evenly.
    case longestFirst
    /// The first one alone.
    case onlyFirst
    /// The second one alone.
    case onlySecond
}

extension Tokenizer {
    /// Encodes a text.
    ///
    /// - Parameters:
    ///   - text: Any text.
    ///   - addSpecialTokens: Whether the tokenizer adds what it puts around texts. Default true.
    ///   - maxLength: The most tokens to return, special ones included; the rest of the text is cut off on the
    ///     side that the tokenizer's files name. Nil, the default, cuts nothing.
    /// - Returns: Ids, tokens and where they came from.
    public func encode(_ text: String, addSpecialTokens: Bool = true, maxLength: Int? = nil) -> Encoding {
        var sequences = [encodeAlone(text, sequence: 0)]
        if let maxLength {
            let room = max(0, maxLength - (addSpecialTokens ? addedCount(isPair: false) : 0))
            sequences[0] = truncated(sequences[0], to: room)
        }
        return joined(sequences, addSpecialTokens: addSpecialTokens)
    }

    /// Encodes a pair of texts: a question and a passage, two sentences to compare.
    ///
    /// - Parameters:
    ///   - text: The first text.
    ///   - pair: The second text.
    ///   - addSpecialTokens: Whether the tokenizer adds what it puts around and between texts. Default true.
    ///   - maxLength: The most tokens to return, special ones included. Nil, the default, cuts nothing.
    ///   - truncation: Which text gives way. Default the longer one.
    /// - Returns: Ids, tokens and where they came from; `sequenceIDs` tells the two apart.
    public func encode(
        _ text: String,
        pair: String,
        addSpecialTokens: Bool = true,
        maxLength: Int? = nil,
        truncation: PairTruncation = .longestFirst
    ) -> Encoding {
        var sequences = [encodeAlone(text, sequence: 0), encodeAlone(pair, sequence: 1)]
        if let maxLength {
            let room = max(0, maxLength - (addSpecialTokens ? addedCount(isPair: true) : 0))
            let counts = Self.lengths(sequences[0].count, sequences[1].count, room: room, truncation)
            sequences = [truncated(sequences[0], to: counts.0), truncated(sequences[1], to: counts.1)]
        }
        return joined(sequences, addSpecialTokens: addSpecialTokens)
    }

    func encodeAlone(_ text: String, sequence: Int) -> Encoding {
        var text = text
        return text.withUTF8 { bytes in
            var result = workspaces.withWorkspace {
                pipeline.encode(bytes, sequence: sequence, workspace: $0)
            }
            result.source = Array(bytes)
            return result
        }
    }

    func joined(_ sequences: [Encoding], addSpecialTokens: Bool) -> Encoding {
        let parts =
            pipeline.postProcessor?.process(sequences, addSpecialTokens: addSpecialTokens) ?? sequences
        var result = Encoding()
        for var part in parts {
            part.source = []
            result.append(part)
        }
        return result
    }

    /// How many tokens are added around one text or a pair.
    func addedCount(isPair: Bool) -> Int {
        let empty = Array(repeating: Encoding(), count: isPair ? 2 : 1)
        let parts = pipeline.postProcessor?.process(empty, addSpecialTokens: true) ?? []
        return parts.reduce(0) { $0 + $1.count }
    }

    private func truncated(_ encoding: Encoding, to count: Int) -> Encoding {
        guard count < encoding.count else { return encoding }
        return encoding.part(
            settings.truncatesLeft ? encoding.count - count..<encoding.count : 0..<count
        )
    }

    /// What is left of two lengths that must fit a room together.
    ///
    /// Source: [`utils/truncation`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/utils/truncation.rs)
    static func lengths(
        _ first: Int,
        _ second: Int,
        room: Int,
        _ truncation: PairTruncation
    ) -> (Int, Int) {
        let excess = first + second - room
        guard excess > 0 else { return (first, second) }
        switch truncation {
        case .onlyFirst: return (max(0, first - excess), second)
        case .onlySecond: return (first, max(0, second - excess))
        case .longestFirst:
            var shorter = min(first, second)
            var longer = shorter > room ? shorter : max(shorter, room - shorter)
            if shorter + longer > room {
                shorter = room / 2
                longer = shorter + room % 2
            }
            return first > second ? (longer, shorter) : (shorter, longer)
        }
    }
}
