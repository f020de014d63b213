import Foundation
public import Models

/// The prediction for one text.
public struct Prediction: Sendable, Equatable {
    /// Whether the prediction is one label, several labels or a number.
    public var problemType: ProblemType
    /// The predicted labels: the most likely one; for multi-label all above 0.5, in order of ids; empty for regression.
    public var labels: [String]
    /// The most likely label; for regression, the name of the predicted quantity.
    public var label: String
    /// The label's probability; for regression, the number.
    public var score: Double
    /// The probability of every label, by id; for regression, only the number.
    public var scores: [Double]
    /// The logits, by id.
    public var logits: [Float]

    /// Creates a prediction from logits: by softmax, for multi-label by a sigmoid each, for regression unchanged.
    ///
    /// - Parameters:
    ///   - logits: The logits, one per label, float32.
    ///   - labels: The label names by id, at least one.
    ///   - problemType: The meaning of the logits.
    ///
    /// Source: `TextClassificationPipeline.postprocess` of transformers 5.23 (pipelines/text_classification.py:183).
    public init(logits: [Float], labels: [String], problemType: ProblemType = .singleLabel) {
        let best = logits.indices.max { logits[$0] < logits[$1] } ?? 0
        switch problemType {
        case .singleLabel:
            scores = softmax(logits)
            self.labels = [labels[best]]
        case .multiLabel:
            let scores = logits.map { 1 / (1 + exp(-Double($0))) }
            self.scores = scores
            self.labels = scores.indices.filter { scores[$0] > 0.5 }.map { labels[$0] }
        case .regression:
            scores = logits.map(Double.init)
            self.labels = []
        }
        self.problemType = problemType
        self.logits = logits
        label = labels[best]
        score = scores[best]
    }
}

private func softmax(_ logits: [Float]) -> [Double] {
    let highest = logits.max() ?? 0
    let exponentials = logits.map { exp(Double($0 - highest)) }
    let total = exponentials.reduce(0, +)
    return exponentials.map { $0 / total }
}
