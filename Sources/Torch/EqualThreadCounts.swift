/// Numbers of threads that compute the same bits.
///
/// For another number of threads libraries cut some products in other places, and sums are rounded otherwise. MKL does so for
/// widths such as 20 or 100 with three or four threads, and not with two. So it is tried, on products of such widths.
public enum EqualThreadCounts {
    /// Tries.
    ///
    /// - Parameter routes: How the CPU multiplies. float32 is tried by every route, as a resumed run may take another one.
    /// - Returns: Ascending; the last is the number in use.
    /// - Throws: `.outOfMemory`.
    public static func measured(_ routes: ProductRoutes) throws(TorchError) -> [Int] {
        let usual = try TorchRuntime.threadCount()
        // Of many threads not every number is tried, which would take long.
        let fewer = Set([usual - 1, usual - 2, usual / 2, usual / 4, 1].filter { (1..<usual).contains($0) })
        guard !fewer.isEmpty else { return [usual] }
        defer { try? TorchRuntime.setThreadCount(usual) }
        let products = try OddProducts(routes)
        let expected = try products.all()
        var equal = [usual]
        for count in fewer {
            try TorchRuntime.setThreadCount(count)
            if try products.all() == expected { equal.append(count) }
        }
        return equal.sorted()
    }
}

/// Products of layers whose widths are no multiples of a vector's, among others.
private struct OddProducts {
    private let layers: [(x: Tensor, weight: Tensor, gradient: Tensor)]
    private let routes: ProductRoutes

    /// Rows of a batch, and a layer's widths.
    private static let shapes = [
        (3, 100, 1024), (17, 256, 100), (32, 768, 20), (100, 64, 100), (250, 100, 384), (512, 384, 20), (1000, 100, 20),
        (128, 384, 384), (2, 100, 3),
    ]

    init(_ routes: ProductRoutes) throws(TorchError) {
        self.routes = routes
        let random = try RandomSource(seed: 0)
        var layers: [(x: Tensor, weight: Tensor, gradient: Tensor)] = []
        for (rows, inputs, outputs) in Self.shapes {
            layers.append(
                (
                    try Tensor.normal([rows, inputs], random: random),
                    try Tensor.normal([outputs, inputs], random: random),
                    try Tensor.normal([rows, outputs], random: random)
                )
            )
        }
        self.layers = layers
    }

    /// Every layer's products, forward and of both gradients.
    func all() throws(TorchError) -> [[Float]] {
        var results: [[Float]] = []
        for layer in layers {
            let transposed = (
                x: try layer.x.transposed(0, 1), weight: try layer.weight.transposed(0, 1),
                gradient: try layer.gradient.transposed(0, 1)
            )
            for (a, b) in [
                (layer.x, layer.weight), (layer.gradient, transposed.weight), (transposed.gradient, transposed.x),
            ] {
                for route in ProductRoutes.Float32.allCases where route != .oneDNN || ProductRoutes.hasOneDNN {
                    results.append(try a.linear(b, routes: ProductRoutes(float32: route)).array(of: Float.self))
                }
                if routes.bfloat16 == .bfloat16 {
                    let product = try a.linear(b, copy: nil, bias: nil, in: .bfloat16, routes: routes)
                    results.append(try product.to(dtype: .float32).array(of: Float.self))
                }
            }
        }
        return results
    }
}
