import TestSupport
import Testing
import Torch

/// Compares our float32 kernels with libtorch's operations in float64: values and all gradients.
///
/// Tolerance 2e-5 of the largest value: sums of a few hundred float32 products.
struct KernelTests {
    private let random: RandomSource

    init() throws { random = try RandomSource(seed: 7) }

    /// Runs `operation` on the same inputs in both types and compares the result and the inputs' gradients.
    private func compare(
        _ shapes: [[Int]],
        _ operation: ([Tensor]) throws(TorchError) -> Tensor
    ) throws {
        let inputs = try shapes.map { try Tensor.normal($0, random: random) }
        let exact = try inputs.map { try $0.to(dtype: .float64) }
        for input in inputs + exact { try input.setRequiresGradient(true) }
        let result = try operation(inputs)
        let expected = try operation(exact)
        let weights = try Tensor.normal(result.shape, random: random)
        try (result * weights).sum().backward()
        try (expected * weights.to(dtype: .float64)).sum().backward()
        try expectClose(result, expected, "result")
        for (index, (input, reference)) in try paired(inputs, exact).enumerated() {
            let gradient = try #require(try input.gradient())
            let wanted = try #require(try reference.gradient())
            try expectClose(gradient, wanted, "gradient of input \(index)")
        }
    }

    private func expectClose(_ result: Tensor, _ expected: Tensor, _ what: String) throws {
        #expect(result.shape == expected.shape)
        let ours = try result.array(of: Double.self)
        let theirs = try expected.array(of: Double.self)
        // For gradients that cancel to zero the tolerance is relative to the size of the terms.
        let scale = max(theirs.map(abs).max() ?? 0, 0.05)
        let error = try #require(paired(ours, theirs).map { abs($0 - $1) }.max())
        #expect(error <= 2e-5 * scale, "\(what): \(error) of \(scale)")
    }

    @Test(arguments: [[3, 5, 7], [33, 64, 48], [1, 1, 2]])
    func `linear layers`(sizes: [Int]) throws {
        try compare([[sizes[0], sizes[1]], [sizes[2], sizes[1]], [sizes[2]]]) { x throws(TorchError) in
            try x[0].linear(x[1], bias: x[2])
        }
    }

    @Test func `linear layers without a bias`() throws {
        try compare([[9, 5], [7, 5]]) { x throws(TorchError) in try x[0].linear(x[1]) }
    }

    @Test(arguments: [[1, 16], [37, 576], [5, 19]])
    func `RMSNorm, also for widths that are not a multiple of the vector width`(shape: [Int]) throws {
        try compare([shape, [shape[1]]]) { x throws(TorchError) in try x[0].rmsNorm(x[1], epsilon: 1e-5) }
    }

    @Test(arguments: [[1, 16], [37, 384], [5, 19]])
    func `LayerNorm, with and without a residual and a bias`(shape: [Int]) throws {
        let vector = [shape[1]]
        try compare([shape, shape, vector, vector]) { x throws(TorchError) in
            try x[0].layerNorm(adding: x[1], x[2], bias: x[3], epsilon: 1e-5)
        }
        try compare([shape, vector]) { x throws(TorchError) in
            try x[0].layerNorm(x[1], bias: nil, epsilon: 1e-12)
        }
    }

    @Test func `LayerNorm of numbers far from zero`() throws {
        let x = try (Tensor.normal([3, 384], random: random) + 300)
        let ones = try Tensor.full(1, [384])
        try expectClose(
            x.layerNorm(ones, bias: nil, epsilon: 1e-5),
            x.to(dtype: .float64).layerNorm(ones.to(dtype: .float64), bias: nil, epsilon: 1e-5),
            "result"
        )
    }

