import JSON

/// The merges of a BPE model, to find those that make a token.
///
/// BPE merges the pair with the lowest rank first. Inside the part of a word that becomes a token, only pairs of that part are
/// merged, in the same order as in a word of that part alone. So without all merges that make no kept token, each word of the
/// corpus is split as before.
struct MergeChains {
    private struct Merge {
        var rank: Int
        var joined: Int32
    }

    /// A pair of neighbours, as one number.
    typealias Pair = UInt64

    private let ids: [[UInt8]: Int32]
    private let merges: [Pair: Merge]
    /// The pair of each merge in the file; nil for a line that is no merge.
    private let pairs: [Pair?]

    /// Reads the merges.
    ///
    /// - Parameters:
    ///   - merges: The member `merges`: `"left right"` or `["left", "right"]`.
    ///   - tokens: The vocabulary.
    init(_ merges: [JSONValue], tokens: [(text: String, id: Int32)]) {
        var ids: [[UInt8]: Int32] = [:]
        ids.reserveCapacity(tokens.count)
        for (text, id) in tokens { ids[Array(text.utf8)] = id }
        var found: [Pair: Merge] = [:]
        found.reserveCapacity(merges.count)
        let pairs: [Pair?] = merges.enumerated().map { rank, merge in
            guard let (left, right) = Self.halves(merge), let leftID = ids[left], let rightID = ids[right],
                let joined = ids[left + right]
            else { return nil }
            let pair = Self.pair(leftID, rightID)
            // Of several merges of a pair the last one counts, as in tokenizers.
            found[pair] = Merge(rank: rank, joined: joined)
            return pair
        }
        (self.ids, self.merges, self.pairs) = (ids, found, pairs)
    }

    private static func halves(_ merge: JSONValue) -> (left: [UInt8], right: [UInt8])? {
        if let parts = merge.array {
            guard parts.count == 2, let left = parts[0].string, let right = parts[1].string else {
                return nil
            }
            return (Array(left.utf8), Array(right.utf8))
        }
        guard let parts = merge.string.map({ Array($0.utf8).split(separator: 0x20) }), parts.count == 2 else {
            return nil
        }
        return (Array(parts[0]), Array(parts[1]))
    }

    private static func pair(_ left: Int32, _ right: Int32) -> Pair {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Returns the merges that make a token of its characters, and the tokens in between.
    ///
    /// - Parameter token: A token's text.
    /// - Returns: The pairs, and the ids of all tokens of the chain; empty for a token that is not made by merging.
    func chain(to token: String) -> (pairs: [Pair], ids: [Int32]) {
        var symbols: [Int32] = []
        for scalar in token.unicodeScalars {
            guard let id = ids[Array(String(scalar).utf8)] else { return ([], []) }
            symbols.append(id)
        }
        var used: (pairs: [Pair], ids: [Int32]) = ([], symbols)
        while let index = lowest(in: symbols) {
            let pair = Self.pair(symbols[index], symbols[index + 1])
            guard let merge = merges[pair] else { break }
            used.pairs.append(pair)
            used.ids.append(merge.joined)
            symbols.replaceSubrange(index...index + 1, with: [merge.joined])
        }
        return symbols == [ids[Array(token.utf8)] ?? -1] ? used : ([], [])
    }

    /// The first of the neighbours that are merged next.
    private func lowest(in symbols: [Int32]) -> Int? {
        var best: (index: Int, rank: Int)?
        for index in symbols.indices.dropLast() {
            guard let merge = merges[Self.pair(symbols[index], symbols[index + 1])] else { continue }
            if best.map({ merge.rank < $0.rank }) ?? true { best = (index, merge.rank) }
        }
        return best?.index
    }

    /// Returns the merges of some pairs, in their order.
    ///
    /// - Parameters:
    ///   - merges: The member `merges` that was read.
    ///   - kept: The pairs.
    /// - Returns: The elements of `merges` whose pairs are kept.
    func selecting(_ merges: [JSONValue], _ kept: Set<Pair>) -> [JSONValue] {
        zip(merges, pairs).filter { $1.map(kept.contains) ?? false }.map(\.0)
    }
}
