import Classification
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import Models
import NIOCore

@testable import Serving

/// A server with the routes of text-embeddings-inference and Hugging Face's clients, on a free port.
struct TEITestServer: Sendable {
    /// A response, with its body as text.
    struct Answer: Sendable {
        var code: Int
        var headers: HTTPFields
        var text: String

        /// The body; null if it is not JSON.
        var json: JSONValue { (try? JSONValue.parse(Array(text.utf8))) ?? .null }
        var contentType: String? { headers[.contentType] }
    }

    /// The classifiers behind the routes.
    let service: ClassifierService
    private let client: any TestClientProtocol

    /// Sends a body.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - body: The body.
    ///   - contentType: The content type; nil for none.
    /// - Returns: The answer.
    /// - Throws: The errors of the connection.
    func post(
        _ path: String,
        _ body: String,
        contentType: String? = "application/json"
    ) async throws -> Answer {
        var headers = HTTPFields()
        headers[.contentType] = contentType
        return try await send(path, .post, headers, ByteBuffer(string: body))
    }

    /// Gets a path.
    func get(_ path: String) async throws -> Answer { try await send(path, .get, HTTPFields(), nil) }

    private func send(
        _ path: String,
        _ method: HTTPRequest.Method,
        _ headers: HTTPFields,
        _ body: ByteBuffer?
    ) async throws -> Answer {
        let response = try await client.executeRequest(
            uri: path,
            method: method,
            headers: headers,
            body: body
        )
        return Answer(
            code: response.status.code,
            headers: response.headers,
            text: String(buffer: response.body)
        )
    }

    /// Runs a closure with the server of a service.
    ///
    /// - Parameters:
    ///   - service: The service.
    ///   - usesTEIActivation: Whether scores are computed as text-embeddings-inference does.
    ///   - body: Receives the server.
    /// - Throws: The errors of `body` and of the server.
    static func run(
        _ service: ClassifierService,
        usesTEIActivation: Bool = false,
        _ body: @escaping @Sendable (TEITestServer) async throws -> Void
    ) async throws {
        let router = Router(context: ServingContext.self)
        TEIRoutes(service: service, usesTEIActivation: usesTEIActivation).add(to: router)
        HuggingFaceRoutes(service: service).add(to: router)
        try await Application(router: router).test(.live) { client in
            try await body(TEITestServer(service: service, client: client))
        }
    }

    /// Runs a closure with a server of a tiny model.
    ///
    /// - Parameters:
    ///   - labels: The labels.
    ///   - problemType: Whether a text has one label, several or a number.
    ///   - decisions: Decisions of the model.
    ///   - usesTEIActivation: Whether scores are computed as text-embeddings-inference does.
    ///   - settings: The service's settings.
    ///   - body: Receives the server.
    /// - Throws: The errors of `body` and of the server.
    static func run(
        labels: [String] = ["ham", "spam"],
        problemType: ProblemType = .singleLabel,
        decisions: Decisions? = nil,
        usesTEIActivation: Bool = false,
        settings: ServiceSettings = ServiceSettings(),
        _ body: @escaping @Sendable (TEITestServer) async throws -> Void
    ) async throws {
        try await ServingTestModel.withService(
            labels: labels,
            problemType: problemType,
            decisions: decisions,
            settings: settings
        ) { service, _ in
            try await run(service, usesTEIActivation: usesTEIActivation, body)
        }
    }
}
