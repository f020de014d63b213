/// The merges of a vocabulary that comes without them: every way to join two tokens to a third.
///
/// Source: [`generate_merges`](https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/tokenization_utils_base.py)
enum MergeRecovery {
    private struct Candidate {
        var left: [UInt8]
        var right: [UInt8]
        var leftID: Int32
        var rightID: Int32
        var leftLength: Int
        var rightLength: Int
        var score: Double
    }

    /// The merges, highest priority first.
    ///
    /// - Parameters:
    ///   - tokens: The vocabulary in its order.
    ///   - scores: The priority of each token, highest first; nil uses the ids, lowest first.
    /// - Returns: Pairs of tokens.
    static func merges(
        of tokens: [(token: [UInt8], id: Int32)],
        scores: [Double]? = nil
    ) -> [(left: [UInt8], right: [UInt8])] {
        var vocabulary = Vocabulary(capacity: tokens.count, bytes: tokens.count * 8)
        for (token, id) in tokens {
            token.withUnsafeBufferPointer { _ = vocabulary.insert($0, id: id) }
        }
        var all: [Candidate] = []
        for (index, entry) in tokens.enumerated() {
            // Of two equal tokens, the vocabulary keeps the last; transformers' dictionary also has only one.
            guard vocabulary.id(of: entry.token) == entry.id else { continue }
            let score = scores.map { $0[index] } ?? Double(entry.id)
            var own = splits(of: entry.token, vocabulary, score: score)
            own.sort { ($0.leftID, $0.rightID) < ($1.leftID, $1.rightID) }
            all += own
        }
        // Swift's sort is stable, like Python's.
        if scores == nil {
            all.sort { ($0.score, $0.leftLength, $0.rightLength) < ($1.score, $1.leftLength, $1.rightLength) }
        } else {
            all.sort { ($0.score, $0.leftLength, $0.rightLength) > ($1.score, $1.leftLength, $1.rightLength) }
        }
        return all.map { ($0.left, $0.right) }
    }

    private static func splits(
        of token: [UInt8],
        _ vocabulary: Vocabulary,
        score: Double
    ) -> [Candidate] {
        token.withUnsafeBufferPointer { bytes in
            let starts = bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 }
            return starts.indices.dropFirst().compactMap { position in
                let at = starts[position]
                let left = UnsafeBufferPointer(rebasing: bytes[..<at])
                let right = UnsafeBufferPointer(rebasing: bytes[at...])
                guard let leftID = vocabulary.id(of: left), let rightID = vocabulary.id(of: right) else {
                    return nil
                }
                return Candidate(
                    left: Array(left),
                    right: Array(right),
                    leftID: leftID,
                    rightID: rightID,
                    leftLength: position,
                    rightLength: starts.count - position,
                    score: score
                )
            }
        }
    }
}
