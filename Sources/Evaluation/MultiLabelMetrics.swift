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

    /// The metrics of predicted sets.
    ///
    /// - Parameters:
    ///   - predictions: The ids given to each example, below `labelCount`, each once.
    ///   - labels: The true ids, for as many examples.
    ///   - labelCount: The number of labels, met or not.
    public init(predictions: [[Int]], labels: [[Int]], labelCount: Int) {
        precondition(predictions.count == labels.count, "a prediction for each example")
        var counts = [Counts](repeating: Counts(), count: labelCount)
        var exact = 0
        var sums = (precision: 0.0, recall: 0.0, f1: 0.0)
        for (predicted, truth) in zip(predictions, labels) {
            let (given, wanted) = (Set(predicted), Set(truth))
            let hits = given.intersection(wanted)
            for id in given { counts[id].predicted += 1 }
            for id in wanted { counts[id].support += 1 }
            for id in hits { counts[id].hits += 1 }
            exact += given == wanted ? 1 : 0
            let scores = Counts(hits: hits.count, predicted: given.count, support: wanted.count).scores
            sums.precision += scores.precision
            sums.recall += scores.recall
            sums.f1 += scores.f1
        }
        count = labels.count
        perLabel = counts.map(\.scores)
        let n = Double(labels.count)
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
        return values
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
