/// Merges a row of symbols until no pair can be merged: the lowest rank first, the leftmost of equal ranks.
///
/// Short rows are searched again after each merge. Long ones use a heap, so that even a word of a million
/// letters takes O(n log n) steps.
struct PairMerger {
    private struct Symbol {
        var id: Int32
        var start: Int32
        var end: Int32
        /// The neighbours' indices, -1 at the ends; only the heap uses them.
        var previous: Int32 = -1
        var next: Int32 = -1
        /// The rank of this symbol's pair with the next one.
        var rank = PairMerger.none
        /// The joined token of that pair.
        var merged: Int32 = 0
    }

    private struct Candidate {
        var rank: UInt32
        var position: Int32
        var id: Int32
    }

    private static let none = UInt32.max
    private static let longestScan = 48

    private var symbols: [Symbol] = []
    private var heap: [Candidate] = []

    /// Removes the last row.
    mutating func reset() { symbols.removeAll(keepingCapacity: true) }

    /// Appends a symbol to the row.
    @inline(__always)
    mutating func append(_ id: Int32, from start: Int, to end: Int) {
        symbols.append(
            Symbol(id: id, start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: end))
        )
    }

    /// Merges the row and appends the resulting tokens to the output.
    mutating func merge(with table: MergeTable, into output: inout [PieceToken]) {
        if symbols.count > Self.longestScan {
            mergeWithHeap(table, into: &output)
            return
        }
        mergeByScan(table)
        for symbol in symbols {
            output.append(PieceToken(id: symbol.id, end: symbol.end, start: symbol.start))
        }
    }

    private mutating func mergeByScan(_ table: MergeTable) {
        guard symbols.count > 1 else { return }
        for index in 0..<symbols.count - 1 { rate(index, index + 1, table) }
        var count = symbols.count
        while count > 1 {
            var best = 0
            var bestRank = symbols[0].rank
            for index in 1..<count where symbols[index].rank < bestRank {
                best = index
                bestRank = symbols[index].rank
            }
            if bestRank == Self.none { break }
            symbols[best].id = symbols[best].merged
            symbols[best].end = symbols[best + 1].end
            symbols.remove(at: best + 1)
            count -= 1
            symbols[best].rank = Self.none
            if best + 1 < count { rate(best, best + 1, table) }
            if best > 0 { rate(best - 1, best, table) }
        }
    }

    @inline(__always)
    private mutating func rate(_ left: Int, _ right: Int, _ table: MergeTable) {
        if let merge = table.merge(symbols[left].id, symbols[right].id) {
            symbols[left].rank = merge.rank
            symbols[left].merged = merge.id
        } else {
            symbols[left].rank = Self.none
        }
    }

    private mutating func mergeWithHeap(_ table: MergeTable, into output: inout [PieceToken]) {
        heap.removeAll(keepingCapacity: true)
        let count = symbols.count
        for index in 0..<count {
            symbols[index].previous = Int32(index) - 1
            symbols[index].next = index + 1 < count ? Int32(index) + 1 : -1
        }
        for index in 0..<count - 1 { offer(index, table) }
        while let best = pop() {
            let at = Int(best.position)
            let next = Int(symbols[at].next)
            // A candidate is stale once either symbol has changed; a merged symbol has no next one.
            guard next >= 0, symbols[at].rank == best.rank, symbols[at].merged == best.id else { continue }
            symbols[at].id = best.id
            symbols[at].end = symbols[next].end
            symbols[at].next = symbols[next].next
            if symbols[next].next >= 0 { symbols[Int(symbols[next].next)].previous = best.position }
            symbols[next].next = -1
            symbols[next].rank = Self.none
            offer(at, table)
            if symbols[at].previous >= 0 { offer(Int(symbols[at].previous), table) }
        }
        var index = 0
        while index >= 0 {
            let symbol = symbols[index]
            output.append(PieceToken(id: symbol.id, end: symbol.end, start: symbol.start))
            index = Int(symbol.next)
        }
    }

    private mutating func offer(_ left: Int, _ table: MergeTable) {
        let right = Int(symbols[left].next)
        guard right >= 0 else {
            symbols[left].rank = Self.none
            return
        }
        rate(left, right, table)
        guard symbols[left].rank != Self.none else { return }
        heap.append(Candidate(rank: symbols[left].rank, position: Int32(left), id: symbols[left].merged))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard Self.precedes(heap[child], heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func pop() -> Candidate? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var child = parent * 2 + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, Self.precedes(heap[child + 1], heap[child]) { child += 1 }
            guard Self.precedes(heap[child], heap[parent]) else { break }
            heap.swapAt(child, parent)
            parent = child
        }
        return first
    }

    @inline(__always)
    private static func precedes(_ left: Candidate, _ right: Candidate) -> Bool {
        left.rank < right.rank || left.rank == right.rank && left.position < right.position
    }
}
