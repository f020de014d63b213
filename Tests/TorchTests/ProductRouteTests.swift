import Testing

@testable import Torch

@Suite struct ProductRouteTests {
    @Test("the measurement overrides the suggestion by the CPU's instruction sets")
    func fastest() {
        let (plain, wide) = (
            ProductRoutes(float32: .mkl, bfloat16: .float32),
            ProductRoutes(float32: .oneDNN, bfloat16: .bfloat16)
        )
        // Measured on Intel with AVX-512 and bfloat16 instructions: float32 is faster.
        let intel = ProductSpeeds(float32: [.mkl: 205, .oneDNN: 309], bfloat16: 168)
        // Zen 5.
        let zen5 = ProductSpeeds(float32: [.mkl: 200, .oneDNN: 490], bfloat16: 900)
        // Zen 3.
        let zen3 = ProductSpeeds(float32: [.mkl: 170, .oneDNN: 120], bfloat16: 20)
        for suggested in [plain, wide] {
            #expect(intel.fastest(unless: suggested) == ProductRoutes(float32: .oneDNN, bfloat16: .float32))
            #expect(zen5.fastest(unless: suggested) == wide)
            #expect(zen3.fastest(unless: suggested) == plain)
        }
    }

    @Test("noise neither changes a route nor costs precision")
    func margin() {
        let even = ProductSpeeds(float32: [.mkl: 100, .oneDNN: 105], bfloat16: 109)
        for route in ProductRoutes.Float32.allCases {
            let suggested = ProductRoutes(float32: route, bfloat16: .bfloat16)
            #expect(even.fastest(unless: suggested) == ProductRoutes(float32: route, bfloat16: .float32))
        }
    }

    @Test("every route measured has a speed")
    func measured() throws {
        let speeds = try ProductSpeeds.measured()
        #expect(speeds.float32.values.allSatisfy { $0 > 0 })
        #expect(speeds.float32[.mkl] != nil)
        #expect(speeds.bfloat16 > 0)
    }

    @Test("float32 products of both libraries agree with float64", arguments: ProductRoutes.Float32.allCases)
    func agree(route: ProductRoutes.Float32) throws {
        let random = try RandomSource(seed: 1)
        let x = try Tensor.normal([37, 65], random: random)
        let weight = try Tensor.normal([29, 65], random: random)
        let found = try x.linear(weight, routes: ProductRoutes(float32: route)).array(of: Float.self)
        let (a, b) = (try x.array(of: Float.self), try weight.array(of: Float.self))
        for row in 0..<37 {
            for column in 0..<29 {
                let exact = (0..<65).reduce(0.0) {
                    $0 + Double(a[row * 65 + $1]) * Double(b[column * 65 + $1])
                }
                // Sums of 65 products of about 1, in float32.
                #expect(abs(Double(found[row * 29 + column]) - exact) < 1e-4)
            }
        }
    }
}
