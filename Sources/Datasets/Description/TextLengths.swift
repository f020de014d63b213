/// Statistics of text lengths.
public struct TextLengths: Sendable, Equatable {
    /// The number of texts in a range of lengths.
    public struct Bin: Sendable, Equatable {
        /// The shortest length of the range.
        public var from: Int
        /// The longest length of the range.
        public var through: Int
        /// The number of texts.
        public var count: Int
    }

    /// The number of texts.
    public let count: Int
    /// The total length of all texts.
    public let total: Int
    /// The minimum, the three quartiles and the maximum; all 0 if there are no texts.
    public let quartiles: [Int]
    /// The length that 95 of 100 texts do not exceed.
    public let percentile95: Int
    /// The length that 99 of 100 texts do not exceed.
    public let percentile99: Int
    /// The texts by length, in bins of equal round width; one last bin holds the few longest texts.
    public let histogram: [Bin]

    /// The approximate number of bins in the histogram.
    private static let binCount = 12

    /// Computes the statistics.
    ///
    /// - Parameter lengths: One length per text, in characters or tokens.
    init(_ lengths: [Int32]) {
        let sorted = Self.sorted(lengths)
        /// The smallest length that at least this percentage of the texts do not exceed.
        func percentile(_ share: Int) -> Int {
            sorted.isEmpty ? 0 : Int(sorted[(sorted.count * share + 99) / 100 - 1])
        }
        count = sorted.count
        total = lengths.reduce(0) { $0 + Int($1) }
        quartiles = (0...4).map { sorted.isEmpty ? 0 : Int(sorted[(sorted.count - 1) * $0 / 4]) }
        percentile95 = percentile(95)
        percentile99 = percentile(99)
        histogram = Self.histogram(sorted, most: quartiles[4], usual: percentile99)
    }

    /// Sorts lengths.
    ///
    /// Most are small, so a counting sort is faster than comparisons.
    private static func sorted(_ lengths: [Int32]) -> [Int32] {
        let countedBelow: Int32 = 1 << 16
        var counts = [Int](repeating: 0, count: Int(countedBelow))
        var long: [Int32] = []
        for length in lengths {
            if length < countedBelow { counts[Int(length)] += 1 } else { long.append(length) }
        }
        var sorted: [Int32] = []
        sorted.reserveCapacity(lengths.count)
        for (length, count) in counts.enumerated() where count > 0 {
            sorted.append(contentsOf: repeatElement(Int32(length), count: count))
        }
        return sorted + long.sorted()
    }

    private static func histogram(_ sorted: [Int32], most: Int, usual: Int) -> [Bin] {
        guard !sorted.isEmpty else { return [] }
        let width = roundWidth(usual / binCount + 1)
        let first = Int(sorted[0]) / width
        let end = usual / width + 1
        var bins = (first..<end).map { Bin(from: $0 * width, through: $0 * width + width - 1, count: 0) }
        if most >= end * width { bins.append(Bin(from: end * width, through: most, count: 0)) }
        for length in sorted { bins[min(Int(length) / width - first, bins.count - 1)].count += 1 }
        return bins
    }

    /// The smallest of 1, 2, 5, 10, 20, 50 and so on that is at least a given width.
    private static func roundWidth(_ least: Int) -> Int {
        var power = 1
        while true {
            for factor in [1, 2, 5] where factor * power >= least { return factor * power }
            power *= 10
        }
    }
}

/// The number of texts that a maximum length truncates, and the tokens that they lose.
public struct TruncatedTexts: Sendable, Equatable {
    /// A class and the number of its texts that are truncated.
    public struct ClassCount: Sendable, Equatable {
        /// The class's name.
        public var name: String
        /// The number of its texts.
        public var count: Int
        /// The number of its truncated texts.
        public var cut: Int

        /// The share of truncated texts, 0 to 1.
        public var share: Double { count == 0 ? 0 : Double(cut) / Double(count) }
    }

    /// The maximum length, in tokens.
    public let maxLength: Int
    /// The maximum number of tokens that the model accepts; nil for no limit.
    public let limit: Int?
    /// The number of texts longer than ``limit``; 0 without a limit.
    public let cutAtLimit: Int
    /// The number of texts longer than ``maxLength``.
    public let cut: Int
    /// The number of tokens cut off.
    public let lostTokens: Int
    /// The classes sorted by their share of truncated texts, highest first; empty if there are no labels.
    public let byClass: [ClassCount]

    init(lengths: [Int32], maxLength: Int, limit: Int? = nil, labels: RowLabels?) {
        var cut = 0
        var lost = 0
        for length in lengths where Int(length) > maxLength {
            cut += 1
            lost += Int(length) - maxLength
        }
        self.maxLength = maxLength
        self.limit = limit
        cutAtLimit = limit.map { limit in lengths.count { Int($0) > limit } } ?? 0
        self.cut = cut
        lostTokens = lost
        guard let labels else {
            byClass = []
            return
        }
        let all = labels.counts()
        let long = labels.counts { Int(lengths[$0]) > maxLength }
        byClass = labels.names.indices
            .filter { all[$0] > 0 }
            .map { ClassCount(name: labels.names[$0], count: all[$0], cut: long[$0]) }
            .sorted { ($1.share, $0.name) < ($0.share, $1.name) }
    }
}
