import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import NIOCore
import TestSupport
import Testing

@testable import Serving

@Suite(.hangGuard)
struct HealthRoutesTests {
    /// The status of a route in a state.
    private func responses(_ state: ServiceState) async throws -> [String: TestResponse] {
        let router = Router(context: ServingContext.self, options: .autoGenerateHeadEndpoints)
        HealthRoutes { state }.add(to: router)
        return try await Application(router: router).test(.router) { client in
            var responses: [String: TestResponse] = [:]
            for path in HealthRoutes.paths {
                responses[path] = try await client.execute(uri: path, method: .get)
                let head = try await client.execute(uri: path, method: .head)
                #expect(head.status == responses[path]?.status)
            }
            return responses
        }
    }

    @Test(arguments: [
        (ServiceState.loading, false, false), (.ready, true, true),
        (.draining, false, true), (.failed("no such folder"), false, false),
    ])
    func `each probe sees its own part of the state`(
        state: ServiceState,
        ready: Bool,
        started: Bool
    ) async throws {
        let responses = try await responses(state)
        for (path, response) in responses {
            let isHealthy =
                switch path {
                case "/health/live", "/livez": true
                case "/health/startup": started
                default: ready
                }
            #expect(response.status == (isHealthy ? .ok : .serviceUnavailable), "\(path)")
            if isHealthy {
                #expect(response.body.readableBytes == 0)
            } else {
                #expect(
                    try JSONValue.parse(response.body.readableBytesView)["error_type"].string == "Unhealthy"
                )
                #expect(response.headers[.retryAfter].flatMap { Int($0) } != nil)
                // The reason may contain a path.
                #expect(!String(buffer: response.body).contains("folder"))
            }
        }
    }

    @Test func `metrics have the content type that Prometheus demands`() async throws {
        try await TransportServer().run { client in
            let response = try await client.execute(uri: "/metrics", method: .get)
            #expect(response.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            let page = try PrometheusPage(parsing: String(buffer: response.body))
            #expect(page["te_request_count", ["method": "single"]] == 0)
        }
    }
}
