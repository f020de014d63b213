import Foundation

/// The logits of evaluated rows, with their targets: all that a report, a calibration or a comparison needs to know.
///
/// Rows are those of the evaluation, in its order.
public struct ScoredRows: Sendable, Equatable {
    /// The true answers.
    public enum Truth: Sendable, Equatable {
        /// One class id per row.
        case classes([Int])
        /// Any number of label ids per row, ascending, including none.
        case labelSets([[Int]])
        /// One number per row.
        case numbers([Double])

        /// The number of rows.
        public var count: Int {
            switch self {
            case .classes(let ids): ids.count
            case .labelSets(let sets): sets.count
            case .numbers(let numbers): numbers.count
            }
        }
    }

    /// The label names by id; for a regression, the name of the predicted number.
    public let labels: [String]
    /// The logits, one row of `labels.count` after another, float32.
    public let logits: [Float]
    /// The true answers, one per row.
    public let truth: Truth
    /// The number of tokens of each row, after truncation.
    public let tokenCounts: [Int]
    /// Whether each row's text was truncated.
    public let isTruncated: [Bool]
    /// The hash of each row's text, in hexadecimal; it identifies a row in two runs without holding its text.
    public let textHashes: [String]

    /// The number of rows.
    public var count: Int { truth.count }

    /// Creates scored rows.
    ///
    /// - Parameters:
    ///   - labels: The label names by id, at least one.
    ///   - logits: The logits, `labels.count` per row.
    ///   - truth: The true answers, one per row.
    ///   - tokenCounts: The tokens of each row.
    ///   - isTruncated: Whether each row's text was truncated.
    ///   - textHashes: The hash of each row's text.
    public init(
        labels: [String],
        logits: [Float],
        truth: Truth,
        tokenCounts: [Int],
        isTruncated: [Bool],
        textHashes: [String]
    ) {
        precondition(logits.count == labels.count * truth.count, "logits for each row")
        precondition(
            [tokenCounts.count, isTruncated.count, textHashes.count].allSatisfy { $0 == truth.count }
        )
        self.labels = labels
        self.logits = logits
        self.truth = truth
        self.tokenCounts = tokenCounts
        self.isTruncated = isTruncated
        self.textHashes = textHashes
    }

    /// The logits of a row.
    ///
    /// - Parameter row: The row's index.
    /// - Returns: `labels.count` logits.
    public func logits(of row: Int) -> ArraySlice<Float> {
        logits[row * labels.count..<(row + 1) * labels.count]
    }

    /// The probabilities of a row: the softmax of its logits, for label sets a sigmoid of each.
    ///
    /// For a regression these are the logits themselves.
    ///
    /// - Parameters:
    ///   - row: The row's index.
    ///   - temperature: Divides the logits first, above 0.
    /// - Returns: `labels.count` probabilities, computed in double precision.
    public func probabilities(of row: Int, temperature: Double = 1) -> [Double] {
        let logits = logits(of: row).map { Double($0) / temperature }
        switch truth {
        case .classes:
            let highest = logits.max() ?? 0
            let exponentials = logits.map { exp($0 - highest) }
            let total = exponentials.reduce(0, +)
            return exponentials.map { $0 / total }
        case .labelSets: return logits.map { 1 / (1 + exp(-$0)) }
        case .numbers: return self.logits(of: row).map(Double.init)
        }
    }

    /// The id of a row's highest logit; the first of equal ones.
    ///
    /// - Parameter row: The row's index.
    /// - Returns: The id.
    public func prediction(of row: Int) -> Int {
        let logits = logits(of: row)
        var best = logits.startIndex
        for index in logits.indices where logits[index] > logits[best] { best = index }
        return best - logits.startIndex
    }
}
