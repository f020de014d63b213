extension ScoredRows {
    /// Divides the rows at random, with equal texts in the same part.
    ///
    /// - Parameters:
    ///   - share: The share of rows in the second part, from 0 to below 1.
    ///   - seed: The seed of the division.
    /// - Returns: The indices of both parts, ascending.
    public func divided(_ share: Double, seed: UInt64) -> (first: [Int], second: [Int]) {
        var texts: [String: [Int]] = [:]
        for (row, hash) in textHashes.enumerated() { texts[hash, default: []].append(row) }
        // In the order of the rows, so that the division does not depend on the hashes.
        var groups = texts.values.sorted { $0[0] < $1[0] }
        var random = SplitMix64(seed: seed)
        for index in groups.indices.reversed() {
            groups.swapAt(index, random.index(below: index + 1))
        }
        let wanted = Int((Double(count) * share).rounded())
        var second: [Int] = []
        var first: [Int] = []
        for group in groups {
            if second.count < wanted { second += group } else { first += group }
        }
        return (first.sorted(), second.sorted())
    }
}
