import JSON

// vLLM's and OpenAI's routes.
extension OpenAPIDocument {
    /// The inputs of vLLM's routes, and how they are read.
    private static func inputs(_ limits: Limits) -> [(String, JSONValue)] {
        let id = APISchema.bounded(0...max(limits.tokenIDs - 1, 0))
        let ids = APISchema.list(of: id, least: 1)
        let truncation = JSONValue.object([
            "anyOf": .array([
                .object(["const": .int(-1)]), APISchema.bounded(limits.truncationLengths), APISchema.null,
            ]),
            "description": .string(
                "The most tokens; -1 for the model's limit. Without it, a longer text is refused."
            ),
        ])
        return [
            ("model", APISchema.optional(APISchema.text)),
            (
                "input",
                APISchema.any(
                    of: [
                        APISchema.someText,
                        APISchema.list(of: APISchema.someText, least: 1, most: limits.maxItems),
                        ids,
                        APISchema.list(of: ids, least: 1, most: limits.maxItems),
                    ]
                )
            ),
            ("messages", APISchema.null),
            ("truncate_prompt_tokens", truncation),
            ("truncation_side", APISchema.optional(APISchema.word(["left", "right"]))),
            ("add_special_tokens", APISchema.optional(APISchema.flag)),
            (
                "use_activation",
                APISchema.described(
                    APISchema.optional(APISchema.flag),
                    "False gives logits; otherwise softmax, or a sigmoid for each label of a multi-label model."
                )
            ),
            ("request_id", APISchema.optional(APISchema.text)),
        ]
    }

    /// The answer's members besides `data`.
    private static func answer(_ data: JSONValue) -> JSONValue {
        let count = APISchema.integer
        let usage = APISchema.object(
            [
                ("prompt_tokens", count), ("total_tokens", count), ("completion_tokens", count),
                ("prompt_tokens_details", APISchema.null),
            ],
            required: ["prompt_tokens", "total_tokens", "completion_tokens", "prompt_tokens_details"]
        )
        return APISchema.object(
            [
                ("id", APISchema.text), ("object", APISchema.word(["list"])), ("created", count),
                ("model", APISchema.text), ("data", APISchema.list(of: data)), ("usage", usage),
            ],
            required: ["id", "object", "created", "model", "data", "usage"]
        )
    }

    /// vLLM's operations.
    static func vLLMOperations(_ limits: Limits) -> [APIOperation] {
        let classes = APISchema.object(
            [
                ("index", APISchema.integer), ("label", APISchema.optional(APISchema.text)),
                ("probs", APISchema.list(of: APISchema.number)), ("num_classes", APISchema.integer),
            ],
            required: ["index", "label", "probs", "num_classes"]
        )
        let numbers = APISchema.any(of: [APISchema.list(of: APISchema.number), APISchema.text])
        let pooled = APISchema.object(
            [("index", APISchema.integer), ("object", APISchema.word(["pooling"])), ("data", numbers)],
            required: ["index", "object", "data"]
        )
        let encoding: [(String, JSONValue)] = [
            ("task", APISchema.optional(APISchema.word(["classify"]))),
            ("encoding_format", APISchema.optional(APISchema.word(["float", "base64"]))),
            ("embed_dtype", APISchema.optional(APISchema.word(["float32"]))),
            ("endianness", APISchema.optional(APISchema.word(["native", "little", "big"]))),
            ("dimensions", APISchema.null),
        ]
        let tokens: [(String, JSONValue)] = [
            ("model", APISchema.optional(APISchema.text)),
            ("tokens", APISchema.list(of: APISchema.bounded(0...Int(Int32.max)))),
        ]
        func operation(
            _ path: String,
            _ summary: String,
            details: String = "",
            example: String,
            _ body: [(String, JSONValue)],
            required: String,
            _ answer: JSONValue,
            _ description: String
        ) -> APIOperation {
            APIOperation(
                path: path,
                method: "post",
                family: .openAI,
                tag: "vLLM",
                summary: summary,
                details: details,
                body: [("application/json", APISchema.object(body, required: [required]))],
                example: example,
                answers: [.json(answer, description)]
            )
        }
        return [
            operation(
                "/classify",
                "Classify as vLLM does",
                details: "probs are by label id. label is null if the model's decisions reject the text.",
                example: #"{"input": ["Thank you, Ohio!", "What a day."]}"#,
                inputs(limits),
                required: "input",
                answer(classes),
                "The probabilities."
            ),
            operation(
                "/pooling",
                "Compute probabilities or logits as numbers only",
                example: #"{"input": "Thank you, Ohio!", "use_activation": false}"#,
                inputs(limits) + encoding,
                required: "input",
                answer(pooled),
                "The numbers, or their float32 in base64."
            ),
            operation(
                "/detokenize",
                "Turn token ids into text",
                example: #"{"tokens": [1, 2, 3]}"#,
                tokens,
                required: "tokens",
                APISchema.object([("prompt", APISchema.text)], required: ["prompt"]),
                "The text."
            ),
            APIOperation(
                path: "/version",
                method: "get",
                family: .server,
                tag: "vLLM",
                summary: "The version of the server",
                answers: [
                    .json(
                        APISchema.object([("version", APISchema.text)], required: ["version"]),
                        "The version of Attune."
                    )
                ]
            ),
        ]
    }

    /// The operation of OpenAI's moderation.
    static func moderationOperations(_ limits: Limits) -> [APIOperation] {
        let part = APISchema.object(
            [("type", .object(["const": .string("text")])), ("text", APISchema.text)],
            required: ["type", "text"]
        )
        let input = APISchema.any(
            of: [
                APISchema.text, APISchema.list(of: APISchema.text, least: 1, most: limits.maxItems),
                APISchema.list(of: part, least: 1, most: 1),
            ]
        )
        func byLabel(_ value: JSONValue) -> JSONValue {
            .object(["type": .string("object"), "additionalProperties": value])
        }
        let result = APISchema.object(
            [
                ("flagged", APISchema.flag), ("categories", byLabel(APISchema.flag)),
                ("category_scores", byLabel(APISchema.number)),
                ("category_applied_input_types", byLabel(APISchema.list(of: APISchema.text))),
            ],
            required: ["flagged", "categories", "category_scores", "category_applied_input_types"]
        )
        return [
            APIOperation(
                path: "/v1/moderations",
                method: "post",
                family: .openAI,
                tag: "Moderation",
                summary: "Decide which labels apply",
                details:
                    "Categories are the model's labels. A multi-label model gives those whose score reaches the label's threshold, "
                    + "or exceeds 0.5 without one; a single-label model gives its predicted label unless its decisions reject the "
                    + "text. A text with a category is flagged.",
                body: [
                    (
                        "application/json",
                        APISchema.object(
                            [("model", APISchema.optional(APISchema.text)), ("input", input)],
                            required: ["input"]
                        )
                    )
                ],
                example: #"{"input": ["Thank you, Ohio!"]}"#,
                answers: [
                    .json(
                        APISchema.object(
                            [
                                ("id", APISchema.text), ("model", APISchema.text),
                                ("results", APISchema.list(of: result)),
                            ],
                            required: ["id", "model", "results"]
                        ),
                        "One result for each text."
                    )
                ]
            )
        ]
    }
}
