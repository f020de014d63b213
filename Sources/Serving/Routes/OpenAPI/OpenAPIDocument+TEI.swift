import JSON

// text-embeddings-inference's routes and those of Hugging Face's clients.
extension OpenAPIDocument {
    /// A text and its pair, not both empty.
    private static let pair = JSONValue.object([
        "type": .string("array"), "items": APISchema.text, "minItems": .int(2), "maxItems": .int(2),
        "contains": APISchema.someText,
    ])
    /// A label and its score.
    private static let score = APISchema.object(
        [("score", APISchema.number), ("label", APISchema.text)],
        required: ["score", "label"]
    )

    /// The body of `/predict`; at `/`, the member `parameters` would make it one of Hugging Face's clients.
    private static func predictBody(_ limits: Limits, isRoot: Bool = false) -> JSONValue {
        let single = APISchema.list(of: APISchema.someText, least: 1, most: 1)
        let batch = APISchema.list(
            of: APISchema.any(of: [single, pair]),
            least: 1,
            most: limits.maxClientBatchSize
        )
        let inputs = APISchema.described(
            APISchema.any(of: [APISchema.someText, single, pair, batch]),
            "A text, a pair of texts (a list of two strings is one pair), or a batch: a list of lists of one or two strings."
        )
        return APISchema.object(
            [
                ("inputs", inputs), ("truncate", APISchema.optional(APISchema.flag)),
                ("truncation_direction", APISchema.word(["Left", "Right", "left", "right"])),
                ("raw_scores", APISchema.flag),
            ] + (isRoot ? [("parameters", .bool(false))] : []),
            required: ["inputs"]
        )
    }

    /// The answer of `/predict`.
    private static let predictions = APISchema.any(
        of: [APISchema.list(of: score), APISchema.list(of: APISchema.list(of: score))]
    )

    /// The operations of text-embeddings-inference.
    static func textEmbeddingsOperations(_ limits: Limits) -> [APIOperation] {
        func operation(
            _ path: String,
            _ summary: String,
            details: String = "",
            example: String,
            _ body: JSONValue,
            _ answer: JSONValue,
            _ description: String
        ) -> APIOperation {
            APIOperation(
                path: path,
                method: "post",
                family: .textEmbeddings,
                tag: "text-embeddings-inference",
                summary: summary,
                details: details,
                body: [("application/json", body)],
                example: example,
                answers: [.json(answer, description)]
            )
        }
        let predict = predictBody(limits)
        let text = #"{"inputs": "Thank you, Ohio!"}"#
        let classifying = [
            operation(
                "/predict",
                "Classify as text-embeddings-inference does",
                details:
                    "All labels, the highest score first. An answer's list is flat for one input and nested for a batch.",
                example: text,
                predict,
                predictions,
                "The scores of all labels."
            ),
            operation(
                "/invocations",
                "The same as /predict",
                example: text,
                predict,
                predictions,
                "The scores of all labels."
            ),
            operation(
                "/vertex",
                "Several requests to /predict",
                example: #"{"instances": [\#(text)]}"#,
                APISchema.object([("instances", APISchema.list(of: predict))], required: ["instances"]),
                APISchema.object(
                    [("predictions", APISchema.list(of: predictions))],
                    required: ["predictions"]
                ),
                "The answers."
            ),
        ]
        return classifying + tokenOperations(limits) + [information]
    }

    /// The operations on tokens.
    private static func tokenOperations(_ limits: Limits) -> [APIOperation] {
        let place = APISchema.optional(APISchema.integer)
        let token = APISchema.object(
            [
                ("id", APISchema.integer), ("text", APISchema.text), ("special", APISchema.flag),
                ("start", place), ("stop", place),
            ],
            required: ["id", "text", "special", "start", "stop"]
        )
        let texts = APISchema.list(of: APISchema.someText, least: 1, most: limits.maxClientBatchSize)
        let ids = APISchema.list(of: APISchema.bounded(0...Int(UInt32.max)), least: 1)
        let batch = APISchema.list(of: ids, least: 1, most: limits.maxClientBatchSize)
        return [
            APIOperation(
                path: "/tokenize",
                method: "post",
                family: .textEmbeddings,
                tag: "text-embeddings-inference",
                summary: "Turn texts into tokens",
                details: "start and stop are bytes of the text in UTF-8, and null for special tokens.",
                body: [
                    (
                        "application/json",
                        APISchema.object(
                            [
                                ("inputs", APISchema.any(of: [APISchema.someText, texts])),
                                ("add_special_tokens", APISchema.flag), ("prompt_name", APISchema.null),
                            ],
                            required: ["inputs"]
                        )
                    )
                ],
                example: #"{"inputs": "Thank you, Ohio!"}"#,
                answers: [
                    .json(APISchema.list(of: APISchema.list(of: token)), "A list of tokens for each text.")
                ]
            ),
            APIOperation(
                path: "/decode",
                method: "post",
                family: .textEmbeddings,
                tag: "text-embeddings-inference",
                summary: "Turn token ids into texts",
                body: [
                    (
                        "application/json",
                        APISchema.object(
                            [
                                ("ids", APISchema.any(of: [ids, batch])),
                                ("skip_special_tokens", APISchema.flag),
                            ],
                            required: ["ids"]
                        )
                    )
                ],
                example: #"{"ids": [1, 2, 3]}"#,
                answers: [.json(APISchema.list(of: APISchema.text), "The texts.")]
            ),
        ]
    }

