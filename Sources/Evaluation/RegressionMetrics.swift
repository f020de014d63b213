import Foundation

/// The metrics of a regression.
///
/// Source: scikit-learn's `mean_squared_error`, `root_mean_squared_error`, `mean_absolute_error` and `r2_score`; SciPy's
/// `pearsonr` and `spearmanr`.
public struct RegressionMetrics: Sendable, Equatable {
    /// The number of examples.
    public let count: Int
    /// The mean squared error, in the numbers' unit squared.
    public let meanSquaredError: Double
    /// The mean absolute error, in the numbers' unit.
    public let meanAbsoluteError: Double
    /// The share of the variance that is explained; negative if predicting the mean would be better.
    public let rSquared: Double
    /// The Pearson correlation; 0 if the predictions or the labels are constant.
    public let pearson: Double
    /// The Spearman rank correlation; 0 if the predictions or the labels are constant.
    public let spearman: Double
    /// The root mean squared error of always predicting the mean, in the numbers' unit.
    public let meanBaseline: Double

    /// The 95 % intervals by name, if requested.
    ///
    /// Each interval contains its value.
    public private(set) var intervals: [String: ClosedRange<Double>] = [:]

    /// Computes the metrics of predictions.
    ///
    /// - Parameters:
    ///   - predictions: The predicted numbers.
    ///   - labels: The true numbers, one per prediction.
    ///   - withIntervals: Whether to compute 95 % intervals.
    public init(predictions: [Double], labels: [Double], withIntervals: Bool = false) {
        precondition(predictions.count == labels.count, "a prediction for each label")
        count = labels.count
        let n = Double(labels.count)
        let squares = zip(predictions, labels).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        meanSquaredError = ratio(squares, n)
        meanAbsoluteError = ratio(zip(predictions, labels).reduce(0) { $0 + abs($1.0 - $1.1) }, n)
        let spread = deviations(labels).reduce(0) { $0 + $1 * $1 }
        meanBaseline = ratio(spread, n).squareRoot()
        // Constant labels have no variance to explain: 1 for a perfect prediction, as in scikit-learn.
        rSquared = spread == 0 ? (squares == 0 ? 1 : 0) : 1 - squares / spread
        pearson = correlation(predictions, labels)
        spearman = correlation(ranks(predictions), ranks(labels))
        guard withIntervals, squares.isFinite else { return }
        let errors = zip(predictions, labels).map { $0 - $1 }
        if let interval = Interval.mean(meanSquaredError, of: errors.map { $0 * $0 }) {
            intervals["mse"] = interval
            intervals["rmse"] = Interval.holding(
                rootMeanSquaredError,
                interval.lowerBound.squareRoot(),
                interval.upperBound.squareRoot(),
                in: 0...(.infinity)
            )
        }
        intervals["mae"] = Interval.mean(meanAbsoluteError, of: errors.map(abs))
        intervals["r2"] = explainedInterval(errors, deviations(labels))
        if spread > 0, Set(predictions).count > 1 {
            // For ranks: Bonett and Wright 2000.
            for (name, value, (a, b), least) in [
                ("pearson", pearson, (predictions, labels), 1),
                ("spearmanr", spearman, (ranks(predictions), ranks(labels)), 1 + spearman * spearman / 2),
            ] {
                intervals[name] = Interval.correlation(
                    value,
                    of: count,
                    spread: max(least, correlationSpread(value, a, b))
                )
            }
        }
    }

    /// The unexplained share is a ratio of two means, and its logarithm is nearly normal.
    private func explainedInterval(_ errors: [Double], _ deviations: [Double]) -> ClosedRange<Double>? {
        let rest = 1 - rSquared
        let spread = deviations.reduce(0) { $0 + $1 * $1 }
        guard rest > 0, spread > 0, count > 2 else { return nil }
        let influences = zip(errors, deviations).reduce(0) { sum, pair in
            let influence = pair.0 * pair.0 / (rest * spread) - pair.1 * pair.1 / spread
            return sum + influence * influence
        }
        let n = Double(count)
        let half = Interval.studentQuantile(n - 1) * (influences * n / (n - 1)).squareRoot()
        return Interval.holding(rSquared, 1 - rest * exp(half), 1 - rest * exp(-half), in: -.infinity...1)
    }

    /// The root mean squared error, in the numbers' unit.
    public var rootMeanSquaredError: Double { meanSquaredError.squareRoot() }

    /// All metrics by scikit-learn's and SciPy's names, in display order.
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
    // The deviations of a constant may be rounding errors, which correlate with anything.
    guard Set(a).count > 1, Set(b).count > 1 else { return 0 }
    let (a, b) = (deviations(a), deviations(b))
    let spreads = [a, b].map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let value = ratio(zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }, spreads[0] * spreads[1])
    return max(-1, min(1, value))
}

/// The variance of a correlation on Fisher's scale, times the number of pairs, for any distribution.
///
/// Source: the influence function of Devlin, Gnanadesikan and Kettenring 1975.
private func correlationSpread(_ correlation: Double, _ a: [Double], _ b: [Double]) -> Double {
    let (a, b) = (deviations(a), deviations(b))
    let squares = [a, b].map { $0.reduce(0) { $0 + $1 * $1 } / Double($0.count) }
    let sum = zip(a, b).reduce(0) { sum, pair in
        let product = pair.0 * pair.1 / (squares[0] * squares[1]).squareRoot()
        let influence =
            product - correlation * (pair.0 * pair.0 / squares[0] + pair.1 * pair.1 / squares[1]) / 2
        return sum + influence * influence
    }
    let slope = 1 - correlation * correlation
    return ratio(sum, Double(a.count) * slope * slope)
}

/// Ranks in ascending order from 1; equal values share their mean rank.
private func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
        // Start at the next place, because NaN does not equal itself.
        let end = order[(start + 1)...].firstIndex { values[$0] != values[order[start]] } ?? order.count
        for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
        start = end
    }
    return ranks
}
