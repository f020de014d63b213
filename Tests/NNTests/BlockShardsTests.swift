import NN
import Testing
import Torch

/// The division of quantized weights among ranks, without an exchange.
struct BlockShardsTests {
    private static let ranks = 2

    /// Four blocks with two quantized matrices each, the same in every call.
    private static func store(_ kind: Quantization, isDouble: Bool) throws -> ParameterStore {
        let store = ParameterStore()
        let random = try RandomSource(seed: 3)
        for block in 0..<4 {
            let scope = ParameterScope(store)["layers"][block]
            for (name, shape) in [("up", [512, 256]), ("down", [256, 512])] {
                let values = try Tensor.normal(shape, random: random)
                try scope.parameter(name, shape, initialization: .zeros).set(
                    .quantizing(values, to: kind, isDoubleQuantized: isDouble),
                    device: .cpu
                )
            }
            try scope.parameter("norm", [256], initialization: .ones).set(.full(1, [256]))
        }
        return store
    }

    private static func divided(_ store: ParameterStore, rank: Int) throws -> BlockShards {
        let shards = try BlockShards(store.parameters, rank: rank, of: ranks)
        for parameter in store.parameters { try shards.take(parameter) }
        return shards
    }

    private static func ends(_ parameter: Parameter) throws -> [[Float]] {
        try parameter.sampledEnds().map { try $0.array(of: Float.self) }
    }

    private static func values(_ parameter: Parameter) throws -> [Float] {
        try (parameter.quantized?.dequantized() ?? parameter.value).array(of: Float.self)
    }

    // 0.1: every part of a block begins with a separate page.
    @Test(arguments: Quantization.allCases, [false, true])
    func `each of two ranks has the codes and scales of half of the matrices`(
        kind: Quantization,
        isDouble: Bool
    ) throws {
        let whole = try Self.store(kind, isDouble: isDouble)
        for rank in 0..<Self.ranks {
            let store = try Self.store(kind, isDouble: isDouble)
            let shards = try Self.divided(store, rank: rank)
            #expect(shards.all.map(\.parameter.name) == store.parameters.map(\.name))
            for slot in shards.all {
                let expected = try #require(whole[slot.parameter.name])
                // Without the values of another rank, too.
                #expect(try Self.ends(slot.parameter) == Self.ends(expected))
                #expect(slot.parameter.byteCount == expected.byteCount)
                guard slot.owner == rank else { continue }
                #expect(try Self.values(slot.parameter) == Self.values(expected), "\(expected.name)")
            }
            let parts = shards.parts.joined()
            let own = parts.filter { $0.owner == rank }
            func share(_ size: (BlockShards.Part) -> Int) -> Double {
                let (part, all) = (
                    own.reduce(0) { $0 + size($1) }, parts.reduce(0) { $0 + $1.bytes.count }
                )
                return Double(part) / Double(all)
            }
            #expect(abs(share(\.bytes.count) - 0.5) < 0.1)
            #if os(Linux)
            #expect(abs(share(\.residentByteCount) - 0.5) < 0.1)
            #expect(parts.allSatisfy { $0.owner == rank || $0.residentByteCount == 0 })
            #endif
        }
    }

    @Test func `a quantized matrix gets its own memory again, and leaves the division if it is replaced`()
        throws
    {
        let store = try Self.store(.nf4, isDouble: true)
        let shards = try Self.divided(store, rank: 0)
        let own = try #require(shards.all.first { $0.owner == 0 && $0.tensors.count > 1 })
        let values = try Self.values(own.parameter)
        try shards.giveBack(own.parameter.name)
        for tensor in own.tensors { try tensor.fill(0) }
        #expect(try Self.values(own.parameter) == values)
        #expect(shards[own.parameter.name] == nil)
        let other = try #require(shards.all.first { $0.tensors.count > 1 }).parameter
        try other.set(.zeros(other.shape))
        shards.leaveOutReplaced()
        #expect(shards[other.name] == nil)
        #expect(shards.all.count == store.parameters.count - 2)
    }

    @Test func `a matrix in another form than expected stays whole on every rank`() throws {
        let store = try Self.store(.int8, isDouble: false)
        let members: [BlockShards.Member] = store.parameters.map {
            (parameter: $0, specs: [TensorSpec(shape: $0.shape, dtype: .bfloat16)])
        }
        let shards = try BlockShards(members, rank: 1, of: Self.ranks)
        let whole = try store.parameters.map(Self.values)
        for parameter in store.parameters { try shards.take(parameter) }
        #expect(shards.all.isEmpty)
        #expect(try store.parameters.map(Self.values) == whole)
    }

    /// Rows of ones, as blocks of a file.
    private final class FileRows: StoredRows {
        let shape = [64, 32]
        let storage = "Q8_0"
        let byteCount = 64 * 34

        func dequantize(
            _ rows: Range<Int>,
            into output: UnsafeMutableBufferPointer<Float>
        ) throws(TorchError) {
            output.update(repeating: 1)
        }
    }

    @Test func `a matrix in the blocks of a file stays there on every rank`() throws {
        let store = try Self.store(.fp4, isDouble: false)
        let parameter = try ParameterScope(store)["layers"][1].parameter(
            "mapped",
            [64, 32],
            initialization: .zeros
        )
        try parameter.set(QuantizedMatrix(FileRows()), device: .cpu)
        #expect(parameter.quantized?.isInFile == true && parameter.tensors.isEmpty)
        for rank in 0..<Self.ranks {
            let shards = try Self.divided(store, rank: rank)
            #expect(shards[parameter.name] == nil)
            #expect(shards.all.count == store.parameters.count - 1)
            #expect(try Self.values(parameter).allSatisfy { $0 == 1 })
        }
    }
}
