/// Mean and standard deviation of repeated measurements, for example of a metric over several seeds.
public struct MetricSpread: Sendable, Equatable {
    /// The measurements.
    public let values: [Double]
    /// Their mean.
    public let mean: Double
    /// The sample standard deviation; nil for a single value.
    public let standardDeviation: Double?
    /// The smallest value.
    public let minimum: Double
    /// The largest value.
    public let maximum: Double

    /// Computes the spread of measurements.
    ///
    /// - Parameter values: The values, in any order; nil if empty.
    ///
    /// Source: Python's `statistics.stdev`: the sum of squares divided by n - 1.
    public init?(_ values: [Double]) {
        guard let minimum = values.min(), let maximum = values.max() else { return nil }
        self.values = values
        (self.minimum, self.maximum) = (minimum, maximum)
        let mean = values.reduce(0, +) / Double(values.count)
        self.mean = mean
        standardDeviation =
            values.count < 2
            ? nil
            : (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
    }
}
