import TestSupport
import Testing

@testable import ProcessGroups

/// Values that must be the same in all processes.
struct AgreementTests {
    private static let peers = (0..<3).map {
        Peer(rank: $0, host: ["a", "b", "c"][$0], processID: 100 + $0, address: "")
    }

    /// Compares values of ranks; the results are nil, or the errors.
    private func compared(
        _ values: [[AgreedValue]],
        in store: MemoryStore = MemoryStore(),
        timeout: Duration = .seconds(60)
    ) throws -> [DistributedError?] {
        let results = StoreRanks.run(Array(values.indices)) { rank in
            try agree(
                values[rank],
                about: "the settings",
                rank: rank,
                peers: Self.peers,
                store: store,
                timeout: timeout
            )
        }
        return try results.map { result in
            do { try result.get() } catch { return try #require(error as? DistributedError) }
            return nil
        }
    }

    private func versions(_ versions: String...) -> [[AgreedValue]] {
        versions.map { [AgreedValue(name: "seed", value: "1"), AgreedValue(name: "the version", value: $0)] }
    }

    @Test(.hangGuard) func `equal values are accepted, again and again under the same topic`() throws {
        let store = MemoryStore()
        for version in ["1", "2"] {
            #expect(try compared(versions(version, version, version), in: store) == [nil, nil, nil])
        }
        let errors = try compared(versions("3", "3", "4"), in: store)
        #expect(errors.allSatisfy { $0?.code == .mismatch })
    }

    @Test(.hangGuard) func `all ranks get the same message, with rank, host and both values`() throws {
        let errors = try compared(versions("2.13.0", "2.13.0", "2.12.1"))
        let expected = """
            the processes do not agree on the settings: the version is "2.13.0" on rank 0 on host a, but "2.12.1" on rank 2 \
            on host c; start the same command, with the same version and the same files, on every host
            """
        #expect(errors == Array(repeating: DistributedError(.mismatch, expected), count: 3))
        let two = try #require(try compared(versions("1", "2", "3"))[1]).message
        #expect(two.contains("\"2\" on rank 1 on host b (rank 2 differs from rank 0, too)"), "\(two)")
    }

    // Rank 0 may host the store.
    @Test(.hangGuard) func `rank 0 stays until the others have read a refusal`() throws {
        let store = MemoryStore()
        let read = StoreRanks.run([0, 1, 2]) { rank in
            do throws(DistributedError) {
                let value = AgreedValue(name: "seed", value: "\(rank)")
                let timeout = Duration.seconds(60)
                try agree([value], about: "it", rank: rank, peers: Self.peers, store: store, timeout: timeout)
                return [false]
            } catch {
                return [1, 2].map { store.contains("agree/it/1/read/\($0)") }
            }
        }
        #expect(try read[0].get() == [true, true])
    }

    @Test func `long values are cut to the part that differs`() throws {
        let start = String(repeating: "learning_rate: 1\n", count: 100)
        let texts = [start + "seed: 1\n" + start, start + "seed: 2\n" + start]
        let values = texts.map { [AgreedValue(name: "the recipe", value: $0)] }
        let message = try #require(disagreement(among: values, of: Self.peers, about: "the start"))
        #expect(message.contains("\\nseed: 1\\n"), "\(message)")
        #expect(message.contains("\\nseed: 2\\n"), "\(message)")
        #expect(message.count < 600, "\(message)")
        #expect(!message.contains("\n"))
    }

    @Test func `a value that another process lacks, and different bytes of the same characters, differ`()
        throws
    {
        let missing = [[AgreedValue(name: "new", value: "x")], []]
        let message = try #require(disagreement(among: missing, of: Self.peers, about: "the start"))
        #expect(
            message.contains("new is \"x\" on rank 0 on host a, but missing on rank 1 on host b"),
            "\(message)"
        )
        let unicode = ["\u{E9}", "e\u{301}"].map { [AgreedValue(name: "label", value: $0)] }
        #expect(disagreement(among: unicode, of: Self.peers, about: "the start") != nil)
        let many = ["1", "2"].map { value in (0..<8).map { AgreedValue(name: "n\($0)", value: value) } }
        let long = try #require(disagreement(among: many, of: Self.peers, about: "the start"))
        #expect(long.contains("n4 is"))
        #expect(!long.contains("n5 is"))
        #expect(long.contains("; 3 more differ; start"), "\(long)")
    }

    @Test(.hangGuard) func `a rank that does not take part is named to all others`() throws {
        let errors = try compared(Array(versions("1", "1", "1").prefix(2)), timeout: .seconds(2))
        for error in errors {
            let error = try #require(error)
            #expect(error.code == .timedOut)
            #expect(
                error.message.hasPrefix("rank 2 on host c (process 102) did not compare the settings"),
                "\(error)"
            )
        }
    }
}
