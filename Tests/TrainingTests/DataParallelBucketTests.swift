import NN
import ProcessGroups
import TestSupport
import Testing
import Torch

@testable import Training

/// Buckets of gradients: their order, and their sums.
struct DataParallelBucketTests {
    @Test func `buckets follow the backward pass, and parameters outside of blocks come last`() {
        // An embedding, two blocks of two parameters, a norm and a head.
        let sizes = [100, 30, 20, 30, 20, 5, 10]
        let isInBlock = [false, true, true, true, true, false, false]
        func layout(_ capacity: Int) -> [[Int]] {
            GradientBuckets.layout(sizes, isInBlock: isInBlock, capacity: capacity)
        }
        #expect(layout(50) == [[4, 3], [2, 1], [6, 5], [0]])
        #expect(layout(70) == [[4, 3, 2], [1], [6, 5], [0]])
        #expect(layout(1000) == [[4, 3, 2, 1], [6, 5, 0]])
        #expect(layout(1) == [[4], [3], [2], [1], [6], [5], [0]])
        // An adapter without a trained head.
        #expect(GradientBuckets.layout([3, 4], isInBlock: [true, true], capacity: 5) == [[1], [0]])
    }

    /// Parameters of one block each, except for the first.
    private static func parameters() throws -> [Parameter] {
        let store = ParameterStore()
        let scope = ParameterScope(store)
        let shapes = [[5], [4, 10], [3], [17], [8, 8], [1], [2, 3]]
        for (index, shape) in shapes.enumerated() {
            let parameter = try scope["layers"][index].parameter("weight", shape, initialization: .ones)
            let values = try Tensor.full(1, shape)
            try parameter.set(index == 3 ? values.to(dtype: .bfloat16) : values)
            try parameter.value.setRequiresGradient(true)
        }
        return store.parameters
    }

    /// The gradients of a step, with whole numbers that bfloat16 can hold: nil for none.
    ///
    /// Only the last rank uses parameter 2, none uses parameter 4, and rank 0 uses none in step 2.
    private static func coefficient(_ parameter: Int, rank: Int, of ranks: Int, step: Int) -> Float? {
        if parameter == 4 || parameter == 2 && rank != ranks - 1 || step == 2 && rank == 0 { return nil }
        return Float((rank + 1) * (parameter + 1) * step)
    }

    /// Sums gradients over the ranks of a group, and returns those of each step.
    private static func sums(
        _ group: ProcessGroup,
        _ compression: GradientCompression,
        capacity: Int
    ) throws -> [[[Float]?]] {
        let parameters = try parameters()
        let early = Array(1..<parameters.count)
        let buckets = try GradientBuckets(
            parameters,
            group,
            compression: compression,
            capacity: capacity
        ) { $0.block != 0 }
        return try (1...3).map { step -> [[Float]?] in
            var loss: Tensor?
            for (index, parameter) in parameters.enumerated() {
                guard let factor = coefficient(index, rank: group.rank, of: group.size, step: step) else {
                    continue
                }
                let term = try parameter.value.to(dtype: .float32).sum() * Double(factor)
                loss = try loss.map { try $0 + term } ?? term
            }
            try loss?.backward(tellingOf: early.map { parameters[$0].value }) {
                (place) throws(TorchError) in
                do {
                    try buckets.collect(early[place])
                } catch {
                    throw TorchError(operation: "collect", message: "\(error)")
                }
            }
            try buckets.finish()
            return try parameters.map { parameter -> [Float]? in
                let values = try parameter.gradient()?.array(of: Float.self)
                try parameter.clearGradient()
                return values
            }
        }
    }

    @Test(.hangGuard, arguments: [2, 3], [1, 64, 1 << 20])
    func `every gradient is the sum over all ranks, whatever the size of the buckets`(
        ranks: Int,
        capacity: Int
    ) throws {
        for compression in GradientCompression.allCases {
            let all = try Ranks.run(ranks) { try Self.sums($0, compression, capacity: capacity) }
            let counts = try Self.parameters().map { $0.shape.reduce(1, *) }
            for step in 1...3 {
                let expected = counts.enumerated().map { index, count -> [Float]? in
                    let parts = (0..<ranks).compactMap {
                        Self.coefficient(index, rank: $0, of: ranks, step: step)
                    }
                    // A parameter that no rank has used has no gradient.
                    return parts.isEmpty ? nil : Array(repeating: parts.reduce(0, +), count: count)
                }
                for sums in all { #expect(sums[step - 1] == expected, "\(compression), step \(step)") }
            }
        }
    }
}
