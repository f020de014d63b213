import Evaluation
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
    /// The label names by id, which ``scores`` and ``logits`` belong to.
    public var names: [String]
    /// The labels among which the true one is with the demanded probability, the most likely first.
    ///
    /// Nil unless the model's ``Decisions`` have conformal sets.
    public var set: [String]?
    /// Whether the model's ``Decisions`` give the text no label; then ``labels`` is empty, and ``label`` is the most likely one.
    public var isRejected = false
    /// The threshold of ``label`` in the model's ``Decisions``; infinite if the label is never given, nil without one.
    public var threshold: Double?

    /// The score of each label, by name.
    public var scoresByLabel: [String: Double] { Dictionary(zip(names, scores)) { first, _ in first } }

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
        names = labels
        label = labels[best]
        score = scores[best]
    }
}

extension Prediction {
    /// Creates a prediction from logits, as a model's decisions say.
    ///
    /// - Parameters:
    ///   - logits: The logits, one per label, float32.
    ///   - labels: The label names by id, at least one.
    ///   - problemType: The meaning of the logits.
    ///   - decisions: The decisions about scores and labels; nil for the model's own scores.
    public init(
        logits: [Float],
        labels: [String],
        problemType: ProblemType = .singleLabel,
        decisions: Decisions?
    ) {
        self.init(logits: logits, labels: labels, problemType: problemType)
        guard let decisions, problemType == decisions.problemType else { return }
        let answer = decisions.answer(logits)
        scores = answer.scores
        self.labels = answer.labels.map { labels[$0] }
        let likeliest = scores.indices.max { scores[$0] < scores[$1] } ?? 0
        let best = problemType == .singleLabel ? answer.labels.first ?? likeliest : likeliest
        label = labels[best]
        score = scores[best]
        set = answer.set.map { $0.map { labels[$0] } }
        isRejected = problemType == .singleLabel && answer.labels.isEmpty
        threshold = decisions.thresholds?.values[best]
    }
}

extension Prediction: Codable {
    private enum Key: String, CodingKey {
        case problemType = "problem_type"
        case label, score, labels, scores, set, threshold
        case isRejected = "rejected"
    }

    /// A label and its score, as transformers' pipeline writes them.
    private struct LabelScore: Codable {
        var label: String
        var score: Double
    }

    /// Reads what ``encode(to:)`` wrote; logits are not kept.
    ///
    /// - Parameter decoder: Of JSON or another form.
    /// - Throws: `DecodingError`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let all = try container.decode([LabelScore].self, forKey: .scores)
        problemType = try container.decode(ProblemType.self, forKey: .problemType)
        labels = try container.decode([String].self, forKey: .labels)
        label = try container.decode(String.self, forKey: .label)
        score = try container.decode(Double.self, forKey: .score)
        scores = all.map(\.score)
        names = all.map(\.label)
        logits = []
        set = try container.decodeIfPresent([String].self, forKey: .set)
        isRejected = try container.decodeIfPresent(Bool.self, forKey: .isRejected) ?? false
        threshold = try container.decodeIfPresent(Double.self, forKey: .threshold)
    }

    /// Writes the predicted labels and the score of every label, `[{"label": "J", "score": 0.9}, …]`, by id.
    ///
    /// - Parameter encoder: An encoder of JSON or another format.
    /// - Throws: The encoder's errors.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(problemType, forKey: .problemType)
        try container.encode(label, forKey: .label)
        try container.encode(score, forKey: .score)
        try container.encode(labels, forKey: .labels)
        try container.encode(zip(names, scores).map(LabelScore.init), forKey: .scores)
        try container.encodeIfPresent(set, forKey: .set)
        if isRejected { try container.encode(true, forKey: .isRejected) }
        // JSON has no infinity.
        if let threshold, threshold.isFinite { try container.encode(threshold, forKey: .threshold) }
    }
}

private func softmax(_ logits: [Float]) -> [Double] {
    let highest = logits.max() ?? 0
    let exponentials = logits.map { exp(Double($0 - highest)) }
    let total = exponentials.reduce(0, +)
    return exponentials.map { $0 / total }
}
