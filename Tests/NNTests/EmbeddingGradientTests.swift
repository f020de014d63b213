import NN
import Testing
import Torch

/// A table's gradient only has the rows that a batch uses, with the same results as a dense gradient.
struct EmbeddingGradientTests {
    private static let (count, width) = (600, 19)  // not a multiple of the vector width
    private static let batches: [[Int64]] = [[3, 599, 3, 0, 41], [0, 7], [41, 41, 41, 598]]

    /// A table with the same values each time.
    private func table() throws -> ParameterStore {
        let store = ParameterStore()
        let table = try ParameterScope(store).parameter(
            "table.weight",
            [Self.count, Self.width],
            initialization: .zeros,
            role: .embedding
        )
        try table.set(Tensor.normal(table.shape, random: RandomSource(seed: 5)))
        try store.setRequiresGradient(true)
        return store
    }

    /// Accumulates a gradient: by lookup, or with a dense gradient by a product with one-hot rows.
    private func backward(_ table: Parameter, _ ids: [Int64], asRows: Bool) throws {
        let weights = try Tensor.normal([ids.count, Self.width], random: RandomSource(seed: 9))
        if asRows {
            let rows = try table.value.embedding(Tensor(ids), paddingIndex: 7)
            try (rows * weights).sum().backward()
        } else {
            var picks = [Float](repeating: 0, count: ids.count * Self.count)
            for (row, id) in ids.enumerated() where id != 7 { picks[row * Self.count + Int(id)] = 1 }
            let rows = try Tensor(picks, shape: [ids.count, Self.count]).linear(table.value.transposed(0, 1))
            try (rows * weights).sum().backward()
        }
    }

    private func run(
        _ rule: any OptimizerRule,
        asRows: Bool,
        weightDecay: Double
    ) throws -> (weights: [Float], norms: [Double]) {
        let store = try table()
        let optimizer = try Optimizer(rule, parameterGroups(store.parameters, weightDecay: weightDecay))
        var norms: [Double] = []
        // The second step sums two micro-batches.
        for (index, ids) in Self.batches.enumerated() {
            try backward(store.parameters[0], ids, asRows: asRows)
            if index == 1 { try backward(store.parameters[0], Self.batches[0], asRows: asRows) }
            norms.append(try gradientClipping(store.parameters, to: 1).norm)
            try optimizer.step(learningRate: 0.01, gradientScale: 0.25)
        }
        return (try store.parameters[0].value.array(), norms)
    }

    @Test(arguments: [0, 0.1])
    func `every rule takes the same steps with sparse and dense gradients`(weightDecay: Double) throws {
        var plain = AdamW()
        plain.usesLibtorchKernel = true
        var momentum = SGD()
        momentum.momentum = 0.9
        for rule in [AdamW(), plain, AdamW8(), SGD(), momentum, Lion(), Adafactor()] as [any OptimizerRule] {
            let (rows, whole) = (
                try run(rule, asRows: true, weightDecay: weightDecay),
                try run(rule, asRows: false, weightDecay: weightDecay)
            )
            // Sums of two or three float32 numbers in a different order.
            let error = zip(rows.weights, whole.weights).map { abs($0 - $1) }.max() ?? 1
            #expect(error <= 1e-6, "\(rule): \(error)")
            for (ours, theirs) in zip(rows.norms, whole.norms) {
                #expect(abs(ours - theirs) <= 1e-5 * theirs)
            }
        }
    }

    @Test func `the public gradient is dense, with zeros in rows that do not occur`() throws {
        let store = try table()
        try backward(store.parameters[0], [3, 7, 3], asRows: true)
        let gradient = try #require(try store.parameters[0].gradient())
        #expect(gradient.shape == [Self.count, Self.width])
        let values = try gradient.array(of: Float.self)
        let used = Set(values.indices.filter { values[$0] != 0 }.map { $0 / Self.width })
        #expect(used == [3])
    }

    @Test func `rows of the gradient can be taken out, and replaced by others`() throws {
        let table = try table().parameters[0]
        #expect(try table.gradient(ofRows: Tensor([3] as [Int64])) == nil)
        // Two micro-batches use rows 0, 3, 41 and 599, and 0 and 7, of which the last is not trained.
        for ids in Self.batches.prefix(2) { try backward(table, ids, asRows: true) }
        let whole = try #require(try table.gradient()).array(of: Float.self)
        let rows: [Int64] = [0, 3, 5, 7, 41, 599]
        let taken = try #require(try table.gradient(ofRows: Tensor(rows)))
        let expected = rows.flatMap { whole[Int($0) * Self.width..<Int($0 + 1) * Self.width] }
        #expect(try taken.array(of: Float.self) == expected)
        #expect {
            _ = try table.gradient(ofRows: Tensor([0, 3, 599] as [Int64]))
        } throws: { "\($0)".contains("row") }

