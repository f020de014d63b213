import TestSupport
import Testing

@testable import ProcessGroups

/// The store of tests, and waiting in any store.
struct KeyValueStoreTests {
    @Test func `values are kept, replaced and awaited`() throws {
        let store = MemoryStore()
        #expect(!store.contains("a"))
        #expect(store.get("a", waiting: .milliseconds(5)) == nil)
        store.set("a", [1])
        store.set("a", [1, 2])
        #expect(store.contains("a"))
        #expect(store.get("a", waiting: .zero) == [1, 2])
        let results = StoreRanks.run([0, 1]) { rank in
            if rank == 0 { store.set("late", [7]) }
            return store.get("late", waiting: .seconds(60))
        }
        #expect(try results.map { try $0.get() } == [[7], [7]])
    }

    @Test func `a counter starts at 0 and is stored as digits`() throws {
        let store = MemoryStore()
        #expect(try store.add(2, to: "n") == 2)
        #expect(try store.add(-3, to: "n") == -1)
        #expect(try store.currentText("n") == "-1")
        store.set("text", [120])
        #expect(throws: DistributedError.self) { try store.add(1, to: "text") }
    }

    @Test func `a wait ends at its limit, by a request to stop, or by the failure of another process`() throws
    {
        let store = MemoryStore()
        func wait(_ time: Duration, stopping: Bool = false) throws -> [UInt8]? {
            try store.get(
                "never",
                until: Deadline(in: time),
                for: "rank 1 to start",
                shouldStop: { stopping }
            )
        }
        #expect(try wait(.milliseconds(10)) == nil)
        let stopped = try #require(
            #expect(throws: DistributedError.self) { try wait(.milliseconds(10), stopping: true) }
        )
        #expect(stopped == DistributedError(.interrupted, "interrupted while waiting for rank 1 to start"))
        let peer = Peer(rank: 1, host: "b", processID: 7, address: "")
        try Failure(peer: peer, reason: "no such file").report(in: store)
        let failed = try #require(
            #expect(throws: DistributedError.self) { try wait(.milliseconds(10)) }
        )
        #expect(failed == DistributedError(.peerFailed, "rank 1 on host b failed: no such file"))
    }

    @Test func `ranks and durations are named`() {
        #expect(named([3]) == "rank 3")
        #expect(named([1, 3]) == "ranks 1 and 3")
        #expect(named([1, 2, 3, 4, 5]) == "ranks 1, 2, 3, 4 and 5")
        #expect(named(Array(1...64)) == "ranks 1, 2, 3, 4 and 60 more")
        #expect(Duration.seconds(300).inSeconds == "300 s")
        #expect(Duration.milliseconds(287_345).inSeconds == "287 s")
        #expect(Duration.milliseconds(450).inSeconds == "0.5 s")
        #expect(Duration.seconds(3).inSeconds == "3 s")
    }
}
