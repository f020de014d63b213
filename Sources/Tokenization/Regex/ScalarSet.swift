/// A set of Unicode scalars: ascending ranges that neither touch nor overlap.
struct ScalarSet: Sendable, Equatable {
    /// One more than the largest scalar value.
    static let limit: UInt32 = 0x11_0000

    /// The ranges.
    private(set) var ranges: [Range<UInt32>] = []

    /// Every scalar.
    static let all = ScalarSet(0..<limit)

    /// Makes an empty set.
    init() {}

    /// Makes a set of one range; empty if the range is empty.
    init(_ range: Range<UInt32>) {
        if !range.isEmpty { ranges = [range] }
    }

    /// Makes a set of single scalars.
    init(scalars: some Sequence<UInt32>) { self.init(ranges: scalars.map { $0..<$0 + 1 }) }

    /// Makes a set of ranges in any order, which may overlap.
    init(ranges: some Sequence<Range<UInt32>>) {
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = self.ranges.last, range.lowerBound <= last.upperBound {
                let end = max(last.upperBound, range.upperBound)
                self.ranges[self.ranges.count - 1] = last.lowerBound..<end
            } else {
                self.ranges.append(range)
            }
        }
    }

    /// Whether the set is empty.
    var isEmpty: Bool { ranges.isEmpty }

    /// The number of scalars.
    var count: Int { ranges.reduce(0) { $0 + $1.count } }

    /// The complement.
    var inverted: ScalarSet {
        var result = ScalarSet()
        var start: UInt32 = 0
        for range in ranges {
            if start < range.lowerBound { result.ranges.append(start..<range.lowerBound) }
            start = range.upperBound
        }
        if start < Self.limit { result.ranges.append(start..<Self.limit) }
        return result
    }

    /// The union with another set.
    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges: ranges + other.ranges) }

    /// The intersection with another set.
    func intersection(_ other: ScalarSet) -> ScalarSet {
        var result = ScalarSet()
        var (left, right) = (0, 0)
        while left < ranges.count, right < other.ranges.count {
            let (one, two) = (ranges[left], other.ranges[right])
            let start = max(one.lowerBound, two.lowerBound)
            let end = min(one.upperBound, two.upperBound)
            if start < end { result.ranges.append(start..<end) }
            if one.upperBound < two.upperBound { left += 1 } else { right += 1 }
        }
        return result
    }

    /// Whether a scalar is in the set.
    func contains(_ scalar: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= scalar { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(scalar)
    }
}

/// Sets of scalars as tables of bits, for constant-time look-up.
///
/// Equal blocks of 256 scalars share their bits.
struct ScalarTables: Sendable {
    private static let blockCount = Int(ScalarSet.limit >> 8)

    /// For each set and block, the start of the block's four words of bits.
    private(set) var blocks: [UInt32] = []
    /// The bits of all blocks.
    private(set) var bits: [UInt64] = []
    private var known: [[UInt64]: UInt32] = [:]
    private(set) var sets: [ScalarSet] = []

    /// Adds a set.
    ///
    /// - Returns: Its number; a set that is already present keeps its number.
    mutating func add(_ set: ScalarSet) -> Int {
        if let number = sets.firstIndex(of: set) { return number }
        sets.append(set)
        let first = blocks.count
        blocks.append(contentsOf: repeatElement(place([0, 0, 0, 0]), count: Self.blockCount))
        let full = place([.max, .max, .max, .max])
        var open: (block: Int, words: [UInt64])?
        for range in set.ranges {
            var at = range.lowerBound
            while at < range.upperBound {
                let block = Int(at >> 8)
                let end = min(range.upperBound, (at | 255) + 1)
                if at & 255 == 0, end - at == 256 {
                    blocks[first + block] = full
                } else {
                    if let known = open, known.block != block {
                        blocks[first + known.block] = place(known.words)
                        open = nil
                    }
                    var words = open?.words ?? [0, 0, 0, 0]
                    for scalar in at..<end { words[Int(scalar & 255) >> 6] |= 1 << UInt64(scalar & 63) }
                    open = (block, words)
                }
                at = end
            }
        }
        if let open { blocks[first + open.block] = place(open.words) }
        return sets.count - 1
    }

    private mutating func place(_ words: [UInt64]) -> UInt32 {
        if let start = known[words] { return start }
        let start = UInt32(bits.count)
        bits.append(contentsOf: words)
        known[words] = start
        return start
    }

    /// Whether a scalar is in a set; the arrays are `blocks` and `bits`.
    @inline(__always)
    static func contains(
        _ scalar: UInt32,
        _ set: Int32,
        _ blocks: UnsafeBufferPointer<UInt32>,
        _ bits: UnsafeBufferPointer<UInt64>
    ) -> Bool {
        let start = Int(blocks[Int(set) &* blockCount &+ Int(scalar >> 8)])
        return bits[start &+ Int(scalar & 255) >> 6] >> UInt64(scalar & 63) & 1 == 1
    }
}
