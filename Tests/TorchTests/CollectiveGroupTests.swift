import TestSupport
import Testing
import Torch

/// Groups of threads in the place of processes.
@Suite(.hangGuard) struct CollectiveGroupTests {
    /// Runs a closure for each rank with its group, and returns the outcomes by rank.
    private func outcomes<Value: Sendable>(
        _ size: Int,
        _ body: @escaping @Sendable (Int, CollectiveGroup) throws -> Value
    ) throws -> [Result<Value, any Error>] {
        let server = try RendezvousStore(host: "127.0.0.1", port: 0, isServer: true, timeout: .seconds(60))
        let port = server.port
        let outcomes = RankThreads.outcomes(size) { rank in
            try body(rank, Self.group(rank, size, port: port, prefix: "group"))
        }
        withExtendedLifetime(server) {}
        return outcomes
    }

    private func values<Value: Sendable>(
        _ size: Int,
        _ body: @escaping @Sendable (Int, CollectiveGroup) throws -> Value
    ) throws -> [Value] {
        try outcomes(size, body).map { try $0.get() }
    }

    private static func group(_ rank: Int, _ size: Int, port: Int, prefix: String) throws -> CollectiveGroup {
        let store = try RendezvousStore(host: "127.0.0.1", port: port, isServer: false, timeout: .seconds(60))
        return try CollectiveGroup(
            gloo: RendezvousStore(prefix: prefix, of: store),
            rank: rank,
            size: size,
            address: "127.0.0.1",
            timeout: .seconds(120)
        )
    }

    /// Waits for an operation in short slices.
    private static func finish(_ work: CollectiveWork) throws {
        while try !work.wait(for: .milliseconds(200)) {}
    }

    @Test(arguments: [1, 2, 3]) func `sums, maxima and minima are the same in all ranks`(size: Int) throws {
        let results = try values(size) { rank, group in
            try [CollectiveReduction.sum, .max, .min].map { reduction in
                let tensor = try Tensor([Float(rank), 10 - Float(rank), 0.1 * Float(rank + 1)])
                try Self.finish(group.allReduce(tensor, reduction))
                return try tensor.array(of: Float.self)
            }
        }
        let last = Float(size - 1)
        let sum = Float((0..<size).reduce(0, +))
        for result in results {
            #expect(result == results[0])
            #expect(result[0][0] == sum && result[0][1] == 10 * Float(size) - sum)
            #expect(result[1][0] == last && result[1][1] == 10)
            #expect(result[2][0] == 0 && result[2][1] == 10 - last)
        }
    }

    @Test func `several operations may be running at once, and a bfloat16 tensor is summed, too`() throws {
        let sums = try values(2) { rank, group in
            let tensors = try (1...5).map { number in
                try Tensor.full(
                    Double(number * (rank + 1)),
                    [1000],
                    dtype: number == 3 ? .bfloat16 : .float32
                )
            }
            let works = try tensors.map { try group.allReduce($0, .sum) }
            for work in works { try Self.finish(work) }
            return try tensors.map { try $0.to(dtype: .float32).array(of: Float.self)[999] }
        }
        #expect(sums == [[3, 6, 9, 12, 15], [3, 6, 9, 12, 15]])
    }

    @Test func `a broadcast overwrites all others in place, and they count as changed`() throws {
        let results = try values(3) { rank, group in
            let whole = try Tensor([Float](repeating: Float(rank), count: 6))
            let part = try whole.narrowed(0, to: 2..<4)
            let before = try whole.version()
            try Self.finish(group.broadcast(part, from: 1))
            return (try whole.array(of: Float.self), try whole.version() != before)
        }
        #expect(results.map(\.0) == [[0, 0, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1], [2, 2, 1, 1, 2, 2]])
        #expect(results.map(\.1) == [true, false, true])
    }

    @Test func `an exchange sends each rank its part`() throws {
        let results = try values(2) { rank, group in
            let input = try Tensor([0, 1, 2, 3].map { Float(10 * rank + $0) }, shape: [2, 2])
            let output = try Tensor.zeros([2, 2])
            try Self.finish(group.allToAll(input, into: output))
            return try output.array(of: Float.self)
        }
        #expect(results == [[0, 1, 10, 11], [2, 3, 12, 13]])
    }

    @Test func `a receiver can wait again and again, and the group stays usable`() throws {
        let hasWaited = Gate()
        let results = try values(2) { rank, group in
            let tensor = try Tensor([Float(rank), Float(rank)])
            if rank == 0 {
                let work = try group.receive(into: tensor, from: 1, tag: 4)
                let early = try (0..<3).map { _ in try work.wait(for: .milliseconds(20)) }
                hasWaited.open()
                try Self.finish(work)
                if early.contains(true) { return [Float.nan] }
            } else {
                hasWaited.pass()
                try Self.finish(group.send(tensor, to: 0, tag: 4))
            }
            try Self.finish(group.allReduce(tensor, .sum))
            return try tensor.array(of: Float.self)
        }
        #expect(results == [[2, 2], [2, 2]])
    }

    @Test func `a wait for a late rank can be repeated`() throws {
        let hasWaited = Gate()
        let results = try values(2) { rank, group in
            if rank == 1 { hasWaited.pass() }
            let tensor = try Tensor([Float(1)])
            let work = try group.allReduce(tensor, .sum)
            let early = try rank == 0 && (work.wait(for: .zero) || work.wait(for: .milliseconds(50)))
            hasWaited.open()
            try Self.finish(work)
            return early ? -1 : try tensor.item()
        }
        #expect(results == [2, 2])
    }

    @Test func `a tensor that is not contiguous is refused, and the group stays usable`() throws {
        let results = try values(2) { rank, group in
            let table = try Tensor([0, 1, 2, 3, 4, 5].map { Float($0) }, shape: [2, 3])
            var message = ""
            do {
                _ = try group.allReduce(table.narrowed(1, to: 0..<2), .sum)
            } catch {
                message = "\(error)"
            }
            try Self.finish(group.allReduce(table, .sum))
            return message + " \(try table.sum().item())"
        }
        #expect(
            results
                == [String](repeating: "allReduce: a tensor of shape [2, 2] is not contiguous 30.0", count: 2)
        )
    }

    @Test func `a checked group finds different shapes, and stays usable`() throws {
        let server = try RendezvousStore(host: "127.0.0.1", port: 0, isServer: true, timeout: .seconds(60))
        let port = server.port
        let results = try RankThreads.values(2) { rank in
            let plain = try Self.group(rank, 2, port: port, prefix: "plain")
            let checked = try plain.checked(by: Self.group(rank, 2, port: port, prefix: "check"))
            var code: TorchError.Code?
            var message = ""
            do throws(TorchError) {
                _ = try checked.allReduce(Tensor.zeros([rank + 1]), .sum)
            } catch {
                (code, message) = (error.code, error.message)
            }
            let tensor = try Tensor([Float(1)])
            try Self.finish(checked.allReduce(tensor, .sum))
            return (code == .failed, message.contains("mismatch between collectives"), try tensor.item())
        }
        withExtendedLifetime(server) {}
        for (isFailed, namesMismatch, sum) in results { #expect(isFailed && namesMismatch && sum == 2) }
    }

    @Test func `the end of a rank is an error in the others at once`() throws {
        let results = try outcomes(2) { rank, group in
            if rank == 1 { return }
            try Self.finish(group.allReduce(Tensor.zeros([1000]), .sum))
        }
        #expect(throws: Never.self) { try results[1].get() }
        #expect {
            try results[0].get()
        } throws: {
            ($0 as? TorchError)?.code == .disconnected
        }
    }
}
