import Foundation

/// How good the probabilities of a single-label classifier are, whatever answer is made of them.
///
/// Source: scikit-learn's `roc_auc_score` (`multi_class="ovr"`, `average="macro"`), `average_precision_score`, `log_loss`
/// and `brier_score_loss`; Guo et al. 2017 for the calibration error.
public struct ProbabilityMetrics: Sendable, Equatable {
    /// The chance that an example of class 1 gets a higher score than one of class 0, equal scores half right.
    ///
    /// Of more classes the mean of each against all others, over those that occur; nil where only one does.
    public let areaUnderROC: Double?
    /// The area under precision over recall, for class 1 or as the mean over classes that occur.
    public let averagePrecision: Double?
    /// The mean negative logarithm of the true class's probability, in nats.
    public let logLoss: Double
    /// The mean squared distance from the truth: of class 1's probability for two classes, else summed over classes.
    public let brierScore: Double
    /// How far confidence and accuracy lie apart: the mean over 15 equally wide bins of confidence, weighted by their
    /// examples.
    public let calibrationError: Double

    /// Every number under the field's name, in the order to show them; what is not defined is left out.
    public var values: [(name: String, value: Double)] {
        let areas = [("roc_auc", areaUnderROC), ("average_precision", averagePrecision)]
        return areas.compactMap { name, value in value.map { (name: name, value: $0) } }
            + [("log_loss", logLoss), ("brier_score", brierScore), ("ece", calibrationError)]
    }
}

/// Probabilities beside true classes, measured.
struct ScoredExamples {
    private static let binCount = 15
    /// What was measured.
    let metrics: ProbabilityMetrics
    private let areas: MeanAreas
    private let losses: AnsweredLosses
    private let squares: AnsweredLosses

    /// Measures examples; nil if there are none or a probability is not finite.
    ///
    /// - Parameters:
    ///   - probabilities: One per class for each example.
    ///   - labels: The true ids.
    ///   - predictions: The ids answered.
    ///   - classCount: The number of classes.
    init?(_ probabilities: [[Double]], labels: [Int], predictions: [Int], classCount: Int) {
        guard !labels.isEmpty, probabilities.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return nil }
        // Of two classes the second one's scores tell all.
        areas = MeanAreas(classCount == 2 ? 1..<2 : 0..<classCount, count: labels.count) { id in
            RankedScores(probabilities.map { $0[id] }, isPositive: labels.map { $0 == id })
        }
        func logarithm(_ row: [Double], _ label: Int) -> Double {
            -log(min(max(row[label], .ulpOfOne), 1 - .ulpOfOne))
        }
        func square(_ row: [Double], _ label: Int) -> Double {
            // Σ (p - 1 at the label)²
            let all = row.reduce(0) { $0 + $1 * $1 } - 2 * row[label] + 1
            return max(classCount == 2 ? all / 2 : all, 0)
        }
        let isRight = zip(predictions, labels).map(==)
        losses = AnsweredLosses(probabilities, labels, predictions, isRight, logarithm)
        squares = AnsweredLosses(probabilities, labels, predictions, isRight, square)
        var gaps = [Double](repeating: 0, count: Self.binCount)
        for (row, (prediction, label)) in zip(probabilities, zip(predictions, labels)) {
            let confidence = row[prediction]
            let bin = Int((confidence * Double(Self.binCount)).rounded(.up)) - 1
            gaps[min(max(bin, 0), Self.binCount - 1)] += confidence - (prediction == label ? 1 : 0)
        }
        let count = Double(labels.count)
        metrics = ProbabilityMetrics(
            areaUnderROC: areas.areaUnderROC,
            averagePrecision: areas.averagePrecision,
            logLoss: losses.mean,
            brierScore: squares.mean,
            calibrationError: gaps.reduce(0) { $0 + abs($1) } / count
        )
    }

    /// 95 % intervals by name.
    var intervals: [String: ClosedRange<Double>] {
        var result = areas.intervals
        result["log_loss"] = losses.interval
        result["brier_score"] = squares.interval
        return result
    }
}

/// Every example's loss, of right and of wrong answers.
///
/// A classifier that is nearly always right has few wrong answers, and they make up most of its loss: the interval follows
/// from that of their share, also if there are none.
private struct AnsweredLosses {
    /// The mean of all.
    let mean: Double
    private let right: [Double]
    private let wrong: [Double]
    /// What a wrong answer is expected to cost, by the probabilities themselves.
    private let expected: Double

    init(
        _ probabilities: [[Double]],
        _ labels: [Int],
        _ predictions: [Int],
        _ isRight: [Bool],
        _ loss: ([Double], Int) -> Double
    ) {
        let losses = zip(probabilities, labels).map(loss)
        mean = losses.reduce(0, +) / Double(losses.count)
        right = losses.indices.filter { isRight[$0] }.map { losses[$0] }
        wrong = losses.indices.filter { !isRight[$0] }.map { losses[$0] }
        guard wrong.isEmpty else {
            expected = wrong.reduce(0, +) / Double(wrong.count)
            return
        }
        var (sum, total) = (0.0, 0.0)
        for (row, prediction) in zip(probabilities, predictions) {
            // The next likeliest class would be the true one.
            guard let other = row.indices.filter({ $0 != prediction }).max(by: { row[$0] < row[$1] }) else {
                continue
            }
            let doubt = max(1 - row[prediction], .ulpOfOne)
            sum += doubt * loss(row, other)
            total += doubt
        }
        expected = ratio(sum, total)
    }

    /// The mean's 95 % interval.
    var interval: ClosedRange<Double> {
        let n = Double(right.count + wrong.count)
        let share = Double(wrong.count) / n
        let usual = ratio(right.reduce(0, +), Double(right.count))
        var parts = [(weight: expected - usual, value: share, interval: Interval.share(share, of: n))]
        for (losses, mean, weight) in [(right, usual, 1 - share), (wrong, expected, share)] where weight > 0 {
            // One loss alone tells its size and no more.
            let interval =
                Interval.mean(mean, of: losses) ?? (losses.count == 1 ? mean / 2...mean * 2 : mean...mean)
            parts.append((weight: weight, value: mean, interval: interval))
        }
        return Interval.sum(mean, of: parts, in: 0...(.infinity))
    }
}
