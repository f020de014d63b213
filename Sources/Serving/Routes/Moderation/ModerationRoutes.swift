import HTTPTypes
import Hummingbird
import JSON
import Models

/// OpenAI's moderation: `POST /v1/moderations`, whose categories are the model's labels.
struct ModerationRoutes: Sendable {
    /// The classifiers.
    let service: ClassifierService

    /// The paths of all routes.
    static let paths = ["/v1/moderations"]

    /// Adds the routes.
    ///
    /// - Parameter router: The router.
    func add<Context: ServingRequestContext>(to router: some RouterMethods<Context>) {
        router.post("/v1/moderations") { request, context in
            let record = context.record
            return try await FaultAnswer.catching(record, VLLMError.body, rejecting: .badRequest) {
                try request.requireJSON()
                return try await request.withBody(service) { bytes in try await moderate(bytes, record) }
            }
        }
    }

    private func moderate(_ bytes: [UInt8], _ record: RequestRecord) async throws -> Response {
        let request = try ModerationRequest(BodyFields.parse(bytes), maxItems: service.limits.maxItems)
        let model = try service.model(request.model)
        guard model.problemType != .regression else {
            throw ServingFault.wrongShape(
                path: "model",
                expected: "a model with labels, and \(model.name) predicts a number"
            )
        }
        let options = ClassifyOptions()
        let items = request.texts.map { options.item(.text($0), autoTruncate: service.limits.autoTruncate) }
        let results = try await service.classify(items, with: model)
        record.note(model: model.name, answers: results, isBatch: results.count != 1)
        let verdicts = try FaultAnswer.all(results).map { ModerationResult(model.prediction($0)) }
        return .json(
            .object([
                "id": .string("modr-\(VLLMRoutes.randomID())"),
                "model": .string(model.name),
                "results": .array(verdicts.map(\.json)),
            ])
        )
    }
}
