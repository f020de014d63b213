/// The speed of each product route on this CPU; measuring takes some tens of milliseconds.
///
/// The shapes are those of a small model with a batch of short texts, for which routes differ most. All three products of a
/// linear layer count: forward, and the gradients of inputs and weights.
public struct ProductSpeeds: Sendable, Equatable {
    /// GFLOP/s in float32, by route.
    public var float32: [ProductRoutes.Float32: Double]
    /// GFLOP/s in bfloat16, including the rounding of the factors, by route.
    public var bfloat16: [ProductRoutes.BFloat16: Double]
    /// GFLOP/s of the forward product in 8-bit integers, including the quantization of the rows; nil if it was not measured.
    public var int8: Double?

    /// Creates speeds from earlier measurements.
    ///
    /// - Parameters:
    ///   - float32: GFLOP/s in float32, by route.
    ///   - bfloat16: GFLOP/s in bfloat16, by route.
    ///   - int8: GFLOP/s in 8-bit integers, which only predictions use.
    public init(
        float32: [ProductRoutes.Float32: Double],
        bfloat16: [ProductRoutes.BFloat16: Double],
        int8: Double? = nil
    ) {
        self.float32 = float32
        self.bfloat16 = bfloat16
        self.int8 = int8
    }

    /// The speedup over the suggested route that another route needs, so that noise alone does not change the route.
    static let margin = 1.1

    /// The fastest routes, regardless of the CPU's instruction sets.
    ///
    /// The suggested float32 route is replaced only by a clearly faster one. bfloat16 must also be clearly faster, because it
    /// costs precision.
    public var fastest: ProductRoutes { fastest(unless: .suggested) }

    func fastest(unless suggested: ProductRoutes) -> ProductRoutes {
        let wide = Self.fastest(float32, unless: suggested.float32)
        let narrow = Self.fastest(bfloat16, unless: suggested.bfloat16)
        let isNarrowFaster = (bfloat16[narrow] ?? 0) > (float32[wide] ?? 0) * Self.margin
        return ProductRoutes(float32: wide, bfloat16: isNarrowFaster ? narrow : .float32)
    }

    /// The fastest of some routes, unless the usual one is nearly as fast.
    private static func fastest<Route>(_ speeds: [Route: Double], unless usual: Route) -> Route {
        guard let best = speeds.max(by: { $0.value < $1.value }),
            best.value > (speeds[usual] ?? 0) * margin
        else { return usual }
        return best.key
    }

    /// GFLOP/s of the fastest bfloat16 route; 0 if none was measured.
    public var fastestBFloat16: Double { bfloat16.values.max() ?? 0 }

    /// Rows of a batch, and the widths of a layer.
    static let shape = (rows: 256, inputs: 768, outputs: 1536)

    /// Measures the speeds on this machine.
    ///
    /// - Throws: `.outOfMemory`.
    public static func measured() throws(TorchError) -> ProductSpeeds {
        let layer = try ProbedLayer()
        let routes = ProductRoutes.Float32.allCases.filter { $0 != .oneDNN || ProductRoutes.hasOneDNN }
        var float32: [ProductRoutes.Float32: Double] = [:]
        // The first round fills the libraries' caches. Routes take turns, so that other programs disturb all equally.
        for round in 0...rounds {
            for route in routes {
                let speed = try layer.speed(ProductRoutes(float32: route), in: .float32)
                if round > 0 { float32[route] = max(float32[route] ?? 0, speed) }
            }
        }
        var bfloat16: [ProductRoutes.BFloat16: Double] = [:]
        for round in 0...rounds {
            // Without bfloat16 instructions two rounds take as long as all the others. A first round alone says little: libraries
            // prepare code in it.
            for route in ProductRoutes.BFloat16.available
            where round < 2 || (bfloat16[route] ?? 0) > (float32.values.max() ?? 0) / 4 {
                let speed = try layer.speed(ProductRoutes(bfloat16: route), in: .bfloat16)
                if round > 0 { bfloat16[route] = max(bfloat16[route] ?? 0, speed) }
            }
        }
        return ProductSpeeds(
            float32: float32,
            bfloat16: bfloat16,
            int8: try layer.integerSpeed(rounds: rounds)
        )
    }

    /// The number of measurements per route; the best counts.
    private static let rounds = 4
}

/// The tensors of one linear layer, to time its products.
private struct ProbedLayer {
    private let x: Tensor
    private let weight: Tensor
    private let copy: Tensor
    private let gradient: Tensor

    init() throws(TorchError) {
        let (rows, inputs, outputs) = ProductSpeeds.shape
        let random = try RandomSource(seed: 0)
        x = try Tensor.normal([rows, inputs], random: random)
        weight = try Tensor.normal([outputs, inputs], random: random)
        gradient = try Tensor.normal([rows, outputs], random: random)
        copy = try weight.to(dtype: .bfloat16)
    }

    /// Multiplies once; returns GFLOP/s.
    func speed(_ routes: ProductRoutes, in dtype: DType) throws(TorchError) -> Double {
        let (rows, inputs, outputs) = ProductSpeeds.shape
        let start = ContinuousClock.now
        try multiply(routes, dtype)
        return 3 * 2 * Double(rows * inputs * outputs) / ((ContinuousClock.now - start) / .seconds(1)) / 1e9
    }

    /// Multiplies in 8-bit integers; returns the highest GFLOP/s.
    func integerSpeed(rounds: Int) throws(TorchError) -> Double {
        let (rows, inputs, outputs) = ProductSpeeds.shape
        let packed = try QuantizedMatrix.packing(weight)
        // The quantized rows of the last input are kept, so two inputs take turns.
        let copy = try x.copy()
        var best = 0.0
        for round in 0...2 * rounds {
            let start = ContinuousClock.now
            _ = try (round.isMultiple(of: 2) ? x : copy).linear(packed)
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            // The first round fills the caches.
            if round > 0 { best = max(best, 2 * Double(rows * inputs * outputs) / seconds / 1e9) }
        }
        return best
    }

    private func multiply(_ routes: ProductRoutes, _ dtype: DType) throws(TorchError) {
        func product(_ a: Tensor, _ b: Tensor, copy: Tensor? = nil) throws(TorchError) {
            _ =
                dtype == .float32
                ? try a.linear(b, routes: routes)
                : try a.linear(b, copy: copy, bias: nil, in: dtype, routes: routes)
        }
        try product(x, weight, copy: copy)
        try product(gradient, weight.transposed(0, 1), copy: copy.transposed(0, 1))
        try product(gradient.transposed(0, 1), x.transposed(0, 1))
    }
}
