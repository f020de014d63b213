import JSON
import Models

// The list of models.
extension OpenAPIDocument {
    /// The operations.
    static func modelOperations() -> [APIOperation] {
        let model = APISchema.named("Model")
        let administration =
            "Needs the key that the server was started with by --admin-key, as X-Admin-Key or as a bearer token."
        let text = APISchema.text
        return [
            APIOperation(
                path: "/v1/models",
                method: "get",
                family: .openAI,
                tag: "Models",
                summary: "List the loaded models",
                answers: [
                    .json(
                        APISchema.object(
                            [("object", APISchema.word(["list"])), ("data", APISchema.list(of: model))],
                            required: ["object", "data"]
                        ),
                        "The models, the default one first."
                    )
                ]
            ),
            APIOperation(
                path: "/v1/models",
                method: "post",
                family: .openAI,
                tag: "Models",
                summary: "Load a model",
                details: administration,
                body: [
                    (
                        "application/json",
                        APISchema.object(
                            [
                                (
                                    "source",
                                    APISchema.described(
                                        APISchema.someText,
                                        "A folder, a .gguf or .attune file or a Hub id; also an adapter's folder."
                                    )
                                ),
                                ("name", APISchema.optional(APISchema.someText)),
                                (
                                    "base",
                                    APISchema.described(
                                        APISchema.optional(text),
                                        "The base model of an adapter; without it, the one that the adapter names."
                                    )
                                ),
                            ],
                            required: ["source"],
                            isClosed: true
                        )
                    )
                ],
                example: #"{"source": "runs/tweets", "name": "tweets"}"#,
                answers: [.json(model, "The loaded model.", status: 201)],
                furtherFailures: [403, 422]
            ),
            APIOperation(
                path: "/v1/models/{model}",
                method: "get",
                family: .openAI,
                tag: "Models",
                summary: "Describe a model",
                answers: [.json(model, "The model.")]
            ),
            APIOperation(
                path: "/v1/models/{model}",
                method: "delete",
                family: .openAI,
                tag: "Models",
                summary: "Unload a model",
                details: administration + " Requests in progress are still answered.",
                answers: [
                    .json(
                        APISchema.object(
                            [("id", text), ("object", text), ("deleted", APISchema.flag)],
                            required: ["id", "object", "deleted"]
                        ),
                        "The model is unloaded."
                    )
                ],
                furtherFailures: [403]
            ),
        ]
    }

    /// The schema of a model.
    static var modelSchemas: [(String, JSONValue)] {
        let text = APISchema.text
        let maybe = APISchema.optional(text)
        let members: [(String, JSONValue)] = [
            ("id", text), ("object", APISchema.word(["model"])), ("created", APISchema.integer),
            ("owned_by", text), ("root", text), ("parent", maybe), ("max_model_len", APISchema.integer),
            ("default", APISchema.flag), ("revision", maybe), ("architecture", text), ("dtype", text),
            ("problem_type", APISchema.word(ProblemType.allCases.map(\.rawValue))),
            ("labels", APISchema.list(of: text)), ("reads_pairs", APISchema.flag), ("long_text", maybe),
            ("decisions", .object(["type": .array([.string("object"), .string("null")])])),
        ]
        return [("Model", APISchema.object(members, required: members.map(\.0)))]
    }
}
