import TestSupport
import Testing

@testable import ProcessGroups

/// The reasons of failures, and the processes that ended without one.
struct FailureBoardTests {
    private static func peers(_ count: Int, address: String = "127.0.0.1") -> [Peer] {
        (0..<count).map {
            Peer(rank: $0, host: ["a", "b", "c", "d"][$0], processID: 100 + $0, address: address)
        }
    }

    /// A store that was on a host that is gone.
    private struct LostStore: KeyValueStore {
        private var error: DistributedError { DistributedError(.unreachable, "gone") }
        func set(_ key: String, _ value: [UInt8]) throws(DistributedError) { throw error }
        func get(_ key: String, waiting: Duration) throws(DistributedError) -> [UInt8]? { throw error }
        func contains(_ key: String) throws(DistributedError) -> Bool { throw error }
        func add(_ amount: Int, to key: String) throws(DistributedError) -> Int { throw error }
    }

    @Test func `the first reported failure counts`() {
        let store = MemoryStore()
        let peers = Self.peers(3)
        let boards = peers.indices.map { FailureBoard(store: store, rank: $0, peers: peers) }
        #expect(boards[0].reason(within: .zero) == nil)
        boards[1].tell("no space left")
        boards[2].tell("the connection was lost")
        for board in boards {
            #expect(board.reason(within: .zero) == Failure(peer: peers[1], reason: "no space left"))
        }
        #expect(boards[0].reason(within: .zero).map { "\($0)" } == "rank 1 on host b failed: no space left")
    }

    @Test func `a process that was killed while it reported does not hide a later report`() throws {
        let store = MemoryStore()
        let peers = Self.peers(2)
        _ = try store.add(1, to: "failure/count")
        FailureBoard(store: store, rank: 1, peers: peers).tell("out of memory")
        #expect(
            FailureBoard(store: store, rank: 0, peers: peers).reason(within: .zero)?.reason == "out of memory"
        )
    }

    @Test(.hangGuard) func `a report is awaited`() throws {
        let store = MemoryStore()
        let peers = Self.peers(2)
        let results = StoreRanks.run([0, 1]) { rank in
            let board = FailureBoard(store: store, rank: rank, peers: peers)
            if rank == 1 { board.tell("late") }
            return board.reason(within: .seconds(60))?.reason
        }
        #expect(try results.map { try $0.get() } == ["late", "late"])
    }

    @Test(.hangGuard) func `a process that has ended is missing, one that is busy is not`() {
        let store = MemoryStore()
        let peers = Self.peers(4)
        var boards: [FailureBoard?] = peers.indices.map { FailureBoard(store: store, rank: $0, peers: peers) }
        boards[1] = nil
        // Ranks 2 and 3 compute, and have not noticed anything.
        #expect(boards[0]?.missing(within: .seconds(60)) == [peers[1]])
        // Rank 0 ends because of that. The others still name rank 1.
        boards[0] = nil
        #expect(boards[2]?.missing(within: .seconds(60)) == [peers[1]])
        #expect(boards[3]?.missing(within: .zero) == [peers[1]])
    }

    @Test(.hangGuard) func `without life signs the processes that do not notice are missing`() {
        let store = MemoryStore()
        let peers = Self.peers(4, address: "")
        let boards = peers.indices.map { FailureBoard(store: store, rank: $0, peers: peers) }
        boards[2].noticed(by: 2)
        // Waiting for a reason answers, too.
        #expect(boards[3].reason(within: .zero) == nil)
        #expect(boards[0].missing(within: .milliseconds(50)) == [peers[1]])
    }

    @Test(.hangGuard) func `nothing is missing if all processes exist`() {
        let store = MemoryStore()
        let peers = Self.peers(3)
        let boards = peers.indices.map { FailureBoard(store: store, rank: $0, peers: peers) }
        #expect(boards[0].missing(within: .milliseconds(50)) == [])
        boards[1].noticed(by: 1)
        boards[2].noticed(by: 2)
        #expect(boards[0].missing(within: .seconds(60)) == [])
        withExtendedLifetime(boards) {}
    }

    @Test func `if the store is gone, so is rank 0, unless the launcher hosts it`() {
        let peers = Self.peers(2)
        let board = FailureBoard(store: LostStore(), rank: 1, peers: peers)
        board.tell("lost")
        board.noticed(by: 1)
        #expect(board.reason(within: .seconds(60)) == nil)
        #expect(board.missing(within: .seconds(60)) == [peers[0]])
        let hosted = FailureBoard(store: LostStore(), rank: 1, peers: peers, isStoreHosted: true)
        #expect(hosted.missing(within: .seconds(60)) == [])
        #expect(FailureBoard(store: LostStore(), rank: 0, peers: peers).missing(within: .seconds(60)) == [])
    }

    @Test func `a life sign is seen until it ends`() throws {
        var sign = LifeSign(on: "127.0.0.1")
        let port = try #require(sign?.port)
        #expect(LifeSign.isSeen(on: "127.0.0.1", port: port, within: .seconds(10)) == true)
        sign = nil
        #expect(sign == nil)
        #expect(LifeSign.isSeen(on: "127.0.0.1", port: port, within: .seconds(10)) == false)
        #expect(LifeSign(on: "") == nil)
        #expect(LifeSign.isSeen(on: "host", port: port, within: .seconds(10)) == nil)
    }
}
