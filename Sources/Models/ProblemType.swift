/// What a classifier's logits mean, and so which loss and which activation belong to them.
///
/// Source: `problem_type` of `PretrainedConfig`; `ForSequenceClassificationLoss` of transformers 5.23 (loss/loss_utils.py:96-120).
public enum ProblemType: String, Sendable, Equatable, CaseIterable, Codable {
    /// One of K labels: softmax and cross-entropy.
    case singleLabel = "single_label_classification"
    /// Any of K labels: a sigmoid and a binary cross-entropy each.
    case multiLabel = "multi_label_classification"
    /// A number: no activation, squared error.
    case regression
}
