// Intervals of counted metrics, given the number of examples of each class.
extension ClassificationMetrics {
    /// The 95 % intervals by name, without those of metrics that the examples leave undefined.
    var countedIntervals: [String: ClosedRange<Double>] {
        let shared = accuracyInterval
        var result = [
            "accuracy": shared, "f1_micro": shared, "precision_micro": shared, "recall_micro": shared,
            // Weighted by support, the mean recall equals the accuracy.
            "recall_weighted": shared,
        ]
        let present = met.filter { perClass[$0].support > 0 }
        result["balanced_accuracy"] = Interval.sum(
            balancedAccuracy,
            of: present.map { recall($0, 1 / Double(present.count)) }
        )
        result["matthews_correlation"] = matthewsInterval
        let counted = met
        let alike = 1 / Double(counted.count)
        func share(_ id: Int) -> Double { Double(perClass[id].support) / Double(confusion.total) }
        // An undefined ratio counts as 0, which no interval describes.
        let allOccur = present.count == counted.count
        let allAnswered = counted.allSatisfy { confusion.predicted(as: $0) > 0 }
        if allOccur {
            result["recall_macro"] = Interval.sum(
                averaged(\.recall, .macro),
                of: present.map { recall($0, alike) }
            )
        }
        for (name, average, weight) in [
            ("macro", Average.macro, { _ in alike }), ("weighted", .weighted, share),
        ] as [(String, Average, (Int) -> Double)] {
            /// The variance of the mean that comes from its weights, the classes' shares of the examples.
            func variance(_ path: KeyPath<PerClass, Double>) -> Double {
                guard average == .weighted else { return 0 }
                let mean = averaged(path, average)
                return counted.reduce(0) { sum, id in
                    let distance = perClass[id][keyPath: path] - mean
                    return sum + weight(id) * distance * distance
                } / Double(confusion.total)
            }
            if allAnswered {
                result["precision_\(name)"] = Interval.sum(
                    averaged(\.precision, average),
                    of: counted.compactMap { precision($0, weight($0)) },
                    variance: variance(\.precision)
                )
            }
            result["f1_\(name)"] = Interval.sum(
                averaged(\.f1, average),
                of: counted.map { f1($0, weight($0)) },
                dependence: dependence(of: counted, weight),
                variance: variance(\.f1)
            )
        }
        guard perClass.count == 2 else { return result }
        if perClass[1].support > 0 { result["recall"] = recall(1, 1).interval }
        result["precision"] = precision(1, 1)?.interval
        if counted.contains(1) { result["f1"] = f1(1, 1).interval }
        return result
    }

    private typealias Part = (weight: Double, value: Double, interval: ClosedRange<Double>)

    private func recall(_ id: Int, _ weight: Double) -> Part {
        let value = perClass[id].recall
        return (weight, value, Interval.share(value, of: Double(perClass[id].support)))
    }

    /// Nil if nothing was predicted as the class.
    private func precision(_ id: Int, _ weight: Double) -> Part? {
        let count = confusion.predicted(as: id)
        let value = perClass[id].precision
        return count == 0 ? nil : (weight, value, Interval.share(value, of: Double(count)))
    }

    private func f1(_ id: Int, _ weight: Double) -> Part {
        let touched = perClass[id].support + confusion.predicted(as: id) - confusion[id, id]
        return (weight, perClass[id].f1, Interval.f1(hits: confusion[id, id], of: touched))
    }

    /// The dependence of the classes' F1: a wrong example is a miss for one class and a false alarm for another.
    private func dependence(of classes: [Int], _ weight: (Int) -> Double) -> Double {
        var steps = [Double](repeating: 0, count: perClass.count)
        for id in classes {
            steps[id] = weight(id) / Double(perClass[id].support + confusion.predicted(as: id))
        }
        var (together, alone) = (0.0, 0.0)
        for id in classes {
            let influence = 2 * steps[id] * (1 - perClass[id].f1)
            together += Double(confusion[id, id]) * influence * influence
        }
        alone = together
        for cell in confusion.errors {
            let (a, b) = (
                steps[cell.label] * perClass[cell.label].f1,
                steps[cell.prediction] * perClass[cell.prediction].f1
            )
            together += Double(cell.count) * (a + b) * (a + b)
            alone += Double(cell.count) * (a * a + b * b)
        }
        return min(commonVariance(together, alone, of: classes.count), 2)
    }

    /// The correlation as a sum over the recall of each class, with its errors distributed as they were.
    ///
    /// Nil if all labels or all predictions have the same class.
    private var matthewsInterval: ClosedRange<Double>? {
        let total = Double(confusion.total)
        let truth = perClass.map { Double($0.support) / total }
        let predicted = perClass.indices.map { Double(confusion.predicted(as: $0)) / total }
        let spread = 1 - predicted.reduce(0) { $0 + $1 * $1 }
        let deviation = ((1 - truth.reduce(0) { $0 + $1 * $1 }) * spread).squareRoot()
        guard deviation > 0 else { return nil }
        let expected = zip(truth, predicted).reduce(0) { $0 + $1.0 * $1.1 }
        let covariance = accuracy - expected
        // For each class, the mean share of labels, and of predictions, in the classes that its errors went to.
        var (truthHit, predictedHit) = (
            [Double](repeating: 0, count: perClass.count), [Double](repeating: 0, count: perClass.count)
        )
        for cell in confusion.errors {
            truthHit[cell.label] += Double(cell.count) * truth[cell.prediction]
            predictedHit[cell.label] += Double(cell.count) * predicted[cell.prediction]
        }
        let parts = perClass.indices.filter { perClass[$0].support > 0 }.map { id -> Part in
            let errors = Double(perClass[id].support - confusion[id, id])
            // A class without errors is assumed to have them in proportion to all predictions.
            let others = 1 - predicted[id]
            let a = errors > 0 ? truthHit[id] / errors : ratio(expected - truth[id] * predicted[id], others)
            let b =
                errors > 0
                ? predictedHit[id] / errors : ratio(1 - spread - predicted[id] * predicted[id], others)
            let weight =
                truth[id] / deviation * (1 - truth[id] + a + covariance / spread * (predicted[id] - b))
            return recall(id, weight)
        }
        return Interval.sum(matthewsCorrelation, of: parts, in: -1...1)
    }
}

extension Interval {
    /// The interval of F1, from the Jaccard index J of the class's examples and predictions: F1 = 2 J / (1 + J).
    ///
    /// - Parameters:
    ///   - hits: The examples of the class that were predicted as it.
    ///   - count: The examples that belong to the class or were predicted as it; positive.
    ///   - independent: The effective number of independent examples; nil for `count`.
    /// - Returns: The interval.
    ///
    /// Source: Lam 2023, "Confidence intervals for the F1 score": Wilson's interval for the transformed share.
    static func f1(hits: Int, of count: Int, independent: Double? = nil) -> ClosedRange<Double> {
        let jaccard = Double(hits) / Double(count)
        let interval = share(jaccard, of: independent ?? Double(count))
        func transformed(_ share: Double) -> Double { 2 * share / (1 + share) }
        return holding(
            transformed(jaccard),
            transformed(interval.lowerBound),
            transformed(interval.upperBound),
            in: 0...1
        )
    }
}
