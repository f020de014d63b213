/// Labelled rows whose label is probably wrong, found from probabilities of a model that was not trained on them.
///
/// A model that was trained on the rows has memorised their labels and suspects none of them.
///
/// Source: Northcutt et al. 2021, "Confident Learning"; cleanlab 2.9, `filter.find_label_issues`.
public struct ConfidentLearning: Sendable, Equatable {
    /// The rule that selects suspects.
    public enum Rule: String, Sendable, CaseIterable {
        /// As many rows of each pair of labels as the estimated noise, those with the largest margin; cleanlab's default.
        case pruneByNoiseRate = "prune-by-noise-rate"
        /// The rows that are confidently counted as another label.
        case confidentLearning = "confident-learning"
    }

    /// The order of suspects.
    public enum Order: String, Sendable, CaseIterable {
        /// By the probability of the given label, the lowest first.
        case selfConfidence = "self-confidence"
        /// By the probability of the given label minus that of the best other one, the lowest first.
        case normalizedMargin = "normalized-margin"
    }

    /// A row whose label is probably wrong.
    public struct Suspect: Sendable, Equatable {
        /// The row's index.
        public let row: Int
        /// The id of its given label.
        public let label: Int
        /// The id of the most probable label.
        public let proposed: Int
        /// The quality of the given label, from 0 to 1: the value that suspects are ordered by.
        public let quality: Double
        /// The probability of the proposed label.
        public let confidence: Double

        /// The same suspect with another index, for rows that were selected from others.
        ///
        /// - Parameter row: The index.
        /// - Returns: The suspect.
        package func numbered(_ row: Int) -> Suspect {
            Suspect(row: row, label: label, proposed: proposed, quality: quality, confidence: confidence)
        }
    }

    /// The mean probability of each label among its rows, which a row must reach to count confidently.
    ///
    /// Nil for a label without rows.
    public let thresholds: [Double?]
    /// The estimated number of rows of each given label that belong to each label: only numbers above 0.
    public let joint: [[Int: Int]]
    /// The suspects, the worst first.
    public let suspects: [Suspect]

    /// Finds suspects.
    ///
    /// - Parameters:
    ///   - probabilities: The out-of-sample probabilities of labelled rows.
    ///   - rule: The rule that selects suspects.
    ///   - order: The order of suspects.
    /// - Throws: ``DecisionError`` unless each row has exactly one label.
    public init(
        _ probabilities: LabelProbabilities,
        rule: Rule = .pruneByNoiseRate,
        order: Order = .selfConfidence
    ) throws(DecisionError) {
        guard case .classes(let labels) = probabilities.truth else {
            throw DecisionError("suspects are found only among rows with exactly one label each")
        }
        let means = Self.means(probabilities, labels)
        thresholds = means
        let guesses = (0..<labels.count).map { Self.guess(probabilities.row($0), means) }
        joint = Self.joint(labels, guesses, width: probabilities.width)
        var isSuspect = [Bool](repeating: false, count: labels.count)
        switch rule {
        case .confidentLearning:
            for (row, guess) in guesses.enumerated() where guess != nil && guess != labels[row] {
                isSuspect[row] = true
            }
        case .pruneByNoiseRate:
            for row in Self.pruned(probabilities, labels, joint) { isSuspect[row] = true }
        }
        var found: [Suspect] = []
        for (row, label) in labels.enumerated() where isSuspect[row] {
            let proposed = probabilities.prediction(of: row)
            guard proposed != label else { continue }
            let values = Array(probabilities.row(row))
            let margin = (values[label] - values[proposed] + 1) / 2
            let quality = order == .selfConfidence ? values[label] : margin
            found.append(
                Suspect(
                    row: row,
                    label: label,
                    proposed: proposed,
                    quality: quality,
                    confidence: values[proposed]
                )
            )
        }
        suspects = found.sorted { $0.quality != $1.quality ? $0.quality < $1.quality : $0.row < $1.row }
    }

