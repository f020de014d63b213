/// Names in a GGUF file's metadata that are Attune's own.
///
/// llama.cpp ignores them.
package enum GGUFKeys {
    /// The Hub's `model_type`, which architectures of llama.cpp do not determine.
    package static let modelType = "attune.model_type"
    /// The number of rows that were cut off the front of a table of positions.
    package static let positionOffset = "attune.position_offset"
    /// The rows of the classification head of a model whose head llama.cpp does not read: numbers `[labels, width]`, row by row.
    package static let head = "attune.classifier.weight"
    /// Before the name of a small file of the model's folder, such as `config.json`: the file's text.
    package static let file = "attune.file."
    /// The text of `tokenizer.json`.
    ///
    /// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
    package static let tokenizer = "tokenizer.huggingface.json"
}
