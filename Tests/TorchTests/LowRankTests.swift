import Testing
import Torch

/// A linear layer with an adapter, against the same product composed of single operations.
struct LowRankTests {
    private struct Case {
        let x: Tensor
        let w: Tensor
        let bias: Tensor
        let a: Tensor
        let b: Tensor

        init(tokens: Int = 7, input: Int = 20, output: Int = 12, rank: Int = 3) throws {
            let random = try RandomSource(seed: 4)
            x = try .normal([tokens, input], random: random)
            w = try .normal([output, input], random: random)
            bias = try .normal([output], random: random)
            a = try .normal([rank, input], random: random)
            b = try .normal([output, rank], random: random)
            for tensor in [x, bias, a, b] { try tensor.setRequiresGradient(true) }
        }

        /// The gradients of a weighted sum of a result.
        func gradients(_ body: (Case) throws -> Tensor) throws -> [[Float]] {
            let y = try body(self)
            let weights = try Tensor.normal(y.shape, random: RandomSource(seed: 5))
            try (y * weights).sum().backward()
            return try [y.detached()].map { try $0.array(of: Float.self) }
                + [x, bias, a, b].map { tensor in
                    let gradient = try #require(try tensor.gradient()).array(of: Float.self)
                    try tensor.clearGradient()
                    return gradient
                }
        }

        func product(dropout: Double) -> LowRankProduct {
            LowRankProduct(a: a, b: b, scale: 1.5, dropout: dropout, seed: 9)
        }
    }

    // 1e-5 relative to values of about 10: float32 sums in another order.
    @Test(arguments: [0, 0.3], [false, true])
    func `result and all gradients equal those of single operations`(
        dropout: Double,
        isTransposed: Bool
    ) throws {
        let given = try Case()
        let stored = isTransposed ? try given.w.transposed(0, 1).contiguous() : given.w
        let w = isTransposed ? try stored.transposed(0, 1) : stored
        let fused = try given.gradients {
            try $0.x.linear(w, bias: $0.bias, adding: $0.product(dropout: dropout))
        }
        let composed = try given.gradients { given in
            let dropped = dropout > 0 ? try given.x.dropout(dropout, seed: 9) : given.x
            let inner = try dropped.linear(given.a).linear(given.b)
            return try given.x.linear(given.w, bias: given.bias) + inner * 1.5
        }
        for (a, b) in zip(fused, composed) {
            #expect(a.count == b.count)
            for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-4) }
        }
    }

    // 2 %: factors with eight bits of mantissa.
    @Test func `products in bfloat16 are those of float32, except for rounding`() throws {
        let given = try Case()
        let routes = ProductRoutes(bfloat16: .bfloat16)
        let wide = try given.gradients {
            try $0.x.linear(given.w, bias: $0.bias, adding: $0.product(dropout: 0))
        }
        let narrow = try given.gradients {
            try $0.x.linear(
                given.w,
                bias: $0.bias,
                adding: $0.product(dropout: 0),
                in: .bfloat16,
                routes: routes
            )
        }
        for (a, b) in zip(wide, narrow) {
            let largest = try #require(a.map(abs).max())
            for (x, y) in zip(a, b) { #expect(abs(x - y) < 0.02 * largest) }
        }
    }

    @Test func `a weight with a gradient, and matrices that do not fit, are refused`() throws {
        let given = try Case()
        #expect(throws: TorchError.self) {
            try given.x.linear(
                given.w,
                adding: LowRankProduct(a: given.b, b: given.a, scale: 1)
            )
        }
        try given.w.setRequiresGradient(true)
        #expect(throws: TorchError.self) { try given.x.linear(given.w, adding: given.product(dropout: 0)) }
    }

    // 1e-5: reconstruction from rounded factors.
    @Test func `decompositions multiply back to the matrix`() throws {
        let matrix = try Tensor.normal([6, 4], random: RandomSource(seed: 2))
        let (u, s, v) = try matrix.singularValues()
        let (q, r) = try matrix.orthogonalFactors()
        let wanted = try matrix.array(of: Float.self)
        for product in [try (u * s.unsqueezed(0)).matmul(v), try q.matmul(r)] {
            for (a, b) in zip(try product.array(of: Float.self), wanted) { #expect(abs(a - b) < 1e-5) }
        }
        #expect(s.shape == [4] && q.shape == [6, 4] && r.shape == [4, 4])
    }

    // 1e-4 of values of about 10, or of 400 for the large matrix: float32 sums in another order.
    @Test(arguments: Quantization.allCases, [0, 0.3])
    func `a matrix that stays quantized gives the results and gradients of its dequantized values`(
        kind: Quantization,
        dropout: Double
    ) throws {
        let given = try Case(input: 64)
        let matrix = try QuantizedMatrix.quantizing(given.w, to: kind)
        let values = try matrix.dequantized()
        let stored = try given.gradients {
            try $0.x.linear(matrix, bias: $0.bias, adding: $0.product(dropout: dropout))
        }
        let plain = try given.gradients {
            try $0.x.linear(values, bias: $0.bias, adding: $0.product(dropout: dropout))
        }
        for (a, b) in zip(stored, plain) {
            for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-4) }
        }
    }

    @Test(arguments: [false, true])
    func `a quantized matrix of several tiles, without an adapter, gives the gradients of its values`(
        byOneDNN: Bool
    ) throws {
        let random = try RandomSource(seed: 3)
        // More than the four million elements of a tile.
        let matrix = try QuantizedMatrix.quantizing(.normal([2100, 2112], random: random), to: .nf4)
        let x = try Tensor.normal([3, 2112], random: random)
        let bias = try Tensor.normal([2100], random: random)
        for tensor in [x, bias] { try tensor.setRequiresGradient(true) }
        let routes = ProductRoutes(float32: byOneDNN ? .oneDNN : .mkl)
        func results(_ body: () throws -> Tensor) throws -> [[Float]] {
            let y = try body()
            try (y * y).sum().backward()
            let gradients = try [x, bias].map { try #require(try $0.gradient()).array(of: Float.self) }
            for tensor in [x, bias] { try tensor.clearGradient() }
            return try [y.detached().array(of: Float.self)] + gradients
        }
        let stored = try results { try x.linear(matrix, bias: bias, routes: routes) }
        let values = try matrix.dequantized()
        let plain = try results { try x.linear(values, bias: bias) }
        for (a, b) in zip(stored, plain) {
            let largest = try #require(b.map(abs).max())
            for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-5 * largest) }
        }
    }

    @Test func `an input that does not fit a quantized matrix, or rows that it lacks, are errors`() throws {
        let matrix = try QuantizedMatrix.quantizing(
            .normal([4, 64], random: RandomSource(seed: 1)),
            to: .nf4
        )
        #expect(throws: TorchError.self) { try Tensor.zeros([2, 63]).linear(matrix) }
        let given = try Case(input: 63)
        #expect(throws: TorchError.self) {
            try Tensor.zeros([2, 64]).linear(matrix, adding: given.product(dropout: 0))
        }
    }
}
