/// The probabilities of rows with known labels, from which thresholds, sets and suspects are chosen.
public struct LabelProbabilities: Sendable, Equatable {
    /// The number of labels.
    public let width: Int
    /// The probabilities, one row of ``width`` after another.
    public let values: [Double]
    /// The true labels.
    public let truth: ScoredRows.Truth

    /// The number of rows.
    public var count: Int { truth.count }

    /// Creates probabilities.
    ///
    /// - Parameters:
    ///   - values: The probabilities, one row of `width` after another.
    ///   - width: The number of labels.
    ///   - truth: The true labels, one entry per row.
    public init(_ values: [Double], width: Int, truth: ScoredRows.Truth) {
        precondition(values.count == width * truth.count, "a probability for each label of each row")
        self.values = values
        self.width = width
        self.truth = truth
    }

    /// Computes the probabilities of evaluated rows.
    ///
    /// - Parameters:
    ///   - rows: The rows; their truth must be labels.
    ///   - scaling: The change of their logits; nil leaves them as they are.
    /// - Throws: ``DecisionError`` for a regression.
    public init(_ rows: ScoredRows, scaling: LogitScaling? = nil) throws(DecisionError) {
        try rows.truth.requireLabels()
        let scaling = scaling ?? .temperature(1)
        let isExclusive = rows.truth.isExclusive
        var values: [Double] = []
        values.reserveCapacity(rows.logits.count)
        for row in 0..<rows.count {
            values += scaling.probabilities(of: rows.logits(of: row), isExclusive: isExclusive)
        }
        self.init(values, width: rows.labels.count, truth: rows.truth)
    }

    /// The probabilities of a row.
    ///
    /// - Parameter row: The row's index.
    /// - Returns: One probability per label.
    public func row(_ row: Int) -> ArraySlice<Double> { values[row * width..<(row + 1) * width] }

    /// The most probable label of a row; the first of equal ones.
    ///
    /// - Parameter row: The row's index.
    /// - Returns: The label's id.
    public func prediction(of row: Int) -> Int { Self.best(self.row(row)) }

    /// The index of the highest value, counted from the beginning of the slice; the first of equal ones.
    static func best(_ row: ArraySlice<Double>) -> Int {
        var best = row.startIndex
        for index in row.indices where row[index] > row[best] { best = index }
        return best - row.startIndex
    }
}
