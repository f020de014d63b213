import Foundation

/// McNemar's test of two classifiers on the same rows: whether one is right more often where exactly one is right.
public struct McNemarTest: Sendable, Equatable {
    /// The rows that only the first classifier gets right.
    public let onlyFirst: Int
    /// The rows that only the second classifier gets right.
    public let onlySecond: Int
    /// The two-sided p-value of the exact binomial test.
    public let exact: Double
    /// The statistic with continuity correction, which has a χ² distribution with one degree of freedom.
    public let statistic: Double
    /// The p-value of ``statistic``.
    public let corrected: Double

    /// Computes the test.
    ///
    /// - Parameters:
    ///   - onlyFirst: The rows that only the first classifier gets right.
    ///   - onlySecond: The rows that only the second classifier gets right.
    ///
    /// Source: McNemar 1947; statsmodels' `mcnemar`.
    public init(onlyFirst: Int, onlySecond: Int) {
        self.onlyFirst = onlyFirst
        self.onlySecond = onlySecond
        let total = onlyFirst + onlySecond
        guard total > 0 else {
            (exact, statistic, corrected) = (1, 0, 1)
            return
        }
        let fewer = min(onlyFirst, onlySecond)
        let gap = Double(abs(onlyFirst - onlySecond)) - 1
        statistic = gap * gap / Double(total)
        corrected = erfc((statistic / 2).squareRoot())
        let n = Double(total)
        let whole = lgamma(n + 1) - n * log(2)
        let terms = (0...fewer).map { count -> Double in
            let k = Double(count)
            return exp(whole - lgamma(k + 1) - lgamma(n - k + 1))
        }
        exact = min(2 * terms.reduce(0, +), 1)
    }

    /// Computes the test from right and wrong answers.
    ///
    /// - Parameters:
    ///   - first: Whether the first classifier is right, by row.
    ///   - second: Whether the second classifier is right, by row; as many rows.
    public init(_ first: [Bool], _ second: [Bool]) {
        let pairs = zip(first, second)
        self.init(onlyFirst: pairs.count { $0 && !$1 }, onlySecond: pairs.count { !$0 && $1 })
    }
}

/// The p-values of several comparisons, corrected so that the chance of any false finding stays at the level of one test.
///
/// - Parameter values: The p-values.
/// - Returns: The corrected p-values, in the same order.
///
/// Source: Holm 1979.
public func holm(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var result = values
    var highest = 0.0
    for (rank, index) in order.enumerated() {
        highest = max(highest, min(values[index] * Double(values.count - rank), 1))
        result[index] = highest
    }
    return result
}

/// The difference of a metric of two classifiers on the same rows, with its bootstrap interval.
///
/// Each draw takes as many rows as there are, with replacement, and computes both metrics on the same ones.
public struct PairedBootstrap: Sendable, Equatable {
    /// The difference on all rows: the second classifier's metric minus the first's.
    public let difference: Double
    /// The interval from the 2.5 % to the 97.5 % quantile of the drawn differences.
    public let interval: ClosedRange<Double>
    /// The share of draws in which the second classifier is not better.
    public let shareNotBetter: Double

    /// Draws rows.
    ///
    /// - Parameters:
    ///   - count: The number of rows, at least one.
    ///   - draws: The number of draws.
    ///   - seed: The seed of the draws; equal seeds give equal results.
    ///   - difference: The difference of the metric on some rows, which may repeat.
    public init(
        count: Int,
        draws: Int = 2000,
        seed: UInt64 = 42,
        difference: (_ rows: [Int]) -> Double
    ) {
        var random = SplitMix64(seed: seed)
        let drawn = (0..<draws).map { _ in
            difference((0..<count).map { _ in random.index(below: count) })
        }.sorted()
        self.difference = difference(Array(0..<count))
        shareNotBetter = Double(drawn.count { $0 <= 0 }) / Double(draws)
        func quantile(_ share: Double) -> Double {
            let place = share * Double(drawn.count - 1)
            let low = Int(place)
            let high = min(low + 1, drawn.count - 1)
            return drawn[low] + (place - Double(low)) * (drawn[high] - drawn[low])
        }
        interval = quantile(0.025)...quantile(0.975)
    }
}
