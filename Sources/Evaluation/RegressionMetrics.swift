/// The field's metrics of predicted numbers.
///
/// Source: scikit-learn's `mean_squared_error`, `root_mean_squared_error`, `mean_absolute_error` and `r2_score`; SciPy's
/// `pearsonr` and `spearmanr`.
public struct RegressionMetrics: Sendable, Equatable {
    /// The number of examples.
    public let count: Int
    /// The mean squared error, in the numbers' unit squared.
    public let meanSquaredError: Double
    /// The mean distance, in the numbers' unit.
    public let meanAbsoluteError: Double
    /// The share of the variance that is explained; negative where the mean would have been the better guess.
    public let rSquared: Double
    /// The linear correlation; 0 where one side does not vary.
    public let pearson: Double
    /// The correlation of ranks; 0 where one side does not vary.
    public let spearman: Double
    /// The root mean squared error of always answering the mean, in the numbers' unit.
    public let meanBaseline: Double

    /// 95 % intervals by name, where they were asked for.
    public private(set) var intervals: [String: ClosedRange<Double>] = [:]

    /// The metrics of predictions.
    ///
    /// - Parameters:
    ///   - predictions: Numbers.
    ///   - labels: The true numbers, as many.
    ///   - withIntervals: Whether to draw the examples again for 95 % intervals.
    public init(predictions: [Double], labels: [Double], withIntervals: Bool = false) {
        precondition(predictions.count == labels.count, "a prediction for each label")
        count = labels.count
        let n = Double(labels.count)
        let squares = zip(predictions, labels).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        meanSquaredError = ratio(squares, n)
        meanAbsoluteError = ratio(zip(predictions, labels).reduce(0) { $0 + abs($1.0 - $1.1) }, n)
        let spread = deviations(labels).reduce(0) { $0 + $1 * $1 }
        meanBaseline = ratio(spread, n).squareRoot()
        // Of labels that do not vary nothing is to be explained: 1 for a perfect answer, as scikit-learn has it.
        rSquared = spread == 0 ? (squares == 0 ? 1 : 0) : 1 - squares / spread
        pearson = correlation(predictions, labels)
        spearman = correlation(ranks(predictions), ranks(labels))
        guard withIntervals else { return }
        // Sorting for the ranks is what costs.
        intervals = Bootstrap.intervals(count: count, cost: 100) { weights in
            let drawn = weights.indices.flatMap { repeatElement($0, count: Int(weights[$0])) }
            return RegressionMetrics(
                predictions: drawn.map { predictions[$0] },
                labels: drawn.map { labels[$0] }
            ).values
        }
    }

    /// The root of the mean squared error, in the numbers' unit.
    public var rootMeanSquaredError: Double { meanSquaredError.squareRoot() }

    /// Every number under the reference's name, in the order to show them.
    public var values: [(name: String, value: Double)] {
        [
            ("mse", meanSquaredError), ("rmse", rootMeanSquaredError), ("mae", meanAbsoluteError),
            ("r2", rSquared), ("pearson", pearson), ("spearmanr", spearman),
        ]
    }
}

private func deviations(_ values: [Double]) -> [Double] {
    let mean = ratio(values.reduce(0, +), Double(values.count))
    return values.map { $0 - mean }
}

private func correlation(_ a: [Double], _ b: [Double]) -> Double {
    // A constant's deviations may be rounding errors, which correlate with anything.
    guard Set(a).count > 1, Set(b).count > 1 else { return 0 }
    let (a, b) = (deviations(a), deviations(b))
    let spreads = [a, b].map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let value = ratio(zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }, spreads[0] * spreads[1])
    return max(-1, min(1, value))
}

/// Places in rising order from 1; equal values share the mean of theirs.
private func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
        // From the next place on: what is not a number does not equal itself.
        let end = order[(start + 1)...].firstIndex { values[$0] != values[order[start]] } ?? order.count
        for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
        start = end
    }
    return ranks
}
