import TestSupport
import Testing

@testable import Torch

@Suite struct ProductRouteTests {
    @Test("the measurement overrides the suggestion by the CPU's instruction sets")
    func fastest() {
        let plain = ProductRoutes(float32: .mkl, bfloat16: .float32)
        let wide = ProductRoutes(float32: .oneDNN, bfloat16: .bfloat16)
        let own = ProductRoutes(float32: .attune, bfloat16: .bfloat16)
        // Measured on Intel with AVX-512 and bfloat16 instructions: float32 is faster.
        let intel = ProductSpeeds(float32: [.mkl: 205, .oneDNN: 309], bfloat16: [.bfloat16: 168])
        // Zen 5.
        let zen5 = ProductSpeeds(
            float32: [.mkl: 200, .oneDNN: 410, .attune: 470],
            bfloat16: [.bfloat16: 900]
        )
        // Zen 3.
        let zen3 = ProductSpeeds(float32: [.mkl: 170, .oneDNN: 120], bfloat16: [.bfloat16: 20])
        for suggested in [plain, wide] {
            #expect(intel.fastest(unless: suggested) == ProductRoutes(float32: .oneDNN, bfloat16: .float32))
            #expect(zen5.fastest(unless: suggested) == own)
            #expect(zen3.fastest(unless: suggested) == plain)
        }
    }

    @Test("noise neither changes a route nor costs precision")
    func margin() {
        let even = ProductSpeeds(
            float32: [.mkl: 100, .oneDNN: 105, .attune: 102],
            bfloat16: [.bfloat16: 109]
        )
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
        #expect(speeds.bfloat16.values.allSatisfy { $0 > 0 })
    }

    @Test("float32 products of every route agree with float64", arguments: ProductRoutes.Float32.allCases)
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

    /// Rows, inputs and outputs: with remainders of tiles and vectors, of several blocks of inputs, and too few for our own kernel.
    static let shapes = [
        [1, 20, 7], [12, 16, 12], [13, 5, 17], [37, 65, 29], [64, 48, 48], [50, 1300, 100], [140, 192, 576],
        [300, 577, 130],
    ]

    @Test("the three products of a layer by our own kernel agree with float64", arguments: shapes)
    func ownKernel(sizes: [Int]) throws {
        let (rows, inputs, outputs) = (sizes[0], sizes[1], sizes[2])
        let random = try RandomSource(seed: 5)
        let shapes = [[rows, inputs], [outputs, inputs], [outputs], [rows, outputs]]
        let tensors = try shapes.map { try Tensor.normal($0, random: random) }
        func results(_ dtype: DType) throws -> [[Double]] {
            let own = try tensors.map { try $0.to(dtype: dtype).copy() }
            for tensor in own.prefix(3) { try tensor.setRequiresGradient(true) }
            let y = try own[0].linear(own[1], bias: own[2], routes: ProductRoutes(float32: .attune))
            try (y * own[3]).sum().backward()
            let gradients = try own.prefix(3).map { try #require(try $0.gradient()) }
            return try ([y] + gradients).map { try $0.array(of: Double.self) }
        }
        let (found, exact) = (try results(.float32), try results(.float64))
        for (ours, theirs) in try paired(found, exact) {
            let largest = theirs.map(abs).max() ?? 0
            // Sums of at most 1,300 products in float32, in blocks of 288.
            let error = try #require(paired(ours, theirs).map { abs($0 - $1) }.max())
            #expect(error <= 2e-6 * max(largest, 1), "\(sizes) \(error) of \(largest)")
        }
    }

    @Test(arguments: shapes + [[50, 2600, 96], [33, 64, 291]], ProductRoutes.BFloat16.available)
    func `the three products of a layer in bfloat16 agree with float64`(
        sizes: [Int],
        route: ProductRoutes.BFloat16
    ) throws {
        let (rows, inputs, outputs) = (sizes[0], sizes[1], sizes[2])
        let random = try RandomSource(seed: 6)
        let shapes = [[rows, inputs], [outputs, inputs], [outputs], [rows, outputs]]
        // Numbers that bfloat16 holds, so that only sums and results are rounded.
        let tensors = try shapes.map {
            try Tensor.normal($0, random: random).to(dtype: .bfloat16).to(dtype: .float32)
        }
        func results(_ dtype: DType, _ apply: (Tensor, Tensor, Tensor) throws -> Tensor) throws -> [[Double]]
        {
            let own = try tensors.map { try $0.to(dtype: dtype).copy() }
            for tensor in own.prefix(3) { try tensor.setRequiresGradient(true) }
            let y = try apply(own[0], own[1], own[2])
            try (y * own[3]).sum().backward()
            let gradients = try own.prefix(3).map { try #require(try $0.gradient()) }
            return try ([y] + gradients).map { try $0.array(of: Double.self) }
        }
        let routes = ProductRoutes(bfloat16: route)
        let found = try results(.float32) { try $0.linear($1, bias: $2, in: .bfloat16, routes: routes) }
        let exact = try results(.float64) { try $0.linear($1, bias: $2) }
        // libtorch rounds results to bfloat16. Our own kernel does not, unless a product is too small or odd for it.
        let isOwn = route == .attune && rows >= 12 && inputs >= 12 && outputs >= 12
        let isEven = [inputs.isMultiple(of: 2), outputs.isMultiple(of: 2), true, true]
        for (index, (ours, theirs)) in try paired(found, exact).enumerated() {
            let largest = theirs.map(abs).max() ?? 0
            let error = try #require(paired(ours, theirs).map { abs($0 - $1) }.max())
            let tolerance = isOwn && isEven[index] ? 3e-6 : 4e-3
            #expect(error <= tolerance * max(largest, 1), "\(sizes) \(index): \(error) of \(largest)")
        }
    }

    @Test(.enabled(if: ProductRoutes.BFloat16.available.contains(.attune)))
    func `bfloat16 products by our own kernel have the same bits for any number of threads`() throws {
        let random = try RandomSource(seed: 7)
        let (x, w) = (
            try Tensor.normal([301, 1300], random: random), try Tensor.normal([170, 1300], random: random)
        )
        let routes = ProductRoutes(bfloat16: .attune)
        func product() throws -> [Float] {
            try x.linear(w, bias: nil, in: .bfloat16, routes: routes).array(of: Float.self)
        }
        let threads = try TorchRuntime.threadCount()
        defer { try? TorchRuntime.setThreadCount(threads) }
        let all = try product()
        try TorchRuntime.setThreadCount(1)
        #expect(try product() == all)
    }
}
