import TestSupport
import Testing
import Torch

@testable import ProcessGroups

/// Operations whose result only one process gets.
@Suite(.hangGuard) struct ProcessGroupRootTests {
    @Test(arguments: [1, 2, 3]) func `a sum is right on the root, whichever rank that is`(size: Int) throws {
        let results = try ProcessGroupRanks.values(size) { group in
            try (0..<size).map { root in
                let tensor = try Tensor((0..<1000).map { Float($0 * (group.rank + 1)) })
                try group.wait(group.startReduce(tensor, to: root), "a test")
                return try group.rank == root ? tensor.array(of: Float.self) : []
            }
        }
        let factor = (1...size).reduce(0, +)
        let sum = (0..<1000).map { Float($0 * factor) }
        for (rank, sums) in results.enumerated() { #expect(sums[rank] == sum) }
    }

    @Test(arguments: [1, 2, 3]) func `tensors of all ranks are collected on the root in order`(
        size: Int
    ) throws {
        let results = try ProcessGroupRanks.values(size) { group in
            try (0..<size).map { root in
                let own = try Tensor.full(Double(group.rank + 1), [3], dtype: .bfloat16)
                let all = group.rank == root ? try Tensor.zeros([size, 3], dtype: .bfloat16) : nil
                try group.wait(group.startGather(own, into: all, to: root), "a test")
                return try all?.to(dtype: .float32).array(of: Float.self) ?? []
            }
        }
        let collected = (1...size).flatMap { [Float](repeating: Float($0), count: 3) }
        for (rank, tensors) in results.enumerated() { #expect(tensors[rank] == collected) }
    }

    @Test func `several operations with different roots run at once, also when they are compared`() throws {
        let results = try ProcessGroupRanks.values(2) { group in
            group.checksFirstCollectives(true)
            let tensors = try (0..<6).map { try Tensor.full(Double($0 + group.rank), [100]) }
            let pending = try tensors.enumerated().map { try group.startReduce($1, to: $0 % 2) }
            for operation in pending { try group.wait(operation, "a test") }
            return try (0..<3).map { try tensors[2 * $0 + group.rank].array(of: Float.self)[99] }
        }
        #expect(results == [[1, 5, 9], [3, 7, 11]])
    }
}
