/// The field's metrics of a single-label classifier, defined where a class is missing too.
///
/// Source: scikit-learn's `precision_recall_fscore_support` with `zero_division=0`, `balanced_accuracy_score` and
/// `matthews_corrcoef`.
public struct ClassificationMetrics: Sendable, Equatable {
    /// One class against all others.
    public struct PerClass: Sendable, Equatable {
        /// Of what was taken for the class, the share that is of it.
        public var precision: Double
        /// Of what is of the class, the share that was found.
        public var recall: Double
        /// Their harmonic mean.
        public var f1: Double
        /// Examples of the class.
        public var support: Int
    }

    /// How precision, recall and F1 are taken together over classes.
    public enum Average: String, Sendable, CaseIterable {
        /// Every class counts alike.
        case macro
        /// Every example counts alike; for single-label classification this is the accuracy.
        case micro
        /// Classes count by their examples.
        case weighted
    }

    /// What was counted.
    public let confusion: ConfusionMatrix
    /// By class id.
    public let perClass: [PerClass]
    /// What was measured of the probabilities; nil where none were given, or some are no numbers.
    public private(set) var probabilities: ProbabilityMetrics?
    /// 95 % intervals by the values' names, if they were asked for; each holds its value.
    public private(set) var intervals: [String: ClosedRange<Double>] = [:]

    /// The metrics of answers and of the probabilities that they come from.
    ///
    /// - Parameters:
    ///   - predictions: Class ids below `classCount`.
    ///   - labels: The true ids, as many.
    ///   - probabilities: One per class for each example.
    ///   - classCount: The number of classes, met or not.
    ///   - withIntervals: Whether to compute 95 % intervals.
    public init(
        predictions: [Int],
        labels: [Int],
        probabilities: [[Double]],
        classCount: Int,
        withIntervals: Bool = false
    ) {
        precondition(probabilities.count == labels.count, "probabilities for each label")
        var accumulator = ClassificationAccumulator(labels: labels, classCount: classCount, .probabilities)
        for (row, prediction) in zip(probabilities, predictions) {
            accumulator.add(probabilities: row, prediction: prediction)
        }
        self = accumulator.metrics(withIntervals: withIntervals)
    }

    /// The metrics of counted predictions and measured probabilities.
    init(_ confusion: ConfusionMatrix, _ scored: ScoredExamples?, withIntervals: Bool) {
        self.init(confusion)
        probabilities = scored?.metrics
        guard withIntervals, confusion.total > 0 else { return }
        intervals = countedIntervals.merging(scored?.intervals ?? [:]) { first, _ in first }
    }

    /// The metrics of counted predictions.
    ///
    /// - Parameter confusion: The counts.
    public init(_ confusion: ConfusionMatrix) {
        self.confusion = confusion
        perClass = (0..<confusion.classCount).map { id in
            let hits = Double(confusion[id, id])
            let (support, predicted) = (confusion.support(of: id), confusion.predicted(as: id))
            return PerClass(
                precision: ratio(hits, Double(predicted)),
                recall: ratio(hits, Double(support)),
                f1: ratio(2 * hits, Double(predicted + support)),
                support: support
            )
        }
    }

    /// The share of examples classified rightly.
    public var accuracy: Double { ratio(Double(confusion.correct), Double(confusion.total)) }

    /// The mean recall of the classes that occur.
    public var balancedAccuracy: Double {
        let present = perClass.filter { $0.support > 0 }
        return ratio(present.reduce(0) { $0 + $1.recall }, Double(present.count))
    }

    /// The correlation of Matthews, between -1 and 1.
    ///
    /// 0 where labels or predictions are all of one class.
    ///
    /// Source: Gorodkin 2004, for any number of classes.
    public var matthewsCorrelation: Double {
        let ids = 0..<confusion.classCount
        let total = Double(confusion.total)
        let truth = ids.map { Double(confusion.support(of: $0)) }
        let predicted = ids.map { Double(confusion.predicted(as: $0)) }
        let covariance =
            Double(confusion.correct) * total - zip(truth, predicted).reduce(0) { $0 + $1.0 * $1.1 }
        let spreads = [truth, predicted].map { counts in total * total - counts.reduce(0) { $0 + $1 * $1 } }
        return ratio(covariance, (spreads[0] * spreads[1]).squareRoot())
    }

    /// The accuracy of always answering the most frequent class.
    public var majorityBaseline: Double {
        ratio(Double(perClass.map(\.support).max() ?? 0), Double(confusion.total))
    }

    /// A 95 % interval of the accuracy.
    ///
    /// Source: Wilson 1927.
    public var accuracyInterval: ClosedRange<Double> {
        confusion.total > 0 ? Interval.share(accuracy, of: Double(confusion.total)) : 0...1
    }

    /// A metric of the classes taken together; macro and weighted count the classes that occur or were predicted.
    ///
    /// - Parameters:
    ///   - metric: Precision, recall or F1 of a class.
    ///   - average: How to take them together.
    /// - Returns: A value in 0 ... 1.
    public func averaged(_ metric: KeyPath<PerClass, Double>, _ average: Average) -> Double {
        let rows = met.map { perClass[$0] }
        switch average {
        case .micro: return accuracy
        case .macro: return ratio(rows.reduce(0) { $0 + $1[keyPath: metric] }, Double(rows.count))
        case .weighted:
            return ratio(
                rows.reduce(0) { $0 + $1[keyPath: metric] * Double($1.support) },
                Double(confusion.total)
            )
        }
    }

    /// The classes that occur or were predicted.
    var met: [Int] {
        perClass.indices.filter { perClass[$0].support > 0 || confusion.predicted(as: $0) > 0 }
    }

    /// Every number under the reference's name, in the order to show them; for two classes `f1`, `precision` and
    /// `recall` are those of class 1.
    public var values: [(name: String, value: Double)] {
        var values = [
            (name: "accuracy", value: accuracy), ("majority_baseline", majorityBaseline),
            ("balanced_accuracy", balancedAccuracy), ("matthews_correlation", matthewsCorrelation),
        ]
        let metrics: [(String, KeyPath<PerClass, Double>)] = [
            ("f1", \.f1), ("precision", \.precision), ("recall", \.recall),
        ]
        for (name, path) in metrics {
            if perClass.count == 2 { values.append((name, perClass[1][keyPath: path])) }
            for average in Average.allCases { values.append(("\(name)_\(average)", averaged(path, average))) }
        }
        return values + (probabilities?.values ?? [])
    }
}

/// 0 where there is nothing to divide by.
func ratio(_ a: Double, _ b: Double) -> Double { b == 0 ? 0 : a / b }
