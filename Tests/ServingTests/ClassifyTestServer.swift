import Classification
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import Models
import NIOCore

@testable import Serving

/// A server with all routes and checks, on a free port.
struct ClassifyTestServer: Sendable {
    /// The classifiers behind the routes.
    let service: ClassifierService
    private let client: any TestClientProtocol

    /// Sends a request.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path.
    ///   - body: The body; nil for none.
    ///   - headers: The headers, by name; JSON is the content type if there is none.
    /// - Returns: The answer.
    /// - Throws: The errors of the connection.
    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: [UInt8]? = nil,
        headers: [String: String] = [:]
    ) async throws -> TEITestServer.Answer {
        var fields = HTTPFields()
        if body != nil { fields[.contentType] = "application/json" }
        for (name, value) in headers { fields[named: name] = value }
        let response = try await client.executeRequest(
            uri: path,
            method: method,
            headers: fields,
            body: body.map { ByteBuffer(bytes: $0) }
        )
        return TEITestServer.Answer(
            code: response.status.code,
            headers: response.headers,
            text: String(buffer: response.body)
        )
    }

    /// Sends a body of text.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - body: The body.
    ///   - headers: The headers, by name.
    /// - Returns: The answer.
    /// - Throws: The errors of the connection.
    func post(
        _ path: String,
        _ body: String,
        headers: [String: String] = [:]
    ) async throws -> TEITestServer.Answer {
        try await send(.post, path, Array(body.utf8), headers: headers)
    }

    /// Gets a path.
    func get(_ path: String) async throws -> TEITestServer.Answer { try await send(.get, path) }

    /// The lines of an answer as JSON.
    static func lines(_ answer: TEITestServer.Answer) throws -> [JSONValue] {
        try answer.text.split(separator: "\n").map { try JSONValue.parse(Array($0.utf8)) }
    }

    /// Runs a closure with the server of a tiny model.
    ///
    /// - Parameters:
    ///   - labels: The labels.
    ///   - problemType: Whether a text has one label, several or a number.
    ///   - settings: The service's settings.
    ///   - adminKey: The admin key; nil for none.
    ///   - body: Receives the server.
    /// - Throws: The errors of `body` and of the server.
    static func run(
        labels: [String] = ["ham", "spam"],
        problemType: ProblemType = .singleLabel,
        settings: ServiceSettings = ServiceSettings(),
        adminKey: String? = nil,
        _ body: @escaping @Sendable (ClassifyTestServer) async throws -> Void
    ) async throws {
        var routes = RouterSettings()
        routes.adminKey = adminKey.map { APIKey($0) }
        let router = routes
        try await ServingTestModel.withService(
            labels: labels,
            problemType: problemType,
            settings: settings
        ) { service, _ in
            let application = Application(router: ServingRouter.build(service: service, settings: router))
            try await application.test(.live) { client in
                try await body(ClassifyTestServer(service: service, client: client))
            }
        }
    }
}
