import Foundation
public import Models

/// What a classifier says of one text.
public struct Prediction: Sendable, Equatable {
    /// Whether the answer is one label, several or a number.
    public var problemType: ProblemType
    /// The labels that the text is given, by id: the likeliest; of several those above 0.5, maybe none; of a regression none.
    public var labels: [String]
    /// The likeliest label; of a regression the name of what is predicted.
    public var label: String
    /// The label's probability; of a regression the number.
    public var score: Double
    /// The probability of every label, by id; of a regression the number alone.
    public var scores: [Double]
    /// What the probabilities come from, by id.
    public var logits: [Float]

    /// A prediction from logits: by softmax, for several labels by a sigmoid each, for a regression as they are.
    ///
    /// - Parameters:
    ///   - logits: One per label, float32.
    ///   - labels: Names by id, at least one.
    ///   - problemType: What the logits mean.
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
