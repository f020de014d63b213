import Foundation

/// The number that logits are divided by so that their probabilities fit held-out rows best.
///
/// The mean negative log-likelihood is convex in the inverse temperature, so Newton's method finds its only minimum. The
/// order of labels does not change.
///
/// Source: Guo et al. 2017, "On Calibration of Modern Neural Networks".
public struct Temperature: Sendable, Equatable {
    /// The temperatures that are considered.
    public static let range = 0.05...20.0

    /// The temperature; above 1 for a model that is too confident.
    public let value: Double
    /// Whether the best temperature is at an end of ``range`` or beyond it, for example because all rows are right.
    public let isAtLimit: Bool

    /// The change of logits.
    public var scaling: LogitScaling { .temperature(value) }

    /// Finds the temperature.
    ///
    /// - Parameter rows: Rows that neither trained nor chose the model, at least one.
    /// - Throws: ``DecisionError`` for a regression or without rows.
    public init(fitting rows: ScoredRows) throws(DecisionError) {
        try rows.truth.requireLabels()
        guard rows.count > 0 else { throw DecisionError("there are no rows to fit a temperature on") }
        let (lowest, highest) = (1 / Self.range.upperBound, 1 / Self.range.lowerBound)
        // The gradient increases with the inverse temperature, so the minimum is between the last two signs.
        if Self.slope(rows, highest).gradient <= 0 {
            (value, isAtLimit) = (Self.range.lowerBound, true)
            return
        }
        if Self.slope(rows, lowest).gradient >= 0 {
            (value, isAtLimit) = (Self.range.upperBound, true)
            return
        }
        var (below, above, inverse) = (lowest, highest, 1.0)
        for _ in 0..<100 {
            let slope = Self.slope(rows, inverse)
            if slope.gradient == 0 { break }
            if slope.gradient < 0 { below = inverse } else { above = inverse }
            var next = inverse - slope.gradient / slope.curvature
            // A step out of the bracket is replaced by its middle.
            if !(next > below && next < above) { next = (below + above) / 2 }
            let change = abs(next - inverse)
            inverse = next
            if change <= 1e-14 * inverse { break }
        }
        (value, isAtLimit) = (1 / inverse, false)
    }

    /// The derivatives of the summed negative log-likelihood by the inverse temperature.
    private static func slope(
        _ rows: ScoredRows,
        _ inverse: Double
    ) -> (gradient: Double, curvature: Double) {
        var (gradient, curvature) = (0.0, 0.0)
        for row in 0..<rows.count {
            let logits = rows.logits(of: row).map(Double.init)
            if let label = rows.truth.label(of: row) {
                let probabilities = softmax(logits.map { $0 * inverse })
                let mean = zip(probabilities, logits).reduce(0) { $0 + $1.0 * $1.1 }
                gradient += mean - logits[label]
                for (probability, logit) in zip(probabilities, logits) {
                    curvature += probability * (logit - mean) * (logit - mean)
                }
            } else {
                for logit in logits {
                    let probability = sigmoid(logit * inverse)
                    gradient += probability * logit
                    curvature += probability * (1 - probability) * logit * logit
                }
                gradient -= rows.truth.set(of: row).reduce(0) { $0 + logits[$1] }
            }
        }
        return (gradient, curvature)
    }
}
