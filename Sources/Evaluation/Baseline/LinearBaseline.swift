import Foundation

/// A linear classifier of texts, or a linear regression: the yardstick for a language model.
///
/// Its features are word 1- and 2-grams and character 2- to 5-grams within words, weighted by TF-IDF (1 + ln of the count, smooth
/// inverse document frequency, L2 norm 1 for words and for characters). It is trained by multinomial logistic regression; for two
/// classes and for each label of multi-label texts by binary logistic regression; for numbers by ridge regression. The same rows
/// give the same bits on any number of threads.
///
/// Source: scikit-learn's `TfidfVectorizer`, `LogisticRegression` and `Ridge`.
public struct LinearBaseline: Sendable, Equatable {
    /// The answers that a baseline gives.
    public enum Kind: String, Sendable, CaseIterable {
        /// One of several classes.
        case classes
        /// Any number of labels.
        case labelSets
        /// A number.
        case number
    }

    /// The kind of answers.
    public let kind: Kind
    /// The label names by id; for a regression, the name of the number.
    public let labels: [String]
    /// Whether characters are features, too, besides words.
    package let usesCharacters: Bool
    /// The features.
    let vocabulary: NGramVocabulary
    /// The label ids of the columns: those that training texts have and, for label sets, that not all have.
    package let columns: [Int]
    /// The score of every label without a column, by id.
    package let constants: [Float]
    /// The weights, for each feature one per column.
    package let weights: [Float]
    /// The intercepts, one per column.
    package let intercepts: [Float]

    /// The hash of each feature.
    package var featureHashes: [UInt64] { vocabulary.hashes }
    /// The inverse document frequency of each feature.
    package var featureWeights: [Double] { vocabulary.weights }

    /// Restores a baseline from its parts.
    ///
    /// - Returns: Nil if the sizes of the parts do not fit together.
    package init?(
        kind: Kind,
        labels: [String],
        usesCharacters: Bool,
        featureHashes: [UInt64],
        featureWeights: [Double],
        columns: [Int],
        constants: [Float],
        weights: [Float],
        intercepts: [Float]
    ) {
        guard featureHashes.count == featureWeights.count, Set(featureHashes).count == featureHashes.count,
            constants.count == labels.count, intercepts.count == columns.count,
            columns.allSatisfy(labels.indices.contains), Set(columns).count == columns.count,
            weights.count == columns.count * featureHashes.count
        else { return nil }
        self.init(
            kind,
            labels,
            usesCharacters,
            NGramVocabulary(hashes: featureHashes, weights: featureWeights),
            columns: columns,
            constants: constants,
            weights: weights,
            intercepts: intercepts
        )
    }

    init(
        _ kind: Kind,
        _ labels: [String],
        _ usesCharacters: Bool,
        _ vocabulary: NGramVocabulary,
        columns: [Int],
        constants: [Float],
        weights: [Float],
        intercepts: [Float]
    ) {
        (self.kind, self.labels, self.usesCharacters) = (kind, labels, usesCharacters)
        (self.vocabulary, self.columns, self.constants) = (vocabulary, columns, constants)
        (self.weights, self.intercepts) = (weights, intercepts)
    }

    /// Scores texts.
    ///
    /// - Parameter texts: The texts.
    /// - Returns: The logits, `labels.count` per text; for a regression, the numbers.
    public func scores(of texts: [String]) -> [Float] { scores(of: texts, .all) }

    func scores(of texts: [String], _ workers: Workers) -> [Float] {
        let size = 64
        let parts = workers.map((texts.count + size - 1) / size) { part in
            let own = texts[part * size..<min((part + 1) * size, texts.count)]
            let counted = CountedTexts(own, withCharacters: usesCharacters)
            return (0..<counted.count).flatMap { scores(of: $0, in: counted) }
        }
        return parts.flatMap(\.self)
    }

    private func scores(of index: Int, in counted: CountedTexts) -> [Float] {
        var sums = intercepts
        sums.withUnsafeMutableBufferPointer { sums in
            weights.withUnsafeBufferPointer { weights in
                vocabulary.read(index, of: counted) { feature, value in
                    let start = feature * sums.count
                    for column in sums.indices { sums[column] += Float(value) * weights[start + column] }
                }
            }
        }
        var scores = constants
        for (column, id) in columns.enumerated() { scores[id] = sums[column] }
        return scores
    }

    /// Evaluates scores, which are computed for a part of the texts at a time, because all may not fit into memory.
    ///
    /// - Parameters:
    ///   - truth: The true answers, one per text.
    ///   - labelCount: The number of labels.
    ///   - withIntervals: Whether to compute 95 % intervals.
    ///   - scores: Computes the scores of a range of texts, `labelCount` per text.
    /// - Returns: The metrics.
    static func metrics(
        _ truth: ScoredRows.Truth,
        labelCount: Int,
        withIntervals: Bool,
        scores: (Range<Int>) -> [Float]
    ) -> EvaluationMetrics {
        let size = max(64, scoresAtOnce / max(labelCount, 1))
        func forEachPart(_ take: ([Float]) -> Void) {
            for start in stride(from: 0, to: truth.count, by: size) {
                take(scores(start..<min(start + size, truth.count)))
            }
        }
        switch truth {
        case .classes(let ids):
            var accumulator = ClassificationAccumulator(labels: ids, classCount: labelCount)
            forEachPart { accumulator.add(logits: $0) }
            return .singleLabel(accumulator.metrics(withIntervals: withIntervals))
        case .labelSets(let sets):
            var accumulator = MultiLabelAccumulator(labels: sets, labelCount: labelCount)
            forEachPart { accumulator.add(logits: $0) }
            return .multiLabel(accumulator.metrics(withIntervals: withIntervals))
        case .numbers(let numbers):
            var predictions: [Double] = []
            forEachPart { predictions += $0.map(Double.init) }
            return .regression(
                RegressionMetrics(
                    predictions: predictions,
                    labels: numbers,
                    withIntervals: withIntervals
                )
            )
        }
    }

    private static let scoresAtOnce = 1 << 20
}
