public import Classification
import Datasets

/// The answer to one row.
public enum RowAnswer: Sendable, Equatable {
    /// The logits at this index of the window, and the number of the text's tokens.
    case logits(Int, tokens: Int, isTruncated: Bool)
    /// An empty text that is left out.
    case leftOut
    /// A row without an answer, with the reason.
    case failed(String)
}

/// The answers to consecutive rows.
public struct PredictedWindow {
    /// The number of the first row.
    public let firstRow: Int
    /// One answer per row.
    public let answers: [RowAnswer]
    /// The rows that were read.
    let source: SourceRows
    /// The logits of each distinct text, one after another.
    private let logits: [Float]
    private let labels: [String]
    private let problemType: ProblemType
    private let decisions: Decisions?

    init(
        firstRow: Int,
        answers: [RowAnswer],
        source: SourceRows,
        logits: [Float],
        of classifier: TextClassifier
    ) {
        (self.firstRow, self.answers, self.source, self.logits) = (firstRow, answers, source, logits)
        (labels, problemType) = (classifier.labels, classifier.problemType)
        decisions = classifier.decisions
    }

    /// The rows' numbers.
    public var rows: Range<Int> { firstRow..<firstRow + answers.count }

    /// The prediction for a row.
    ///
    /// - Parameter index: The row's index in the window.
    /// - Returns: Nil for a row without an answer.
    public func prediction(_ index: Int) -> Prediction? {
        guard case .logits(let place, _, _) = answers[index] else { return nil }
        let width = labels.count
        return Prediction(
            logits: Array(logits[place * width..<(place + 1) * width]),
            labels: labels,
            problemType: problemType,
            decisions: decisions
        )
    }
}

extension PredictedWindow {
    /// The logits of all rows that have an answer, one after another.
    var answeredLogits: [Float] {
        answers.flatMap { answer -> ArraySlice<Float> in
            guard case .logits(let place, _, _) = answer else { return [] }
            return logits[place * labels.count..<(place + 1) * labels.count]
        }
    }

    /// The text at an index among the rows that could be read; the first text of a pair.
    func text(_ index: Int) -> String {
        switch source.inputs {
        case .texts(let texts): texts[index]
        case .pairs(let pairs): pairs[index].0
        }
    }

    /// The number of a row's tokens; nil for a row without an answer.
    func tokens(_ index: Int) -> Int? {
        guard case .logits(_, let tokens, _) = answers[index] else { return nil }
        return tokens
    }

    /// Whether a row's text was cut; nil for a row without an answer.
    func isTruncated(_ index: Int) -> Bool? {
        guard case .logits(_, _, let isTruncated) = answers[index] else { return nil }
        return isTruncated
    }
}
