import Foundation

/// The metrics of a multi-label classifier.
///
/// Source: scikit-learn's `precision_recall_fscore_support` with `zero_division=0`, `accuracy_score` and `hamming_loss` on
/// indicator matrices.
public struct MultiLabelMetrics: Sendable, Equatable {
    /// How precision, recall and F1 are averaged.
    public enum Average: String, Sendable, CaseIterable {
        /// Every label has the same weight.
        case macro
        /// Every decision has the same weight.
        case micro
        /// Labels are weighted by their number of examples.
        case weighted
        /// Every example has the same weight.
        case samples
    }

    /// Precision, recall and F1.
    private typealias Scores = ClassificationMetrics.PerClass

    /// The number of examples.
    public let count: Int
    /// The metrics of each label, by id.
    public let perLabel: [ClassificationMetrics.PerClass]
    /// The share of examples with exactly the right labels.
    public let exactMatch: Double
    /// The share of wrong decisions among all labels of all examples.
    public let hammingLoss: Double
    private let overall: ClassificationMetrics.PerClass
    private let perExample: ClassificationMetrics.PerClass

    /// The mean area under the ROC curve over labels; nil if there are no
    /// probabilities, or if every label is on all examples or on none.
    public let areaUnderROC: Double?
    /// The mean average precision over labels that occur; nil in the same cases.
    public let averagePrecision: Double?
    /// The mean negative log probability of the correct decisions, in nats; nil if there are no
    /// probabilities.
    public let logLoss: Double?
    /// The number of scores that the areas under curves compare, if these are left out because there are too many; nil
    /// otherwise.
    public let uncomparedScores: Int?
    /// The 95 % intervals by name, if requested.
    ///
    /// Each interval contains its value.
    public private(set) var intervals: [String: ClosedRange<Double>] = [:]

    /// Computes the metrics of predicted label sets.
    ///
    /// - Parameters:
    ///   - predictions: The ids predicted for each example, less than `labelCount`, without duplicates.
    ///   - labels: The true ids, for as many examples.
    ///   - probabilities: One per label and example, if probability metrics are wanted.
    ///   - labelCount: The number of labels, whether or not they occur.
    ///   - withIntervals: Whether to compute 95 % intervals.
    public init(
        predictions: [[Int]],
        labels: [[Int]],
        probabilities: [[Double]]? = nil,
        labelCount: Int,
        withIntervals: Bool = false
    ) {
        precondition(predictions.count == labels.count, "a prediction for each example")
        var accumulator = MultiLabelAccumulator(labels: labels, labelCount: labelCount, .probabilities)
        for (example, given) in predictions.enumerated() {
            accumulator.add(given: given, probabilities: probabilities?[example])
        }
        self = accumulator.metrics(withIntervals: withIntervals)
    }

    /// Computes the metrics from counted answers.
    ///
    /// - Parameters:
    ///   - answers: The answers, by example.
    ///   - counts: The sums over answers, by label.
    ///   - losses: The losses, by example; nil if there are no probabilities, or some are NaN or infinite.
    ///   - areas: The areas under the labels' curves; nil leaves them out.
    ///   - uncompared: The number of scores that the areas would compare, if they are left out.
    ///   - withIntervals: Whether to compute 95 % intervals.
    init(
        _ answers: [Answer],
        _ counts: [Counts],
        losses: [Double]?,
        areas: MeanAreas?,
        uncompared: Int?,
        withIntervals: Bool
    ) {
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
            ratio(answers.reduce(0) { $0 + $1.counts.scores[keyPath: path] }, n)
        }
        perExample = Scores(
            precision: mean(\.precision),
            recall: mean(\.recall),
            f1: mean(\.f1),
            support: all.support
        )
        hammingLoss = ratio(
            Double(all.predicted + all.support - 2 * all.hits),
            n * Double(counts.count)
        )
        areaUnderROC = areas?.areaUnderROC
        averagePrecision = areas?.averagePrecision
        uncomparedScores = uncompared
        let loss = losses.map { $0.reduce(0, +) / n }
        logLoss = loss
        guard withIntervals else { return }
        intervals = Self.intervals(of: self, answers, counts)
        if let areas { intervals.merge(areas.intervals) { first, _ in first } }
        if let losses, let loss { intervals["log_loss"] = Interval.mean(loss, of: losses) }
    }

    /// Averages a metric over labels or over examples.
    ///
    /// - Parameters:
    ///   - metric: Precision, recall or F1.
    ///   - average: The kind of average.
    /// - Returns: A value from 0 to 1. A label or example with an undefined metric counts as 0.
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

    /// All metrics by scikit-learn's names, in display order.
    ///
    /// `accuracy` is that of whole label sets.
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

/// The predicted and the true labels of one example.
struct Answer: Sendable {
    /// The true labels, in ascending order without duplicates.
    let wanted: [Int32]
    /// The numbers of hits, predicted and true labels.
    let counts: Counts
    private let given: Given

    /// Few labels are stored as four bytes each, many as one bit for each possible label.
    private enum Given: Sendable {
        case ids([Int32])
        case bits([UInt64])
    }

    var isExact: Bool { counts.hits == counts.predicted && counts.hits == counts.support }

    /// Creates an answer.
    ///
    /// - Parameters:
    ///   - given: The predicted labels, in ascending order without duplicates.
    ///   - wanted: The true labels, in ascending order without duplicates.
    ///   - labelCount: The number of labels.
    init(_ given: [Int32], _ wanted: [Int32], labelCount: Int) {
        self.wanted = wanted
        var hits = 0
        Self.merge(given, wanted) { _, isGiven, isWanted in if isGiven, isWanted { hits += 1 } }
        counts = Counts(hits: hits, predicted: given.count, support: wanted.count)
        if 32 * given.count > labelCount {
            var bits = [UInt64](repeating: 0, count: (labelCount + 63) / 64)
            for id in given { bits[Int(id) / 64] |= 1 << UInt64(id % 64) }
            self.given = .bits(bits)
        } else {
            self.given = .ids(given)
        }
    }

    /// Calls a function for each predicted or true label, in ascending order.
    ///
    /// - Parameter body: Receives the label, whether it was predicted and whether it is true.
    func forEach(_ body: (_ id: Int, _ isGiven: Bool, _ isWanted: Bool) -> Void) {
        switch given {
        case .ids(let ids): Self.merge(ids, wanted, body)
        case .bits(let bits):
            var ids: [Int32] = []
            ids.reserveCapacity(counts.predicted)
            for (place, word) in bits.enumerated() {
                var rest = word
                while rest != 0 {
                    ids.append(Int32(64 * place + rest.trailingZeroBitCount))
                    rest &= rest - 1
                }
            }
            Self.merge(ids, wanted, body)
        }
    }

    private static func merge(
        _ given: [Int32],
        _ wanted: [Int32],
        _ body: (_ id: Int, _ isGiven: Bool, _ isWanted: Bool) -> Void
    ) {
        var (a, b) = (0, 0)
        while a < given.count || b < wanted.count {
            let left = a < given.count ? given[a] : .max
            let right = b < wanted.count ? wanted[b] : .max
            body(Int(min(left, right)), left <= right, right <= left)
            if left <= right { a += 1 }
            if right <= left { b += 1 }
        }
    }
}

/// The numbers of hits, predictions and true labels, of a label or an example.
struct Counts: Sendable {
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
