import NN
import ProcessGroups
import TestSupport
import Testing
import Torch

@testable import Training

/// The exchange of divided weights and gradients, without a model.
struct ShardedBlocksTests {
    private static let blockCount = 5
    private static let shapes = [("up", [40, 300]), ("down", [300, 40]), ("bias", [300])]

    /// The value of a parameter's elements.
    private static func value(_ block: Int, _ index: Int) -> Double { Double(10 * block + index) }

    private static func store() throws -> ParameterStore {
        let store = ParameterStore()
        for block in 0..<blockCount {
            for (index, (name, shape)) in shapes.enumerated() {
                let scope = ParameterScope(store)["layers"][block]
                let parameter = try scope.parameter(name, shape, initialization: .zeros)
                let dtype = name == "down" ? DType.bfloat16 : .float32
                try parameter.set(.full(value(block, index), shape, dtype: dtype))
            }
        }
        // Outside of the blocks.
        let norm = try ParameterScope(store).parameter("norm", [8], initialization: .ones)
        try norm.set(.full(1, [8]))
        return store
    }

    private static func blocks(_ store: ParameterStore, _ group: ProcessGroup) throws -> ShardedBlocks {
        let shards = try BlockShards(store.parameters, rank: group.rank, of: group.size)
        for parameter in store.parameters { try shards.take(parameter) }
        return ShardedBlocks(shards, group)
    }

    /// Whether a block's parameters have their values.
    private static func isWhole(_ block: Int, _ store: ParameterStore) throws -> Bool {
        try shapes.enumerated().allSatisfy { index, member in
            let parameter = try #require(store["layers.\(block).\(member.0)"])
            return try parameter.value.detached().to(dtype: .float32).array(of: Float.self)
                .allSatisfy { $0 == Float(value(block, index)) }
        }
    }

    @Test func `parameters go to the rank with the fewest bytes, the largest first`() {
        var loads = [0, 0, 0]
        #expect(BlockShards.owners(of: [10, 30, 20, 20], &loads) == [1, 0, 1, 2])
        #expect(loads == [30, 30, 20])
        #expect(BlockShards.owners(of: [5, 40], &loads) == [0, 2])
        #expect(loads == [35, 30, 60])
    }

    @Test(.hangGuard, arguments: [2, 3])
    func `a block's values are there when it begins, and at most two blocks of other ranks are in memory`(
        ranks: Int
    ) throws {
        _ = try Ranks.run(ranks) { group in
            let store = try Self.store()
            let blocks = try Self.blocks(store, group)
            #expect(blocks.blockCount == Self.blockCount && blocks.foreignResidentByteCount == 0)
            let sizes = blocks.shards.parts.map { parts in
                parts.filter { $0.owner != group.rank }.reduce(0) { $0 + $1.bytes.count }
            }
            for _ in 0..<2 {
                for block in 0..<Self.blockCount {
                    try blocks.begin(block)
                    #expect(try Self.isWhole(block, store), "block \(block) of rank \(group.rank)")
                    let next = block + 1 < Self.blockCount ? sizes[block + 1] : 0
                    #expect(blocks.foreignByteCount == sizes[block] + next)
                }
                blocks.isBackward = true
                for block in (0..<Self.blockCount).reversed() {
                    try blocks.begin(block)
                    #expect(try Self.isWhole(block, store))
                    #expect(blocks.foreignByteCount == sizes[block] + (block > 0 ? sizes[block - 1] : 0))
                }
                (blocks.isBackward, blocks.computed) = (false, nil)
            }
            try blocks.forget()
            #expect(blocks.foreignByteCount == 0)
            #if os(Linux)
            #expect(blocks.foreignResidentByteCount == 0)
            #endif
        }
    }

