public import Evaluation
public import Models

/// The decisions about a trained classifier's scores: their calibration, thresholds, and when a text gets no label.
///
/// A model's folder stores them as `decisions.json` next to `config.json`; transformers ignores that file. `attune calibrate`
/// writes it, and every prediction applies it.
///
/// ```swift
/// var (classifier, _) = try TextClassifier.load("runs/tweets")
/// classifier.decisions = nil                              // the scores of the model itself
/// ```
public struct Decisions: Sendable, Equatable {
    /// The rows that decisions were fitted on.
    public struct Source: Sendable, Equatable {
        /// The dataset, as it was given.
        public var dataset: String
        /// The number of rows that decisions were fitted on.
        public var rows: Int
        /// The number of other rows that their effect was measured on.
        public var measuredRows: Int

        /// Creates a description.
        ///
        /// - Parameters:
        ///   - dataset: The dataset, as it was given.
        ///   - rows: The number of rows that decisions were fitted on.
        ///   - measuredRows: The number of other rows that their effect was measured on.
        public init(dataset: String, rows: Int, measuredRows: Int) {
            self.dataset = dataset
            self.rows = rows
            self.measuredRows = measuredRows
        }
    }

    /// The names of the model's labels, by id.
    public let labels: [String]
    /// Whether a text has one label or several.
    public let problemType: ProblemType
    /// The change of logits that calibrates probabilities; nil for none.
    public var scaling: LogitScaling?
    /// The threshold of each label's score; nil for none.
    public var thresholds: ScoreThresholds?
    /// The goal that thresholds were chosen for, such as `precision:0.9`.
    public var thresholdGoal: String?
    /// The sets of labels that hold the true one with a demanded probability; nil for none.
    public var sets: ConformalSets?
    /// The rows that decisions were fitted on.
    public var source: Source?
    /// Metrics measured on other rows, by name: `accuracy_before`, `accuracy_after` and so on.
    public var effect: [String: Double] = [:]

    /// Creates decisions that change nothing yet.
    ///
    /// - Parameters:
    ///   - labels: The names of the model's labels, by id.
    ///   - problemType: Whether a text has one label or several.
    public init(labels: [String], problemType: ProblemType) {
        self.labels = labels
        self.problemType = problemType
    }

    /// The decision about one text.
    package struct Answer {
        /// The probability of each label.
        package var scores: [Double]
        /// The ids of the labels that the text gets; empty if it is rejected.
        package var labels: [Int]
        /// The ids of the labels of the conformal set, the most probable first; nil without sets.
        package var set: [Int]?
    }

    /// Decides the labels of a text.
    ///
    /// - Parameter logits: The logits, one per label.
    /// - Returns: The answer.
    package func answer(_ logits: [Float]) -> Answer {
        let isExclusive = problemType == .singleLabel
        let scaling = scaling ?? .temperature(1)
        let scores = scaling.probabilities(of: logits, isExclusive: isExclusive)
        let thresholds = thresholds ?? ScoreThresholds(Array(repeating: nil, count: scores.count))
        guard isExclusive else {
            return Answer(scores: scores, labels: thresholds.labels(scores))
        }
        if let sets {
            let set = sets.set(of: scores)
            return Answer(scores: scores, labels: set.count == 1 ? set : [], set: set)
        }
        return Answer(scores: scores, labels: [thresholds.label(scores)].compactMap { $0 })
    }

    /// Whether thresholds or sets decide the labels of a text, so that a text may get none.
    public var rejects: Bool { thresholds != nil || sets != nil }

    /// Whether they change nothing.
    public var isEmpty: Bool { scaling == nil && !rejects }

    /// The decisions in one sentence, for people.
    public var summary: String {
        var parts: [String] = []
        switch scaling {
        case .temperature(let temperature): parts.append("temperature \(shortNumber(temperature))")
        case .vector: parts.append("vector scaling")
        case nil: break
        }
        if let thresholds {
            let count = thresholds.values.count { $0 != nil }
            parts.append(
                "thresholds of \(count == 1 ? "1 label" : "\(count) labels")"
                    + (thresholdGoal.map { " for \($0)" } ?? "")
            )
        }
        if let sets {
            parts.append(
                "\(sets.method.rawValue.uppercased()) sets with a coverage of \(shortNumber(sets.coverage))"
            )
        }
        return parts.isEmpty ? "no decisions" : parts.joined(separator: ", ")
    }
}

/// A number with at most three decimals.
private func shortNumber(_ number: Double) -> String {
    let rounded = (number * 1000).rounded() / 1000
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
}
