import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing

@testable import Serving

@Suite(.hangGuard)
struct CrossOriginTests {
    private let listed = CrossOriginPolicy.origins(["https://a.example", "http://localhost:5173"])

    /// A request, and the header fields that its response must have.
    struct Case: Sendable {
        var origin: String?
        var method = HTTPRequest.Method.get
        var uri = "/health"
        var asks: String?
        var status = HTTPResponse.Status.ok
        var allowed: String?
        var varies = false
        var exposes = false
    }

    private func check(_ policy: CrossOriginPolicy, _ cases: [Case]) async throws {
        var server = TransportServer()
        server.origins = policy
        server.keys = [APIKey("key")]
        try await server.run { client in
            for one in cases {
                var headers: HTTPFields = [:]
                headers[.origin] = one.origin
                headers[.accessControlRequestMethod] = one.asks
                let response = try await client.execute(uri: one.uri, method: one.method, headers: headers)
                #expect(response.status == one.status, "\(one)")
                #expect(response.headers[.accessControlAllowOrigin] == one.allowed, "\(one)")
                #expect((response.headers[.vary] == "Origin") == one.varies, "\(one)")
                let exposed = response.headers[.accessControlExposeHeaders]
                #expect((exposed?.contains("X-Compute-Time") == true) == one.exposes, "\(one)")
                #expect(response.headers[.accessControlAllowCredentials] == nil)
            }
        }
    }

    @Test func `any origin`() async throws {
        try await check(
            .any,
            [
                Case(),
                Case(origin: "https://b.example", allowed: "*", exposes: true),
                Case(origin: "null", allowed: "*", exposes: true),
                Case(
                    origin: "https://b.example",
                    method: .options,
                    uri: "/echo",
                    asks: "POST",
                    status: .noContent,
                    allowed: "*"
                ),
                // Errors can be read, too.
                Case(
                    origin: "https://b.example",
                    method: .post,
                    uri: "/echo",
                    status: .unauthorized,
                    allowed: "*",
                    exposes: true
                ),
            ]
        )
    }

    @Test func `listed origins`() async throws {
        let allowed = "https://a.example"
        try await check(
            listed,
            [
                Case(varies: true),
                Case(origin: allowed, allowed: allowed, varies: true, exposes: true),
                Case(origin: "HTTPS://A.example", allowed: "HTTPS://A.example", varies: true, exposes: true),
                Case(origin: "https://a.example.evil", varies: true),
                Case(origin: "http://a.example", varies: true),
                Case(origin: "null", varies: true),
                Case(
                    origin: allowed,
                    method: .options,
                    uri: "/echo",
                    asks: "POST",
                    status: .noContent,
                    allowed: allowed,
                    varies: true
                ),
                Case(
                    origin: "https://b.example",
                    method: .options,
                    uri: "/echo",
                    asks: "POST",
                    status: .noContent,
                    varies: true
                ),
            ]
        )
    }

    @Test func `a preflight allows keys, JSON and request ids`() async throws {
        try await TransportServer().run { client in
            let response = try await client.execute(
                uri: "/echo",
                method: .options,
                headers: [.origin: "https://a.example", .accessControlRequestMethod: "POST"]
            )
            let allowed = try #require(response.headers[.accessControlAllowHeaders]).split(separator: ", ")
            for name in ["Authorization", "Content-Type", "X-Request-Id"] {
                #expect(allowed.contains(Substring(name)))
            }
            #expect(response.headers[.accessControlAllowMethods]?.contains("POST") == true)
            #expect(response.headers[.accessControlMaxAge] != nil)
        }
    }
}
