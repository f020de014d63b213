/// Scores for one class against all others, in falling order: what curves over all thresholds are drawn from.
///
/// Sorted once, it is measured as often as examples are drawn again.
struct RankedScores {
    private let order: [Int]
    /// Whether the next example in order has a lower score: a threshold lies between.
    private let endsTie: [Bool]
    private let isPositive: [Bool]

    /// Ranks examples.
    ///
    /// - Parameters:
    ///   - scores: Higher means likelier of the class; numbers.
    ///   - isPositive: Whether each is of the class.
    init(_ scores: [Double], isPositive: [Bool]) {
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        endsTie = order.indices.map { $0 + 1 == order.count || scores[order[$0]] != scores[order[$0 + 1]] }
        self.order = order
        self.isPositive = isPositive
    }

    /// The areas under both curves; nil where examples of the class, or of all others, are missing.
    ///
    /// - Parameter weights: How often each example counts; nil counts each once.
    /// - Returns: The area under the ROC curve, equal scores half right, and the average precision, which needs no
    ///   example of another class.
    ///
    /// Source: scikit-learn's `roc_auc_score` and `average_precision_score`.
    func areas(_ weights: [Int32]?) -> (roc: Double?, averagePrecision: Double?) {
        // Whole and half numbers, exact in float64; a threshold's counts are those above it.
        var (hits, alarms) = (0.0, 0.0)
        var (hitsBefore, alarmsBefore) = (0.0, 0.0)
        var (area, precisions) = (0.0, 0.0)
        for (place, example) in order.enumerated() {
            let weight = Double(weights?[example] ?? 1)
            if isPositive[example] { hits += weight } else { alarms += weight }
            guard endsTie[place] else { continue }
            area += (alarms - alarmsBefore) * (hits + hitsBefore) / 2
            precisions += (hits - hitsBefore) * ratio(hits, hits + alarms)
            (hitsBefore, alarmsBefore) = (hits, alarms)
        }
        guard hits > 0 else { return (nil, nil) }
        return (alarms > 0 ? area / (hits * alarms) : nil, precisions / hits)
    }
}

/// The mean of what is defined; nil where nothing is.
func mean(_ values: [Double?]) -> Double? {
    let defined = values.compactMap { $0 }
    return defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
}
