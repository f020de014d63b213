import Models
import NN
public import Torch

/// The differences of a classifier's answers from recorded ones.
public struct ParityReport: Sendable, Equatable {
    /// A text and its answers.
    public struct Row: Sendable, Equatable {
        /// The text.
        public let text: String
        /// The recorded answer.
        public let recorded: Prediction
        /// The answer now.
        public let now: Prediction
        /// Whether the number of tokens changed.
        public let hasOtherTokens: Bool
        /// The largest difference of a logit, divided by the recorded logit if that is larger than 1.
        public let logitDifference: Double
        /// The largest difference of a score; for a regression the same as ``logitDifference``.
        public let scoreDifference: Double

        /// Whether the predicted labels changed.
        public var isChanged: Bool { recorded.labels != now.labels }
    }

    /// The largest differences that are expected between two ways of computing.
    public struct Tolerance: Sendable, Equatable {
        /// The largest difference of a logit, divided by the logit if that is larger than 1; nil allows any.
        public var logits: Double?
        /// The largest difference of a score.
        public var scores: Double

        /// Creates a tolerance.
        ///
        /// - Parameters:
        ///   - logits: The largest difference of a logit; nil allows any.
        ///   - scores: The largest difference of a score.
        public init(logits: Double?, scores: Double) { (self.logits, self.scores) = (logits, scores) }

        /// The tolerance of another order of the same operations in float32.
        public static let float32 = Tolerance(logits: 1e-4, scores: 1e-4)
        /// The tolerance of products in TF32 or in another device's float32.
        public static let tensorFloat = Tolerance(logits: nil, scores: 1e-2)
        /// The tolerance of bfloat16.
        public static let bfloat16 = Tolerance(logits: nil, scores: 5e-2)
        /// The tolerance of a model that is quantized now and was not, or that multiplies in integers.
        public static let quantized = Tolerance(logits: nil, scores: 0.25)
    }

    /// The texts, in the order of the record.
    public let rows: [Row]
    /// The allowed differences.
    public let tolerance: Tolerance

    /// The row with the largest difference of a logit.
    public var worst: Row? { rows.max { $0.logitDifference < $1.logitDifference } }
    /// The largest difference of a score.
    public var scoreDifference: Double { rows.map(\.scoreDifference).max() ?? 0 }
    /// The rows whose labels changed.
    public var changed: [Row] { rows.filter(\.isChanged) }
    /// The number of texts that have another number of tokens than recorded.
    public var otherTokens: Int { rows.count(where: \.hasOtherTokens) }

    /// Whether all differences are within the tolerance.
    ///
    /// Labels may change only if their scores were about equal.
    public var isWithinTolerance: Bool { rows.allSatisfy(isWithinTolerance) }

    /// Whether the differences of a row are within the tolerance.
    ///
    /// - Parameter row: The row.
    /// - Returns: False for a NaN, too.
    public func isWithinTolerance(_ row: Row) -> Bool {
        guard row.scoreDifference <= tolerance.scores, row.logitDifference.isFinite else { return false }
        return row.logitDifference <= tolerance.logits ?? .infinity && !row.hasOtherTokens
    }
}

extension ParityRecord {
    /// Compares a classifier with the record.
    ///
    /// - Parameters:
    ///   - classifier: The classifier.
    ///   - matmulDType: The type of matrix products.
    ///   - tolerance: The allowed differences; nil chooses them by the types of weights and products.
    /// - Returns: The differences.
    /// - Throws: ``ModelError`` for a classifier of other labels; `TorchError`.
    public func compare(
        _ classifier: TextClassifier,
        matmulDType: DType = .float32,
        tolerance: ParityReport.Tolerance? = nil
    ) throws -> ParityReport {
        guard classifier.labels == labels, classifier.problemType == problemType else {
            throw ModelError(
                .mismatchedLabels,
                "the record has \(labels.count) labels (\(problemType.rawValue)) and the model has "
                    + "\(classifier.labels.count) (\(classifier.problemType.rawValue)), or their names differ; compare a model "
                    + "with the record of the same training"
            )
        }
        let answers = try answers(of: classifier, matmulDType)
        return ParityReport(
            rows: zip(rows, answers).map { row, answer in
                difference(row, tokens: answer.tokens, logits: answer.logits)
            },
            tolerance: tolerance ?? self.tolerance(of: classifier, matmulDType)
        )
    }

    /// The expected differences.
    private func tolerance(of classifier: TextClassifier, _ matmulDType: DType) -> ParityReport.Tolerance {
        let hasIntegerProducts = classifier.model.productQuantization != nil
        if hasIntegerProducts || classifier.isQuantized != isQuantized { return .quantized }
        let weights = classifier.model.parameters.parameters.contains { $0.value.dtype == .bfloat16 }
        if weights || matmulDType == .bfloat16 { return .bfloat16 }
        return classifier.model.device == .cpu ? .float32 : .tensorFloat
    }

    /// The differences of a text's answers.
    ///
    /// - Parameters:
    ///   - row: The recorded text.
    ///   - tokens: The number of tokens now.
    ///   - logits: The logits now.
    /// - Returns: The differences; NaN if a logit is NaN.
    func difference(_ row: Row, tokens: Int, logits: [Float]) -> ParityReport.Row {
        let recorded = Prediction(logits: row.logits, labels: labels, problemType: problemType)
        let now = Prediction(logits: logits, labels: labels, problemType: problemType)
        func largest(_ pairs: [(Double, Double)], isRelative: Bool) -> Double {
            pairs.reduce(0) { largest, pair in
                let difference = abs(pair.0 - pair.1) / (isRelative ? max(1, abs(pair.0)) : 1)
                // A comparison with NaN is false, so that NaN stays.
                return difference.isNaN || difference > largest ? difference : largest
            }
        }
        let pairs = zip(row.logits, logits).map { (Double($0), Double($1)) }
        let logitDifference = largest(pairs, isRelative: true)
        return ParityReport.Row(
            text: row.text,
            recorded: recorded,
            now: now,
            hasOtherTokens: tokens != row.tokens,
            logitDifference: logitDifference,
            scoreDifference: problemType == .regression
                ? logitDifference : largest(Array(zip(recorded.scores, now.scores)), isRelative: false)
        )
    }
}
