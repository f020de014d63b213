import Foundation

/// Metrics of the probabilities of a single-label classifier, independent of the decision threshold.
///
/// Source: scikit-learn's `roc_auc_score` (`multi_class="ovr"`, `average="macro"`), `average_precision_score`, `log_loss`
/// and `brier_score_loss`; Guo et al. 2017 for the calibration error.
public struct ProbabilityMetrics: Sendable, Equatable {
    /// The area under the ROC curve for class 1; ties count half.
    ///
    /// With more than two classes, the mean of each class against all others over classes that occur; nil if only one occurs.
    public let areaUnderROC: Double?
    /// The average precision for class 1, or the mean over classes that occur; nil if none occurs.
    public let averagePrecision: Double?
    /// The mean negative log probability of the true class, in nats.
    public let logLoss: Double
    /// The mean squared error of the probabilities: of class 1 if there are two classes, otherwise summed over classes.
    public let brierScore: Double
    /// The expected calibration error: the mean difference of confidence and accuracy over 15 equally wide bins of confidence,
    /// weighted by their examples.
    public let calibrationError: Double
    /// The number of scores that the areas under curves compare, if these are left out because there are too many; nil
    /// otherwise.
    public let uncomparedScores: Int?

    /// All metrics by name, in display order, without those that are undefined.
    public var values: [(name: String, value: Double)] {
        let areas = [("roc_auc", areaUnderROC), ("average_precision", averagePrecision)]
        return areas.compactMap { name, value in value.map { (name: name, value: $0) } }
            + [("log_loss", logLoss), ("brier_score", brierScore), ("ece", calibrationError)]
    }
}

/// The values of one example that probability metrics need, independent of the number of classes.
struct ScoredExample: Sendable {
    /// The predicted class.
    let prediction: Int
    /// The probability of the true class.
    let likelihood: Double
    /// The probability of the predicted class.
    let confidence: Double
    /// The largest probability except the prediction's; nil for one class.
    let runnerUp: Double?
    /// The sum of all squared probabilities.
    let squares: Double

    /// Creates the values from an example's probabilities.
    ///
    /// - Parameters:
    ///   - row: The probabilities of all classes.
    ///   - label: The true class.
    ///   - prediction: The predicted class.
    init(_ row: UnsafeBufferPointer<Double>, label: Int, prediction: Int) {
        var squares = 0.0
        var runnerUp = -Double.infinity
        for id in row.indices {
            squares += row[id] * row[id]
            if id != prediction, row[id] > runnerUp { runnerUp = row[id] }
        }
        self.squares = squares
        self.runnerUp = row.count > 1 ? runnerUp : nil
        self.prediction = prediction
        likelihood = row[label]
        confidence = row[prediction]
    }
}

/// The probability metrics of examples with known classes.
struct ScoredExamples {
    private static let binCount = 15
    /// The metrics.
    let metrics: ProbabilityMetrics
    private let areas: MeanAreas?
    private let losses: AnsweredLosses
    private let squares: AnsweredLosses

    /// Computes the metrics; nil if there are no examples.
    ///
    /// - Parameters:
    ///   - examples: The values of each example.
    ///   - labels: The true ids.
    ///   - areas: The areas under the classes' curves; nil leaves them out.
    ///   - uncompared: The number of scores that the areas would compare, if they are left out.
    ///   - classCount: The number of classes.
    init?(
        _ examples: [ScoredExample],
        labels: [Int],
        areas: MeanAreas?,
        uncompared: Int?,
        classCount: Int
    ) {
        guard !labels.isEmpty else { return nil }
        self.areas = areas
        func logarithm(_: ScoredExample, _ probability: Double) -> Double {
            -log(min(max(probability, .ulpOfOne), 1 - .ulpOfOne))
        }
        func square(_ example: ScoredExample, _ probability: Double) -> Double {
            // Σ (p - 1 at the label)²
            let all = example.squares - 2 * probability + 1
            return max(classCount == 2 ? all / 2 : all, 0)
        }
        losses = AnsweredLosses(examples, labels, logarithm)
        squares = AnsweredLosses(examples, labels, square)
        var gaps = [Double](repeating: 0, count: Self.binCount)
        for (example, label) in zip(examples, labels) {
            let bin = Int((example.confidence * Double(Self.binCount)).rounded(.up)) - 1
            gaps[min(max(bin, 0), Self.binCount - 1)] +=
                example.confidence - (example.prediction == label ? 1 : 0)
        }
        let count = Double(labels.count)
        metrics = ProbabilityMetrics(
            areaUnderROC: areas?.areaUnderROC,
            averagePrecision: areas?.averagePrecision,
            logLoss: losses.mean,
            brierScore: squares.mean,
            calibrationError: gaps.reduce(0) { $0 + abs($1) } / count,
            uncomparedScores: uncompared
        )
    }

    /// The 95 % intervals by name.
    var intervals: [String: ClosedRange<Double>] {
        var result = areas?.intervals ?? [:]
        result["log_loss"] = losses.interval
        result["brier_score"] = squares.interval
        return result
    }
}

/// The losses of the examples, separately for right and wrong predictions.
///
/// An accurate classifier makes few errors, and they make up most of its loss. The interval is therefore derived from
/// that of the error rate, even if there are no errors.
private struct AnsweredLosses {
    /// The mean over all examples.
    let mean: Double
    private let right: [Double]
    private let wrong: [Double]
    /// The expected loss of a wrong prediction, estimated from the probabilities if there is none.
    private let expected: Double

    /// - Parameters:
    ///   - examples: At least one example.
    ///   - labels: Their true ids.
    ///   - loss: The loss of an example if a class with the given probability is the true one.
    init(_ examples: [ScoredExample], _ labels: [Int], _ loss: (ScoredExample, Double) -> Double) {
        let losses = examples.map { loss($0, $0.likelihood) }
        mean = losses.reduce(0, +) / Double(losses.count)
        right = losses.indices.filter { examples[$0].prediction == labels[$0] }.map { losses[$0] }
        wrong = losses.indices.filter { examples[$0].prediction != labels[$0] }.map { losses[$0] }
        guard wrong.isEmpty else {
            expected = wrong.reduce(0, +) / Double(wrong.count)
            return
        }
        var (sum, total) = (0.0, 0.0)
        for example in examples {
            // Assume that the second most likely class is the true one.
            guard let other = example.runnerUp else { continue }
            let doubt = max(1 - example.confidence, .ulpOfOne)
            sum += doubt * loss(example, other)
            total += doubt
        }
        expected = ratio(sum, total)
    }

    /// The 95 % interval of the mean.
    var interval: ClosedRange<Double> {
        let n = Double(right.count + wrong.count)
        let share = Double(wrong.count) / n
        let usual = ratio(right.reduce(0, +), Double(right.count))
        var parts = [(weight: expected - usual, value: share, interval: Interval.share(share, of: n))]
        for (losses, mean, weight) in [(right, usual, 1 - share), (wrong, expected, share)] where weight > 0 {
            // A single loss shows only its order of magnitude.
            let interval =
                Interval.mean(mean, of: losses) ?? (losses.count == 1 ? mean / 2...mean * 2 : mean...mean)
            parts.append((weight: weight, value: mean, interval: interval))
        }
        return Interval.sum(mean, of: parts, in: 0...(.infinity))
    }
}
