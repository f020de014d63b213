/// Byte-pair encoding over bytes: neighbours are merged, the pair learnt first before all others, until none is known.
///
/// Source: Sennrich et al. 2016; tokenizers' models/bpe.
struct BytePairEncoding: Sendable {
    /// A pair of ids to the rank of its merge and the id it becomes.
    private struct Merge: Sendable {
        var rank: Int32
        var id: Int32
    }

    private let byteIDs: [Int32]
    private let merges: [UInt64: Merge]
    /// Whole pieces by their bytes, asked before merging where the file says `ignore_merges`.
    private let wholePieces: [[UInt8]: Int32]?

    /// - Parameters:
    ///   - byteIDs: The id of each byte's own token, -1 where it has none.
    ///   - merges: Pairs of ids in the order learnt, and what they become.
    ///   - wholePieces: Ids by bytes, for `ignore_merges`.
    init(byteIDs: [Int32], merges: [(left: Int32, right: Int32, id: Int32)], wholePieces: [[UInt8]: Int32]?) {
        self.byteIDs = byteIDs
        var table: [UInt64: Merge] = [:]
        table.reserveCapacity(merges.count)
        for (rank, merge) in merges.enumerated() {
            table[Self.key(merge.left, merge.right)] = Merge(rank: Int32(rank), id: merge.id)
        }
        self.merges = table
        self.wholePieces = wholePieces
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Appends a piece's ids and where each ends.
    func tokenize(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into tokens: inout [TokenSpan]) {
        if let wholePieces, let id = wholePieces[Array(bytes[range])] {
            tokens.append(TokenSpan(id: id, end: range.upperBound))
            return
        }
        var symbols: [TokenSpan] = []
        symbols.reserveCapacity(range.count)
        for index in range where byteIDs[Int(bytes[index])] >= 0 {
            symbols.append(TokenSpan(id: byteIDs[Int(bytes[index])], end: index + 1))
        }
        if symbols.count <= 48 { mergeShort(&symbols) } else { mergeLong(&symbols) }
        tokens += symbols
    }

    /// Looks at all pairs before each merge: fastest for words.
    private func mergeShort(_ symbols: inout [TokenSpan]) {
        while symbols.count > 1 {
            var best: (index: Int, merge: Merge)?
            for index in 0..<symbols.count - 1 {
                guard let merge = merges[Self.key(symbols[index].id, symbols[index + 1].id)] else { continue }
                if merge.rank < best?.merge.rank ?? .max { best = (index, merge) }
            }
            guard let best else { return }
            symbols[best.index] = TokenSpan(id: best.merge.id, end: symbols[best.index + 1].end)
            symbols.remove(at: best.index + 1)
        }
    }

    /// A queue of pairs by rank, then place, over a linked list: near-linear, for a million of the same letter.
    private func mergeLong(_ symbols: inout [TokenSpan]) {
        struct Candidate: Comparable {
            var rank: Int32
            var left: Int32
            var right: Int32
            var leftID: Int32
            var rightID: Int32
            var id: Int32

            static func < (a: Candidate, b: Candidate) -> Bool { (a.rank, a.left) < (b.rank, b.left) }
        }
        let count = Int32(symbols.count)
        var next = (1...count).map { $0 }
        var previous = (-1..<count - 1).map { $0 }
        var isAlive = [Bool](repeating: true, count: symbols.count)
        var queue = MinHeap<Candidate>()
        func candidate(_ left: Int32, _ right: Int32) -> Candidate? {
            guard left >= 0, right < count else { return nil }
            let (leftID, rightID) = (symbols[Int(left)].id, symbols[Int(right)].id)
            guard let merge = merges[Self.key(leftID, rightID)] else { return nil }
            return Candidate(
                rank: merge.rank,
                left: left,
                right: right,
                leftID: leftID,
                rightID: rightID,
                id: merge.id
            )
        }
        for index in 0..<count - 1 { if let pair = candidate(index, index + 1) { queue.push(pair) } }
        while let pair = queue.pop() {
            let (left, right) = (Int(pair.left), Int(pair.right))
            // A pair whose symbols have since merged with others is stale.
            guard isAlive[left], isAlive[right], next[left] == pair.right, symbols[left].id == pair.leftID,
                symbols[right].id == pair.rightID
            else { continue }
            symbols[left] = TokenSpan(id: pair.id, end: symbols[right].end)
            isAlive[right] = false
            next[left] = next[right]
            if next[left] < count { previous[Int(next[left])] = pair.left }
            if let before = candidate(previous[left], pair.left) { queue.push(before) }
            if let after = candidate(pair.left, next[left]) { queue.push(after) }
        }
        symbols = symbols.indices.filter { isAlive[$0] }.map { symbols[$0] }
    }
}

/// A token and the byte at which it ends; it begins where the one before it ends.
struct TokenSpan: Sendable {
    var id: Int32
    var end: Int
}

/// A binary heap with the least element on top.
struct MinHeap<Element: Comparable> {
    private var elements: [Element] = []

    mutating func push(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0, elements[child] < elements[(child - 1) / 2] {
            elements.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> Element? {
        guard let top = elements.first else { return nil }
        let last = elements.removeLast()
        if elements.isEmpty { return top }
        elements[0] = last
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < elements.count else { return top }
            let least = left + 1 < elements.count && elements[left + 1] < elements[left] ? left + 1 : left
            guard elements[least] < elements[parent] else { return top }
            elements.swapAt(parent, least)
            parent = least
        }
    }
}
