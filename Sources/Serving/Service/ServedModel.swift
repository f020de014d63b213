public import Classification
public import Models
public import Tokenization

/// A loaded classifier, as routes see it.
///
/// The model's weights stay in memory as long as a value for it exists, so that a request in progress is answered even
/// if its model is unloaded.
public struct ServedModel: Sendable {
    /// The name in requests.
    public let name: String
    /// The folder, file or Hub id, as it was given.
    public let source: String
    /// The revision on the Hub; nil if unknown.
    public let revision: String?
    /// The base model of an adapter; nil for a whole model.
    public let base: String?
    /// The name of the network's class, such as `BertForSequenceClassification`.
    public let architecture: String
    /// The type of the weights: `float32` or `bfloat16`.
    public let dtype: String
    /// The label names by id.
    public let labels: [String]
    /// Whether a text has one label, several labels or a number.
    public let problemType: ProblemType
    /// The decisions that predictions apply; nil for the model's own scores.
    public let decisions: Decisions?
    /// The tokenizer.
    public let tokenizer: Tokenizer
    /// The most tokens of a text.
    public let maxTokens: Int
    /// The part of a longer text that is read; nil cuts the side that the tokenizer cuts.
    public let longText: LongText?
    /// Whether it was trained on pairs of texts.
    public let readsPairs: Bool
    /// Facts of the evaluation after training, which live texts are compared with; nil if unknown.
    public let training: TrainingReference?
    /// Keeps the weights in memory.
    let handle: ModelHandle

    /// The number of ids that the model has embeddings for.
    let embeddingRows: Int

    /// Converts an answer into a prediction.
    ///
    /// - Parameters:
    ///   - answer: An answer of this model.
    ///   - raw: Whether to ignore ``decisions``.
    /// - Returns: The prediction.
    public func prediction(_ answer: ServedAnswer, raw: Bool = false) -> Prediction {
        Prediction(
            logits: answer.logits,
            labels: labels,
            problemType: problemType,
            decisions: raw ? nil : decisions
        )
    }
}

/// Facts of the evaluation after training.
public struct TrainingReference: Sendable, Equatable {
    /// The share of each predicted label, by id; nil if unknown.
    public var labelShares: [Double]?
    /// The mean score of the predicted label; nil if unknown.
    public var meanConfidence: Double?
    /// The mean number of tokens of a text; nil if unknown.
    public var meanTokens: Double?

    /// Creates a reference.
    ///
    /// - Parameters:
    ///   - labelShares: The share of each predicted label, by id.
    ///   - meanConfidence: The mean score of the predicted label.
    ///   - meanTokens: The mean number of tokens of a text.
    public init(labelShares: [Double]? = nil, meanConfidence: Double? = nil, meanTokens: Double? = nil) {
        (self.labelShares, self.meanConfidence, self.meanTokens) = (labelShares, meanConfidence, meanTokens)
    }
}

/// A key of a model on its thread; the model is freed with the last copy of its ``ServedModel``.
final class ModelHandle: Sendable {
    let key: Int
    private let release: @Sendable (Int) -> Void

    init(key: Int, release: @escaping @Sendable (Int) -> Void) { (self.key, self.release) = (key, release) }

    deinit { release(key) }
}
