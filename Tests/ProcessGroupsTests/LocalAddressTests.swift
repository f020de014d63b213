import TestSupport
import Testing

@testable import ProcessGroups

/// The address under which other hosts reach this process.
struct LocalAddressTests {
    @Test(arguments: ["127.0.0.1", "[127.0.0.1]", "localhost"])
    func `the loopback address is kept if the host is this machine's`(host: String) throws {
        #expect(LocalAddress.isLoopback(try LocalAddress.towards(host, port: 29_500)))
    }

    @Test func `an unknown name is an error at once, with the name`() throws {
        // Longer than any name can be, so that no server is asked.
        let host = "no-such-host-" + String(repeating: "x", count: 60)
        let error = try #require(
            #expect(throws: DistributedError.self) { try LocalAddress.towards(host, port: 29_500) }
        )
        #expect(error.code == .unreachable)
        #expect(error.message.hasPrefix("the host \(host) of rank 0 is unknown on "), "\(error)")
        #expect(error.message.contains("MASTER_ADDR"), "\(error)")
    }

    @Test func `addresses are told apart`() {
        for address in ["127.0.0.1", "127.0.1.1", "::1", "::ffff:127.0.0.1"] {
            #expect(LocalAddress.isLoopback(address))
        }
        for address in ["10.0.0.1", "fd00::1", "128.0.0.1", ""] { #expect(!LocalAddress.isLoopback(address)) }
        #expect(LocalAddress.unbracketed("[fd00::1]") == "fd00::1")
        #expect(LocalAddress.unbracketed("node1") == "node1")
    }

    @Test func `addresses keep their digits`() throws {
        for text in ["127.0.0.1", "::1", "fd00:77::1"] {
            let address = try #require(try SocketAddress.find(text, port: 29_500, isNumeric: true).first)
            #expect(address.numeric?.host == text)
            #expect(address.numeric?.port == "29500")
        }
        #expect(throws: SocketAddress.LookUpError.self) {
            try SocketAddress.find("localhost", port: 1, isNumeric: true)
        }
    }
}
