import Foundation

/// Classifiers that were evaluated on the same rows, side by side.
public struct RunComparison: Sendable {
    /// One evaluated classifier.
    public struct Run: Sendable {
        /// The name to show.
        public let name: String
        /// Its evaluated rows.
        public let rows: ScoredRows
        /// Its metrics, with intervals.
        public let metrics: EvaluationMetrics
    }

    /// Two runs on the same rows.
    public struct Pair: Sendable {
        /// The index of the first run.
        public let first: Int
        /// The index of the second run.
        public let second: Int
        /// The test of which run is right more often; nil for a regression.
        public let mcNemar: McNemarTest?
        /// The exact p-value, corrected for all pairs; nil for a regression.
        public let corrected: Double?
        /// The differences of metrics, the second run's minus the first's, by name.
        public let differences: [(metric: String, bootstrap: PairedBootstrap)]
    }

    /// A row on which not all runs predict the same.
    public struct Flip: Sendable, Equatable {
        /// The row's index.
        public let row: Int
        /// The true labels.
        public let truth: [String]
        /// The predicted labels of each run.
        public let predictions: [[String]]
    }

    /// The runs, in the order given.
    public let runs: [Run]
    /// All pairs of runs.
    public let pairs: [Pair]
    /// The rows on which runs differ; empty for a regression.
    public let flips: [Flip]

    /// The number of rows.
    public var rowCount: Int { runs.first?.rows.count ?? 0 }

    /// Compares runs.
    ///
    /// - Parameters:
    ///   - runs: At least two runs with their names.
    ///   - draws: The number of the bootstrap's draws.
    ///   - seed: The seed of the draws.
    /// - Throws: ``DecisionError`` naming rows whose text or truth differs between runs.
    public init(
        _ runs: [(name: String, rows: ScoredRows)],
        draws: Int = 2000,
        seed: UInt64 = 42
    ) throws(DecisionError) {
        guard let first = runs.first, runs.count > 1 else {
            throw DecisionError("a comparison needs at least two runs")
        }
        guard first.rows.count > 0 else { throw DecisionError("\(first.name) has no evaluated rows") }
        for run in runs.dropFirst() { try Self.requireSame(first, run) }
        self.runs = runs.map { Run(name: $0.name, rows: $0.rows, metrics: $0.rows.metrics) }
        let right = runs.map { $0.rows.isRight }
        var pairs: [(Int, Int)] = []
        for one in runs.indices { for other in runs.indices where other > one { pairs.append((one, other)) } }
        let isRegression = if case .numbers = first.rows.truth { true } else { false }
        let tests = pairs.map { McNemarTest(right[$0.0], right[$0.1]) }
        let corrected = holm(tests.map(\.exact))
        self.pairs = zip(pairs, zip(tests, corrected)).map { pair, test in
            Pair(
                first: pair.0,
                second: pair.1,
                mcNemar: isRegression ? nil : test.0,
                corrected: isRegression ? nil : test.1,
                differences: Self.differences(runs[pair.0].rows, runs[pair.1].rows, draws, seed)
            )
        }
        flips =
            isRegression
            ? []
            : (0..<first.rows.count).compactMap { row in
                let predictions = runs.map { $0.rows.predictedNames(of: row) }
                guard Set(predictions).count > 1 else { return nil }
                let truth = first.rows.truth.set(of: row).map { first.rows.labels[$0] }
                return Flip(row: row, truth: truth, predictions: predictions)
            }
    }

    /// Refuses runs on other rows.
    private static func requireSame(
        _ one: (name: String, rows: ScoredRows),
        _ other: (name: String, rows: ScoredRows)
    ) throws(DecisionError) {
        let both = "\(one.name) and \(other.name)"
        let remedy =
            "evaluate both on the same file: attune evaluate --model <run> --dataset <file> --predictions <folder>"
        guard one.rows.count == other.rows.count else {
            throw DecisionError(
                "\(both) were evaluated on different rows: \(one.rows.count) and \(other.rows.count); \(remedy)"
            )
        }
        func listed(_ rows: [Int]) -> String {
            rows.prefix(5).map { "\($0 + 1)" }.joined(separator: ", ") + (rows.count > 5 ? ", …" : "")
        }
        let texts = (0..<one.rows.count).filter { one.rows.textHashes[$0] != other.rows.textHashes[$0] }
        guard texts.isEmpty else {
            throw DecisionError(
                "\(both) were evaluated on different texts in \(texts.count) of \(one.rows.count) rows (\(listed(texts))); \(remedy)"
            )
        }
        let truths = (0..<one.rows.count).filter { !one.rows.hasSameTruth(as: other.rows, row: $0) }
        guard truths.isEmpty else {
            throw DecisionError(
                "\(both) were evaluated against different labels in \(truths.count) of \(one.rows.count) rows "
                    + "(\(listed(truths))); \(remedy)"
            )
        }
    }

