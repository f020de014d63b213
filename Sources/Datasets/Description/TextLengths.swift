/// How long texts are.
public struct TextLengths: Sendable, Equatable {
    /// Texts between two lengths.
    public struct Bin: Sendable, Equatable {
        /// The shortest length.
        public var from: Int
        /// The longest.
        public var through: Int
        /// The texts.
        public var count: Int
    }

    /// Texts.
    public let count: Int
    /// All texts' lengths together.
    public let total: Int
    /// The shortest, the quartiles and the longest; all 0 where there are no texts.
    public let quartiles: [Int]
    /// The length that 95 of 100 texts do not exceed.
    public let percentile95: Int
    /// The length that 99 of 100 texts do not exceed.
    public let percentile99: Int
    /// The texts by length, in steps of equal and round width; what few texts exceed is one last bin.
    public let histogram: [Bin]

    /// Steps of the histogram, about.
    private static let binCount = 12

    /// Sums lengths up.
    ///
    /// - Parameter lengths: One a text, in characters or tokens.
    init(_ lengths: [Int32]) {
        let sorted = Self.sorted(lengths)
        /// The shortest length that so many of 100 texts, or more, do not exceed.
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

    /// Most lengths are small: counting them is faster than comparing.
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

    /// The next of 1, 2, 5, 10, 20, 50 and so on.
    private static func roundWidth(_ least: Int) -> Int {
        var power = 1
        while true {
            for factor in [1, 2, 5] where factor * power >= least { return factor * power }
            power *= 10
        }
    }
}

/// What a longest length cuts off.
public struct Truncation: Sendable, Equatable {
    /// A class and how many of its texts are cut.
    public struct ClassCount: Sendable, Equatable {
        /// The class's name.
        public var name: String
        /// Its texts.
        public var count: Int
        /// Those that are cut.
        public var cut: Int

        /// The share that is cut, 0 to 1.
        public var share: Double { count == 0 ? 0 : Double(cut) / Double(count) }
    }

    /// The longest length, in tokens.
    public let maxLength: Int
    /// Tokens that the model takes at the most; nil if nothing limits it.
    public let limit: Int?
    /// Texts that even ``limit`` cuts; 0 without one.
    public let cutAtLimit: Int
    /// Texts that are longer.
    public let cut: Int
    /// Tokens that are lost.
    public let lostTokens: Int
    /// The classes, by the share of their texts that is cut, the highest first; empty where there are no labels.
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
