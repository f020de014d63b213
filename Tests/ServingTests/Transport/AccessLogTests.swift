import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import NIOCore
import TestSupport
import Testing

@testable import Serving

@Suite(.hangGuard)
struct AccessLogTests {
    /// The next line of the log as JSON.
    private func next(_ server: TransportServer) async throws -> JSONValue {
        try JSONValue.parse(Array(await server.nextLine().utf8))
    }

    @Test func `a line has the request's facts`() async throws {
        let server = TransportServer()
        try await server.run { client in
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            var headers: HTTPFields = [.traceparent: "00-\(trace)-00f067aa0ba902b7-01"]
            headers[named: "x-request-id"] = "my-id"
            let response = try await client.execute(
                uri: "/echo",
                method: .post,
                headers: headers,
                body: ByteBuffer(string: "hello")
            )
            #expect(response.headers[named: "x-request-id"] == "my-id")
            let line = try await next(server)
            #expect(line["request_id"].string == "my-id")
            #expect(line["trace_id"].string == trace)
            #expect(line["method"].string == "POST")
            #expect(line["route"].string == "/echo")
            #expect(line["status"].int == 200)
            #expect(line["bytes_in"].int == 5)
            #expect(line["bytes_out"].int == 5)
            #expect(try #require(line["duration_ms"].double) > 0)
            #expect(line["client_gone"] == .null)
        }
    }

    @Test func `an id that cannot be logged is replaced`() async throws {
        let server = TransportServer()
        try await server.run { client in
            var headers: HTTPFields = [:]
            headers[named: "x-request-id"] = String(repeating: "x", count: 129)
            let response = try await client.execute(uri: "/livez", method: .get, headers: headers)
            let id = try #require(response.headers[named: "x-request-id"])
            #expect(id.count == 32)
            #expect(try await next(server)["request_id"].string == id)
        }
    }

