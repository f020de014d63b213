import TestSupport
import Testing

@testable import ProcessGroups

/// Processes find each other in a store that survives their restarts.
struct HandshakeTests {
    private func join(
        _ ranks: [Int],
        of size: Int,
        _ store: MemoryStore,
        timeout: Duration = .seconds(60)
    ) -> [Result<String, any Error>] {
        StoreRanks.run(ranks) { rank in
            try handshake(rank: rank, size: size, store: store, timeout: timeout)
        }
    }

    @Test(.hangGuard, arguments: [1, 2, 5])
    func `all ranks get the same prefix, and every attempt gets another one`(size: Int) throws {
        let store = MemoryStore()
        var prefixes: Set<String> = []
        for _ in 0..<3 {
            let attempt = try join(Array(0..<size), of: size, store).map { try $0.get() }
            #expect(Set(attempt).count == 1)
            prefixes.formUnion(attempt)
        }
        #expect(prefixes.count == 3)
    }

    @Test(.hangGuard) func `keys of killed processes are not taken for those of this attempt`() throws {
        let store = MemoryStore()
        // Rank 1 was killed while it waited. Rank 2 was killed after a reply of a rank 0 that is gone, too.
        store.set("attune/hello/1", Array("dead1".utf8))
        store.set("attune/hello/2", Array("dead2".utf8))
        store.set("attune/reply/dead2", Array("dead0".utf8))
        store.set("attune/dead0/joined/2", Array("dead2".utf8))
        let attempt = try join([0, 1, 2], of: 3, store).map { try $0.get() }
        #expect(Set(attempt).count == 1)
        #expect(attempt[0] != "attune/dead0/group")
    }

    @Test(.hangGuard) func `a rank that got a reply follows a rank 0 that was started again`() throws {
        let store = MemoryStore()
        let results = StoreRanks.run([0, 1]) { rank in
            guard rank == 0 else {
                return try handshake(rank: 1, size: 2, store: store, timeout: .seconds(60))
            }
            // The first rank 0 replies and is killed.
            let hello = try #require(store.get("attune/hello/1", waiting: .seconds(60)))
            store.set("attune/reply/\(String(decoding: hello, as: UTF8.self))", Array("dead0".utf8))
            try #require(store.get("attune/dead0/joined/1", waiting: .seconds(60)) != nil)
            return try handshake(rank: 0, size: 2, store: store, timeout: .seconds(60))
        }
        let prefixes = try results.map { try $0.get() }
        #expect(prefixes[0] == prefixes[1])
        #expect(prefixes[0] != "attune/dead0/group")
    }

    @Test(.hangGuard) func `ranks that do not start are named`() throws {
        let store = MemoryStore()
        let results = join([0, 2], of: 4, store, timeout: .seconds(2))
        for (result, start) in try paired(
            results,
            [
                "ranks 1 and 3 of 4 have not started within 2 s",
                "rank 2 and rank 0 have started, but others of 4",
            ]
        ) {
            let error = try #require(#expect(throws: DistributedError.self) { try result.get() })
            #expect(error.code == .timedOut)
            #expect(error.message.hasPrefix(start), "\(error)")
        }
        let alone = try #require(join([1], of: 2, MemoryStore(), timeout: .milliseconds(50)).first)
        let error = try #require(#expect(throws: DistributedError.self) { try alone.get() })
        #expect(error.message.hasPrefix("rank 0 did not answer within"), "\(error)")
    }

    @Test(.hangGuard, arguments: [0, 1]) func `a request to stop ends the wait`(rank: Int) throws {
        let error = try #require(
            #expect(throws: DistributedError.self) {
                try handshake(
                    rank: rank,
                    size: 2,
                    store: MemoryStore(),
                    timeout: .seconds(600),
                    shouldStop: { true }
                )
            }
        )
        #expect(error.code == .interrupted)
    }
}
