import Foundation

/// What a classifier says of one text.
public struct Prediction: Sendable, Equatable {
    /// The likeliest label.
    public var label: String
    /// Its probability.
    public var score: Double
    /// The probability of every label, by id.
    public var scores: [Double]
    /// What the probabilities come from, by id.
    public var logits: [Float]

    /// A prediction from logits by softmax.
    ///
    /// - Parameters:
    ///   - logits: One per label, float32.
    ///   - labels: Names by id.
    public init(logits: [Float], labels: [String]) {
        let highest = logits.max() ?? 0
        let exponentials = logits.map { exp(Double($0 - highest)) }
        let total = exponentials.reduce(0, +)
        scores = exponentials.map { $0 / total }
        let best = logits.indices.max { logits[$0] < logits[$1] } ?? 0
        label = labels[best]
        score = scores[best]
        self.logits = logits
    }
}