    @Test(.hangGuard, arguments: Quantization.allCases, [false, true])
    func `a block's quantized matrices have their codes and scales when it begins`(
        kind: Quantization,
        isDouble: Bool
    ) throws {
        _ = try Ranks.run(2) { group in
            let store = try Self.store()
            let random = try RandomSource(seed: 5)
            var expected: [[Float]] = []
            for block in 0..<Self.blockCount {
                let parameter = try #require(store["layers.\(block).up"])
                let matrix = try QuantizedMatrix.quantizing(
                    .normal(parameter.shape, random: random),
                    to: kind,
                    isDoubleQuantized: isDouble
                )
                expected.append(try matrix.dequantized().array(of: Float.self))
                try parameter.set(matrix, device: .cpu)
            }
            let blocks = try Self.blocks(store, group)
            let owners = Set(blocks.shards.all.filter { $0.tensors.count > 1 }.map(\.owner))
            #expect(owners == [0, 1])
            for block in Array(0..<Self.blockCount) + (0..<Self.blockCount).reversed() {
                try blocks.begin(block)
                let matrix = try #require(store["layers.\(block).up"]?.quantized)
                #expect(
                    try matrix.dequantized().array(of: Float.self) == expected[block],
                    "block \(block) of rank \(group.rank)"
                )
            }
            try blocks.forget()
            #expect(blocks.foreignByteCount == 0)
            #if os(Linux)
            #expect(blocks.foreignResidentByteCount == 0)
            #endif
        }
    }

    @Test(.hangGuard) func `quantized values cannot be replaced by those of a checkpoint`() throws {
        _ = try Ranks.run(2) { group in
            let store = try Self.store()
            let parameter = try #require(store["layers.0.up"])
            let values = try Tensor.full(1, parameter.shape)
            try parameter.set(.quantizing(values, to: .nf4), device: .cpu)
            let blocks = try Self.blocks(store, group)
            try blocks.together {
                #expect {
                    try blocks.assign(values, to: parameter)
                } throws: { "\($0)".contains("layers.0.up") && "\($0)".contains("quantized") }
            }
        }
    }

    @Test(.hangGuard) func `owners send changed values after other ranks have forgotten theirs`() throws {
        _ = try Ranks.run(2) { group in
            let store = try Self.store()
            let blocks = try Self.blocks(store, group)
            try blocks.passWithoutExamples()
            for slot in blocks.shards.all where slot.owner == group.rank { try slot.tensors[0].fill(7) }
            try blocks.forget()
            for block in 0..<Self.blockCount {
                try blocks.begin(block)
                for slot in blocks.shards.all where slot.block == block {
                    let values = try slot.tensors[0].to(dtype: .float32).array(of: Float.self)
                    #expect(values.allSatisfy { $0 == 7 })
                }
            }
        }
    }

    // Whole numbers that bfloat16 can hold.
    @Test(.hangGuard, arguments: [2, 3], GradientCompression.allCases)
    func `gradients of all ranks and micro-batches are added on their owners only`(
        ranks: Int,
        compression: GradientCompression
    ) throws {
        _ = try Ranks.run(ranks) { group in
            let store = try Self.store()
            // Frozen, and unused on all ranks.
            try #require(store["layers.1.up"]).isTrainable = false
            let blocks = try Self.blocks(store, group)
            try store.setRequiresGradient(true)
            blocks.gradients = ShardedGradients(blocks.shards, group, compression)
            for batch in 0..<2 {
                // The last rank has only one micro-batch.
                let isIdle = batch == 1 && group.rank == ranks - 1
                for slot in blocks.shards.all
                where !isIdle && slot.parameter.isTrainable && slot.parameter.name != "layers.3.bias" {
                    let factor = Double((slot.block + 1) * (group.rank + 1))
                    try (slot.parameter.value.to(dtype: .float32) * factor).sum().backward()
                }
                try blocks.backward(of: nil, addingTo: [])
            }
            try blocks.gradients?.handOver()
            let sum = (0..<ranks).reduce(0) { $0 + 2 * ($1 + 1) } - ranks
            for slot in blocks.shards.all {
                let gradient = try slot.parameter.gradient()?.array(of: Float.self)
                let isMissing =
                    slot.owner != group.rank || slot.parameter.name == "layers.3.bias"
                    || !slot.parameter.isTrainable
                guard !isMissing else {
                    if slot.parameter.isTrainable { #expect(gradient == nil, "\(slot.parameter.name)") }
                    continue
                }
                let expected = Float((slot.block + 1) * sum)
                #expect(gradient?.allSatisfy { $0 == expected } == true, "\(slot.parameter.name)")
            }
            let (norm, factor) = try blocks.clipping([], to: 1)
            #expect(norm > 1 && factor < 1)
            return norm
        }
    }
}
