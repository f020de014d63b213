import JSON
import Tokenization

// Our own API.
extension OpenAPIDocument {
    /// The members for options.
    private static var options: [(String, JSONValue)] {
        let count = APISchema.bounded(1...ClassifyOptions.largest)
        let longText = APISchema.described(
            APISchema.optional(
                APISchema.word(["head", "tail", "head-tail", "head-tail:128", "window", "window:96"])
            ),
            "The part of a longer text that is read: \(LongText.words). Any number is accepted."
        )
        return [
            (
                "top_k",
                APISchema.described(
                    APISchema.optional(count),
                    "The number of labels in scores; all without it."
                )
            ),
            (
                "raw",
                APISchema.described(
                    APISchema.optional(APISchema.flag),
                    "Whether to ignore the model's calibration, thresholds and sets."
                )
            ),
            (
                "logits",
                APISchema.described(
                    APISchema.optional(APISchema.flag),
                    "Whether results have the logits, by label id."
                )
            ),
            (
                "truncate",
                APISchema.described(
                    APISchema.optional(APISchema.flag),
                    "Whether longer texts are cut; if false, they get an error. The default is the server's."
                )
            ),
            ("long_text", longText),
            (
                "max_tokens",
                APISchema.described(
                    APISchema.optional(count),
                    "The most tokens of a text, at most the model's limit."
                )
            ),
        ]
    }

    /// The body of `/v1/classify`: one of three kinds of input.
    private static func body(_ limits: Limits) -> JSONValue {
        let name = APISchema.optional(APISchema.text)
        let names = JSONValue.object([
            "type": .array([.string("array"), .string("null")]), "items": APISchema.text,
            "minItems": .int(1), "maxItems": .int(64), "uniqueItems": .bool(true),
        ])
        let texts = APISchema.described(
            APISchema.list(of: APISchema.anything, most: limits.maxItems),
            "Strings, or objects with text, text_pair and id. An element of another kind gets an error of its index."
        )
        let pairs = APISchema.described(
            APISchema.list(of: APISchema.anything, most: limits.maxItems),
            "Lists of two strings. An element of another kind gets an error of its index."
        )
        let inputs: [(String, JSONValue)] = [("text", APISchema.text), ("texts", texts), ("pairs", pairs)]
        let models: [[(String, JSONValue)]] = [
            [("model", name)], [("model", APISchema.null), ("models", names)],
        ]
        return APISchema.any(
            of: inputs.flatMap { input -> [JSONValue] in
                models.map { model -> JSONValue in
                    var members: [(String, JSONValue)] = model
                    members.append(input)
                    for other in inputs where other.0 != input.0 { members.append((other.0, APISchema.null)) }
                    members += options
                    members.append(("stream", APISchema.optional(APISchema.flag)))
                    return APISchema.object(members, required: [input.0], isClosed: true)
                }
            }
        )
    }

    /// The operations.
    static func classifyOperations(_ limits: Limits) -> [APIOperation] {
        let results = APISchema.named("Classification")
        let several = APISchema.object([("models", APISchema.list(of: results))], required: ["models"])
        return [
            APIOperation(
                path: "/v1/classify",
                method: "post",
                family: .own,
                tag: "Classify",
                summary: "Classify texts or pairs",
                details:
                    "A faulty item gets an error, and all others are answered. With \"stream\": true or Accept: "
                    + "application/x-ndjson, each result is a line with its index, written as soon as it and its predecessors "
                    + "are computed. With Content-Type: application/x-ndjson, each line of the body is a string or an object with "
                    + "text, text_pair and id, and is answered by a line while the rest is still being sent. There is no limit on "
                    + "the number of lines; read answers while you send. The query then has the options and the model.",
                body: [("application/json", body(limits))],
                example: #"{"texts": ["Thank you, Ohio!", "What a day."], "top_k": 1}"#,
                answers: [
                    .init(
                        description: "The results in the order of the items.",
                        content: [
                            ("application/json", APISchema.any(of: [results, several])),
                            (LineMedia.type, APISchema.text),
                        ]
                    )
                ]
            ),
            APIOperation(
                path: "/v1/explain",
                method: "post",
                family: .own,
                tag: "Classify",
                summary: "Find the words that speak for a label",
                details:
                    "The score of a token is the gradient of the label's logit times the token's embedding. start and end are "
                    + "bytes of the text in UTF-8.",
                body: [
                    (
                        "application/json",
                        APISchema.object(
                            [
                                ("text", APISchema.text),
                                (
                                    "label",
                                    APISchema.described(
                                        APISchema.optional(APISchema.text),
                                        "The label; without it, the most likely one."
                                    )
                                ),
                                ("model", APISchema.optional(APISchema.text)),
                            ],
                            required: ["text"],
                            isClosed: true
                        )
                    )
                ],
                example: #"{"text": "Thank you, Ohio!"}"#,
                answers: [.json(APISchema.named("Explanation"), "The tokens and their scores.")]
            ),
        ]
    }

    /// The schemas of answers.
    static var classifySchemas: [(String, JSONValue)] {
        let (text, number, flag, integer) = (
            APISchema.text, APISchema.number, APISchema.flag, APISchema.integer
        )
        let scores = APISchema.object([("label", text), ("score", number)], required: ["label", "score"])
        let identification = JSONValue.object(["type": .array([.string("string"), .string("number")])])
        let result = APISchema.object(
            [
                ("id", identification), ("label", text), ("score", number),
                (
                    "labels",
                    APISchema.described(APISchema.list(of: text), "All labels of a multi-label model.")
                ),
                ("scores", APISchema.described(APISchema.list(of: scores), "The highest score first.")),
                ("threshold", APISchema.described(number, "The threshold of the label, if it has one.")),
                (
                    "rejected",
                    APISchema.described(flag, "Whether the model's decisions give the text no label.")
                ),
                (
                    "set",
                    APISchema.described(
                        APISchema.list(of: text),
                        "The labels of the conformal set, if the model has sets."
                    )
                ),
                ("tokens", integer), ("truncated", flag), ("windows", integer),
                ("logits", APISchema.list(of: number)),
            ],
            required: ["label", "score", "scores", "rejected", "tokens", "truncated", "windows"]
        )
        let fault = APISchema.object(
            [("id", identification), ("error", APISchema.named("Fault"))],
            required: ["error"]
        )
        let usage = APISchema.object(
            [("tokens", integer), ("truncated", integer)],
            required: ["tokens", "truncated"]
        )
        let token = APISchema.object(
            [("text", text), ("start", integer), ("end", integer), ("special", flag), ("score", number)],
            required: ["text", "start", "end", "special", "score"]
        )
        return [
            (
                "Classification",
                APISchema.object(
                    [
                        ("model", text),
                        (
                            "results",
                            APISchema.list(of: APISchema.any(of: [APISchema.named("Result"), fault]))
                        ),
                        ("usage", usage),
                    ],
                    required: ["model", "results", "usage"]
                )
            ),
            ("Result", result),
            (
                "Explanation",
                APISchema.object(
                    [
                        ("model", text), ("label", APISchema.optional(text)), ("logit", number),
                        ("tokens", APISchema.list(of: token)), ("truncated", flag),
                    ],
                    required: ["model", "label", "logit", "tokens", "truncated"]
                )
            ),
        ]
    }
}
