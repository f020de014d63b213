/// How fast this CPU multiplies by each route, measured in some tens of milliseconds.
///
/// The shapes are a small model's on a batch of short texts, on which routes differ most. All three products of a linear
/// layer count: forward, and the gradients of inputs and weights.
public struct ProductSpeeds: Sendable, Equatable {
    /// Billions of multiplications and additions a second, by route for float32.
    public var float32: [ProductRoutes.Float32: Double]
    /// The same for products in bfloat16, rounding of the factors included.
    public var bfloat16: Double

    /// Speeds that were measured before.
    ///
    /// - Parameters:
    ///   - float32: By route.
    ///   - bfloat16: In bfloat16.
    public init(float32: [ProductRoutes.Float32: Double], bfloat16: Double) {
        self.float32 = float32
        self.bfloat16 = bfloat16
    }

    /// How much faster another route must be than the suggested one, so that noise alone does not change it.
    static let margin = 1.1

    /// The fastest routes, whatever instruction sets the CPU has.
    ///
    /// A route for float32 is left only for one that is faster beyond doubt. bfloat16 must be faster beyond doubt as well,
    /// as it costs precision.
    public var fastest: ProductRoutes { fastest(unless: .suggested) }

    func fastest(unless suggested: ProductRoutes) -> ProductRoutes {
        let usual = float32[suggested.float32] ?? 0
        let best = float32.max { $0.value < $1.value }
        let choice = best.flatMap { $0.value > usual * Self.margin ? $0.key : nil } ?? suggested.float32
        let isNarrowFaster = bfloat16 > (float32[choice] ?? 0) * Self.margin
        return ProductRoutes(float32: choice, bfloat16: isNarrowFaster ? .bfloat16 : .float32)
    }

    /// Rows of a batch, and the widths of a layer.
    static let shape = (rows: 256, inputs: 768, outputs: 1536)

    /// Measures.
    ///
    /// - Throws: `.outOfMemory`.
    public static func measured() throws(TorchError) -> ProductSpeeds {
        let layer = try ProbedLayer()
        let routes = ProductRoutes.Float32.allCases.filter { $0 != .oneDNN || ProductRoutes.hasOneDNN }
        var float32: [ProductRoutes.Float32: Double] = [:]
        // The first round prepares what libraries keep. The rounds take turns, so that a neighbour disturbs all alike.
        for round in 0...rounds {
            for route in routes {
                let speed = try layer.speed(ProductRoutes(float32: route), in: .float32)
                if round > 0 { float32[route] = max(float32[route] ?? 0, speed) }
            }
        }
        let narrow = ProductRoutes(bfloat16: .bfloat16)
        var bfloat16 = try layer.speed(narrow, in: .bfloat16)
        // Without instructions for it, one round takes as long as all the others, and tells enough.
        if bfloat16 > (float32.values.max() ?? 0) / 4 {
            for _ in 0..<rounds { bfloat16 = max(bfloat16, try layer.speed(narrow, in: .bfloat16)) }
        }
        return ProductSpeeds(float32: float32, bfloat16: bfloat16)
    }

    /// How often each route is measured; the best counts.
    private static let rounds = 4
}

/// One linear layer's tensors, to time its products with.
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