    @Test(arguments: [[5, 7], [3, 1000]])
    func `dropout's mask equals that of libtorch's operations, forward and backward`(shape: [Int]) throws {
        func run(plain: Bool) throws -> (result: [Float], gradient: [Float]) {
            let x = try Tensor.normal(shape, random: RandomSource(seed: 3))
            try x.setRequiresGradient(true)
            let y = try x.dropout(0.3, seed: 0x1_2345_6789, plain: plain)
            try (y * y).sum().backward()
            return (try y.array(), try #require(try x.gradient()).array())
        }
        let (ours, theirs) = (try run(plain: false), try run(plain: true))
        #expect(ours.result == theirs.result)
        #expect(ours.gradient == theirs.gradient)
        #expect(ours.result.contains(0))
    }

    @Test func `dropout keeps the expected share and the mean, and seeds give different masks`() throws {
        let ones = try Tensor.full(1, [1000, 100])
        func kept(_ seed: UInt64) throws -> [Float] { try ones.dropout(0.25, seed: seed).array() }
        let first = try kept(1)
        #expect(Set(first) == [0, 1 / 0.75])
        // 100,000 draws of 0 or 4/3 around 1: σ 0.0018.
        #expect(abs(first.reduce(0, +) / 100_000 - 1) < 0.008)
        #expect(try first != kept(2))
        #expect(try first != kept(1 << 32 | 1))
    }

    /// Integers up to 8, which bfloat16 represents exactly, so that both routes agree with float32 to the last bit.
    private func small(_ shape: [Int]) throws -> Tensor {
        let count = shape.reduce(1, *)
        let values = (0..<count).map { (index: Int) -> Float in Float((index * 7 + index / 3) % 17 - 8) }
        return try Tensor(values, shape: shape)
    }

    @Test(arguments: [DType.float32, .bfloat16], [false, true])
    func `narrow products equal float32 products if nothing is rounded`(
        weightType: DType,
        isWide: Bool
    ) throws {
        func run(_ multiply: (Tensor, Tensor, Tensor) throws -> Tensor, _ type: DType) throws -> [[Float]] {
            let inputs = [try small([3, 16]), try small([4, 16]).to(dtype: type), try small([4])]
            for input in inputs { try input.setRequiresGradient(true) }
            let y = try multiply(inputs[0], inputs[1], inputs[2])
            #expect(y.dtype == .float32)
            try (y * small([3, 4])).sum().backward()
            return try [y.array()]
                + inputs.map { try #require(try $0.gradient()).to(dtype: .float32).array() }
        }
        let narrow = try run(
            {
                try $0.linear(
                    $1,
                    bias: $2,
                    in: .bfloat16,
                    routes: ProductRoutes(bfloat16: isWide ? .float32 : .bfloat16)
                )
            },
            weightType
        )
        let exact = try run({ try $0.linear($1, bias: $2) }, .float32)
        // Narrow products round intermediate results of up to a few hundred to 8 bits.
        for (ours, wanted) in try paired(narrow, exact) {
            let scale = wanted.map(abs).max() ?? 0
            #expect(try paired(ours, wanted).allSatisfy { abs($0 - $1) <= scale / 256 })
        }
        if isWide && weightType == .float32 { #expect(narrow == exact) }
    }

    @Test func `narrow products round to the requested type`() throws {
        let x = try Tensor([Float(1) + 1 / 512], shape: [1, 1])
        let one = try Tensor([Float(1)], shape: [1, 1])
        #expect(
            try x.linear(one, bias: nil, in: .bfloat16, routes: ProductRoutes(bfloat16: .bfloat16)).item()
                == 1
        )
        #expect(
            try x.linear(one, bias: nil, in: .bfloat16, routes: ProductRoutes(bfloat16: .float32)).item() == 1
                + 1 / 512
        )
    }

    @Test(arguments: [[1, 3], [61, 1536]])
    func `SwiGLU`(shape: [Int]) throws {
        try compare([shape, shape]) { x throws(TorchError) in try x[0].swiglu(x[1]) }
    }

    @Test func `SwiGLU stays finite far from zero`() throws {
        let gate = try Tensor([Float(-1e4), -100, 0, 100, 1e4] + [Float](repeating: -200, count: 16))
        let result = try gate.swiglu(Tensor.full(1, gate.shape)).array(of: Float.self)
        #expect(abs(result[0]) < 1e-30 && abs(result[1]) < 1e-30 && result[2...4] == [0, 100, 1e4])
    }

    @Test func `rope rotates, and its gradient rotates back`() throws {
        let angles = try Tensor.normal([9, 16], random: random)
        let cosine = try Tensor.concatenated([angles.map(.cos), angles.map(.cos)], dimension: 1)
        let sine = try Tensor.concatenated([angles.map(.sin), angles.map(.sin)], dimension: 1)
        try compare([[9, 3, 32]]) { x throws(TorchError) in
            try x[0].rope(cosine: cosine.to(dtype: x[0].dtype), sine: sine.to(dtype: x[0].dtype))
        }
    }

    @Test func `rope may rotate only a part of each head`() throws {
        let angles = try Tensor.normal([9, 12], random: random)
        let (cosine, sine) = (try angles.map(.cos), try angles.map(.sin))
        try compare([[9, 3, 32]]) { x throws(TorchError) in
            try x[0].rope(cosine: cosine.to(dtype: x[0].dtype), sine: sine.to(dtype: x[0].dtype))
        }
    }

    /// One shape of attention.
    struct Attention: CustomTestStringConvertible {
        var lengths: [Int]
        var heads: Int
        var keyValueHeads: Int
        var width: Int
        var window: AttentionOptions.Window
        var softcap: Double?
        var dropout = 0.0
        /// One query per sequence, at these positions.
        var positions: [Int32]?

        var testDescription: String {
            "\(lengths) tokens, \(heads)/\(keyValueHeads) heads of \(width), \(window), soft-cap \(softcap ?? 0), "
                + "dropout \(dropout), queries \(positions ?? [])"
        }
    }

    static let shapes = [
        Attention(lengths: [1], heads: 1, keyValueHeads: 1, width: 16, window: .causal),
        Attention(lengths: [5, 1, 17, 64], heads: 9, keyValueHeads: 3, width: 64, window: .causal),
        Attention(lengths: [130, 65, 63], heads: 4, keyValueHeads: 4, width: 32, window: .causal),
        Attention(lengths: [130, 3, 16], heads: 4, keyValueHeads: 1, width: 48, window: .full),
        // Longer than one depth block of a product.
        Attention(lengths: [300], heads: 2, keyValueHeads: 1, width: 16, window: .causal),
        Attention(lengths: [7, 2], heads: 2, keyValueHeads: 2, width: 6, window: .causal),
        // Windows: causal, on both sides, and only a row's own key. Also soft-caps, dropout, and one query per sequence.
        Attention(
            lengths: [130, 1, 70],
            heads: 4,
            keyValueHeads: 2,
            width: 16,
            window: .init(left: 20, right: 0)
        ),
        Attention(
            lengths: [130, 9],
            heads: 2,
            keyValueHeads: 2,
            width: 32,
            window: .init(left: 8, right: 8)
        ),
        Attention(lengths: [33, 2], heads: 2, keyValueHeads: 1, width: 16, window: .init(left: 0, right: 0)),
        Attention(lengths: [70, 9], heads: 4, keyValueHeads: 2, width: 16, window: .causal, softcap: 3),
        Attention(
            lengths: [90, 9],
            heads: 2,
            keyValueHeads: 2,
            width: 16,
            window: .init(left: 10, right: 0),
            softcap: 2,
            dropout: 0.3
        ),
        Attention(lengths: [90, 5, 1], heads: 4, keyValueHeads: 2, width: 32, window: .full, dropout: 0.1),
        Attention(
            lengths: [90, 5, 1],
            heads: 4,
            keyValueHeads: 2,
            width: 32,
            window: .causal,
            dropout: 0.2,
            positions: [80, 4, 0]
        ),
        Attention(
            lengths: [90, 5, 1],
            heads: 4,
            keyValueHeads: 2,
            width: 16,
            window: .init(left: 7, right: 3),
            softcap: 4,
            positions: [0, 2, 0]
        ),
    ]

    @Test(arguments: shapes)
    func `attention within packed sequences`(_ a: Attention) throws {
        let total = a.lengths.reduce(0, +)
        let offsets = a.lengths.reduce(into: [Int32(0)]) { $0.append($0[$0.count - 1] + Int32($1)) }
        let keys = [total, a.keyValueHeads, a.width]
        var options = AttentionOptions(scale: 0.3, window: a.window, softcap: a.softcap)
        options.dropout = a.dropout
        let rows = try a.positions.map { try PackedRows(positions: $0, cuSeqlens: offsets, device: .cpu) }
        try compare([[rows?.positions.count ?? total, a.heads, a.width], keys, keys]) {
            x throws(TorchError) in
            try x[0].variableLengthAttention(
                keys: x[1],
                values: x[2],
                cuSeqlens: offsets,
                rows: rows,
                options: options,
                random: RandomSource(seed: 3)
            )
        }
    }

    @Test func `attention's dropout keeps the expected share of weights, and seeds give different masks`()
        throws
    {
        let ones = try Tensor.full(1, [400, 1, 16])
        var options = AttentionOptions(scale: 1, window: .full)
        options.dropout = 0.25
        func means(_ random: RandomSource) throws -> [Float] {
            try ones.variableLengthAttention(
                keys: ones,
                values: ones,
                cuSeqlens: [0, 400],
                options: options,
                random: random
            ).selected(2, at: 0).array()
        }
        let first = try means(random)
        #expect(try first != means(random))
        // Each of 400 rows averages 400 draws of 0 or 4/3 around 1: σ 0.029 per row, 0.0014 overall.
        #expect(abs(first.reduce(0, +) / 400 - 1) < 0.007)
        #expect(first.allSatisfy { abs($0 - 1) < 0.15 })
    }

    @Test func `attention stays finite for scores that would overflow`() throws {
        let q = try Tensor.full(100, [20, 1, 16])
        let v = try Tensor.normal([20, 1, 16], random: random)
        let result = try q.variableLengthAttention(
            keys: q,
            values: v,
            cuSeqlens: [0, 20],
            options: AttentionOptions(scale: 1, window: .causal)
        )
        #expect(try result.isFinite())
        #expect(
            try result.selected(0, at: 0).array(of: Float.self) == v.selected(0, at: 0).array(of: Float.self)
        )
    }
}