        try table.replaceGradient(by: taken * 2, ofRows: Tensor(rows))
        #expect(try table.gradient()?.array(of: Float.self) == whole.map { 2 * $0 })
        let norm = try gradientClipping([table], to: 0).norm
        // Float32 sums in another order.
        #expect(abs(norm - 2 * whole.reduce(0) { $0 + Double($1 * $1) }.squareRoot()) <= 1e-5 * norm)
        try table.clearGradient()
        #expect(try table.gradient() == nil)
        #expect(throws: TorchError.self) {
            try table.replaceGradient(by: taken, ofRows: Tensor([1] as [Int64]))
        }
    }

    @Test func `replaced rows of a bfloat16 table are part of a dense gradient in float32`() throws {
        let table = try table().parameters[0]
        try table.set(table.value.detached().to(dtype: .bfloat16))
        try table.value.setRequiresGradient(true)
        try table.value.embedding(Tensor([4, 9, 4] as [Int64])).to(dtype: .float32).sum().backward()
        let rows = try Tensor([4, 9] as [Int64])
        let taken = try #require(try table.gradient(ofRows: rows))
        let expected = [Float](repeating: 2, count: Self.width) + [Float](repeating: 1, count: Self.width)
        #expect(taken.dtype == .float32)
        #expect(try taken.array(of: Float.self) == expected)
        // A sum of earlier micro-batches counts, too.
        try table.sumGradient()
        try table.value.embedding(Tensor([9] as [Int64])).to(dtype: .float32).sum().backward()
        let both = try #require(try table.gradient(ofRows: rows))
        #expect(try both.array(of: Float.self).allSatisfy { $0 == 2 })
        try table.replaceGradient(by: both, ofRows: rows)
        let whole = try #require(try table.gradient())
        #expect(whole.dtype == .float32 && whole.shape == table.shape)
        #expect(try whole.sum().item() == Double(2 * 2 * Self.width))
    }

    @Test func `the gradient takes no memory for rows that do not occur`() throws {
        let tableBytes = Self.count * Self.width * DType.float32.byteWidth
        func growth(asRows: Bool) throws -> Int {
            let store = try table()
            let recorder = try MemoryRecorder()
            let before = try recorder.liveBytes()
            try backward(store.parameters[0], [3, 599], asRows: asRows)
            _ = try gradientClipping(store.parameters, to: 1)
            let peak = try recorder.takeTrace().max() ?? before
            try recorder.stop()
            return peak - before
        }
        #expect(try growth(asRows: true) < tableBytes / 4)
        #expect(try growth(asRows: false) >= tableBytes)
    }

    @Test func `zeros on demand are zeros, and keep written values`() throws {
        let zeros = try Tensor.zerosOnDemand([1000, 700], device: .cpu)
        #expect(try zeros.array(of: Float.self).allSatisfy { $0 == 0 })
        let row = try Tensor.normal([1, 700], random: RandomSource(seed: 1))
        try zeros.narrowed(0, to: 500..<501).assign(row)
        #expect(try zeros.narrowed(0, to: 500..<501).array(of: Float.self) == row.array(of: Float.self))
        #expect(try zeros.narrowed(0, to: 499..<500).array(of: Float.self).allSatisfy { $0 == 0 })
        #expect(try Tensor.zerosOnDemand([0, 5], device: .cpu).count == 0)
    }

    @Test(arguments: [1, 16, 33])
    func `a lookup's gradient equals libtorch's`(width: Int) throws {
        let ids = try Tensor([4, 0, 4, 4, 9] as [Int64])
        let exact = try Tensor.normal([10, width], random: RandomSource(seed: 2)).to(dtype: .float64)
        let table = try exact.to(dtype: .float32)
        let weights = try Tensor.normal([5, width], random: RandomSource(seed: 3))
        for leaf in [table, exact] { try leaf.setRequiresGradient(true) }
        try (table.embedding(ids, paddingIndex: 9) * weights).sum().backward()
        try (exact.embedding(ids, paddingIndex: 9) * weights.to(dtype: .float64)).sum().backward()
        let (ours, theirs) = (
            try #require(try table.gradient()).array(of: Double.self),
            try #require(try exact.gradient()).array(of: Double.self)
        )
        #expect(zip(ours, theirs).allSatisfy { abs($0 - $1) < 1e-6 })
    }
}
