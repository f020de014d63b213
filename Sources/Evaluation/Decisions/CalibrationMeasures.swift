import Foundation

/// The quality of probabilities on labelled rows.
public struct CalibrationMeasures: Sendable, Equatable {
    /// The share of rows whose most probable label is right; for label sets, of labels that are right at 0.5.
    public let accuracy: Double
    /// The mean negative log probability of the true label, in nats; for label sets, the mean over all labels.
    public let logLoss: Double
    /// The expected calibration error over 15 equally wide bins: of the most probable label; for label sets, of all labels.
    public let calibrationError: Double
    /// The mean squared error: of label 1 for two labels, summed over more; for label sets, the mean over all labels.
    public let brierScore: Double

    /// All measures by name, in display order.
    public var values: [(name: String, value: Double)] {
        zip(Self.names, [accuracy, logLoss, calibrationError, brierScore]).map { ($0.name, $1) }
    }

    /// The names of the measures in files and their titles for people, in display order.
    package static let names = [
        (name: "accuracy", title: "accuracy"), (name: "log_loss", title: "negative log-likelihood"),
        (name: "ece", title: "calibration error (ECE)"), (name: "brier_score", title: "Brier score"),
    ]

    /// Measures probabilities; nil without rows.
    ///
    /// - Parameter probabilities: The probabilities of labelled rows.
    public init?(_ probabilities: LabelProbabilities) {
        guard probabilities.count > 0 else { return nil }
        switch probabilities.truth {
        case .classes(let labels):
            let rows = (0..<probabilities.count).map { Array(probabilities.row($0)) }
            let metrics = ClassificationMetrics(
                predictions: (0..<rows.count).map(probabilities.prediction(of:)),
                labels: labels,
                probabilities: rows,
                classCount: probabilities.width
            )
            guard let measures = metrics.probabilities else { return nil }
            accuracy = metrics.accuracy
            logLoss = measures.logLoss
            calibrationError = measures.calibrationError
            brierScore = measures.brierScore
        case .labelSets(let sets):
            var (right, loss, squares) = (0.0, 0.0, 0.0)
            var gaps = [Double](repeating: 0, count: 15)
            for (row, set) in sets.enumerated() {
                for (id, probability) in probabilities.row(row).enumerated() {
                    let truth = set.contains(id) ? 1.0 : 0
                    right += (probability > 0.5) == (truth == 1) ? 1 : 0
                    let likelihood = truth == 1 ? probability : 1 - probability
                    loss -= log(min(max(likelihood, .ulpOfOne), 1 - .ulpOfOne))
                    squares += (probability - truth) * (probability - truth)
                    let bin = Int((probability * 15).rounded(.up)) - 1
                    gaps[min(max(bin, 0), 14)] += probability - truth
                }
            }
            let count = Double(max(probabilities.values.count, 1))
            accuracy = right / count
            logLoss = loss / count
            brierScore = squares / count
            calibrationError = gaps.reduce(0) { $0 + abs($1) } / count
        case .numbers: return nil
        }
    }
}
