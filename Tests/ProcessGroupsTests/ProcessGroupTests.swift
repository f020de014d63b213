import TestSupport
import Testing
import Torch

@testable import ProcessGroups

@Suite(.hangGuard) struct ProcessGroupTests {
    @Test(arguments: [1, 2, 3]) func `sums and maxima are the same in all ranks`(size: Int) throws {
        let results = try ProcessGroupRanks.values(size) { group in
            let sum = try Tensor([Float(group.rank), 1])
            try group.sum(sum, "a test")
            let largest = try Tensor([Float(group.rank), -Float(group.rank)])
            try group.largest(largest, "a test")
            return try sum.array(of: Float.self) + largest.array(of: Float.self)
        }
        let sum = Float((0..<size).reduce(0, +))
        #expect(results == Array(repeating: [sum, Float(size), Float(size - 1), 0], count: size))
    }

    @Test func `ranks know their places`() throws {
        let results = try ProcessGroupRanks.values(3) { group in
            (group.rank, group.isFirst, group.peers.map(\.rank), Set(group.peers.map(\.address)))
        }
        #expect(results.map(\.0) == [0, 1, 2])
        #expect(results.map(\.1) == [true, false, false])
        for (_, _, ranks, addresses) in results { #expect(ranks == [0, 1, 2] && addresses == ["127.0.0.1"]) }
    }

    @Test func `several broadcasts have different roots`() throws {
        let results = try ProcessGroupRanks.values(3) { group in
            let tensors = try (0..<4).map { try Tensor([Float(10 * group.rank + $0)]) }
            try group.broadcast(tensors.enumerated().map { (tensor: $1, root: $0 % 3) }, "a test")
            return try tensors.map { try $0.item() }
        }
        #expect(results == Array(repeating: [0, 11, 22, 3], count: 3))
    }

    @Test func `values of all ranks are gathered in order, also if a rank has none`() throws {
        let counts = [2, 0, 3]
        let results = try ProcessGroupRanks.values(3) { group in
            let own = (0..<counts[group.rank]).map { Float(10 * group.rank + $0) }
            let none = try group.gathered([], counts: [0, 0, 0], "a test")
            return try none + group.gathered(own, counts: counts, "a test")
        }
        #expect(results == Array(repeating: [0, 1, 20, 21, 22], count: 3))
    }

    @Test func `bytes of the first rank are shared`() throws {
        let results = try ProcessGroupRanks.values(2) { group in
            let text = Array("rank \(group.rank)".utf8)
            return try [group.shared(text, "a test"), group.shared(group.isFirst ? [] : [1, 2], "a test")]
        }
        #expect(results == Array(repeating: [Array("rank 0".utf8), []], count: 2))
    }

    @Test func `an exchange and a local sum are a reduced part`() throws {
        let results = try ProcessGroupRanks.values(2) { group in
            let input = try Tensor([1, 2, 3, 4].map { Float($0 * (group.rank + 1)) }, shape: [2, 2])
            let output = try Tensor.zeros([2, 2])
            try group.wait(group.startExchange(input, into: output), "a test")
            return try output.sum(along: 0).array(of: Float.self)
        }
        #expect(results == [[3, 6], [9, 12]])
    }

    @Test func `bytes are counted by the formulas of Gloo's algorithms`() throws {
        let results = try ProcessGroupRanks.values(2) { group in
            try group.sum(Tensor.zeros([1000]), "a test")
            let afterSum = group.bytesSent
            try group.broadcast([(Tensor.zeros([1000], dtype: .bfloat16), 1)], "a test")
            return [afterSum, group.bytesSent - afterSum]
        }
        #expect(results == [[4000, 0], [4000, 2000]])
    }

    @Test func `a broadcast reaches every rank once`() {
        for size in 1...9 {
            for root in 0..<size {
                let receivers = (0..<size).map {
                    ProcessGroup.broadcastReceivers(of: $0, from: root, size: size)
                }
                #expect(receivers.reduce(0, +) == size - 1)
            }
        }
        #expect((0..<4).map { ProcessGroup.broadcastReceivers(of: $0, from: 0, size: 4) } == [2, 1, 0, 0])
    }

    @Test func `values may be compared at any time`() throws {
        let outcomes = try ProcessGroupRanks.outcomes(2) { group in
            let same = [AgreedValue(name: "the data", value: "a")]
            try group.agree(on: same, about: "the data")
            try group.agree(on: same, about: "the data")
            try group.agree(on: [AgreedValue(name: "the rank", value: "\(group.rank)")], about: "the data")
        }
        for outcome in outcomes {
            let error = try #require(ProcessGroupRanks.error(of: outcome))
            #expect(error.code == .mismatch && error.message.contains("the rank"))
        }
    }

    @Test func `different values at the start are an error in all ranks`() throws {
        let outcomes = try ProcessGroupRanks.outcomes(
            2,
            values: { [AgreedValue(name: "the version", value: "1.\($0)")] }
        ) { _ in }
        for outcome in outcomes {
            let error = try #require(ProcessGroupRanks.error(of: outcome))
            #expect(error.code == .mismatch && error.message.contains("1.0") && error.message.contains("1.1"))
        }
    }

    @Test func `one restarted rank means a restarted group`() throws {
        let outcomes = try ProcessGroupRanks.outcomes(2, launch: { $0.restartCount = $0.rank }) { group in
            try group.leave()
            return group.wasRestarted
        }
        #expect(try outcomes.map { try $0.get() } == [true, true])
    }

    @Test func `a second attempt ignores the keys of the first`() throws {
        let server = try RendezvousStore(host: "127.0.0.1", port: 0, isServer: true, timeout: .seconds(60))
        let port = server.port
        for attempt in 1...2 {
            let sums = try RankThreads.values(2) { rank in
                let launch = Launch(
                    rank: rank,
                    worldSize: 2,
                    address: "127.0.0.1",
                    port: port,
                    isStoreHosted: true
                )
                let group = try ProcessGroup(launch)
                let sum = try Tensor([Float(attempt)])
                try group.sum(sum, "a test")
                try group.leave()
                return try sum.item()
            }
            #expect(sums == [Double(2 * attempt), Double(2 * attempt)])
        }
        withExtendedLifetime(server) {}
    }

    @Test func `rank 0 may host the store, and leaves last`() throws {
        // A free port: taken by a store that ends at once.
        let port = try RendezvousStore(host: "127.0.0.1", port: 0, isServer: true, timeout: .seconds(60)).port
        let sums = try RankThreads.values(2) { rank in
            let group = try ProcessGroup(Launch(rank: rank, worldSize: 2, address: "127.0.0.1", port: port))
            let sum = try Tensor([Float(1)])
            try group.sum(sum, "a test")
            try group.leave()
            return try sum.item()
        }
        #expect(sums == [2, 2])
    }

    @Test func `the comparison of operations finds different shapes`() throws {
        let outcomes = try ProcessGroupRanks.outcomes(2) { group in
            group.checksFirstCollectives(true)
            try group.sum(Tensor.zeros([5]), "step 1")
            try group.sum(Tensor.zeros([group.rank + 1]), "step 1")
        }
        for outcome in outcomes { #expect(ProcessGroupRanks.error(of: outcome)?.code == .mismatch) }
    }
}
