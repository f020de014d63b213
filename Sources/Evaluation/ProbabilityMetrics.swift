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

/// Probabilities and true classes, prepared to be measured as often as examples are drawn again.
struct ScoredExamples {
    private static let binCount = 15
    private let rankings: [RankedScores]
    private let losses: [Double]
    private let squares: [Double]
    private let bins: [Int]
    /// Confidence less 1 where the answer is right, less 0 where it is wrong.
    private let excess: [Double]

    /// Prepares examples; nil where there are none or a probability is no number.
    ///
    /// - Parameters:
    ///   - probabilities: One per class for each example.
    ///   - labels: The true ids.
    ///   - predictions: The ids answered.
    ///   - classCount: The number of classes.
    init?(_ probabilities: [[Double]], labels: [Int], predictions: [Int], classCount: Int) {
        guard !labels.isEmpty, probabilities.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return nil }
        // Of two classes the second one's scores tell all.
        let classes = classCount == 2 ? 1..<2 : 0..<classCount
        rankings = classes.map { id in
            RankedScores(probabilities.map { $0[id] }, isPositive: labels.map { $0 == id })
        }
        let least = Double.ulpOfOne
        losses = zip(probabilities, labels).map { -log(min(max($0[$1], least), 1 - least)) }
        squares = zip(probabilities, labels).map { row, label in
            let all = row.enumerated().reduce(0) { sum, score in
                let distance = score.element - (score.offset == label ? 1 : 0)
                return sum + distance * distance
            }
            return classCount == 2 ? all / 2 : all
        }
        let confidences = zip(probabilities, predictions).map { $0[$1] }
        bins = confidences.map {
            min(max(Int(($0 * Double(Self.binCount)).rounded(.up)) - 1, 0), Self.binCount - 1)
        }
        excess = confidences.indices.map { confidences[$0] - (predictions[$0] == labels[$0] ? 1 : 0) }
    }

    /// Measures.
    ///
    /// - Parameter weights: How often each example counts; nil counts each once.
    /// - Returns: The metrics.
    func metrics(_ weights: [Int32]? = nil) -> ProbabilityMetrics {
        let areas = rankings.map { $0.areas(weights) }
        var (count, loss, square) = (0.0, 0.0, 0.0)
        var gaps = [Double](repeating: 0, count: Self.binCount)
        for example in losses.indices {
            let weight = Double(weights?[example] ?? 1)
            count += weight
            loss += weight * losses[example]
            square += weight * squares[example]
            gaps[bins[example]] += weight * excess[example]
        }
        return ProbabilityMetrics(
            areaUnderROC: mean(areas.map(\.roc)),
            averagePrecision: mean(areas.map(\.averagePrecision)),
            logLoss: ratio(loss, count),
            brierScore: ratio(square, count),
            calibrationError: ratio(gaps.reduce(0) { $0 + abs($1) }, count)
        )
    }
}
