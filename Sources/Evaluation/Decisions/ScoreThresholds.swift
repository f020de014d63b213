/// The purpose for which thresholds are chosen.
public enum ThresholdGoal: Sendable, Equatable {
    /// The highest F score, in which recall counts `beta` times as much as precision.
    case fScore(beta: Double)
    /// The most answers whose precision is at least a target; optionally the lower end of its 95 % interval (Wilson) must be.
    case precision(Double, byLowerEnd: Bool)
    /// The fewest answers whose recall is at least a target.
    case recall(Double)
}

/// The threshold of one label, and its measured effect on the rows that it was chosen on.
public struct ScoreThreshold: Sendable, Equatable {
    /// The threshold: the label is given if its score is at least this; infinite if it is never given.
    public let value: Double
    /// The share of right answers among the rows that reach the threshold; nil if none do.
    public let precision: Double?
    /// The share of the label's rows that reach the threshold; nil if the label has no rows.
    public let recall: Double?

    /// Chooses a threshold among the distinct scores of a label's rows.
    ///
    /// Of equally good thresholds the highest is chosen. If no threshold reaches the goal, or no row has the label, the label
    /// is never given.
    ///
    /// - Parameters:
    ///   - goal: The purpose.
    ///   - scores: The label's score of each row.
    ///   - isPositive: Whether each row has the label.
    public init(_ goal: ThresholdGoal, scores: [Double], isPositive: [Bool]) {
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        let positives = isPositive.count { $0 }
        var found: (value: Double, hits: Int, answers: Int)?
        var highest = -1.0
        var (hits, place) = (0, 0)
        while positives > 0, place < order.count {
            let value = scores[order[place]]
            while place < order.count, scores[order[place]] == value {
                if isPositive[order[place]] { hits += 1 }
                place += 1
            }
            let precision = Double(hits) / Double(place)
            let recall = Double(hits) / Double(positives)
            switch goal {
            case .fScore(let beta):
                let square = beta * beta
                let sum = square * precision + recall
                let score = sum > 0 ? (1 + square) * precision * recall / sum : 0
                guard score > highest else { continue }
                highest = score
                found = (value, hits, place)
            case .precision(let target, let byLowerEnd):
                let reached =
                    byLowerEnd ? Interval.share(precision, of: Double(place)).lowerBound : precision
                if reached >= target, hits > 0 { found = (value, hits, place) }
            case .recall(let target):
                if recall >= target, found == nil { found = (value, hits, place) }
            }
        }
        value = found?.value ?? .infinity
        precision = found.map { Double($0.hits) / Double($0.answers) }
        recall = positives > 0 ? Double(found?.hits ?? 0) / Double(positives) : nil
    }
}

/// Thresholds for the scores of labels, which decide the labels of a text or that it gets none.
public struct ScoreThresholds: Sendable, Equatable {
    /// The threshold of each label, by id; nil for a label without one.
    public let values: [Double?]

    /// Creates thresholds.
    ///
    /// - Parameter values: The threshold of each label, by id; infinite for a label that is never given.
    public init(_ values: [Double?]) { self.values = values }

    /// Chooses the thresholds of labels, each against all others.
    ///
    /// - Parameters:
    ///   - goal: The purpose.
    ///   - probabilities: The probabilities of rows that neither trained nor chose the model.
    ///   - labels: The ids of the labels that get a threshold; nil for all.
    /// - Returns: The thresholds, and each label's threshold with its effect on the rows, by id.
    public static func choose(
        _ goal: ThresholdGoal,
        on probabilities: LabelProbabilities,
        labels: [Int]? = nil
    ) -> (thresholds: ScoreThresholds, found: [ScoreThreshold?]) {
        var isPositive = [[Int]](repeating: [], count: probabilities.width)
        for row in 0..<probabilities.count {
            for label in probabilities.truth.set(of: row) { isPositive[label].append(row) }
        }
        let chosen = labels.map(Set.init)
        let found = (0..<probabilities.width).map { label -> ScoreThreshold? in
            guard chosen?.contains(label) ?? true else { return nil }
            var has = [Bool](repeating: false, count: probabilities.count)
            for row in isPositive[label] { has[row] = true }
            let scores = (0..<probabilities.count).map {
                probabilities.values[$0 * probabilities.width + label]
            }
            return ScoreThreshold(goal, scores: scores, isPositive: has)
        }
        return (ScoreThresholds(found.map { $0?.value }), found)
    }

    /// Decides the label of a text that has exactly one.
    ///
    /// The label that exceeds its threshold by the highest factor is given. If none reaches its threshold, the most probable label
    /// without a threshold is given. If there is no such label, the text is rejected.
    ///
    /// - Parameter scores: The scores of a row, by id.
    /// - Returns: The label's id; nil if the text is rejected.
    public func label(_ scores: some RandomAccessCollection<Double>) -> Int? {
        var reached: (id: Int, ratio: Double)?
        var free: (id: Int, score: Double)?
        for (id, (score, threshold)) in zip(scores, values).enumerated() {
            if let threshold {
                let ratio = score / max(threshold, .leastNormalMagnitude)
                if score >= threshold, ratio > reached?.ratio ?? -1 { reached = (id, ratio) }
            } else if score > free?.score ?? -1 {
                free = (id, score)
            }
        }
        return reached?.id ?? free?.id
    }

    /// Decides the labels of a text that may have several: those that reach their threshold, else 0.5.
    ///
    /// - Parameter scores: The scores of a row, by id.
    /// - Returns: The ids, ascending.
    public func labels(_ scores: some RandomAccessCollection<Double>) -> [Int] {
        zip(scores, values).enumerated().compactMap { id, pair in
            pair.1.map { pair.0 >= $0 } ?? (pair.0 > 0.5) ? id : nil
        }
    }
}
