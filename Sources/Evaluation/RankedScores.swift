import Dispatch
import Foundation
import Synchronization

/// The areas under the curves of one class against all others.
///
/// Only the positives are sorted, and the other scores are located among them: n examples with m positives take n log m steps.
struct RankedScores {
    /// The area under the ROC curve; ties count half.
    ///
    /// Nil if there are no positives or no negatives.
    let areaUnderROC: Double?
    /// The average precision; nil if there are no positives.
    let averagePrecision: Double?
    /// The number of examples of the class.
    let positives: Int
    /// The number of all other examples.
    let negatives: Int
    /// Each example's influence on the area under the ROC curve; empty if the area is nil.
    let influence: [Double]

    /// Computes the areas for scores.
    ///
    /// - Parameters:
    ///   - scores: Finite scores; a higher score means that the class is more likely.
    ///   - isPositive: Whether each example belongs to the class.
    ///
    /// Source: scikit-learn's `roc_auc_score` and `average_precision_score`; DeLong et al. 1988 for the influence.
    init(_ scores: [Double], isPositive: [Bool]) {
        let positives = isPositive.indices.filter { isPositive[$0] }
        self = scores.withUnsafeBufferPointer {
            RankedScores($0, isPositive: isPositive, positives: positives[...])
        }
    }

    /// Computes the areas for scores.
    ///
    /// - Parameters:
    ///   - scores: Finite scores; a higher score means that the class is more likely.
    ///   - isPositive: Whether each example belongs to the class.
    ///   - members: The examples that belong to the class.
    init(_ scores: UnsafeBufferPointer<Double>, isPositive: [Bool], positives members: ArraySlice<Int>) {
        let ordered = members.map { scores[$0] }.sorted(by: >)
        positives = ordered.count
        negatives = scores.count - ordered.count
        guard positives > 0 else {
            (areaUnderROC, averagePrecision, influence) = (nil, nil, [])
            return
        }
        // Thresholds: the distinct scores of positives in descending order, and how many positives score at least each.
        var thresholds: [Double] = []
        var reached: [Int] = []
        for score in ordered {
            if thresholds.last == score {
                reached[reached.count - 1] += 1
            } else {
                thresholds.append(score)
                reached.append((reached.last ?? 0) + 1)
            }
        }
        /// The first threshold that a score reaches.
        func place(_ score: Double) -> Int {
            var (low, high) = (0, thresholds.count)
            while low < high {
                let middle = (low + high) / 2
                if thresholds[middle] <= score { high = middle } else { low = middle + 1 }
            }
            return low
        }
        // Negatives between each threshold and the next higher one, and negatives equal to each.
        var above = [Int](repeating: 0, count: thresholds.count + 1)
        var equal = above
        let places = scores.map(place)
        for (example, place) in places.enumerated() where !isPositive[example] {
            if place < thresholds.count, thresholds[place] == scores[example] {
                equal[place] += 1
            } else {
                above[place] += 1
            }
        }
        // Whole and half numbers, exact in float64.
        var (area, precisions, alarms) = (0.0, 0.0, 0)
        var below = [Double](repeating: 0, count: thresholds.count)
        for place in thresholds.indices {
            alarms += above[place]
            let hits = reached[place] - (place > 0 ? reached[place - 1] : 0)
            below[place] = Double(negatives - alarms) - Double(equal[place]) / 2
            alarms += equal[place]
            area += Double(hits) * below[place]
            precisions += Double(hits) * ratio(Double(reached[place]), Double(reached[place] + alarms))
        }
        let (m, n) = (Double(positives), Double(negatives))
        averagePrecision = precisions / m
        guard negatives > 0 else {
            (areaUnderROC, influence) = (nil, [])
            return
        }
        let mean = area / (m * n)
        areaUnderROC = mean
        influence = places.enumerated().map { example, place in
            if isPositive[example] { return (below[place] / n - mean) / m }
            // Positives with a higher score, and half of those with the same score.
            let higher = place > 0 ? Double(reached[place - 1]) : 0
            let isEqual = place < thresholds.count && thresholds[place] == scores[example]
            let same = isEqual ? Double(reached[place]) - higher : 0
            return ((higher + same / 2) / m - mean) / n
        }
    }
}

/// The mean of the non-nil values; nil if there are none.
func mean(_ values: [Double?]) -> Double? {
    let defined = values.compactMap { $0 }
    return defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
}

