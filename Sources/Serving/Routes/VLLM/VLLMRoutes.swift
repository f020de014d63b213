import Files
import Foundation
import HTTPTypes
import Hummingbird
import JSON
import Tokenization

/// vLLM's routes for classifiers: `/classify`, `/pooling`, `/detokenize` and `/version`.
///
/// `/v1/models` is in ``ModelRoutes``, and `/tokenize` has text-embeddings-inference's form.
struct VLLMRoutes: Sendable {
    /// The classifiers.
    let service: ClassifierService

    /// The paths of all routes.
    static let paths = ["/classify", "/pooling", "/detokenize", "/version"]

    /// Adds the routes.
    ///
    /// - Parameter router: The router.
    func add<Context: ServingRequestContext>(to router: some RouterMethods<Context>) {
        router.post("/classify") { request, context in
            let record = context.record
            return try await respond(request, record) { fields in
                try await .json(answer(fields, record).classification)
            }
        }
        router.post("/pooling") { request, context in
            let record = context.record
            return try await respond(request, record) { fields in
                let encoding = try VLLMEncoding(fields)
                return try await .json(answer(fields, record).pooling(encoding))
            }
        }
        router.post("/detokenize") { request, context in
            try await respond(request, context.record) { fields in
                let model = try service.model(fields.text("model"))
                guard let tokens = fields["tokens"].array else {
                    throw fields.fault("tokens", "a list of token ids")
                }
                let ids = try BodyFields.ids(tokens, path: "tokens")
                let prompt = model.tokenizer.decode(ids, skipSpecialTokens: false)
                return .json(.object(["prompt": .string(prompt)]))
            }
        }
        router.get("/version") { _, _ in Response.json(.object(["version": .string(attuneVersion)])) }
    }

    /// Answers a request, or gives its error vLLM's form.
    private func respond(
        _ request: Request,
        _ record: RequestRecord,
        _ work: @escaping @Sendable (BodyFields) async throws -> Response
    ) async throws -> Response {
        try await FaultAnswer.catching(record, VLLMError.body, rejecting: .badRequest) {
            try request.requireJSON()
            return try await request.withBody(service) { bytes in
                try await work(BodyFields(BodyFields.parse(bytes)))
            }
        }
    }

    /// Classifies the inputs of a body.
    private func answer(_ fields: BodyFields, _ record: RequestRecord) async throws -> VLLMAnswer {
        let request = try VLLMInputs(fields, maxItems: service.limits.maxItems)
        let model = try service.model(request.model)
        let results = try await service.classify(request.items(model.truncationLengths), with: model)
        record.note(model: model.name, answers: results, isBatch: results.count != 1)
        return VLLMAnswer(
            model: model,
            answers: try FaultAnswer.all(results),
            usesActivation: request.usesActivation,
            requestID: request.requestID ?? Self.randomID(),
            created: Int(Date().timeIntervalSince1970)
        )
    }

    /// A new identification: 32 hexadecimal digits.
    static func randomID() -> String {
        let digits = UInt128.random(in: 0...UInt128.max)
        let text = String(digits, radix: 16)
        return String(repeating: "0", count: 32 - text.count) + text
    }
}

extension ServedModel {
    /// The numbers of tokens that a text can be truncated to: one token besides the special ones, up to the model's limit.
    var truncationLengths: ClosedRange<Int> {
        let least = tokenizer.encode("", addSpecialTokens: true).ids.count + 1
        return min(least, maxTokens)...maxTokens
    }
}
