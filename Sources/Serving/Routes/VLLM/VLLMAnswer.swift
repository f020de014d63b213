import Classification
import Foundation
import HTTPTypes
import JSON
import Models

/// The answers of vLLM's `/classify` and `/pooling`.
///
/// Source: `ClassificationResponse` (`vllm/entrypoints/pooling/classify/protocol.py`), `PoolingResponse`
/// (`vllm/entrypoints/pooling/pooling/protocol.py`).
struct VLLMAnswer: Sendable {
    /// The model that answered.
    let model: ServedModel
    /// The answers, in order.
    let answers: [ServedAnswer]
    /// Whether probabilities are given, and not logits.
    let usesActivation: Bool
    /// The identification of the request, without its prefix.
    let requestID: String
    /// The time of the answer, in seconds since 1970.
    let created: Int

    /// The numbers of an answer: probabilities as the model's decisions calibrate them, or logits.
    private func numbers(_ answer: ServedAnswer, _ prediction: Prediction) -> [Float] {
        usesActivation ? prediction.scores.map { Float($0) } : answer.logits
    }

    /// The answer of `/classify`.
    ///
    /// `label` is null if the model's decisions reject the text.
    var classification: JSONValue {
        let data = answers.enumerated().map { index, answer in
            let prediction = model.prediction(answer)
            return JSONValue.object([
                "index": .int(index),
                "label": prediction.isRejected ? .null : .string(prediction.label),
                "probs": WireNumber.floats(numbers(answer, prediction)),
                "num_classes": .int(answer.logits.count),
            ])
        }
        return document(prefix: "classify", data)
    }

    /// The answer of `/pooling`.
    ///
    /// - Parameter encoding: The form of numbers.
    /// - Returns: The document.
    func pooling(_ encoding: VLLMEncoding) -> JSONValue {
        let data = answers.enumerated().map { index, answer in
            JSONValue.object([
                "index": .int(index), "object": .string("pooling"),
                "data": encoding.json(numbers(answer, model.prediction(answer))),
            ])
        }
        return document(prefix: "pool", data)
    }

    private func document(prefix: String, _ data: [JSONValue]) -> JSONValue {
        let tokens = answers.reduce(0) { $0 + $1.tokens }
        return .object([
            "id": .string("\(prefix)-\(requestID)"),
            "object": .string("list"),
            "created": .int(created),
            "model": .string(model.name),
            "data": .array(data),
            "usage": .object([
                "prompt_tokens": .int(tokens), "total_tokens": .int(tokens), "completion_tokens": .int(0),
                "prompt_tokens_details": .null,
            ]),
        ])
    }
}

/// The error body of vLLM and OpenAI.
enum VLLMError {
    /// The body.
    ///
    /// - Parameter answer: The refusal.
    /// - Returns: `{"error": {"message", "type", "param", "code"}}`, with the status as the code.
    static func body(_ answer: FaultAnswer) -> JSONValue {
        .object([
            "error": .object([
                "message": .string(answer.message),
                "type": .string(type(answer.status.code)),
                "param": .null,
                "code": .int(answer.status.code),
            ])
        ])
    }

    /// The name of a status, as vLLM spells it.
    private static func type(_ code: Int) -> String {
        switch code {
        case 404: "NotFoundError"
        case 429: "RateLimitError"
        case 500: "InternalServerError"
        case 503: "ServiceUnavailableError"
        default: "BadRequestError"
        }
    }
}
