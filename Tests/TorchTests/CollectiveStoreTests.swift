import TestSupport
import Testing
import Torch

@Suite(.hangGuard) struct CollectiveStoreTests {
    private func store(port: Int = 0, isServer: Bool = false) throws -> RendezvousStore {
        try RendezvousStore(host: "127.0.0.1", port: port, isServer: isServer, timeout: .seconds(10))
    }

    @Test func `a value set by one connection is read by the others`() throws {
        let server = try store(isServer: true)
        let client = try store(port: server.port)
        #expect(server.port > 0 && client.port == server.port)
        try client.set("bytes", [0, 1, 255])
        #expect(try server.get("bytes", waiting: .seconds(10)) == [0, 1, 255])
        try client.set("bytes", [])
        #expect(try client.get("bytes", waiting: .zero) == [])
        #expect(try client.contains("bytes") && !client.contains("other"))
    }

    @Test func `a key that is not set in time is nil, and the connection stays usable`() throws {
        let server = try store(isServer: true)
        #expect(try server.get("missing", waiting: .zero) == nil)
        #expect(try server.get("missing", waiting: .milliseconds(30)) == nil)
        try server.set("missing", [1])
        #expect(try server.get("missing", waiting: .milliseconds(30)) == [1])
    }

    @Test func `a counter starts at zero and is added to by all`() throws {
        let server = try store(isServer: true)
        let client = try store(port: server.port)
        #expect(try server.add(0, to: "count") == 0)
        #expect(try client.add(3, to: "count") == 3)
        #expect(try server.add(-5, to: "count") == -2)
    }

    @Test func `a prefix separates keys and keeps the connection`() throws {
        let server = try store(isServer: true)
        let part = try RendezvousStore(prefix: "attempt", of: server)
        try part.set("key", [7])
        #expect(try server.get("attempt/key", waiting: .zero) == [7])
        #expect(try !server.contains("key"))
        #expect(part.port == server.port)
    }

    @Test func `a taken port is an error at once`() throws {
        let server = try store(isServer: true)
        #expect {
            try store(port: server.port, isServer: true)
        } throws: {
            "\($0)".contains("EADDRINUSE")
        }
    }

    @Test func `a store that is gone is an error`() throws {
        var server: RendezvousStore? = try store(isServer: true)
        let client = try store(port: #require(server).port)
        try client.set("key", [1])
        server = nil
        #expect {
            try client.contains("key")
        } throws: {
            ($0 as? TorchError)?.code == .disconnected
        }
    }
}
