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
    /// The number of scores that the areas under curves compare, if these are left out because there are too many; nil
    /// otherwise.
    public let uncomparedScores: Int?
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
        var accumulator = MultiLabelAccumulator(labels: labels, labelCount: labelCount, .probabilities)
        for (example, given) in predictions.enumerated() {
            accumulator.add(given: given, probabilities: probabilities?[example])
        }
        self = accumulator.metrics(withIntervals: withIntervals)
    }

    /// The metrics of answers.
    ///
    /// - Parameters:
    ///   - answers: By example.
    ///   - counts: Their sums by label.
    ///   - losses: By example; nil if there are no probabilities, or some that are not finite.
    ///   - areas: Those under the labels' curves; nil leaves them out.
    ///   - uncompared: The scores that the areas would compare, if these are left out.
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

/// The labels that one example was given, and those that it has.
struct Answer: Sendable {
    /// The labels that the example has, ascending, each once.
    let wanted: [Int32]
    /// How many were given, right and wanted.
    let counts: Counts
    private let given: Given

    /// Few labels take four bytes each, many a bit of all labels.
    private enum Given: Sendable {
        case ids([Int32])
        case bits([UInt64])
    }

    var isExact: Bool { counts.hits == counts.predicted && counts.hits == counts.support }

    /// An answer.
    ///
    /// - Parameters:
    ///   - given: Ascending, each once.
    ///   - wanted: Ascending, each once.
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

    /// Calls a function for every label that was given or is wanted, ascending.
    ///
    /// - Parameter body: Takes the label, whether it was given and whether it is wanted.
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

/// What was right, given and true of a label or an example.
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
