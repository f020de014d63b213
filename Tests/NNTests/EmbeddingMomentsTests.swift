import Foundation
import NN
import Testing
import Torch

/// AdamW's moments of an embedding, of which only the rows in use take memory.
struct EmbeddingMomentsTests {
    /// A table with the same values each time.
    private static func table(_ count: Int, _ width: Int) throws -> ParameterStore {
        let store = ParameterStore()
        let table = try ParameterScope(store).parameter(
            "table.weight",
            [count, width],
            initialization: .zeros,
            role: .embedding
        )
        try table.set(Tensor.normal(table.shape, random: RandomSource(seed: 5)))
        try store.setRequiresGradient(true)
        return store
    }

    /// Accumulates the gradient of a lookup.
    private static func backward(_ table: Parameter, _ ids: [Int64]) throws {
        let weights = try Tensor.normal([ids.count, table.shape[1]], random: RandomSource(seed: 9))
        try (table.value.embedding(Tensor(ids), paddingIndex: 7) * weights).sum().backward()
    }

    // MARK: Steps

    private static let (count, width) = (600, 19)  // not a multiple of the vector width
    /// The micro-batches of each step.
    private static let steps: [[[Int64]]] = [
        [[3, 599, 3, 0, 41]], [[0, 7], [3, 41, 41]], [[41, 41, 41, 598], [598], [0]], [[12]],
    ]

    /// Takes all steps, with gradients as they are or made dense.
    private func weightsAndMoments(
        _ rule: any OptimizerRule,
        isDense: Bool,
        weightDecay: Double
    ) throws -> [[Float]] {
        let store = try Self.table(Self.count, Self.width)
        let table = store.parameters[0]
        let optimizer = try Optimizer(rule, parameterGroups(store.parameters, weightDecay: weightDecay))
        for microBatches in Self.steps {
            for ids in microBatches { try Self.backward(table, ids) }
            if isDense {
                let whole = try #require(try table.gradient())
                try table.replaceGradient(by: whole)
            }
            try optimizer.step(learningRate: 0.01, gradientScale: 0.25)
        }
        return try ([table.value] + optimizer.state.map(\.tensor)).map { try $0.array(of: Float.self) }
    }

    @Test(arguments: [0, 0.1])
    func `steps with a gradient of rows are those with the same dense gradient, to the bit`(
        weightDecay: Double
    ) throws {
        for rule in [AdamW(), AdamW8()] as [any OptimizerRule] {
            let rows = try weightsAndMoments(rule, isDense: false, weightDecay: weightDecay)
            let whole = try weightsAndMoments(rule, isDense: true, weightDecay: weightDecay)
            #expect(rows.count == 3 && rows == whole, "\(rule)")
        }
    }

    @Test(arguments: [0, 0.1])
    func `rows without a gradient only decay`(weightDecay: Double) throws {
        let start = try Self.table(Self.count, Self.width).parameters[0].value.array(of: Float.self)
        let end = try weightsAndMoments(AdamW(), isDense: false, weightDecay: weightDecay)
        // The padding token, 7, is used but not trained.
        let trained = Set(Self.steps.joined().joined()).subtracting([7])
        let keep = Float(1 - 0.01 * weightDecay)
        for row in 0..<Self.count {
            let range = row * Self.width..<(row + 1) * Self.width
            let decayed = start[range].map { value in Self.steps.reduce(value) { left, _ in left * keep } }
            #expect((Array(end[0][range]) == decayed) != trained.contains(Int64(row)), "row \(row)")
            #expect(end[1][range].allSatisfy { $0 == 0 } != trained.contains(Int64(row)), "row \(row)")
        }
    }

    // MARK: Memory

    @Test func `only pages that differ are assigned, and these to the bit`() throws {
        // A view that begins and ends within a page.
        let target = try Tensor.zerosOnDemand([5003], device: .cpu).narrowed(0, to: 1..<5001)
        func assign(_ source: Tensor) throws -> [UInt32] {
            try target.assignDifferences(from: source)
            return try target.array(of: Float.self).map(\.bitPattern)
        }
        let zeros = [Float](repeating: 0, count: 5000)
        var values = zeros
        (values[3], values[2000], values[4998], values[4999]) = (1.5, .infinity, -0.0, .leastNonzeroMagnitude)
        let version = try target.version()
        #expect(try assign(Tensor(values)) == values.map(\.bitPattern))
        #expect(try target.version() != version)
        #expect(try assign(Tensor(zeros)) == zeros.map(\.bitPattern))
        // Other types are converted.
        #expect(try assign(Tensor(values).to(dtype: .float64)) == values.map(\.bitPattern))
        #expect(throws: TorchError.self) { try target.assignDifferences(from: Tensor([1, 2] as [Float])) }
    }

    #if os(Linux)
    /// The bytes of memory in the mappings of a tensor; neighboring mappings of the same kind count, too.
    private static func resident(_ tensor: Tensor) throws -> Int {
        let memory = tensor.memory
        let start = UInt(bitPattern: memory.baseAddress)
        let range = start..<start + UInt(memory.count)
        let file = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
        let data = try #require(try file.readToEnd())
        let text = String(decoding: data, as: UTF8.self)
        var (isInside, bytes) = (false, 0)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            if ends.count == 2 {
                isInside = ends[0] < range.upperBound && range.lowerBound < ends[1]
            } else if isInside, words[0] == "Anonymous:", words.count > 1 {
                bytes += 1024 * (Int(words[1]) ?? 0)
            }
        }
        return bytes
    }

    @Test func `moments take memory only for rows with a gradient, also those of a resumed optimizer`()
        throws
    {
        let store = try Self.table(4096, 1024)
        let table = store.parameters[0]
        let groups = parameterGroups(store.parameters, weightDecay: 0.1)
        let optimizer = try Optimizer(AdamW(), groups)
        #expect(optimizer.stateOnDemand(of: table).count == 2)
        for ids in [[3, 2000], [4095, 3]] as [[Int64]] {
            try Self.backward(table, ids)
            try optimizer.step(learningRate: 0.01)
        }
        let copies = try optimizer.state.map { (name: $0.name, tensor: try $0.tensor.copy()) }
        let resumed = try Optimizer(AdamW(), groups)
        try resumed.restore(stepCount: 2) { name in
            try #require(copies.first { $0.name == name }).tensor
        }
        for (state, copy) in zip(optimizer.state + resumed.state, copies + copies) {
            #expect(try state.tensor.array(of: Float.self) == copy.tensor.array(of: Float.self))
            // Three rows are three pages of 4 KB; the rest allows for larger pages and for neighbors.
            let bytes = try Self.resident(state.tensor)
            #expect((1...copy.tensor.memory.count / 8).contains(bytes), "\(state.name): \(bytes)")
            // Copies are written completely.
            #expect(try Self.resident(copy.tensor) >= copy.tensor.memory.count)
        }
    }

    @Test func `other optimizers and parameters keep their whole state in memory`() throws {
        let store = try Self.table(40, 8)
        let plain = try ParameterScope(store).parameter("plain.weight", [40, 8], initialization: .zeros)
        try plain.set(.zeros([40, 8]))
        let groups = parameterGroups(store.parameters, weightDecay: 0)
        #expect(try Optimizer(AdamW8(), groups).stateOnDemand(of: store.parameters[0]).count == 2)
        #expect(try Optimizer(AdamW(), groups).stateOnDemand(of: plain).isEmpty)
        #expect(try Optimizer(Lion(), groups).stateOnDemand(of: store.parameters[0]).isEmpty)
    }
    #endif
}
