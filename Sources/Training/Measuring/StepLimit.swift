package import Models
package import Torch

/// The most that a step can reach on this machine: the time of its matrix products alone, each by the fastest measured route.
package struct StepLimit: Sendable, Equatable {
    /// The step's products.
    package let products: StepProducts
    /// The speeds of each product.
    package let rates: [ProductShape: ProductRates]
    /// The speeds of a large square product, usually the machine's peak.
    package let square: ProductRates

    /// Creates a limit from measured speeds.
    ///
    /// - Parameters:
    ///   - products: The step's products.
    ///   - rates: The speeds of each product.
    ///   - square: The speeds of a large square product.
    package init(_ products: StepProducts, rates: [ProductShape: ProductRates], square: ProductRates) {
        (self.products, self.rates, self.square) = (products, rates, square)
    }

    /// The square product: 2 GFLOP, whose matrices of 4 MB are too large for most cores' own caches.
    package static let squareShape = ProductShape(.forward, rows: 1024, inputs: 1024, outputs: 1024)

    /// Measures all products of a step on this machine.
    ///
    /// - Parameters:
    ///   - products: The step's products.
    ///   - seconds: The time for each shape, at least.
    /// - Returns: The limit at the best speeds, and at the mean speeds of the measurement.
    /// - Throws: `.outOfMemory`.
    package static func measured(
        _ products: StepProducts,
        seconds: Double
    ) throws(TorchError) -> (best: StepLimit, mean: StepLimit) {
        var (best, mean): ([ProductShape: ProductRates], [ProductShape: ProductRates]) = ([:], [:])
        for product in products.products {
            (best[product.shape], mean[product.shape]) = try ProductRates.measured(
                product.shape,
                seconds: seconds
            )
        }
        let square = try ProductRates.measured(squareShape, seconds: seconds)
        return (
            StepLimit(products, rates: best, square: square.best),
            StepLimit(products, rates: mean, square: square.mean)
        )
    }

    /// The seconds of some work if nothing but products took time: Σ FLOPᵢ / rateᵢ.
    ///
    /// - Parameters:
    ///   - work: Training or prediction.
    ///   - dtype: The type of the factors, `.float32` or `.bfloat16`.
    /// - Returns: The seconds; nil if a product has no speed in this type.
    package func seconds(of work: StepWork, in dtype: DType) -> Double? {
        var sum = 0.0
        for product in products.products(of: work) {
            guard let seconds = seconds(of: product, in: dtype) else { return nil }
            sum += seconds
        }
        return sum > 0 ? sum : nil
    }

    /// The seconds of all repetitions of a product by the fastest route; nil if it has no speed in this type.
    ///
    /// - Parameters:
    ///   - product: One of the step's products.
    ///   - dtype: The type of the factors.
    /// - Returns: The seconds.
    package func seconds(of product: StepProducts.Product, in dtype: DType) -> Double? {
        rates[product.shape]?.best(in: dtype).map { product.flop / $0.gigaflops / 1e9 }
    }

    /// The mean speed of the products, FLOP / Σ FLOPᵢ / rateᵢ, in GFLOP/s.
    ///
    /// - Parameters:
    ///   - work: Training or prediction.
    ///   - dtype: The type of the factors.
    /// - Returns: The speed; nil if a product has no speed in this type.
    package func gigaflops(of work: StepWork, in dtype: DType) -> Double? {
        seconds(of: work, in: dtype).map { products.flop(of: work) / $0 / 1e9 }
    }

    /// The number of texts per second if nothing but products took time.
    ///
    /// - Parameters:
    ///   - work: Training or prediction.
    ///   - dtype: The type of the factors.
    /// - Returns: The number; nil if a product has no speed in this type.
    package func textsPerSecond(of work: StepWork, in dtype: DType) -> Double? {
        seconds(of: work, in: dtype).map { Double(products.texts) / $0 }
    }

    /// The mean speed of the products as a fraction of the square product's.
    ///
    /// - Parameters:
    ///   - work: Training or prediction.
    ///   - dtype: The type of the factors.
    /// - Returns: The fraction; nil if a speed is missing.
    package func shareOfSquare(of work: StepWork, in dtype: DType) -> Double? {
        guard let mean = gigaflops(of: work, in: dtype), let peak = square.best(in: dtype) else { return nil }
        return mean / peak.gigaflops
    }
}
