import NN
import Testing
import Torch

/// Weights in bfloat16 with stochastically rounded steps.
struct NarrowWeightsTests {
    private func narrow(_ values: [Float]) throws -> Tensor { try Tensor(values).to(dtype: .bfloat16) }

    private func rounded(_ values: [Float], key: UInt64, plain: Bool = false) throws -> [Float] {
        let result = try Tensor.empty([values.count], dtype: .bfloat16)
        try result.roundStochastically(Tensor(values), roundingKey: key, plain: plain)
        return try result.to(dtype: .float32).array()
    }

    @Test func `bfloat16 values are kept exactly, and NaN stays NaN`() throws {
        let exact: [Float] = [0, -0.0, 1, -2.5, 3e38, 1e-38, .infinity, -.infinity]
        let held = try narrow(exact).to(dtype: .float32).array(of: Float.self)
        for key in 0..<20 { #expect(try rounded(held, key: UInt64(key)) == held) }
        #expect(try rounded([.nan, -.nan], key: 3).allSatisfy(\.isNaN))
    }

    // 1,000,000 draws of a value a quarter of the way between two neighbors: four standard errors are 0.0017 of the gap.
    @Test func `the mean of many roundings equals the value`() throws {
        let gap: Float = 1.0 / 128
        for (value, low) in [(1 + gap / 4, 1), (-1 - gap / 4, -1 - gap)] as [(Float, Float)] {
            let values = try rounded([Float](repeating: value, count: 1_000_000), key: 7)
            #expect(values.allSatisfy { $0 == low || $0 == low + gap })
            let mean = values.reduce(0.0) { $0 + Double($1) } / 1e6
            #expect(abs(mean - Double(value)) < 0.0018 * Double(gap))
        }
    }

    @Test func `the kernel rounds like the plain version, and keys give different roundings`() throws {
        let values = (0..<1000).map { Float($0 - 500) * 0.12345 + 1e-3 }
        let kernel = try rounded(values, key: 0x1234_5678_9abc_def0)
        #expect(try rounded(values, key: 0x1234_5678_9abc_def0, plain: true) == kernel)
        #expect(try rounded(values, key: 0x1234_5678_9abc_def1) != kernel)
        #expect(try rounded(values, key: 0x1234_5679_9abc_def0) != kernel)
    }

    /// A parameter with 5,000 weights and a gradient, both in bfloat16.
    private func parameter(role: ParameterRole = .plain) throws -> ParameterStore {
        let store = ParameterStore()
        let parameter = try ParameterScope(store).parameter("w", [5000], initialization: .ones, role: role)
        try parameter.set(narrow((0..<5000).map { Float($0 % 97) / 50 - 1 }))
        try store.setRequiresGradient(true)
        try (parameter.value * parameter.value).sum().backward()
        return store
    }

    private func step(
        _ rule: any OptimizerRule,
        seed: UInt64 = 1,
        role: ParameterRole = .plain
    ) throws -> [Float] {
        let store = try parameter(role: role)
        let optimizer = try Optimizer(
            rule,
            parameterGroups(store.parameters, weightDecay: 0.01),
            roundingSeed: seed
        )
        try optimizer.step(learningRate: 1e-4, gradientScale: 0.5)
        #expect(store.parameters[0].value.dtype == .bfloat16)
        return try store.parameters[0].value.detached().to(dtype: .float32).array()
    }

    private static let rules: [any OptimizerRule] = [AdamW(), AdamW8(), SGD(), Lion(), Adafactor()]

    // A step of 1e-4 is a fraction of bfloat16's precision near 1: rounding to nearest would lose all of them.
    @Test(arguments: rules.indices)
    func `steps below a weight's precision are taken occasionally`(rule: Int) throws {
        let before = try narrow((0..<5000).map { Float($0 % 97) / 50 - 1 }).to(dtype: .float32).array(
            of: Float.self
        )
        let after = try step(Self.rules[rule])
        let large = before.indices.filter { abs(before[$0]) > 0.9 }
        let moved = large.count { after[$0] != before[$0] }
        #expect(moved > 0 && moved < large.count / 4, "\(moved) of \(large.count)")
        #expect(try step(Self.rules[rule]) == after)
        #expect(try step(Self.rules[rule], seed: 2) != after)
    }

    @Test func `with 8-bit moments the kernel updates bfloat16 like the plain version`() throws {
        var plain = AdamW8()
        plain.usesLibtorchKernel = true
        let kernel = try step(AdamW8())
        // One in a thousand: the two agree to 1 ulp of float32, which may change a rounding. An embedding's moments have 32
        // bits, which only makes a difference after the first step.
        for other in [try step(plain), try step(AdamW8(), role: .embedding)] {
            #expect(zip(kernel, other).count { $0 != $1 } <= 5)
        }
    }

    @Test func `gradients of several passes are summed in float32`() throws {
        let store = try parameter()
        let parameter = store.parameters[0]
        try parameter.sumGradient()
        for _ in 0..<255 {
            // 2⁻⁹ of the existing gradient: a bfloat16 sum would not change.
            try (parameter.value * parameter.value).sum().backward()
            try scaleGradient(of: parameter, by: 1.0 / 512)
            try parameter.sumGradient()
        }
        let gradient = try #require(try parameter.gradient())
        #expect(gradient.dtype == .float32)
        let values = try gradient.array(of: Float.self)
        let weights = try parameter.value.detached().to(dtype: .float32).array(of: Float.self)
        for (gradient, weight) in zip(values, weights) {
            #expect(abs(gradient - 2 * weight * (1 + 255 / 512)) <= 1e-5 * abs(weight))
        }
        try parameter.clearGradient()
        #expect(try parameter.gradient() == nil)
    }

    private func scaleGradient(of parameter: Parameter, by factor: Double) throws {
        let gradient = try #require(try parameter.value.gradient())
        try scale([gradient], by: factor)
    }

    // 300 times the same token: in bfloat16 a sum of ones stops at 256.
    @Test func `a table's gradient counts every occurrence of a token`() throws {
        let table = try Tensor.full(0.5, [4, 2]).to(dtype: .bfloat16)
        try table.setRequiresGradient(true)
        let ids = try Tensor([Int64](repeating: 2, count: 300) + [1, 0])
        let rows = try table.embedding(ids, paddingIndex: 0).to(dtype: .float32)
        #expect(rows.shape == [302, 2])
        try rows.sum().backward()
        let gradient = try #require(try table.gradient())
        #expect(gradient.dtype == .bfloat16)
        #expect(try gradient.to(dtype: .float32).array(of: Float.self) == [0, 0, 1, 1, 300, 300, 0, 0])
    }
}
