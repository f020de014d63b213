/// The text of a pair that is truncated if the two are too long.
public enum PairTruncation: Sendable, Equatable {
    /// The longer one, then both evenly.
    case longestFirst
    /// Only the first one.
    case onlyFirst
    /// Only the second one.
    case onlySecond
}

extension Tokenizer {
    /// Encodes a text.
    ///
    /// - Parameters:
    ///   - text: Any text.
    ///   - addSpecialTokens: Whether to add special tokens around the text. Default true.
    ///   - maxLength: The most tokens to return, special ones included. Longer texts are truncated on the side
    ///     that the tokenizer's files name. Nil, the default, does not truncate.
    /// - Returns: Ids, tokens and their origins in the text.
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
    ///   - addSpecialTokens: Whether to add special tokens around and between the texts. Default true.
    ///   - maxLength: The most tokens to return, special ones included. Nil, the default, does not truncate.
    ///   - truncation: The text that is truncated. Default: the longer one.
    /// - Returns: Ids, tokens and their origins in the texts; `sequenceIDs` distinguishes the two.
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

    /// The number of tokens that are added around one text or a pair.
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

    /// Shortens two lengths so that together they fit.
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
