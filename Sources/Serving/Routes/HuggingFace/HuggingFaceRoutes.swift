import Foundation
import Hummingbird
import JSON
import Models

/// The routes of Hugging Face's inference clients in Python and JavaScript.
///
/// Answers are always a list for each text. `{id}` is the name of a loaded model and may contain slashes.
struct HuggingFaceRoutes: Sendable {
    /// The classifiers.
    let service: ClassifierService

    /// The paths of all routes.
    static let paths = [
        "/models/{model}", "/pipeline/text-classification", "/pipeline/text-classification/{model}",
    ]

    /// Adds the routes.
    ///
    /// - Parameter router: The router.
    func add<Context: ServingRequestContext>(to router: some RouterMethods<Context>) {
        router.post("/pipeline/text-classification") { request, context in
            try await respond(request, context.record, model: nil)
        }
        router.post("/pipeline/text-classification/**") { request, context in
            try await respond(request, context.record, model: Self.modelName(context.parameters))
        }
        router.post("/models/**") { request, context in
            try await respond(request, context.record, model: Self.modelName(context.parameters))
        }
        router.get("/models/**") { _, context in
            status(of: Self.modelName(context.parameters))
        }
    }

    /// The name of the model in a path.
    private static func modelName(_ parameters: Parameters) -> String {
        modelName(parameters.getCatchAll().joined(separator: "/"))
    }

    /// The name of a model from its part of a path.
    ///
    /// - Parameter path: The part, with percent-encoded characters.
    /// - Returns: The name.
    static func modelName(_ path: String) -> String { path.removingPercentEncoding ?? path }

    /// Answers a request.
    ///
    /// - Parameters:
    ///   - request: The request, with a JSON body.
    ///   - record: Gets the request's items, or the cause of a failure.
    ///   - name: The name of the model; nil for the default.
    /// - Returns: The response.
    /// - Throws: Errors that are not a `ServingFault`.
    private func respond(
        _ request: Request,
        _ record: RequestRecord,
        model name: String?
    ) async throws -> Response {
        do {
            try request.requireJSON()
            return try await request.withBody(service) { body in
                await answer(try JSONValue.parseTEI(body), record, model: name)
            }
        } catch let fault as ServingFault {
            return failed(HuggingFaceError(fault), record)
        }
    }

    /// Answers a body.
    ///
    /// - Parameters:
    ///   - json: The body.
    ///   - record: Gets the request's items, or the cause of a failure.
    ///   - name: The name of the model; nil for the default.
    /// - Returns: The scores of each text, or the error.
    func answer(_ json: JSONValue, _ record: RequestRecord, model name: String? = nil) async -> Response {
        do {
            let query = try HuggingFaceRequest(json)
            record.note(model: nil, answers: [], isBatch: query.inputs.count > 1)
            try TEIPredictRequest.requireFit(query.inputs.count, service.limits.maxItems)
            let model = try service.model(name)
            let items = query.items(autoTruncate: service.limits.autoTruncate)
            let results = try await service.classify(items, with: model)
            record.note(model: model.name, answers: results, isBatch: items.count > 1)
            let scores = try HuggingFaceError.answers(results).map {
                HuggingFaceAnswer.scores(of: model.prediction($0), query.function)
            }
            return .json(text: HuggingFaceAnswer(labels: model.labels).body(scores, topK: query.topK))
        } catch let error as HuggingFaceError {
            return failed(error, record)
        } catch let fault as ServingFault {
            return failed(HuggingFaceError(fault), record)
        } catch {
            return failed(HuggingFaceError(.cancelled), record)
        }
    }

    private func failed(_ error: HuggingFaceError, _ record: RequestRecord) -> Response {
        if let reason = error.failure { record.note(failure: reason) }
        return error.response
    }

    /// Answers a question about a model.
    ///
    /// - Parameter name: The name of the model.
    /// - Returns: Its state and labels, or the error.
    func status(of name: String) -> Response {
        do throws(ServingFault) {
            let model = try service.model(name)
            let status = JSONValue.object([
                "id": .string(model.name),
                "loaded": .bool(true),
                "state": .string("Loaded"),
                "pipeline_tag": .string("text-classification"),
                "sha": model.revision.map(JSONValue.string) ?? .null,
                "problem_type": .string(model.problemType.rawValue),
                "labels": .array(model.labels.map(JSONValue.string)),
            ])
            return .json(status)
        } catch {
            return HuggingFaceError(error).response
        }
    }
}
