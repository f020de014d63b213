import TestSupport
import Testing

@testable import Torch

/// Single matrix products by every route that this machine has.
@Suite(.hangGuard)
struct ProductProbeTests {
    // Odd sizes, so that no route can ignore the last rows and columns of its tiles.
    private static let shapes = ProductShape.Kind.allCases.map {
        ProductShape($0, rows: 37, inputs: 65, outputs: 29)
    }

    @Test(arguments: shapes, ProbedRoute.allCases)
    func `a route computes the product of a linear layer`(shape: ProductShape, route: ProbedRoute) throws {
        let factors = try ProductFactors(shape)
        guard let probe = try ProductProbe(factors, route) else {
            // Every build has libtorch's own product.
            #expect(route != .mkl)
            return
        }
        let found = try probe.product()
        let (m, n, k) = (factors.a.shape[0], factors.b.shape[0], factors.a.shape[1])
        #expect(found.shape == [m, n] && factors.b.shape[1] == k)
        #expect(2 * Double(m * n * k) == shape.flop)
        let values = try found.array(of: Float.self)
        let (a, b) = (
            try factors.a.contiguous().array(of: Float.self), try factors.b.contiguous().array(of: Float.self)
        )
        // Sums of up to 65 products of about 1, so at most about 32. bfloat16 has 8 bits, for factors and result.
        let tolerance = route.dtype == .float32 ? 1e-4 : 0.4
        for row in 0..<m {
            for column in 0..<n {
                let exact = (0..<k).reduce(0.0) { $0 + Double(a[row * k + $1]) * Double(b[column * k + $1]) }
                #expect(abs(Double(values[row * n + column]) - exact) < tolerance)
            }
        }
    }

    @Test func `the gradient of a weight has no factor that could be packed in advance`() throws {
        let factors = try ProductFactors(ProductShape(.weightGradient, rows: 8, inputs: 8, outputs: 8))
        for route in ProbedRoute.allCases where route.isPacked {
            #expect(try ProductProbe(factors, route) == nil)
        }
    }

    @Test func `measuring gives a speed for libtorch's own product`() throws {
        let (rates, means) = try ProductRates.measured(
            ProductShape(.forward, rows: 8, inputs: 64, outputs: 64),
            seconds: 0.01
        )
        #expect(rates.gigaflops.values.allSatisfy { $0 > 0 && $0.isFinite })
        #expect(rates.gigaflops[.mkl] != nil)
        let best = try #require(rates.best(in: .float32))
        #expect(best.gigaflops == rates.gigaflops[best.route])
        #expect(rates.gigaflops.keys == means.gigaflops.keys)
        for (route, mean) in means.gigaflops { #expect(0 < mean && mean <= rates.gigaflops[route] ?? 0) }
    }

    @Test func `the fastest route is that of the type, and equal speeds give the first one`() {
        let rates = ProductRates(gigaflops: [.mkl: 100, .oneDNN: 100, .bfloat16: 300])
        #expect(rates.best(in: .float32)?.route == .mkl)
        #expect(rates.best(in: .bfloat16)?.gigaflops == 300)
        #expect(ProductRates(gigaflops: [.mkl: 1]).best(in: .bfloat16) == nil)
    }
}