    private static func means(_ probabilities: LabelProbabilities, _ labels: [Int]) -> [Double?] {
        var sums = [Double](repeating: 0, count: probabilities.width)
        var counts = [Int](repeating: 0, count: probabilities.width)
        for (row, label) in labels.enumerated() {
            sums[label] += probabilities.values[row * probabilities.width + label]
            counts[label] += 1
        }
        return zip(sums, counts).map { $1 > 0 ? max($0 / Double($1), 2e-6) : nil }
    }

    /// The label that a row counts for; nil if it is confident of none.
    private static func guess(_ row: ArraySlice<Double>, _ means: [Double?]) -> Int? {
        let confident = zip(row, means).enumerated().filter { _, pair in
            pair.1.map { pair.0 >= $0 - 1e-6 } ?? false
        }
        return confident.count > 1 ? LabelProbabilities.best(row) : confident.first?.offset
    }

    /// The counts of given and guessed labels, scaled to the number of rows of each given label.
    private static func joint(_ labels: [Int], _ guesses: [Int?], width: Int) -> [[Int: Int]] {
        var counts = [[Int: Int]](repeating: [:], count: width)
        var given = [Int](repeating: 0, count: width)
        for (label, guess) in zip(labels, guesses) {
            given[label] += 1
            if let guess { counts[label][guess, default: 0] += 1 }
        }
        return counts.indices.map { label in
            var row = counts[label]
            row[label] = max(row[label] ?? 0, 1)
            let total = row.values.reduce(0, +)
            return roundedKeepingSum(
                row.mapValues { Double($0) / Double(total) * Double(given[label]) }
            )
        }
    }

    /// Rounds numbers so that their sum is the rounded sum.
    private static func roundedKeepingSum(_ numbers: [Int: Double]) -> [Int: Int] {
        let ids = numbers.keys.sorted()
        var rounded = ids.map { (numbers[$0] ?? 0).rounded(.toNearestOrEven) }
        let sum = ids.reduce(0) { $0 + (numbers[$1] ?? 0) }.rounded(.toNearestOrEven)
        let excess = Int(rounded.reduce(0, +) - sum)
        // The numbers that were rounded furthest change by one.
        let order = ids.indices.sorted { a, b in
            let (left, right) = ((numbers[ids[a]] ?? 0) - rounded[a], (numbers[ids[b]] ?? 0) - rounded[b])
            if left != right { return excess > 0 ? left < right : left > right }
            return excess > 0 ? a < b : a > b
        }
        for index in order.prefix(abs(excess)) { rounded[index] -= excess > 0 ? 1 : -1 }
        return Dictionary(uniqueKeysWithValues: zip(ids, rounded.map(Int.init))).filter { $0.value != 0 }
    }

    /// The rows with the largest margins, as many for each pair of labels as the joint counts say.
    private static func pruned(
        _ probabilities: LabelProbabilities,
        _ labels: [Int],
        _ joint: [[Int: Int]]
    ) -> [Int] {
        var rows = [[Int]](repeating: [], count: probabilities.width)
        for (row, label) in labels.enumerated() { rows[label].append(row) }
        var result: [Int] = []
        for (label, members) in rows.enumerated() where members.count > 1 {
            // At least one row keeps its label.
            let missing = max(1 - (joint[label][label] ?? 0), 0)
            let others = joint[label].filter { $0.key != label }
            for (other, count) in others {
                let left = Double(count) - Double(missing) / Double(max(others.count, 1))
                let pruned = max(Int(left), 0)
                guard pruned > 0 else { continue }
                func margin(_ row: Int) -> Double {
                    let start = row * probabilities.width
                    return probabilities.values[start + other] - probabilities.values[start + label]
                }
                let sorted = members.map { (row: $0, margin: margin($0)) }.sorted {
                    $0.margin != $1.margin ? $0.margin > $1.margin : $0.row < $1.row
                }
                result += sorted.prefix(pruned).map(\.row)
            }
        }
        return result
    }
}
