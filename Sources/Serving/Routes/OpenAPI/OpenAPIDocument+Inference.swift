import JSON

// The Open Inference Protocol.
extension OpenAPIDocument {
    /// The tensor with the texts.
    ///
    /// JSON Schema cannot compare a shape with the number of data, so the schema lists the first shapes.
    private static var textTensor: JSONValue {
        func exact(_ shape: [Int]) -> (JSONValue, JSONValue) {
            let count = shape.reduce(1, *)
            return (
                .object(["const": .array(shape.map(JSONValue.int))]),
                APISchema.list(of: APISchema.text, least: count, most: count)
            )
        }
        // Data outside the JSON part need another content type.
        let parameters = APISchema.optional(APISchema.object([("binary_data_size", .bool(false))]))
        let shapes = [[1], [2], [3], [4], [1, 1], [2, 1], [1, 2], [2, 2]].map(exact)
        return APISchema.described(
            APISchema.any(
                of: shapes.map { shape, data -> JSONValue in
                    APISchema.object(
                        [
                            ("name", APISchema.text), ("datatype", .object(["const": .string("BYTES")])),
                            ("shape", shape), ("data", data), ("parameters", parameters),
                        ],
                        required: ["name", "datatype", "shape", "data"]
                    )
                }
            ),
            "[n] or [n, 1] for n texts, [n, 2] for n pairs. Any n is accepted, although the schema lists only the first ones. "
                + "With the header Inference-Header-Content-Length, data follow the JSON part, as Triton's clients send them."
        )
    }

    /// The body of an inference request.
    private static var inferenceBody: JSONValue {
        let flag = APISchema.optional(APISchema.flag)
        func output(_ names: [String], _ classification: JSONValue) -> JSONValue {
            APISchema.object(
                [
                    ("name", APISchema.word(names)),
                    (
                        "parameters",
                        APISchema.optional(
                            APISchema.object([("classification", classification), ("binary_data", flag)])
                        )
                    ),
                ],
                required: ["name"]
            )
        }
        let outputs = APISchema.any(
            of: [
                output(
                    ["scores", "logits"],
                    APISchema.optional(APISchema.bounded(0...ClassifyOptions.largest))
                ),
                output(["label", "score"], .object(["enum": .array([.int(0), .null])])),
            ]
        )
        func options(_ truncate: JSONValue, _ maxTokens: JSONValue) -> JSONValue {
            APISchema.object([
                ("raw", flag), ("binary_data_output", flag), ("truncate", truncate),
                ("max_tokens", maxTokens),
            ])
        }
        // With both, a text that is longer than asked for is refused, which no schema can tell.
        let parameters = APISchema.any(
            of: [
                options(
                    .object(["enum": .array([.bool(true), .null])]),
                    APISchema.optional(APISchema.bounded(1...ClassifyOptions.largest))
                ),
                options(flag, APISchema.null),
            ]
        )
        return APISchema.object(
            [
                ("id", APISchema.optional(APISchema.text)),
                (
                    "inputs",
                    .object([
                        "type": .string("array"), "items": textTensor, "minItems": .int(1),
                        "maxItems": .int(1),
                    ])
                ),
                ("outputs", APISchema.optional(APISchema.list(of: outputs))),
                ("parameters", APISchema.optional(parameters)),
            ],
            required: ["inputs"]
        )
    }

    /// The operations.
    static func openInferenceOperations(_ limits: Limits) -> [APIOperation] {
        let (text, flag) = (APISchema.text, APISchema.flag)
        let shape = APISchema.list(of: APISchema.integer)
        let tensor = APISchema.object(
            [("name", text), ("datatype", text), ("shape", shape)],
            required: ["name", "datatype", "shape"]
        )
        func get(_ path: String, _ summary: String, _ members: [(String, JSONValue)]) -> APIOperation {
            APIOperation(
                path: path,
                method: "get",
                family: path.contains("{") ? .openInference : .server,
                tag: "Open Inference Protocol",
                summary: summary,
                answers: [.json(APISchema.object(members, required: members.map(\.0)), "The answer.")]
            )
        }
        var ready = get("/v2/health/ready", "Whether requests are answered", [("ready", flag)])
        ready.answers.append(
            .json(APISchema.object([("ready", flag)], required: ["ready"]), "Not ready.", status: 503)
        )
        let server = [
            get(
                "/v2",
                "The server's name and extensions",
                [("name", text), ("version", text), ("extensions", APISchema.list(of: text))]
            ),
            get("/v2/health/live", "Whether the server lives", [("live", flag)]), ready,
        ]
        let models = ["/v2/models/{model}", "/v2/models/{model}/versions/{version}"]
        let metadata: [(String, JSONValue)] = [
            ("name", text), ("versions", APISchema.list(of: text)), ("platform", text),
            ("inputs", APISchema.list(of: tensor)), ("outputs", APISchema.list(of: tensor)),
        ]
        var operations = server
        for path in models {
            operations.append(get(path, "The inputs and outputs of a model", metadata))
            operations.append(
                get(path + "/ready", "Whether a model is loaded", [("name", text), ("ready", flag)])
            )
            operations.append(inference(path + "/infer"))
        }
        return operations
    }

    /// An operation that classifies.
    private static func inference(_ path: String) -> APIOperation {
        let text = APISchema.text
        let data = APISchema.any(of: [APISchema.list(of: APISchema.number), APISchema.list(of: text)])
        let output = APISchema.object(
            [
                ("name", text), ("shape", APISchema.list(of: APISchema.integer)), ("datatype", text),
                ("data", data), ("parameters", .object(["type": .string("object")])),
            ],
            required: ["name", "shape", "datatype"]
        )
        let answer = APISchema.object(
            [
                ("model_name", text), ("model_version", text), ("id", text),
                ("outputs", APISchema.list(of: output)),
            ],
            required: ["model_name", "model_version", "outputs"]
        )
        return APIOperation(
            path: path,
            method: "post",
            family: .openInference,
            tag: "Open Inference Protocol",
            summary: "Classify texts or pairs",
            details:
                "Outputs: label (BYTES [n], empty if the model's decisions reject the text), score (FP32 [n]), scores and logits "
                + "(FP32 [n, labels]). With the parameter classification k, scores and logits are value:index:label, BYTES [n, k].",
            body: [("application/json", inferenceBody)],
            example:
                #"{"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["Thank you, Ohio!"]}]}"#,
            answers: [
                .init(
                    description: "The tensors.",
                    content: [
                        ("application/json", answer), ("application/octet-stream", APISchema.anything),
                    ]
                )
            ]
        )
    }
}
