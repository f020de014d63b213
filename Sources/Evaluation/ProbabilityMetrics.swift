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
    /// The area under precision over recall, for class 1 or as the mean over classes that occur; nil where none does.
    public let averagePrecision: Double?
    /// The mean negative logarithm of the true class's probability, in nats.
    public let logLoss: Double
    /// The mean squared distance from the truth: of class 1's probability for two classes, else summed over classes.
    public let brierScore: Double
    /// How far confidence and accuracy lie apart: the mean over 15 equally wide bins of confidence, weighted by their
    /// examples.
    public let calibrationError: Double
    /// The number of scores that the areas under curves compare, if these are left out because there are too many; nil
    /// otherwise.
    public let uncomparedScores: Int?

    /// Every number under the field's name, in the order to show them; what is not defined is left out.
    public var values: [(name: String, value: Double)] {
        let areas = [("roc_auc", areaUnderROC), ("average_precision", averagePrecision)]
        return areas.compactMap { name, value in value.map { (name: name, value: $0) } }
            + [("log_loss", logLoss), ("brier_score", brierScore), ("ece", calibrationError)]
    }
}

/// What the metrics of probabilities need to know of an example, whatever the number of classes.
struct ScoredExample: Sendable {
    /// The answer.
    let prediction: Int
    /// The true class's probability.
    let likelihood: Double
    /// The answer's probability.
    let confidence: Double
    /// The largest probability but the answer's; nil for one class.
    let runnerUp: Double?
    /// The sum of all squared probabilities.
    let squares: Double

    /// Takes an example's probabilities.
    ///
    /// - Parameters:
    ///   - row: Of all classes.
    ///   - label: The true class.
    ///   - prediction: The answer.
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

/// Probabilities beside true classes, measured.
struct ScoredExamples {
    private static let binCount = 15
    /// What was measured.
    let metrics: ProbabilityMetrics
    private let areas: MeanAreas?
    private let losses: AnsweredLosses
    private let squares: AnsweredLosses

    /// Measures examples; nil if there are none.
    ///
    /// - Parameters:
    ///   - examples: What their probabilities say.
    ///   - labels: The true ids.
    ///   - areas: Those under the classes' curves; nil leaves them out.
    ///   - uncompared: The scores that the areas would compare, if these are left out.
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

    /// 95 % intervals by name.
    var intervals: [String: ClosedRange<Double>] {
        var result = areas?.intervals ?? [:]
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

    /// - Parameters:
    ///   - examples: Some.
    ///   - labels: Theirs.
    ///   - loss: An example's loss if a class of that probability is the true one.
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
            // The next likeliest class would be the true one.
            guard let other = example.runnerUp else { continue }
            let doubt = max(1 - example.confidence, .ulpOfOne)
            sum += doubt * loss(example, other)
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
