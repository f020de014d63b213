// Intervals of multi-label metrics. The decisions of one example depend on each other, so examples are the units.
extension MultiLabelMetrics {
    /// The 95 % intervals of counted metrics, by name.
    static func intervals(
        of metrics: MultiLabelMetrics,
        _ answers: [Answer],
        _ counts: [Counts]
    ) -> [String: ClosedRange<Double>] {
        guard !answers.isEmpty else { return [:] }
        let n = Double(answers.count)
        var result = ["accuracy": Interval.share(metrics.exactMatch, of: n)]
        let width = Double(max(counts.count, 1))
        result["hamming_loss"] = clustered(
            metrics.hammingLoss,
            answers.map { answer in
                Double(answer.counts.predicted + answer.counts.support - 2 * answer.counts.hits) / width
                    - metrics.hammingLoss
            },
            of: n,
            atMost: n * width
        )
        for kind in Kind.allCases {
            let value = metrics.averaged(kind.path, .samples)
            result["\(kind.rawValue)_samples"] = clustered(
                value,
                answers.map { $0.counts.scores[keyPath: kind.path] - value },
                of: n,
                atMost: .infinity
            )
        }
        result.merge(micro(answers, counts)) { first, _ in first }
        let supports = counts.reduce(0) { $0 + $1.support }
        for (name, average, weight) in [
            ("macro", Average.macro, { _ in 1 / width }),
            ("weighted", .weighted, { ratio(Double($0.support), Double(supports)) }),
        ] as [(String, Average, (Counts) -> Double)] {
            // An undefined ratio counts as 0, which no interval describes.
            for kind in Kind.allCases where average == .weighted || counts.allSatisfy({ kind.count($0) > 0 })
            {
                result["\(kind.rawValue)_\(name)"] = Interval.sum(
                    metrics.averaged(kind.path, average),
                    of: counts.compactMap { label in
                        kind.interval(label).map {
                            (weight(label), label.scores[keyPath: kind.path], $0)
                        }
                    },
                    dependence: dependence(answers, counts, kind, weight)
                )
            }
        }
        return result
    }

    /// A metric that is a share of decisions.
    private enum Kind: String, CaseIterable {
        case f1, precision, recall

        var path: KeyPath<ClassificationMetrics.PerClass, Double> {
            switch self {
            case .f1: \.f1
            case .precision: \.precision
            case .recall: \.recall
            }
        }

        /// The number of decisions in the metric's denominator.
        func count(_ counts: Counts) -> Int {
            switch self {
            case .f1: counts.predicted + counts.support - counts.hits
            case .precision: counts.predicted
            case .recall: counts.support
            }
        }

        /// The interval of a label; nil if its denominator is 0.
        func interval(_ counts: Counts) -> ClosedRange<Double>? {
            let count = count(counts)
            guard count > 0 else { return nil }
            return self == .f1
                ? Interval.f1(hits: counts.hits, of: count)
                : Interval.share(Double(counts.hits) / Double(count), of: Double(count))
        }
    }

    /// The intervals of micro averages, with examples as clusters of decisions.
    private static func micro(_ answers: [Answer], _ counts: [Counts]) -> [String: ClosedRange<Double>] {
        var all = Counts()
        for label in counts {
            all.hits += label.hits
            all.predicted += label.predicted
            all.support += label.support
        }
        var result: [String: ClosedRange<Double>] = [:]
        for kind in Kind.allCases {
            let count = kind.count(all)
            guard count > 0 else { continue }
            let share = Double(all.hits) / Double(count)
            let examples = answers.map { answer in
                (hits: Double(answer.counts.hits), count: Double(kind.count(answer.counts)))
            }
            let clusters = examples.count { $0.count > 0 }
            let influences = examples.map {
                ($0.hits - share * $0.count) / Double(count) * Double(answers.count)
            }
            let independent = effectiveCount(
                share,
                influences,
                of: Double(clusters),
                atMost: Double(count)
            )
            result["\(kind.rawValue)_micro"] =
                kind == .f1
                ? Interval.f1(hits: all.hits, of: count, independent: independent)
                : Interval.share(share, of: independent)
        }
        return result
    }

    /// The dependence between labels, which share the same examples.
    private static func dependence(
        _ answers: [Answer],
        _ counts: [Counts],
        _ kind: Kind,
        _ weight: (Counts) -> Double
    ) -> Double {
        var (together, alone) = (0.0, 0.0)
        // The influence of a hit, and of a miss, of each label on the mean.
        let influences = counts.map { label -> (hit: Double, miss: Double) in
            let share = ratio(Double(label.hits), Double(kind.count(label)))
            // F1 moves with its share by 2 / (1 + J)².
            let slope = kind == .f1 ? 2 / ((1 + share) * (1 + share)) : 1
            func influence(_ hit: Double) -> Double {
                weight(label) * slope * (hit - share) / Double(kind.count(label))
            }
            return (influence(1), influence(0))
        }
        for answer in answers {
            var sum = 0.0
            // Added in order, so that the sum is the same in every process.
            answer.forEach { id, isGiven, isWanted in
                guard kind == .f1 || kind == .precision && isGiven || kind == .recall && isWanted else {
                    return
                }
                let influence = isGiven && isWanted ? influences[id].hit : influences[id].miss
                sum += influence
                alone += influence * influence
            }
            together += sum * sum
        }
        return commonVariance(together, alone, of: counts.count)
    }

    /// The interval of a mean of shares, with examples as clusters of decisions.
    private static func clustered(
        _ share: Double,
        _ distances: [Double],
        of count: Double,
        atMost limit: Double
    ) -> ClosedRange<Double> {
        Interval.share(share, of: effectiveCount(share, distances, of: count, atMost: limit))
    }

    /// The effective number of independent examples: p (1 - p) divided by the variance.
    ///
    /// - Parameters:
    ///   - share: p.
    ///   - distances: The difference of each example from the share.
    ///   - count: The result if nothing varies.
    ///   - limit: The largest result.
    /// - Returns: At least 1.
    ///
    /// Source: Korn and Graubard 1998.
    private static func effectiveCount(
        _ share: Double,
        _ distances: [Double],
        of count: Double,
        atMost limit: Double
    ) -> Double {
        let n = Double(distances.count)
        let variance = distances.reduce(0) { $0 + $1 * $1 } / (n * max(n - 1, 1))
        guard variance > 0, share > 0, share < 1 else { return max(count, 1) }
        return max(min(share * (1 - share) / variance, limit), 1)
    }
}
