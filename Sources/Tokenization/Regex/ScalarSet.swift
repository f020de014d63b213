/// A set of Unicode scalars: ranges that ascend, do not touch and do not overlap.
struct ScalarSet: Sendable, Equatable {
    /// The first value that is no scalar's.
    static let limit: UInt32 = 0x11_0000

    /// The ranges.
    private(set) var ranges: [Range<UInt32>] = []

    /// Every scalar.
    static let all = ScalarSet(0..<limit)

    /// Makes an empty set.
    init() {}

    /// Makes a set of one range; empty where the range is.
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

    /// Whether nothing is in it.
    var isEmpty: Bool { ranges.isEmpty }

    /// The number of scalars.
    var count: Int { ranges.reduce(0) { $0 + $1.count } }

    /// What is not in it.
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

    /// What is in either.
    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges: ranges + other.ranges) }

    /// What is in both.
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

    /// Whether a scalar is in it.
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
/// Blocks of 256 scalars that are alike share their bits.
struct ScalarTables: Sendable {
    private static let blockCount = Int(ScalarSet.limit >> 8)

    /// For each set and block, where the block's four words of bits start.
    private(set) var blocks: [UInt32] = []
    /// The bits of all blocks.
    private(set) var bits: [UInt64] = []
    private var known: [[UInt64]: UInt32] = [:]
    private(set) var sets: [ScalarSet] = []

    /// Adds a set.
    ///
    /// - Returns: Its number; the number it has already where it is there.
    mutating func add(_ set: ScalarSet) -> Int {
        if let number = sets.firstIndex(of: set) { return number }
        sets.append(set)
        var words = [UInt64](repeating: 0, count: 4)
        var index = 0
        for block in 0..<UInt32(Self.blockCount) {
            let start = block << 8
            while index < set.ranges.count, set.ranges[index].upperBound <= start { index += 1 }
            for word in words.indices { words[word] = 0 }
            var at = index
            while at < set.ranges.count, set.ranges[at].lowerBound < start + 256 {
                let range = set.ranges[at].clamped(to: start..<start + 256)
                if range.count == 256 {
                    for word in words.indices { words[word] = .max }
                } else {
                    for scalar in range { words[Int(scalar & 255) >> 6] |= 1 << UInt64(scalar & 63) }
                }
                at += 1
            }
            blocks.append(place(words))
        }
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
