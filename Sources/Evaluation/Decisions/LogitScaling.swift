import Foundation

/// A change of logits that makes their probabilities agree with the frequency of right answers.
public enum LogitScaling: Sendable, Equatable {
    /// All logits are divided by one number above 0, which keeps their order.
    case temperature(Double)
    /// Each logit is multiplied by its label's weight, and its label's bias is added; this may change their order.
    case vector(weights: [Double], biases: [Double])

    /// Scales the logits of one row.
    ///
    /// - Parameter logits: One logit per label.
    /// - Returns: As many scaled logits.
    public func scaled(_ logits: some Collection<Float>) -> [Double] {
        switch self {
        case .temperature(let temperature): logits.map { Double($0) / temperature }
        case .vector(let weights, let biases):
            zip(logits, zip(weights, biases)).map { Double($0) * $1.0 + $1.1 }
        }
    }

    /// Computes the probabilities of one row.
    ///
    /// - Parameters:
    ///   - logits: One logit per label.
    ///   - isExclusive: Whether a row has exactly one label: a softmax instead of a sigmoid for each label.
    /// - Returns: One probability per label.
    public func probabilities(of logits: some Collection<Float>, isExclusive: Bool) -> [Double] {
        let scaled = scaled(logits)
        return isExclusive ? softmax(scaled) : scaled.map(sigmoid)
    }
}

/// The probabilities of logits of which exactly one label is true.
///
/// - Parameter logits: Finite numbers.
/// - Returns: Numbers with the sum 1.
func softmax(_ logits: [Double]) -> [Double] {
    let highest = logits.max() ?? 0
    let exponentials = logits.map { exp($0 - highest) }
    let total = exponentials.reduce(0, +)
    return exponentials.map { $0 / total }
}

/// The probability of a logit.
///
/// - Parameter logit: A finite number.
/// - Returns: A number from 0 to 1.
func sigmoid(_ logit: Double) -> Double { 1 / (1 + exp(-logit)) }

/// The negative log probability of a row's truth.
///
/// - Parameters:
///   - logits: The scaled logits.
///   - truth: The true label; nil if any number of labels is true, those of `set`.
///   - set: The true labels, ascending.
/// - Returns: The loss in nats, for label sets the sum over labels.
func negativeLogLikelihood(_ logits: [Double], truth: Int?, set: [Int]) -> Double {
    if let truth {
        let highest = logits.max() ?? 0
        return log(logits.reduce(0) { $0 + exp($1 - highest) }) + highest - logits[truth]
    }
    // log(1 + e^z) - z·y, without overflow.
    let all = logits.reduce(0) { $0 + max($1, 0) + log1p(exp(-abs($1))) }
    return all - set.reduce(0) { $0 + logits[$1] }
}

extension ScoredRows.Truth {
    /// The true label of a row; nil for label sets and numbers.
    func label(of row: Int) -> Int? { if case .classes(let ids) = self { ids[row] } else { nil } }

    /// The true labels of a row, ascending; empty for numbers.
    func set(of row: Int) -> [Int] {
        switch self {
        case .classes(let ids): [ids[row]]
        case .labelSets(let sets): sets[row]
        case .numbers: []
        }
    }

    /// Whether a row has exactly one label.
    var isExclusive: Bool { if case .classes = self { true } else { false } }

    /// Refuses numbers, which have no probabilities.
    func requireLabels() throws(DecisionError) {
        if case .numbers = self {
            throw DecisionError("a regression predicts numbers, which have no probabilities or thresholds")
        }
    }
}
