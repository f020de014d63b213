/// Sets of labels that hold the true one with a demanded probability, whatever the model.
///
/// The promise holds on average over texts like those it was fitted on, not for each label; ``SetEffect`` shows each label.
///
/// Source: Sadinle et al. 2019 (LAC); Romano et al. 2020 (APS), with conformity scores randomised as in MAPIE 1.6.
public struct ConformalSets: Sendable, Equatable {
    /// The way in which sets are formed.
    public enum Method: String, Sendable, CaseIterable {
        /// All labels whose probability is high enough: the smallest sets on average, which may be empty.
        case lac
        /// The most probable labels until their total is high enough: larger sets for difficult texts, never empty.
        case aps
    }

    /// The way in which sets are formed.
    public let method: Method
    /// The demanded probability that a set holds the true label.
    public let coverage: Double
    /// The limit of a label's nonconformity; infinite if there were too few rows for the coverage, so that each set holds all
    /// labels.
    public let quantile: Double

    /// Creates sets from a limit that was fitted before.
    ///
    /// - Parameters:
    ///   - method: The way in which sets are formed.
    ///   - coverage: The demanded coverage, between 0 and 1.
    ///   - quantile: The limit.
    public init(method: Method, coverage: Double, quantile: Double) {
        self.method = method
        self.coverage = coverage
        self.quantile = quantile
    }

    /// Fits the limit.
    ///
    /// - Parameters:
    ///   - probabilities: The probabilities of rows that neither trained nor chose the model, nor fitted its calibration.
    ///   - method: The way in which sets are formed.
    ///   - coverage: The demanded coverage, between 0 and 1.
    ///   - seed: The seed of the random numbers with which APS splits the true label's probability.
    /// - Throws: ``DecisionError`` unless each row has exactly one label.
    public init(
        fitting probabilities: LabelProbabilities,
        method: Method,
        coverage: Double,
        seed: UInt64 = 42
    ) throws(DecisionError) {
        var random = SplitMix64(seed: seed)
        try self.init(
            fitting: probabilities,
            method: method,
            coverage: coverage,
            shares: (0..<probabilities.count).map { _ in random.share() }
        )
    }

    /// Fits the limit with given random numbers.
    ///
    /// - Parameters:
    ///   - probabilities: The probabilities of rows.
    ///   - method: The way in which sets are formed.
    ///   - coverage: The demanded coverage.
    ///   - shares: A number from 0 to 1 for each row, which APS uses.
    /// - Throws: ``DecisionError`` unless each row has exactly one label.
    init(
        fitting probabilities: LabelProbabilities,
        method: Method,
        coverage: Double,
        shares: [Double]
    ) throws(DecisionError) {
        guard case .classes(let labels) = probabilities.truth else {
            throw DecisionError("conformal sets need texts with exactly one label each")
        }
        var scores: [Double] = []
        for (row, label) in labels.enumerated() {
            let values = Array(probabilities.row(row))
            switch method {
            case .lac: scores.append(1 - values[label])
            case .aps:
                let order = Self.order(values)
                var total = 0.0
                for id in order {
                    total += values[id]
                    if id == label { break }
                }
                scores.append(total - shares[row] * values[label])
            }
        }
        // Rounding in n + 1 times the coverage must not raise the rank.
        let rank = Int(((Double(labels.count) + 1) * coverage - 1e-9).rounded(.up))
        self.init(
            method: method,
            coverage: coverage,
            quantile: rank <= labels.count ? scores.sorted()[max(rank, 1) - 1] : .infinity
        )
    }

    /// The labels of a text.
    ///
    /// - Parameter probabilities: The probabilities of a row, by id.
    /// - Returns: The ids, the most probable first.
    public func set(of probabilities: some Collection<Double>) -> [Int] {
        let values = Array(probabilities)
        let order = Self.order(values)
        switch method {
        case .lac: return order.filter { 1 - values[$0] <= quantile }
        case .aps:
            var total = 0.0
            return Array(
                order.prefix { id in
                    let isIncluded = total == 0 || total < quantile
                    total += values[id]
                    return isIncluded
                }
            )
        }
    }

    /// The ids by descending probability; of equal ones, the lower id first.
    private static func order(_ values: [Double]) -> [Int] {
        values.indices.sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
    }
}

/// The measured coverage and size of conformal sets.
public struct SetEffect: Sendable, Equatable {
    /// Coverage and size over some rows.
    public struct Part: Sendable, Equatable {
        /// The number of rows.
        public var rows = 0
        /// The rows whose set holds the true label.
        public var covered = 0
        /// The labels of all sets.
        public var labels = 0
        /// The rows whose set has one label, which are answered.
        public var answered = 0
        /// The answered rows whose label is right.
        public var right = 0

        /// The share of rows whose set holds the true label; nil without rows.
        public var coverage: Double? { rows > 0 ? Double(covered) / Double(rows) : nil }
        /// The mean number of labels in a set; nil without rows.
        public var meanSize: Double? { rows > 0 ? Double(labels) / Double(rows) : nil }
        /// The share of right answers among answered rows; nil if none is answered.
        public var accuracy: Double? { answered > 0 ? Double(right) / Double(answered) : nil }
    }

    /// Over all rows.
    public private(set) var all = Part()
    /// Over the rows of each true label, by id.
    public private(set) var byLabel: [Part]

    /// Measures sets.
    ///
    /// - Parameters:
    ///   - sets: The sets.
    ///   - probabilities: The probabilities of rows that did not fit the sets, with exactly one label each.
    public init(_ sets: ConformalSets, on probabilities: LabelProbabilities) {
        byLabel = [Part](repeating: Part(), count: probabilities.width)
        for row in 0..<probabilities.count {
            guard let truth = probabilities.truth.label(of: row) else { continue }
            add(sets.set(of: probabilities.row(row)), truth: truth)
        }
    }

    /// Creates an effect without rows.
    ///
    /// - Parameter width: The number of labels.
    public init(width: Int) { byLabel = [Part](repeating: Part(), count: width) }

    /// Adds a row.
    ///
    /// - Parameters:
    ///   - set: The ids of its set.
    ///   - truth: The id of its true label.
    public mutating func add(_ set: [Int], truth: Int) {
        var part = Part()
        part.rows = 1
        part.covered = set.contains(truth) ? 1 : 0
        part.labels = set.count
        part.answered = set.count == 1 ? 1 : 0
        part.right = set == [truth] ? 1 : 0
        all.add(part)
        byLabel[truth].add(part)
    }
}

extension SetEffect.Part {
    /// Adds the counts of other rows.
    fileprivate mutating func add(_ other: SetEffect.Part) {
        rows += other.rows
        covered += other.covered
        labels += other.labels
        answered += other.answered
        right += other.right
    }
}
