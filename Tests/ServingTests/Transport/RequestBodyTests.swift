import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import NIOCore
import TestSupport
import Testing

@testable import Serving

@Suite(.hangGuard)
struct RequestBodyTests {
    @Test func `several requests use one connection`() async throws {
        try await TransportServer().run { client in
            for body in ["one", "two", ""] {
                let response = try await client.execute(
                    uri: "/echo",
                    method: .post,
                    body: ByteBuffer(string: body)
                )
                #expect(response.status == .ok)
                #expect(String(buffer: response.body) == body)
                #expect(response.headers[.connection] != "close")
            }
        }
    }

    @Test func `pipelined requests are answered in order`() async throws {
        try await TransportServer().run { client in
            let request = { "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n" + $0 }
            let text = try await RawConnection(to: client).exchange(
                [("", request("abc") + request("def") + request("ghi"))],
                until: "ghi"
            )
            let places = ["abc", "def", "ghi"].compactMap { text.range(of: $0)?.lowerBound }
            #expect(places.count == 3 && places == places.sorted())
        }
    }

    @Test func `a body of the limit passes, and a larger one is refused`() async throws {
        var server = TransportServer()
        server.payloadLimit = 100
        try await server.run { client in
            let most = ByteBuffer(repeating: 65, count: 100)
            #expect(try await client.execute(uri: "/echo", method: .post, body: most).status == .ok)
            let larger = ByteBuffer(repeating: 65, count: 101)
            let response = try await client.execute(uri: "/echo", method: .post, body: larger)
            #expect(response.status == .contentTooLarge)
            #expect(response.headers[.connection] == "close")
            #expect(try JSONValue.parse(response.body.readableBytesView)["error_type"].string == "Validation")
        }
    }

    @Test func `a declared body that is too large is neither asked for nor read`() async throws {
        try await TransportServer().run { client in
            let head =
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 100000000\r\n\r\n"
            let text = try await RawConnection(to: client).exchange([("", head)])
            #expect(text.hasPrefix("HTTP/1.1 413 "))
            #expect(!text.contains("100 Continue"))
        }
    }

    @Test func `a body of unknown length is cut off at the limit`() async throws {
        try await TransportServer().run { client in
            let head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            let chunk = "3e8\r\n" + String(repeating: "x", count: 1000) + "\r\n"
            // The body has no end.
            let text = try await RawConnection(to: client).exchange([("", head + chunk + chunk)])
            #expect(text.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func `a client that waits for permission gets it before its body`() async throws {
        try await TransportServer().run { client in
            let head =
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
            let text = try await RawConnection(to: client).exchange(
                [("", head), ("100 Continue\r\n\r\n", "hello")],
                until: "hello"
            )
            #expect(text.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
        }
    }

    @Test func `a body that arrives too slowly is refused`() async throws {
        var server = TransportServer()
        server.bodySeconds = 0.2
        try await server.run { client in
            let head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhe"
            let text = try await RawConnection(to: client).exchange([("", head)])
            #expect(text.hasPrefix("HTTP/1.1 408 "))
        }
    }

    @Test func `a refused request does not make the server read its body`() async throws {
        var server = TransportServer()
        server.keys = [APIKey("secret")]
        try await server.run { client in
            let head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n"
            let text = try await RawConnection(to: client).exchange([("", head)])
            #expect(text.hasPrefix("HTTP/1.1 401 "))
            #expect(text.lowercased().contains("connection: close"))
        }
    }

    @Test func `a refused small body keeps its connection, whenever it arrives`() async throws {
        var server = TransportServer()
        server.keys = [APIKey("secret")]
        try await server.run { client in
            let refused = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"
            let next = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let text = try await RawConnection(to: client).exchange(
                [("", refused), ("401 Unauthorized", "hello" + next)],
                until: "200 OK"
            )
            #expect(text.contains("HTTP/1.1 401 ") && text.contains("HTTP/1.1 200 OK"))
        }
    }

    @Test func `work is cancelled when its client hangs up`() async throws {
        let server = TransportServer()
        let (events, continuation) = AsyncStream.makeStream(of: String.self)
        try await server.run { router in
            router.post("slow") { request, _ in
                try await request.withBody(upTo: 100, within: 10) { _ -> Response in
                    continuation.yield("started")
                    do {
                        try await Task.sleep(for: .seconds(600))
                    } catch {
                        continuation.yield("cancelled")
                        throw error
                    }
                    return Response(status: .ok)
                }
            }
        } _: { client in
            let other = TestClient(host: "localhost", port: client.port ?? 0)
            other.connect()
            try await other.executeAndDontWaitForResponse(
                TestClient.Request(
                    "/slow",
                    method: .post,
                    authority: "localhost",
                    body: ByteBuffer(string: "x")
                )
            )
            var iterator = events.makeAsyncIterator()
            #expect(await iterator.next() == "started")
            try await other.close(mode: .all)
            #expect(await iterator.next() == "cancelled")
            let line = try JSONValue.parse(Array(await server.nextLine().utf8))
            #expect(line["client_gone"].bool == true)
            #expect(line["route"].string == "/slow")
        }
    }

    @Test(arguments: [
        ("application/json", true), ("Application/JSON; charset=utf-8", true), ("application/json;", true),
        ("application/vnd.api+json", true), ("text/plain", false), ("application/jsonp", false), ("", false),
        (nil, false),
    ])
    func `only JSON content types pass`(type: String?, passes: Bool) {
        var head = HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/")
        head.headerFields[.contentType] = type
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        let expected: ServingFault? = passes ? nil : .unsupportedMediaType(type)
        var fault: ServingFault?
        do throws(ServingFault) { try request.requireJSON() } catch { fault = error }
        #expect(fault == expected)
    }
}