    private static func differences(
        _ first: ScoredRows,
        _ second: ScoredRows,
        _ draws: Int,
        _ seed: UInt64
    ) -> [(metric: String, bootstrap: PairedBootstrap)] {
        func mean(_ first: [Double], _ second: [Double]) -> PairedBootstrap {
            PairedBootstrap(count: first.count, draws: draws, seed: seed) { rows in
                rows.reduce(0) { $0 + second[$1] - first[$1] } / Double(rows.count)
            }
        }
        switch first.truth {
        case .numbers(let numbers):
            func errors(_ rows: ScoredRows) -> [Double] {
                numbers.indices.map { abs(Double(rows.logits[$0]) - numbers[$0]) }
            }
            return [("mae", mean(errors(first), errors(second)))]
        case .labelSets:
            func matches(_ rows: ScoredRows) -> [Double] { rows.isRight.map { $0 ? 1 : 0 } }
            return [("accuracy", mean(matches(first), matches(second)))]
        case .classes:
            func hits(_ rows: ScoredRows) -> [Double] { rows.isRight.map { $0 ? 1 : 0 } }
            let (one, other) = (MacroF1(first), MacroF1(second))
            let f1 = PairedBootstrap(count: first.count, draws: draws, seed: seed) { rows in
                other.value(rows) - one.value(rows)
            }
            return [("accuracy", mean(hits(first), hits(second))), ("f1_macro", f1)]
        }
    }
}

/// The mean F1 of all classes, on any of the rows.
private struct MacroF1 {
    private let truth: [Int]
    private let predictions: [Int]
    private let width: Int

    init(_ rows: ScoredRows) {
        truth = (0..<rows.count).map { rows.truth.label(of: $0) ?? 0 }
        predictions = (0..<rows.count).map(rows.prediction(of:))
        width = rows.labels.count
    }

    /// The value on some rows, over the classes that occur there.
    func value(_ rows: [Int]) -> Double {
        var hits = [Int](repeating: 0, count: width)
        var totals = hits
        for row in rows {
            totals[truth[row]] += 1
            totals[predictions[row]] += 1
            if truth[row] == predictions[row] { hits[truth[row]] += 1 }
        }
        var (sum, classes) = (0.0, 0)
        for (hit, total) in zip(hits, totals) where total > 0 {
            sum += 2 * Double(hit) / Double(total)
            classes += 1
        }
        return sum / Double(max(classes, 1))
    }
}

extension ScoredRows {
    /// The ids of the labels of a row with a probability above 0.5, ascending.
    fileprivate func predictedSet(of row: Int) -> [Int] {
        logits(of: row).enumerated().filter { $0.element > 0 }.map(\.offset)
    }

    /// The names of the predicted labels of a row.
    fileprivate func predictedNames(of row: Int) -> [String] {
        if case .labelSets = truth { return predictedSet(of: row).map { labels[$0] } }
        return [labels[prediction(of: row)]]
    }

    /// Whether each row is predicted exactly; false for a regression.
    fileprivate var isRight: [Bool] {
        switch truth {
        case .classes(let ids): ids.indices.map { prediction(of: $0) == ids[$0] }
        case .labelSets(let sets): sets.indices.map { predictedSet(of: $0) == sets[$0] }
        case .numbers(let numbers): numbers.map { _ in false }
        }
    }

    /// Whether a row's truth has the same names, or the same number, as in other rows.
    fileprivate func hasSameTruth(as other: ScoredRows, row: Int) -> Bool {
        switch (truth, other.truth) {
        case (.classes, .classes), (.labelSets, .labelSets):
            Set(truth.set(of: row).map { labels[$0] })
                == Set(other.truth.set(of: row).map { other.labels[$0] })
        case (.numbers(let ours), .numbers(let theirs)): ours[row] == theirs[row]
        default: false
        }
    }
}
