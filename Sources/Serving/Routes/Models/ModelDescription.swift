import Classification
import JSON
import Models
import Tokenization

/// A loaded model as `/v1/models` describes it: OpenAI's and vLLM's members, and ours.
///
/// Source: `ModelCard` of vLLM (`vllm/entrypoints/openai/models/protocol.py`).
enum ModelDescription {
    /// The description.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - created: The time in seconds since 1970.
    ///   - isDefault: Whether requests without a model's name use it.
    /// - Returns: The object.
    static func json(_ model: ServedModel, created: Int, isDefault: Bool) -> JSONValue {
        .object([
            "id": .string(model.name),
            "object": .string("model"),
            "created": .int(created),
            "owned_by": .string("attune"),
            "root": .string(model.source),
            "parent": optional(model.base),
            "max_model_len": .int(model.maxTokens),
            "default": .bool(isDefault),
            "revision": optional(model.revision),
            "architecture": .string(model.architecture),
            "dtype": .string(model.dtype),
            "problem_type": .string(model.problemType.rawValue),
            "labels": .array(model.labels.map(JSONValue.string)),
            "reads_pairs": .bool(model.readsPairs),
            "long_text": optional(model.longText?.description),
            "decisions": model.decisions.map(TEIInfo.decisions) ?? .null,
        ])
    }

    private static func optional(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }
}
