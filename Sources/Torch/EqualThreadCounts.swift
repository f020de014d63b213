/// Finds thread counts that compute the same bits.
///
/// With another thread count, libraries split some products differently, and sums are rounded differently. MKL does so for
/// widths such as 20 or 100 with three or four threads, but not with two. So candidates are tested on such products.
public enum EqualThreadCounts {
    /// Tests candidates on this machine.
    ///
    /// - Parameter routes: The product routes. float32 is tested on every route, because a resumed run may use another one.
    /// - Returns: The equal thread counts, ascending; the last is the current one.
    /// - Throws: `.outOfMemory`.
    public static func measured(_ routes: ProductRoutes) throws(TorchError) -> [Int] {
        let usual = try TorchRuntime.threadCount()
        // Testing every number would take too long on machines with many threads.
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

/// Products of layers, most of them with widths that are not multiples of the vector width.
private struct OddProducts {
    private let layers: [(x: Tensor, weight: Tensor, gradient: Tensor)]
    private let routes: ProductRoutes

    /// Rows of a batch, and the widths of a layer.
    private static let shapes = [
        (3, 100, 1024), (17, 256, 100), (32, 768, 20), (100, 64, 100), (250, 100, 384), (512, 384, 20),
        (1000, 100, 20),
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

    /// Computes the products of every layer: forward and both gradients.
    func all() throws(TorchError) -> [[Float]] {
        var results: [[Float]] = []
        for layer in layers {
            let transposed = (
                x: try layer.x.transposed(0, 1), weight: try layer.weight.transposed(0, 1),
                gradient: try layer.gradient.transposed(0, 1)
            )
            for (a, b) in [
                (layer.x, layer.weight), (layer.gradient, transposed.weight),
                (transposed.gradient, transposed.x),
            ] {
                for route in ProductRoutes.Float32.allCases where route != .oneDNN || ProductRoutes.hasOneDNN
                {
                    results.append(
                        try a.linear(b, routes: ProductRoutes(float32: route)).array(of: Float.self)
                    )
                }
                for route in ProductRoutes.BFloat16.available where routes.bfloat16.isNarrow {
                    let product = try a.linear(
                        b,
                        copy: nil,
                        bias: nil,
                        in: .bfloat16,
                        routes: ProductRoutes(bfloat16: route)
                    )
                    results.append(try product.to(dtype: .float32).array(of: Float.self))
                }
            }
        }
        return results
    }
}