/// The macro averages of the areas of several classes.
struct MeanAreas {
    /// The mean area under the ROC curve; nil if no class has one.
    let areaUnderROC: Double?
    /// The mean average precision; nil if no class has one.
    let averagePrecision: Double?
    private let areas: [(value: Double, interval: ClosedRange<Double>)]
    private let precisions: [(value: Double, positives: Int)]
    private let dependence: Double
    private static let scoresReadAtOnce = 1 << 20

    /// Computes the averages, one class after the other.
    ///
    /// A class that does not occur has no areas.
    ///
    /// - Parameters:
    ///   - scores: The scores of the classes that occur.
    ///   - members: The examples of the same classes.
    ///   - count: The number of examples.
    init(_ scores: ScoreColumns, _ members: ClassMembers, count: Int) {
        var sum = [Double](repeating: 0, count: count)
        var alone = 0.0
        var areas: [(value: Double, interval: ClosedRange<Double>)] = []
        var precisions: [(value: Double, positives: Int)] = []
        func take(_ ranked: RankedScores) {
            if let area = ranked.areaUnderROC {
                var variance = 0.0
                for (example, influence) in ranked.influence.enumerated() {
                    sum[example] += influence
                    variance += influence * influence
                }
                alone += variance
                let interval = Interval.area(
                    area,
                    positives: Double(ranked.positives),
                    negatives: Double(ranked.negatives),
                    variance: variance
                )
                areas.append((area, interval))
            }
            if let precision = ranked.averagePrecision { precisions.append((precision, ranked.positives)) }
        }
        // Scores are stored example by example, so several classes are read at a time; the more examples, the fewer classes.
        let several = max(Self.scoresReadAtOnce / max(count, 1), 1)
        for start in stride(from: 0, to: scores.classes.count, by: several) {
            let places = start..<min(start + several, scores.classes.count)
            for ranked in Self.ranked(places, scores, members, count: count) { take(ranked) }
        }
        (self.areas, self.precisions) = (areas, precisions)
        areaUnderROC = mean(areas.map(\.value))
        averagePrecision = mean(precisions.map(\.value))
        dependence = commonVariance(sum.reduce(0) { $0 + $1 * $1 }, alone, of: areas.count)
    }

    /// The areas of several classes, computed on all cores; the number of cores changes no result.
    private static func ranked(
        _ places: Range<Int>,
        _ scores: ScoreColumns,
        _ members: ClassMembers,
        count: Int
    ) -> [RankedScores] {
        let parts = min(ProcessInfo.processInfo.activeProcessorCount, places.count)
        let found = Mutex([[RankedScores]](repeating: [], count: parts))
        DispatchQueue.concurrentPerform(iterations: parts) { part in
            func bound(_ part: Int) -> Int { places.lowerBound + places.count * part / parts }
            let own = bound(part)..<bound(part + 1)
            var columns = [Double](repeating: 0, count: own.count * count)
            columns.withUnsafeMutableBufferPointer { scores.read(own, count: count, into: $0) }
            var isPositive = [Bool](repeating: false, count: count)
            let ranked = columns.withUnsafeBufferPointer { columns in
                own.map { place in
                    let examples = members.examples(ofPlace: place)
                    for example in examples { isPositive[example] = true }
                    defer { for example in examples { isPositive[example] = false } }
                    let first = (place - own.lowerBound) * count
                    let column = UnsafeBufferPointer(rebasing: columns[first..<first + count])
                    return RankedScores(column, isPositive: isPositive, positives: examples)
                }
            }
            found.withLock { $0[part] = ranked }
        }
        return found.withLock { $0.flatMap(\.self) }
    }

    /// The 95 % intervals by name.
    var intervals: [String: ClosedRange<Double>] {
        var result: [String: ClosedRange<Double>] = [:]
        if let areaUnderROC {
            result["roc_auc"] = Interval.sum(
                areaUnderROC,
                of: areas.lazy.map { (1 / Double(areas.count), $0.value, $0.interval) },
                dependence: dependence
            )
        }
        if let averagePrecision {
            // The average precision is treated as a share of as many trials as there are positives: Boyd, Eng and Page 2013.
            result["average_precision"] = Interval.sum(
                averagePrecision,
                of: precisions.lazy.map { precision in
                    let interval = Interval.share(precision.value, of: Double(precision.positives))
                    return (1 / Double(precisions.count), precision.value, interval)
                },
                dependence: dependence
            )
        }
        return result
    }
}

/// The dependence of estimates: the variance of their sum, divided by the sum of their variances.
///
/// At least 1. If nothing varied, 2 for several estimates, because a wrong example is wrong for two classes.
func commonVariance(_ together: Double, _ alone: Double, of count: Int) -> Double {
    guard count > 1 else { return 1 }
    return alone > 0 ? max(1, together / alone) : 2
}
