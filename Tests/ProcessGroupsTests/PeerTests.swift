import Foundation
import JSON
import TestSupport
import Testing

@testable import ProcessGroups

/// Descriptions of processes, and their exchange.
struct PeerTests {
    /// The address of this machine in a network; nil if it has only the loopback address.
    ///
    /// Nothing is sent.
    private static let ownAddress = (try? LocalAddress.towards("192.0.2.1", port: 1)).flatMap {
        LocalAddress.isLoopback($0) ? nil : $0
    }

    private func exchange(_ peers: [Peer]) throws -> [[Peer]] {
        let store = MemoryStore()
        let results = StoreRanks.run(Array(peers.indices)) { rank in
            try exchangePeers(peers[rank], size: peers.count, store: store, timeout: .seconds(60))
        }
        return try results.map { try $0.get() }
    }

    @Test func `a process is described by rank, host and number`() {
        let peer = Peer(rank: 1, host: "b", processID: 4242, address: "10.0.0.2")
        #expect("\(peer)" == "rank 1 on host b")
        #expect(peer.withProcess == "rank 1 on host b (process 4242)")
        #expect(Peer(peer.json) == peer)
        #expect(Peer(.object(["rank": .int(1)])) == nil)
        #expect(
            Peer.current(rank: 2, address: "").processID == Int(ProcessInfo.processInfo.processIdentifier)
        )
    }

    @Test(.hangGuard) func `every rank learns all others`() throws {
        let peers = (0..<4).map { Peer(rank: $0, host: "a", processID: $0, address: "127.0.0.1") }
        #expect(try exchange(peers) == Array(repeating: peers, count: 4))
    }

    @Test(.hangGuard, .enabled(if: ownAddress != nil, "this machine has only the loopback address"))
    func `a loopback address is replaced if another host has a real one`() throws {
        let address = try #require(Self.ownAddress)
        // On Debian the name of rank 0's host resolves to 127.0.1.1 on that host.
        let peers = [("a", "127.0.1.1"), ("b", address), ("a", "127.0.1.1")].enumerated().map {
            Peer(rank: $0, host: $1.0, processID: $0, address: $1.1)
        }
        for known in try exchange(peers) { #expect(known.map(\.address) == [address, address, address]) }
    }

    @Test(.hangGuard) func `hosts with loopback addresses only keep them`() throws {
        let peers = ["a", "b"].enumerated().map {
            Peer(rank: $0, host: $1, processID: 1, address: "127.0.0.1")
        }
        #expect(try exchange(peers) == [peers, peers])
    }

    @Test(.hangGuard) func `a rank that does not describe itself, or only in another form, is named`() throws
    {
        let own = Peer(rank: 0, host: "a", processID: 1, address: "")
        let store = MemoryStore()
        func error() throws -> DistributedError {
            try #require(
                #expect(throws: DistributedError.self) {
                    try exchangePeers(own, size: 2, store: store, timeout: .milliseconds(20))
                }
            )
        }
        #expect(try error().code == .timedOut)
        #expect(try error().message.hasPrefix("rank 1 "))
        store.set("peer/1", Array("{}".utf8))
        #expect(try error().code == .mismatch)
        #expect(try error().message.hasPrefix("rank 1 "))
    }
}
