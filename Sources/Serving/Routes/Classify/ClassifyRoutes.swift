import Classification
import HTTPTypes
import Hummingbird
import JSON

/// Our own API: `POST /v1/classify` and `POST /v1/explain`.
///
/// A faulty item gets an error of its own index; all others are answered. Results can be written one by one, and items can be
/// sent as lines without a limit on their number.
struct ClassifyRoutes: Sendable {
    /// The classifiers.
    let service: ClassifierService

    /// The paths of all routes.
    static let paths = ["/v1/classify", "/v1/explain"]

    /// Adds the routes.
    ///
    /// - Parameter router: The router.
    func add<Context: ServingRequestContext>(to router: some RouterMethods<Context>) {
        router.post("/v1/classify") { request, context in
            let record = context.record
            return try await FaultAnswer.catching(record, Self.errorBody) {
                if LineMedia.isLines(request.headers[.contentType]) {
                    return try await classifyLines(request, record)
                }
                try request.requireJSON()
                let streams = LineMedia.accepts(request.headers[.accept])
                return try await request.withBody(service) { bytes in
                    try await classify(bytes, streams: streams, record)
                }
            }
        }
        router.post("/v1/explain") { request, context in
            let record = context.record
            return try await FaultAnswer.catching(record, Self.errorBody) {
                try request.requireJSON()
                return try await request.withBody(service) { bytes in try await explain(bytes) }
            }
        }
    }

    /// The body of every refused request.
    ///
    /// - Parameter answer: The refusal.
    /// - Returns: `{"error": {"kind", "message"}}`.
    static func errorBody(_ answer: FaultAnswer) -> JSONValue {
        .object(["error": ClassifyInput.Fault(kind: answer.kind, message: answer.message).json])
    }

    private func classify(
        _ bytes: [UInt8],
        streams: Bool,
        _ record: RequestRecord
    ) async throws -> Response {
        let request = try ClassifyRequest(BodyFields.parse(bytes), maxItems: service.limits.maxItems)
        let models = try served(request.models)
        // Several models compute as often as there are models.
        let count = request.inputs.count * models.count
        guard count <= service.limits.maxItems else {
            throw ServingFault.tooManyItems(count: count, limit: service.limits.maxItems)
        }
        if streams || request.streams { return try await streamed(request, models, record) }
        var answers: [JSONValue] = []
        for model in models { answers.append(try await answer(request, model, record)) }
        return .json(request.isForSeveralModels ? .object(["models": .array(answers)]) : answers[0])
    }

    /// The models of a request, at least one.
    private func served(_ names: [String]) throws(ServingFault) -> [ServedModel] {
        guard !names.isEmpty else { return [try service.model(nil)] }
        var models: [ServedModel] = []
        for name in names { models.append(try service.model(name)) }
        return models
    }

    /// The items that the service computes.
    func items(_ inputs: [ClassifyInput], _ options: ClassifyOptions) -> [ServedItem] {
        inputs.compactMap { input in
            guard case .success(let content) = input.content else { return nil }
            return options.item(content, autoTruncate: service.limits.autoTruncate)
        }
    }

    /// The answer of one model.
    private func answer(
        _ request: ClassifyRequest,
        _ model: ServedModel,
        _ record: RequestRecord
    ) async throws(ServingFault) -> JSONValue {
        let items = items(request.inputs, request.options)
        let answers = items.isEmpty ? [] : try await service.classify(items, with: model)
        record.note(model: model.name, answers: answers, isBatch: request.inputs.count != 1)
        var next = answers.makeIterator()
        let results = request.inputs.map { input in
            let result: ItemResult? = if case .success = input.content { next.next() } else { nil }
            return ClassifyResult(input, result, model: model, isRaw: request.options.isRaw)
        }
        let done = answers.compactMap { try? $0.get() }
        return .object([
            "model": .string(model.name),
            "results": .array(results.map { $0.json(request.options) }),
            "usage": .object([
                "tokens": .int(done.reduce(0) { $0 + $1.tokens }),
                "truncated": .int(done.count { $0.isTruncated }),
            ]),
        ])
    }

    private func explain(_ bytes: [UInt8]) async throws -> Response {
        let request = try ExplainRequest(BodyFields.parse(bytes))
        let model = try service.model(request.model)
        let label = try request.id(among: model.labels)
        let attribution: Attribution
        do {
            attribution = try await service.attribution(of: request.text, to: label, with: model)
        } catch let fault as ItemFault {
            throw RefusedItem(fault: fault, index: nil)
        } catch let fault as ServingFault {
            throw fault
        } catch let stop as CancellationError {
            throw stop
        } catch {
            throw RefusedItem(fault: .failed("\(error)"), index: nil)
        }
        return .json(try ExplainRequest.answer(attribution, model: model.name, labels: model.labels))
    }
}
