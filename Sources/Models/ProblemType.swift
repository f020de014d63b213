/// The meaning of a classifier's logits, which determines the loss and the activation.
///
/// Source: `problem_type` of `PretrainedConfig`; `ForSequenceClassificationLoss` of transformers 5.23
/// (loss/loss_utils.py:96-120).
public enum ProblemType: String, Sendable, Equatable, CaseIterable, Codable {
    /// One of K labels: softmax and cross-entropy.
    case singleLabel = "single_label_classification"
    /// Any number of K labels: a sigmoid and a binary cross-entropy per label.
    case multiLabel = "multi_label_classification"
    /// A number: no activation, squared error.
    case regression
}
