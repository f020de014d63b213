/// The merges of a BPE model: for each pair of neighbours, the joined token and its rank.
struct MergeTable: Sendable {
    /// The result of merging a pair.
    struct Merge: Sendable {
        /// The pair's position in the list of merges; lower ranks merge first.
        var rank: UInt32
        /// The joined token.
        var id: Int32
    }

    private struct Slot {
        var pair: UInt64
        var merge: Merge
    }

    private static let empty = UInt64.max

    private var slots: [Slot]
    private let mask: Int

    /// Whether any merge joins a text with a `▁` after it.
    var joinsMetaspaces = false

    /// The number of different pairs.
    private(set) var count = 0

    /// Makes an empty table.
    ///
    /// - Parameter capacity: The maximum number of merges that will be inserted.
    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = Array(repeating: Slot(pair: Self.empty, merge: Merge(rank: 0, id: 0)), count: size)
        mask = size - 1
    }

    /// Adds a merge; of several for the same pair, the last counts, as in tokenizers.
    mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
        let pair = Self.pack(left, right)
        var index = Int(truncatingIfNeeded: ByteHash.mix(pair)) & mask
        while slots[index].pair != Self.empty, slots[index].pair != pair { index = (index + 1) & mask }
        if slots[index].pair == Self.empty { count += 1 }
        slots[index] = Slot(pair: pair, merge: merge)
    }

    /// The merge of two neighbours, or nil.
    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> Merge? {
        let pair = Self.pack(left, right)
        var index = Int(truncatingIfNeeded: ByteHash.mix(pair)) & mask
        return slots.withUnsafeBufferPointer { slots in
            while true {
                let slot = slots[index]
                if slot.pair == pair { return slot.merge }
                if slot.pair == Self.empty { return nil }
                index = (index + 1) & mask
            }
        }
    }

    @inline(__always)
    private static func pack(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }
}
