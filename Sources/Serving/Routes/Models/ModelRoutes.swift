import Foundation
import HTTPTypes
import Hummingbird
import JSON

/// The list of models for OpenAI's, vLLM's and our own clients, and loading and unloading for administrators.
///
/// Loading and unloading need the admin key, either as `X-Admin-Key: KEY` or, if no other key is in use, as
/// `Authorization: Bearer KEY`.
struct ModelRoutes: Sendable {
    /// The classifiers.
    let service: ClassifierService
    /// The key for loading and unloading; nil switches them off.
    let adminKey: APIKey?
    /// The time at which the server was started, in seconds since 1970.
    let started: Int

    /// The paths of all routes; a model's name may contain slashes.
    static let paths = ["/v1/models", "/v1/models/{model}"]

    /// Creates the routes.
    ///
    /// - Parameters:
    ///   - service: The classifiers.
    ///   - adminKey: The key for loading and unloading; nil switches them off.
    init(service: ClassifierService, adminKey: APIKey?) {
        self.service = service
        self.adminKey = adminKey
        started = Int(Date().timeIntervalSince1970)
    }

    /// Adds the routes.
    ///
    /// - Parameter router: The router.
    func add<Context: ServingRequestContext>(to router: some RouterMethods<Context>) {
        router.get("/v1/models") { _, _ in
            Response.json(
                .object([
                    "object": .string("list"),
                    "data": .array(service.models().map(description)),
                ])
            )
        }
        router.get("/v1/models/**") { request, context in
            try await FaultAnswer.catching(context.record, VLLMError.body) {
                .json(description(try service.model(Self.name(context.parameters.getCatchAll()))))
            }
        }
        router.post("/v1/models") { request, context in
            try await administrating(request, context.record) {
                try request.requireJSON()
                return try await request.withBody(service) { bytes in
                    let request = try ModelRequest(BodyFields.parse(bytes))
                    return .json(description(try await service.load(request.load)), status: .created)
                }
            }
        }
        router.delete("/v1/models/**") { request, context in
            let name = Self.name(context.parameters.getCatchAll())
            return try await administrating(request, context.record) {
                try service.unload(name)
                return .json(
                    .object(["id": .string(name), "object": .string("model"), "deleted": .bool(true)])
                )
            }
        }
    }

    private func description(_ model: ServedModel) -> JSONValue {
        let isDefault = service.models().first?.name == model.name
        return ModelDescription.json(model, created: started, isDefault: isDefault)
    }

    /// Runs an administrator's request.
    private func administrating(
        _ request: Request,
        _ record: RequestRecord,
        _ work: () async throws -> Response
    ) async throws -> Response {
        try await FaultAnswer.catching(record, VLLMError.body) {
            guard let adminKey else {
                throw ServingFault.notAllowed(
                    "models cannot be loaded or unloaded, because the server was started without --admin-key"
                )
            }
            let direct = request.headers[named: "X-Admin-Key"].map { "Bearer \($0)" }
            guard adminKey.matches(direct ?? request.headers[.authorization]) else {
                record.note(failure: .validation)
                return Response(status: .unauthorized, headers: [.wwwAuthenticate: "Bearer"])
            }
            return try await work()
        }
    }

    /// A model's name from the path's components.
    ///
    /// - Parameter components: The components, percent-encoded.
    /// - Returns: The name, whose slashes may have been encoded or not.
    static func name(_ components: [Substring]) -> String {
        let name = components.joined(separator: "/")
        return name.removingPercentEncoding ?? name
    }
}
