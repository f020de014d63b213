import Foundation

/// The field's metrics of a classifier that gives any number of labels to a text.
///
/// Source: scikit-learn's `precision_recall_fscore_support` with `zero_division=0`, `accuracy_score` and `hamming_loss` on
/// indicator matrices.
public struct MultiLabelMetrics: Sendable, Equatable {
    /// How precision, recall and F1 are taken together.
    public enum Average: String, Sendable, CaseIterable {
        /// Every label counts alike.
        case macro
        /// Every decision counts alike.
        case micro
        /// Labels count by their examples.
        case weighted
        /// Every example counts alike.
        case samples
    }

    /// Precision, recall and F1 of one thing.
    private typealias Scores = ClassificationMetrics.PerClass

    /// The number of examples.
    public let count: Int
    /// One label against its absence, by id.
    public let perLabel: [ClassificationMetrics.PerClass]
    /// The share of examples whose labels are all right and none missing.
    public let exactMatch: Double
    /// The share of wrong decisions among those about every label of every example.
    public let hammingLoss: Double
    private let overall: ClassificationMetrics.PerClass
    private let perExample: ClassificationMetrics.PerClass

    /// The mean over labels of the chance that an example with it gets a higher score than one without; nil where no
    /// probabilities were given or no label tells examples apart.
    public let areaUnderROC: Double?
    /// The mean over labels that occur of the area under precision over recall; nil as above.
    public let averagePrecision: Double?
    /// The mean negative logarithm of the probability of what is right, over all decisions, in nats; nil where no
    /// probabilities were given.
    public let logLoss: Double?
    /// 95 % intervals by name, if they were asked for; each holds its value.
    public private(set) var intervals: [String: ClosedRange<Double>] = [:]

    /// The metrics of predicted sets.
    ///
    /// - Parameters:
    ///   - predictions: The ids given to each example, below `labelCount`, each once.
    ///   - labels: The true ids, for as many examples.
    ///   - probabilities: One per label for each example, where the areas under curves are wanted.
    ///   - labelCount: The number of labels, met or not.
    ///   - withIntervals: Whether to compute 95 % intervals.
    public init(
        predictions: [[Int]],
        labels: [[Int]],
        probabilities: [[Double]]? = nil,
        labelCount: Int,
        withIntervals: Bool = false
    ) {
        precondition(predictions.count == labels.count, "a prediction for each example")
        let answers = zip(predictions, labels).map(Answer.init)
        var counts = [Counts](repeating: Counts(), count: labelCount)
        for answer in answers {
            for id in answer.given { counts[id].predicted += 1 }
            for id in answer.wanted { counts[id].support += 1 }
            for id in answer.hits { counts[id].hits += 1 }
        }
        count = answers.count
        perLabel = counts.map(\.scores)
        let n = Double(answers.count)
        exactMatch = ratio(Double(answers.count { $0.isExact }), n)
        let all = counts.reduce(into: Counts()) { sum, label in
            sum.hits += label.hits
            sum.predicted += label.predicted
            sum.support += label.support
        }
        overall = all.scores
        func mean(_ path: KeyPath<Scores, Double>) -> Double {
            ratio(answers.reduce(0) { $0 + $1.scores[keyPath: path] }, n)
        }
        perExample = Scores(
            precision: mean(\.precision),
            recall: mean(\.recall),
            f1: mean(\.f1),
            support: all.support
        )
        hammingLoss = ratio(Double(all.predicted + all.support - 2 * all.hits), n * Double(labelCount))
        let isScored = !answers.isEmpty && probabilities?.allSatisfy { $0.allSatisfy(\.isFinite) } ?? false
        guard isScored, let probabilities else {
            (areaUnderROC, averagePrecision, logLoss) = (nil, nil, nil)
            if withIntervals { intervals = Self.intervals(of: self, answers, counts) }
            return
        }
        let areas = MeanAreas(0..<labelCount, count: labels.count) { id in
            RankedScores(probabilities.map { $0[id] }, isPositive: answers.map { $0.wanted.contains(id) })
        }
        let losses = zip(probabilities, answers).map { $1.loss(of: $0) }
        let loss = losses.reduce(0, +) / n
        (areaUnderROC, averagePrecision) = (areas.areaUnderROC, areas.averagePrecision)
        logLoss = loss
        guard withIntervals else { return }
        intervals = Self.intervals(of: self, answers, counts).merging(areas.intervals) { first, _ in first }
        intervals["log_loss"] = Interval.mean(loss, of: losses)
    }

    /// A metric of the labels, or of the examples, taken together.
    ///
    /// - Parameters:
    ///   - metric: Precision, recall or F1.
    ///   - average: How to take them together.
    /// - Returns: A value in 0 ... 1; 0 counts for a label, or an example, of which there is nothing to find or found.
    public func averaged(
        _ metric: KeyPath<ClassificationMetrics.PerClass, Double>,
        _ average: Average
    ) -> Double {
        switch average {
        case .micro: overall[keyPath: metric]
        case .samples: perExample[keyPath: metric]
        case .macro: ratio(perLabel.reduce(0) { $0 + $1[keyPath: metric] }, Double(perLabel.count))
        case .weighted:
            ratio(
                perLabel.reduce(0) { $0 + $1[keyPath: metric] * Double($1.support) },
                Double(overall.support)
            )
        }
    }

    /// Every number under the reference's name, in the order to show them; `accuracy` is that of whole sets.
    public var values: [(name: String, value: Double)] {
        var values = [(name: "accuracy", value: exactMatch), ("hamming_loss", hammingLoss)]
        let metrics: [(String, KeyPath<ClassificationMetrics.PerClass, Double>)] = [
            ("f1", \.f1), ("precision", \.precision), ("recall", \.recall),
        ]
        for (name, path) in metrics {
            for average in Average.allCases { values.append(("\(name)_\(average)", averaged(path, average))) }
        }
        if let areaUnderROC { values.append(("roc_auc", areaUnderROC)) }
        if let averagePrecision { values.append(("average_precision", averagePrecision)) }
        if let logLoss { values.append(("log_loss", logLoss)) }
        return values
    }
}

/// What was given to one example, and what should have been.
struct Answer {
    let given: [Int]
    let wanted: Set<Int>
    let hits: [Int]
    let scores: ClassificationMetrics.PerClass
    var isExact: Bool { hits.count == given.count && hits.count == wanted.count }

    init(_ predicted: [Int], _ truth: [Int]) {
        let (given, wanted) = (Set(predicted), Set(truth))
        let hits = given.intersection(wanted)
        (self.given, self.wanted, self.hits) = (Array(given), wanted, Array(hits))
        scores = Counts(hits: hits.count, predicted: given.count, support: wanted.count).scores
    }

    /// The mean negative logarithm of the probability of what is right.
    func loss(of probabilities: [Double]) -> Double {
        let least = Double.ulpOfOne
        let sum = probabilities.enumerated().reduce(0) { sum, score in
            let right = wanted.contains(score.offset) ? score.element : 1 - score.element
            return sum - log(min(max(right, least), 1 - least))
        }
        return ratio(sum, Double(probabilities.count))
    }
}

/// What was right, given and true of a label or an example.
struct Counts {
    var hits = 0
    var predicted = 0
    var support = 0

    var scores: ClassificationMetrics.PerClass {
        ClassificationMetrics.PerClass(
            precision: ratio(Double(hits), Double(predicted)),
            recall: ratio(Double(hits), Double(support)),
            f1: ratio(2 * Double(hits), Double(predicted + support)),
            support: support
        )
    }
}
