import Models
import TestSupport
import Testing
import Torch

@testable import Training

/// The most that a step can reach, from the speeds of its products.
@Suite(.hangGuard)
struct StepLimitTests {
    /// Ten layers of 1 GFLOP per product, and one of half of that.
    private static let products = StepProducts(
        [
            LayerUse(weight: "layers.0.a.weight", block: 0, rows: 500, inputs: 1000, outputs: 1000),
            LayerUse(weight: "layers.1.b.weight", block: 1, rows: 250, inputs: 1000, outputs: 1000),
        ],
        blocks: 11,
        texts: 20,
        tokens: 25
    )

    private func limit(_ speed: (ProductShape) -> [ProbedRoute: Double]) -> StepLimit {
        var rates: [ProductShape: ProductRates] = [:]
        for product in Self.products.products {
            rates[product.shape] = ProductRates(gigaflops: speed(product.shape))
        }
        return StepLimit(
            Self.products,
            rates: rates,
            square: ProductRates(gigaflops: [.mkl: 200, .oneDNN: 250, .bfloat16: 500])
        )
    }

    @Test func `the limit is the operations divided by the time of the fastest routes`() throws {
        let found = limit { shape in
            shape.rows == 500 ? [.mkl: 50, .oneDNN: 100, .bfloat16: 400] : [.mkl: 25, .bfloat16: 50]
        }
        #expect(found.products.flop(of: .prediction) == 10.5e9)
        // 10 GFLOP at 100 and 0.5 at 25 GFLOP/s.
        try expect(found.seconds(of: .prediction, in: .float32), 0.12)
        try expect(found.gigaflops(of: .prediction, in: .float32), 87.5)
        try expect(found.textsPerSecond(of: .prediction, in: .float32), 20 / 0.12)
        try expect(found.shareOfSquare(of: .prediction, in: .float32), 0.35)
        // Training has three products for each, here with equal speeds.
        try expect(found.seconds(of: .training, in: .float32), 0.36)
        // 10 GFLOP at 400 and 0.5 at 50 GFLOP/s.
        try expect(found.seconds(of: .prediction, in: .bfloat16), 0.035)
    }

    /// Compares up to the rounding of a few float64 operations.
    private func expect(_ found: Double?, _ value: Double) throws {
        let found = try #require(found)
        #expect(abs(found - value) < 1e-12 * value)
    }

    @Test func `a packed weight counts for the products that have one`() throws {
        let found = limit { shape in
            shape.kind == .weightGradient ? [.mkl: 100] : [.mkl: 100, .oneDNNPacked: 200]
        }
        try expect(found.gigaflops(of: .prediction, in: .float32), 200)
        // Two thirds of the operations at 200, one third at 100 GFLOP/s.
        try expect(found.gigaflops(of: .training, in: .float32), 150)
    }

    @Test func `without a speed in a type there is no limit in it`() {
        let found = limit { _ in [.mkl: 100] }
        #expect(found.seconds(of: .training, in: .bfloat16) == nil)
        #expect(found.gigaflops(of: .training, in: .bfloat16) == nil)
        #expect(found.shareOfSquare(of: .training, in: .bfloat16) == nil)
    }

    @Test func `measuring a step gives every product a speed`() throws {
        let small = StepProducts(
            [LayerUse(weight: "score.weight", block: nil, rows: 4, inputs: 16, outputs: 2)],
            blocks: 0,
            texts: 4,
            tokens: 1
        )
        let found = try StepLimit.measured(small, seconds: 0.001)
        #expect(found.best.rates.count == 3 && found.mean.rates.count == 3)
        let best = try #require(found.best.textsPerSecond(of: .training, in: .float32))
        let mean = try #require(found.mean.textsPerSecond(of: .training, in: .float32))
        #expect(0 < mean && mean <= best)
    }
}
