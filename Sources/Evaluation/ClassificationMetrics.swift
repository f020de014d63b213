/// The metrics of a single-label classifier, also defined if a class is missing.
///
/// Source: scikit-learn's `precision_recall_fscore_support` with `zero_division=0`, `balanced_accuracy_score` and
/// `matthews_corrcoef`.
public struct ClassificationMetrics: Sendable, Equatable {
    /// The metrics of one class against all others.
    public struct PerClass: Sendable, Equatable {
        /// The share of the examples predicted as the class that belong to it.
        public var precision: Double
        /// The share of the class's examples that were predicted as it.
        public var recall: Double
        /// The harmonic mean of precision and recall.
        public var f1: Double
        /// The number of examples of the class.
        public var support: Int
    }

    /// How precision, recall and F1 are averaged over classes.
    public enum Average: String, Sendable, CaseIterable {
        /// Every class has the same weight.
        case macro
        /// Every example has the same weight. For single-label classification this is the accuracy.
        case micro
        /// Classes are weighted by their number of examples.
        case weighted
    }

    /// The confusion matrix.
    public let confusion: ConfusionMatrix
    /// The metrics of each class, by id.
    public let perClass: [PerClass]
    /// The probability metrics; nil if there are no probabilities, or some are NaN or infinite.
    public private(set) var probabilities: ProbabilityMetrics?
    /// The 95 % intervals by metric name, if requested.
    ///
    /// Each interval contains its value.
    public private(set) var intervals: [String: ClosedRange<Double>] = [:]

    /// Computes the metrics of predictions and their probabilities.
    ///
    /// - Parameters:
    ///   - predictions: Class ids less than `classCount`.
    ///   - labels: The true ids, one per prediction.
    ///   - probabilities: One per class for each example.
    ///   - classCount: The number of classes, whether or not they occur.
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

    /// Creates the metrics from a confusion matrix and probability metrics.
    init(_ confusion: ConfusionMatrix, _ scored: ScoredExamples?, withIntervals: Bool) {
        self.init(confusion)
        probabilities = scored?.metrics
        guard withIntervals, confusion.total > 0 else { return }
        intervals = countedIntervals.merging(scored?.intervals ?? [:]) { first, _ in first }
    }

    /// Computes the metrics of a confusion matrix.
    ///
    /// - Parameter confusion: The confusion matrix.
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

    /// The share of correctly classified examples.
    public var accuracy: Double { ratio(Double(confusion.correct), Double(confusion.total)) }

    /// The mean recall of the classes that occur.
    public var balancedAccuracy: Double {
        let present = perClass.filter { $0.support > 0 }
        return ratio(present.reduce(0) { $0 + $1.recall }, Double(present.count))
    }

    /// The Matthews correlation coefficient, between -1 and 1.
    ///
    /// 0 if all labels or all predictions have the same class.
    ///
    /// Source: Gorodkin 2004, for more than two classes.
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

    /// The accuracy of always predicting the most frequent class.
    public var majorityBaseline: Double {
        ratio(Double(perClass.map(\.support).max() ?? 0), Double(confusion.total))
    }

    /// The 95 % interval of the accuracy.
    ///
    /// Source: Wilson 1927.
    public var accuracyInterval: ClosedRange<Double> {
        confusion.total > 0 ? Interval.share(accuracy, of: Double(confusion.total)) : 0...1
    }

    /// Averages a metric over classes.
    ///
    /// Macro and weighted averages include classes that occur or were predicted.
    ///
    /// - Parameters:
    ///   - metric: Precision, recall or F1.
    ///   - average: The kind of average.
    /// - Returns: A value from 0 to 1.
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

    /// All metrics by scikit-learn's names, in display order.
    ///
    /// For two classes, `f1`, `precision` and `recall` are those of class 1.
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

/// The quotient; 0 if the denominator is 0.
func ratio(_ a: Double, _ b: Double) -> Double { b == 0 ? 0 : a / b }
