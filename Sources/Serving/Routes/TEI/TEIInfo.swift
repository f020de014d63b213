import Classification
import Files
import JSON
import Models

/// The answer to `/info`: the model and the server's limits.
///
/// `problem_type`, `decisions`, `long_text` and `models` are our own additions.
///
/// Source: `Info` of text-embeddings-inference 1.9.3 (router/src/lib.rs:547).
enum TEIInfo {
    /// The JSON object.
    ///
    /// - Parameters:
    ///   - model: The model that text-embeddings-inference's routes use.
    ///   - limits: The server's limits.
    ///   - models: The names of all loaded models.
    /// - Returns: The object.
    static func json(
        _ model: ServedModel,
        _ limits: ServingLimits,
        models: [String]
    ) -> JSONValue {
        .object([
            "model_id": .string(model.source),
            "model_sha": optional(model.revision),
            "model_dtype": .string(model.dtype),
            "served_model_name": .string(model.name),
            "model_type": modelType(model.labels),
            "max_concurrent_requests": .int(limits.maxConcurrentRequests),
            "max_input_length": .int(model.maxTokens),
            "max_batch_tokens": .int(limits.maxBatchTokens),
            "max_batch_requests": limits.maxBatchItems.map(JSONValue.int) ?? .null,
            "max_client_batch_size": .int(limits.maxClientBatchSize),
            "auto_truncate": .bool(limits.autoTruncate),
            "tokenization_workers": .int(limits.tokenizationWorkers),
            "version": .string(attuneVersion),
            "sha": .null,
            "docker_label": .null,
            "problem_type": .string(model.problemType.rawValue),
            "long_text": optional(model.longText.map { "\($0)" }),
            "decisions": model.decisions.map(decisions) ?? .null,
            "models": .array(models.map(JSONValue.string)),
        ])
    }

    /// The labels by id and the ids by label.
    ///
    /// - Parameter labels: The label names by id.
    /// - Returns: The value of `model_type`.
    static func modelType(_ labels: [String]) -> JSONValue {
        let names = labels.enumerated().map { (String($0.offset), JSONValue.string($0.element)) }
        let ids = labels.enumerated().map { ($0.element, JSONValue.int($0.offset)) }
        return .object([
            "classifier": .object([
                "id2label": .object(JSONObject(names)), "label2id": .object(JSONObject(ids)),
            ])
        ])
    }

    /// The decisions that predictions apply, as in `decisions.json`, but without the path of the dataset.
    ///
    /// - Parameter decisions: The decisions.
    /// - Returns: The object.
    static func decisions(_ decisions: Decisions) -> JSONValue {
        var object = JSONObject([("summary", .string(decisions.summary))])
        let file = try? JSONValue.parse(Array(decisions.formatted.utf8))
        for member in file?.object?.members ?? []
        where !["version", "problem_type", "labels", "dataset"].contains(member.name) {
            object[member.name] = member.value
        }
        return .object(object)
    }

    private static func optional(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }
}
