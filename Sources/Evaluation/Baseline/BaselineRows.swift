/// Texts with their true answers, to train and to evaluate a baseline.
public struct BaselineRows: Sendable {
    /// The texts.
    public let texts: [String]
    /// The true answers, one per text.
    public let truth: ScoredRows.Truth

    /// Creates rows.
    ///
    /// - Parameters:
    ///   - texts: The texts.
    ///   - truth: The true answers, one per text.
    public init(texts: [String], truth: ScoredRows.Truth) {
        precondition(texts.count == truth.count, "an answer for each text")
        (self.texts, self.truth) = (texts, truth)
    }

    /// The limits of a training set, so that a baseline takes seconds or few minutes and about a gigabyte.
    enum Limit {
        /// The most rows.
        static let rows = 200_000
        /// The most UTF-8 bytes of text.
        static let bytes = 1 << 25
        /// The most rows times labels.
        static let scores = 1 << 27
        /// The most UTF-8 bytes of text times labels; with many labels, only words are features.
        static let (work, workOfWords) = (1 << 30, 1 << 33)
    }

    /// A random part of the rows that respects the limits of a training set, in order.
    ///
    /// - Parameters:
    ///   - labelCount: The number of labels.
    ///   - seed: The seed of the sample.
    ///   - mostRows: The most rows.
    /// - Returns: All rows, if they respect the limits.
    public func sampled(labelCount: Int, seed: UInt64, mostRows: Int? = nil) -> BaselineRows {
        // Two classes have one column.
        var columns = labelCount
        if case .classes = truth, labelCount <= 2 { columns = 1 }
        let count = min(mostRows ?? Limit.rows, Limit.scores / max(columns, 1))
        let hasManyLabels = labelCount > LinearBaseline.Options().manyLabels
        let work = hasManyLabels ? Limit.workOfWords : Limit.work
        let bytes = min(Limit.bytes, work / max(columns, 1))
        let sizes = texts.map(\.utf8.count)
        guard texts.count > count || sizes.reduce(0, +) > bytes else { return self }
        var generator = SplitMix64(seed: seed)
        let order = texts.indices.map { (generator.next(), $0) }.sorted { $0 < $1 }
        var (chosen, left): ([Int], Int) = ([], bytes)
        for (_, row) in order.prefix(count) {
            left -= sizes[row]
            guard left >= 0 || chosen.isEmpty else { break }
            chosen.append(row)
        }
        return selecting(chosen.sorted())
    }

    private func selecting(_ rows: [Int]) -> BaselineRows {
        let truth: ScoredRows.Truth =
            switch truth {
            case .classes(let ids): .classes(rows.map { ids[$0] })
            case .labelSets(let sets): .labelSets(rows.map { sets[$0] })
            case .numbers(let numbers): .numbers(rows.map { numbers[$0] })
            }
        return BaselineRows(texts: rows.map { texts[$0] }, truth: truth)
    }
}
