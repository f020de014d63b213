/// The measured effect of decisions on rows with exactly one label, of which some are rejected.
public struct AnswerEffect: Sendable, Equatable {
    /// The answers with one label, or the rows of one label.
    public struct Part: Sendable, Equatable {
        /// The rows with the true label.
        public var rows = 0
        /// The rows that got the label.
        public var answers = 0
        /// The rows that got the label and have it.
        public var right = 0

        /// The share of right answers; nil without answers.
        public var precision: Double? { answers > 0 ? Double(right) / Double(answers) : nil }
        /// The share of the label's rows that got it; nil without rows.
        public var recall: Double? { rows > 0 ? Double(right) / Double(rows) : nil }
    }

    /// The number of rows.
    public let rows: Int
    /// The rows that got at least one label.
    public let answered: Int
    /// Each label's answers, by id.
    public let byLabel: [Part]

    /// The share of right labels among those given; for rows with one label, the accuracy of the answered rows.
    public var precision: Double? {
        let answers = byLabel.reduce(0) { $0 + $1.answers }
        return answers > 0 ? Double(byLabel.reduce(0) { $0 + $1.right }) / Double(answers) : nil
    }

    /// Measures answers.
    ///
    /// - Parameters:
    ///   - answers: The ids of the labels that each row got; empty for a rejected row.
    ///   - truth: The true labels.
    ///   - width: The number of labels.
    public init(_ answers: [[Int]], truth: ScoredRows.Truth, width: Int) {
        var parts = [Part](repeating: Part(), count: width)
        for (row, given) in answers.enumerated() {
            let set = truth.set(of: row)
            for id in set { parts[id].rows += 1 }
            for id in given {
                parts[id].answers += 1
                if set.contains(id) { parts[id].right += 1 }
            }
        }
        rows = answers.count
        answered = answers.count { !$0.isEmpty }
        byLabel = parts
    }

    /// Measures thresholds.
    ///
    /// - Parameters:
    ///   - thresholds: The thresholds.
    ///   - probabilities: The probabilities of rows that did not choose them.
    public init(_ thresholds: ScoreThresholds, on probabilities: LabelProbabilities) {
        let isExclusive = probabilities.truth.isExclusive
        let answers = (0..<probabilities.count).map { row in
            let scores = probabilities.row(row)
            return isExclusive
                ? [thresholds.label(scores)].compactMap { $0 } : thresholds.labels(scores)
        }
        self.init(answers, truth: probabilities.truth, width: probabilities.width)
    }
}