    /// The operation of `/info`.
    private static var information: APIOperation {
        let (text, count) = (APISchema.text, APISchema.integer)
        let (maybe, object) = (APISchema.optional(text), JSONValue.object(["type": .string("object")]))
        let members: [(String, JSONValue)] = [
            ("model_id", text), ("model_sha", maybe), ("model_dtype", text), ("served_model_name", text),
            ("model_type", object), ("max_concurrent_requests", count), ("max_input_length", count),
            ("max_batch_tokens", count), ("max_batch_requests", APISchema.optional(count)),
            ("max_client_batch_size", count), ("auto_truncate", APISchema.flag),
            ("tokenization_workers", count), ("version", text), ("sha", maybe), ("docker_label", maybe),
            ("problem_type", text), ("long_text", maybe), ("decisions", APISchema.optional(object)),
            ("models", APISchema.list(of: text)),
        ]
        return APIOperation(
            path: "/info",
            method: "get",
            family: .textEmbeddings,
            tag: "text-embeddings-inference",
            summary: "The default model and the limits",
            answers: [.json(APISchema.object(members, required: members.map(\.0)), "The facts.")]
        )
    }

    /// The operations of Hugging Face's clients.
    static func huggingFaceOperations(_ limits: Limits) -> [APIOperation] {
        let count = APISchema.bounded(1...ClassifyOptions.largest)
        let input = APISchema.any(
            of: [
                APISchema.someText,
                APISchema.object(
                    [("text", APISchema.someText), ("text_pair", APISchema.optional(APISchema.text))],
                    required: ["text"]
                ),
            ]
        )
        let truncations: [JSONValue] = [.bool(true), .bool(false), .null]
        let strategies = ["longest_first", "only_first", "do_not_truncate"].map(JSONValue.string)
        let parameters = APISchema.object([
            ("top_k", APISchema.optional(count)),
            (
                "function_to_apply",
                APISchema.optional(APISchema.word(["sigmoid", "softmax", "none"]))
            ),
            ("max_length", APISchema.optional(count)),
            ("truncation", .object(["enum": .array(truncations + strategies)])),
        ])
        let inputs = APISchema.any(of: [input, APISchema.list(of: input, least: 1, most: limits.maxItems)])
        func body(required: [String], _ parameters: JSONValue) -> JSONValue {
            APISchema.object([("inputs", inputs), ("parameters", parameters)], required: required)
        }
        let nested = APISchema.list(of: APISchema.list(of: score))
        let paths = [
            "/models/{model}", "/pipeline/text-classification", "/pipeline/text-classification/{model}",
        ]
        let root = APIOperation(
            path: "/",
            method: "post",
            family: .textEmbeddings,
            otherFamilies: [.huggingFace],
            tag: "Hugging Face",
            summary: "Classify for huggingface_hub's InferenceClient",
            details:
                "A body with parameters is answered by a list for each text, as Hugging Face's clients expect; any other body as "
                + "by /predict.",
            body: [
                (
                    "application/json",
                    APISchema.any(
                        of: [
                            predictBody(limits, isRoot: true),
                            body(required: ["inputs", "parameters"], APISchema.optional(parameters)),
                        ]
                    )
                )
            ],
            example: #"{"inputs": "Thank you, Ohio!", "parameters": {"top_k": 1}}"#,
            answers: [.json(predictions, "The scores, the highest first.")]
        )
        var operations = [root]
        for path in paths {
            operations.append(
                APIOperation(
                    path: path,
                    method: "post",
                    family: .huggingFace,
                    tag: "Hugging Face",
                    summary: "Classify for huggingface.js and transformers' users",
                    details: "A list in inputs is a batch. The answer is a list for each text.",
                    body: [("application/json", body(required: ["inputs"], APISchema.optional(parameters)))],
                    example: #"{"inputs": ["Thank you, Ohio!", "What a day."]}"#,
                    answers: [.json(nested, "The scores, the highest first.")]
                )
            )
        }
        operations.append(
            APIOperation(
                path: "/models/{model}",
                method: "get",
                family: .huggingFace,
                tag: "Hugging Face",
                summary: "Whether a model is loaded",
                answers: [.json(.object(["type": .string("object")]), "The model is loaded.")]
            )
        )
        return operations
    }
}
