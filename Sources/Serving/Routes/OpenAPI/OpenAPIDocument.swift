import Files
import JSON

/// The OpenAPI document of all routes.
///
/// It is written by us, and a test compares its paths with those of the routers.
struct OpenAPIDocument: Sendable {
    /// The values of a server that limit requests.
    struct Limits: Sendable, Equatable {
        /// The number of token ids of the default model.
        var tokenIDs = 30_000
        /// The numbers of tokens that the default model can truncate a text to.
        var truncationLengths = 3...512
        /// The most inputs of text-embeddings-inference's routes.
        var maxClientBatchSize = 32
        /// The most inputs of all other routes.
        var maxItems = 10_000
    }

    /// The operations, in the order of the document.
    let operations: [APIOperation]
    /// The shared schemas.
    private let schemas: [(String, JSONValue)]

    /// Writes the document.
    ///
    /// - Parameter limits: The limits that the schemas state.
    init(_ limits: Limits = Limits()) {
        operations =
            Self.classifyOperations(limits) + Self.modelOperations() + Self.textEmbeddingsOperations(limits)
            + Self.huggingFaceOperations(limits) + Self.vLLMOperations(limits)
            + Self.openInferenceOperations(limits) + Self.moderationOperations(limits)
            + Self.serverOperations()
        schemas = Self.errorSchemas + Self.classifySchemas + Self.modelSchemas
    }

    /// The document.
    var json: JSONValue {
        .object([
            "openapi": .string("3.1.0"),
            "info": .object([
                "title": .string("Attune"),
                "version": .string(attuneVersion),
                "description": .string(
                    "Text classification over HTTP, with the routes of text-embeddings-inference, Hugging Face's clients, "
                        + "vLLM, the Open Inference Protocol and OpenAI's moderation, and its own API under /v1/classify."
                ),
                "license": .object(["name": .string("Apache-2.0"), "identifier": .string("Apache-2.0")]),
            ]),
            "servers": .array([.object(["url": .string("/")])]),
            "tags": .array(
                tags.map { .object(["name": .string($0)]) }
            ),
            "paths": .object(JSONObject(paths)),
            "components": .object([
                "schemas": .object(JSONObject(schemas)),
                "securitySchemes": .object([
                    "key": .object(["type": .string("http"), "scheme": .string("bearer")]),
                    "admin": .object([
                        "type": .string("apiKey"), "in": .string("header"), "name": .string("X-Admin-Key"),
                    ]),
                ]),
            ]),
        ])
    }

    /// The names of sections, in order.
    var tags: [String] {
        var tags: [String] = []
        for operation in operations where !tags.contains(operation.tag) { tags.append(operation.tag) }
        return tags
    }

    /// The path items, in order.
    private var paths: [(String, JSONValue)] {
        var names: [String] = []
        for operation in operations where !names.contains(operation.path) { names.append(operation.path) }
        return names.map { name in
            let methods = operations.filter { $0.path == name }.map { ($0.method, $0.json) }
            return (name, .object(JSONObject(methods)))
        }
    }

    /// The error bodies.
    private static var errorSchemas: [(String, JSONValue)] {
        let text = APISchema.text
        return [
            (
                "ServerError",
                APISchema.object(
                    [("error", text), ("error_type", text)],
                    required: ["error", "error_type"]
                )
            ),
            ("MessageError", APISchema.object([("error", text)], required: ["error"])),
            ("KindError", APISchema.object([("error", APISchema.named("Fault"))], required: ["error"])),
            (
                "Fault",
                APISchema.object([("kind", text), ("message", text)], required: ["kind", "message"])
            ),
            (
                "OpenAIError",
                APISchema.object(
                    [
                        (
                            "error",
                            APISchema.object(
                                [
                                    ("message", text), ("type", text), ("param", APISchema.optional(text)),
                                    ("code", APISchema.integer),
                                ],
                                required: ["message", "type", "param", "code"]
                            )
                        )
                    ],
                    required: ["error"]
                )
            ),
        ]
    }
}