    @Test func `no line contains a text, a key or a path`() async throws {
        var server = TransportServer()
        server.keys = [APIKey("secret-key")]
        let log = server
        try await server.run { client in
            let headers: HTTPFields = [
                .authorization: "Bearer secret-key", .cookie: "secret-cookie", .userAgent: "secret-agent",
            ]
            for uri in ["/echo?q=secret-query", "/secret-path", "/failing?secret-query", "/a%2Fsecret"] {
                for method in [HTTPRequest.Method.post, .get] {
                    let body = ByteBuffer(string: #"{"inputs": "secret-text"}"#)
                    _ = try await client.execute(
                        uri: uri,
                        method: method,
                        headers: headers,
                        body: method == .post ? body : nil
                    )
                    let line = await log.nextLine()
                    #expect(!line.contains("secret"), "\(line)")
                    #expect(try JSONValue.parse(Array(line.utf8))["status"].int != nil)
                }
            }
        }
    }

    @Test func `missing routes and unexpected errors are answered with JSON, and counted`() async throws {
        let server = TransportServer()
        try await server.run { client in
            let missing = try await client.execute(uri: "/nowhere", method: .get)
            #expect(missing.status == .notFound)
            #expect(try JSONValue.parse(missing.body.readableBytesView)["error_type"].string == "NotFound")
            #expect(try await next(server)["route"].string == "unmatched")

            let other = try await client.execute(uri: "/echo", method: .get)
            #expect(other.status == .methodNotAllowed)
            #expect(other.headers[.allow] == "OPTIONS, POST")
            #expect(try await next(server)["status"].int == 405)

            let failed = try await client.execute(uri: "/failing", method: .get)
            #expect(failed.status == .internalServerError)
            #expect(!String(buffer: failed.body).contains("secret"))
            #expect(try await next(server)["status"].int == 500)

            let page = try PrometheusPage(parsing: server.metrics.rendered())
            func count(_ route: String, _ status: String) -> Double? {
                page[
                    "http_server_request_duration_seconds_count",
                    ["http_route": route, "http_request_method": "GET", "http_response_status_code": status]
                ]
            }
            #expect(count("unmatched", "404") == 1)
            #expect(count("/echo", "405") == 1)
            #expect(count("/failing", "500") == 1)
            #expect(page["http_server_active_requests"] == 0)
        }
    }

    @Test func `a request without a body in its response is logged once`() async throws {
        let server = TransportServer()
        try await server.run { client in
            let head = try await client.execute(uri: "/metrics", method: .head)
            #expect(head.status == .ok && head.body.readableBytes == 0)
            #expect(try await next(server)["method"].string == "HEAD")
            let options = try await client.execute(uri: "/metrics", method: .options)
            #expect(options.status == .noContent)
            #expect(options.headers[.allow] == "GET, HEAD, OPTIONS")
            #expect(try await next(server)["method"].string == "OPTIONS")
        }
    }

    @Test func `the bytes of a streamed response are counted`() async throws {
        let server = TransportServer()
        try await server.run { router in
            router.get("stream") { _, _ in
                Response(
                    status: .ok,
                    body: ResponseBody { writer in
                        for _ in 0..<3 { try await writer.write(ByteBuffer(string: "line\n")) }
                        try await writer.finish(nil)
                    }
                )
            }
        } _: { client in
            let response = try await client.execute(uri: "/stream", method: .get)
            #expect(String(buffer: response.body) == "line\nline\nline\n")
            #expect(try await next(server)["bytes_out"].int == 15)
        }
    }

    @Test func `keys are checked except for public routes`() async throws {
        var server = TransportServer()
        server.keys = [APIKey("one"), APIKey("two")]
        try await server.run { client in
            for uri in ["/health", "/livez", "/metrics"] {
                #expect(try await client.execute(uri: uri, method: .get).status == .ok)
            }
            let body = ByteBuffer(string: "x")
            for (key, status) in [("one", HTTPResponse.Status.ok), ("two", .ok), ("three", .unauthorized)] {
                let response = try await client.execute(
                    uri: "/echo",
                    method: .post,
                    headers: [.authorization: "Bearer \(key)"],
                    body: body
                )
                #expect(response.status == status)
            }
            let refused = try await client.execute(uri: "/echo", method: .post, body: body)
            #expect(refused.status == .unauthorized && refused.body.readableBytes == 0)
            #expect(refused.headers[.wwwAuthenticate] == "Bearer")
            #expect(try await client.execute(uri: "/health", method: .post).status == .unauthorized)
        }
    }

    private func expect(
        _ status: HTTPResponse.Status,
        from client: any TestClientProtocol,
        _ path: String
    ) async throws {
        let answer = try await client.execute(uri: path, method: .get)
        #expect(answer.status == status)
    }

    @Test func `other hosts and ambiguous paths are refused`() async throws {
        var server = TransportServer()
        server.hosts = ["example.com"]
        try await server.run { client in
            // The client asks for localhost.
            try await expect(.misdirectedRequest, from: client, "/metrics")
            try await expect(.ok, from: client, "/health")
        }
        server.hosts = ["localhost"]
        try await server.run { client in
            try await expect(.ok, from: client, "/metrics")
            try await expect(.badRequest, from: client, "/a/../metrics")
        }
    }

    @Test func `plain text has the same facts`() {
        let facts = RequestRecord.Facts(isBatch: true, items: 2, tokens: 30, failure: .validation)
        let line = AccessLogLine(
            id: RequestID(header: "my-id", traceParent: nil),
            method: "POST",
            route: "/predict",
            status: 422,
            duration: .milliseconds(12),
            bytesOut: 7,
            isClientGone: false,
            facts: facts
        )
        let end = "POST /predict 422 12.0 ms 7 B items=2 tokens=30 failure=validation id=my-id"
        #expect(line.text(.text).hasSuffix(end))
    }
}
