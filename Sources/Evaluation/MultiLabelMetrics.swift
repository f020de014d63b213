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
    /// 95 % intervals by name, where they were asked for.
    public private(set) var intervals: [String: ClosedRange<Double>] = [:]

    /// The metrics of predicted sets.
    ///
    /// - Parameters:
    ///   - predictions: The ids given to each example, below `labelCount`, each once.
    ///   - labels: The true ids, for as many examples.
    ///   - probabilities: One per label for each example, where the areas under curves are wanted.
    ///   - labelCount: The number of labels, met or not.
    ///   - withIntervals: Whether to draw the examples again for 95 % intervals.
    public init(
        predictions: [[Int]],
        labels: [[Int]],
        probabilities: [[Double]]? = nil,
        labelCount: Int,
        withIntervals: Bool = false
    ) {
        precondition(predictions.count == labels.count, "a prediction for each example")
        let answers = zip(predictions, labels).map(Answer.init)
        var rankings: [RankedScores] = []
        if let probabilities, probabilities.allSatisfy({ $0.allSatisfy(\.isFinite) }) {
            rankings = (0..<labelCount).map { id in
                RankedScores(probabilities.map { $0[id] }, isPositive: labels.map { $0.contains(id) })
            }
        }
        self.init(answers, rankings, labelCount, weights: nil)
        guard withIntervals else { return }
        intervals = Bootstrap.intervals(count: count, cost: 8 + 2 * labelCount) { weights in
            MultiLabelMetrics(answers, rankings, labelCount, weights: weights).values
        }
    }

    private init(_ answers: [Answer], _ rankings: [RankedScores], _ labelCount: Int, weights: [Int32]?) {
        var counts = [Counts](repeating: Counts(), count: labelCount)
        var exact = 0
        var sums = (precision: 0.0, recall: 0.0, f1: 0.0)
        for (index, answer) in answers.enumerated() {
            let weight = Int(weights?[index] ?? 1)
            guard weight > 0 else { continue }
            for id in answer.given { counts[id].predicted += weight }
            for id in answer.wanted { counts[id].support += weight }
            for id in answer.hits { counts[id].hits += weight }
            exact += answer.isExact ? weight : 0
            sums.precision += Double(weight) * answer.scores.precision
            sums.recall += Double(weight) * answer.scores.recall
            sums.f1 += Double(weight) * answer.scores.f1
        }
        count = answers.count
        perLabel = counts.map(\.scores)
        let n = Double(answers.count)
        exactMatch = ratio(Double(exact), n)
        let all = counts.reduce(into: Counts()) { sum, label in
            sum.hits += label.hits
            sum.predicted += label.predicted
            sum.support += label.support
        }
        overall = all.scores
        perExample = Scores(
            precision: ratio(sums.precision, n),
            recall: ratio(sums.recall, n),
            f1: ratio(sums.f1, n),
            support: all.support
        )
        hammingLoss = ratio(Double(all.predicted + all.support - 2 * all.hits), n * Double(labelCount))
        let areas = rankings.map { $0.areas(weights) }
        areaUnderROC = mean(areas.map(\.roc))
        averagePrecision = mean(areas.map(\.averagePrecision))
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
        return values
    }
}

/// What was given to one example, and what should have been.
private struct Answer {
    let given: [Int]
    let wanted: [Int]
    let hits: [Int]
    let scores: ClassificationMetrics.PerClass
    var isExact: Bool { hits.count == given.count && hits.count == wanted.count }

    init(_ predicted: [Int], _ truth: [Int]) {
        let (given, wanted) = (Set(predicted), Set(truth))
        let hits = given.intersection(wanted)
        (self.given, self.wanted, self.hits) = (Array(given), Array(wanted), Array(hits))
        scores = Counts(hits: hits.count, predicted: given.count, support: wanted.count).scores
    }
}

/// What was right, given and true of a label or an example.
private struct Counts {
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
