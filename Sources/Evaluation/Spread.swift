/// How far numbers of the same thing lie apart: a metric of several seeds, say.
public struct Spread: Sendable, Equatable {
    /// The numbers.
    public let values: [Double]
    /// Their mean.
    public let mean: Double
    /// The standard deviation of what they are a sample of; nil for one number, which says nothing of it.
    public let standardDeviation: Double?
    /// The smallest.
    public let minimum: Double
    /// The largest.
    public let maximum: Double

    /// Measures numbers.
    ///
    /// - Parameter values: In any order; nil where there are none.
    ///
    /// Source: `statistics.stdev` of Python: the squares' sum divided by n - 1.
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
