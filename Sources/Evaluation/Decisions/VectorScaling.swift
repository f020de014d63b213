import Foundation

/// A weight and a bias for each label's logit that fit held-out rows best.
///
/// The mean negative log-likelihood is minimized with a small penalty on the distance from the weights 1 and the biases 0, so
/// that the minimum exists even if some rows are separated perfectly.
///
/// Source: Guo et al. 2017, "On Calibration of Modern Neural Networks".
public struct VectorScaling: Sendable, Equatable {
    /// The fewest rows with and without each label.
    public static let fewestRows = 10
    /// Half the penalty of a squared distance of 1, in nats per row.
    public static let penalty = 1e-3

    /// The weight of each label's logit.
    public let weights: [Double]
    /// The bias of each label's logit.
    public let biases: [Double]

    /// The change of logits.
    public var scaling: LogitScaling { .vector(weights: weights, biases: biases) }

    /// Finds weights and biases.
    ///
    /// - Parameter rows: Rows that neither trained nor chose the model.
    /// - Throws: ``DecisionError`` for a regression, or naming a label with too few rows.
    public init(fitting rows: ScoredRows) throws(DecisionError) {
        try rows.truth.requireLabels()
        let width = rows.labels.count
        var counts = [Int](repeating: 0, count: width)
        for row in 0..<rows.count { for label in rows.truth.set(of: row) { counts[label] += 1 } }
        let rare = counts.firstIndex { $0 < Self.fewestRows }
        if let label = rare ?? counts.firstIndex(where: { rows.count - $0 < Self.fewestRows }) {
            throw DecisionError(
                "vector scaling needs at least \(Self.fewestRows) rows with and without each label, but \(counts[label]) of "
                    + "\(rows.count) rows have the label \"\(rows.labels[label])\"; use a temperature, or more rows"
            )
        }
        let start = [Double](repeating: 1, count: width) + [Double](repeating: 0, count: width)
        let found = minimized(from: start) { Self.loss(rows, $0) }
        weights = Array(found[..<width])
        biases = Array(found[width...])
    }

    /// The penalized loss of parameters, and its gradient.
    private static func loss(_ rows: ScoredRows, _ parameters: [Double]) -> (Double, [Double]) {
        let width = rows.labels.count
        let scaling = LogitScaling.vector(
            weights: Array(parameters[..<width]),
            biases: Array(parameters[width...])
        )
        var loss = 0.0
        var gradient = [Double](repeating: 0, count: 2 * width)
        for row in 0..<rows.count {
            let logits = rows.logits(of: row)
            let scaled = scaling.scaled(logits)
            let (label, set) = (rows.truth.label(of: row), rows.truth.set(of: row))
            loss += negativeLogLikelihood(scaled, truth: label, set: set)
            var errors = label == nil ? scaled.map(sigmoid) : softmax(scaled)
            for label in set { errors[label] -= 1 }
            for (id, (logit, error)) in zip(logits, errors).enumerated() {
                gradient[id] += error * Double(logit)
                gradient[width + id] += error
            }
        }
        let count = Double(rows.count)
        loss /= count
        for index in gradient.indices {
            let distance = parameters[index] - (index < width ? 1 : 0)
            loss += penalty / 2 * distance * distance
            gradient[index] = gradient[index] / count + penalty * distance
        }
        return (loss, gradient)
    }
}

/// The minimum of a smooth convex function, by L-BFGS with ten remembered steps.
///
/// - Parameters:
///   - start: The first parameters.
///   - function: Computes the function's value and its gradient.
/// - Returns: The parameters at which the gradient is smallest in float64, after at most 500 steps.
///
/// Source: Nocedal and Wright 2006, algorithms 7.4 and 7.5, with a backtracking line search.
func minimized(
    from start: [Double],
    _ function: ([Double]) -> (Double, [Double])
) -> [Double] {
    func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    var parameters = start
    var (value, gradient) = function(parameters)
    var steps: [(change: [Double], turn: [Double], scale: Double)] = []
    for _ in 0..<500 {
        guard product(gradient, gradient) > 1e-24 else { break }
        var direction = gradient.map { -$0 }
        var factors: [Double] = []
        for step in steps.reversed() {
            let factor = product(step.change, direction) / step.scale
            factors.append(factor)
            direction = zip(direction, step.turn).map { $0 - factor * $1 }
        }
        if let last = steps.last {
            let size = last.scale / product(last.turn, last.turn)
            direction = direction.map { $0 * size }
        }
        for (step, factor) in zip(steps, factors.reversed()) {
            let other = factor - product(step.turn, direction) / step.scale
            direction = zip(direction, step.change).map { $0 + other * $1 }
        }
        let slope = product(gradient, direction)
        guard slope < 0 else { break }
        var size = 1.0
        var next = (parameters, value, gradient)
        var isLower = false
        while size > 1e-12, !isLower {
            let trial = zip(parameters, direction).map { $0 + size * $1 }
            let (trialValue, trialGradient) = function(trial)
            // Near the minimum the value no longer changes in float64, but the gradient still does.
            let isFlat =
                abs(trialValue - value) <= 1e-14 * abs(value)
                && product(trialGradient, trialGradient) < product(gradient, gradient)
            isLower = trialValue <= value + 1e-4 * size * slope || isFlat
            next = (trial, trialValue, trialGradient)
            size /= 2
        }
        guard isLower else { break }
        let change = zip(next.0, parameters).map { $0 - $1 }
        let turn = zip(next.2, gradient).map { $0 - $1 }
        let scale = product(change, turn)
        if scale > 0 { steps.append((change, turn, scale)) }
        if steps.count > 10 { steps.removeFirst() }
        (parameters, value, gradient) = next
    }
    return parameters
}
