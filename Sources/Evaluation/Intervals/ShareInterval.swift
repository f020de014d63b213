/// Intervals of counted shares, for other modules.
package enum ShareInterval {
    /// The 95 % interval of a share.
    ///
    /// - Parameters:
    ///   - share: The share, from 0 to 1.
    ///   - count: The number of independent examples; positive.
    /// - Returns: The interval.
    ///
    /// Source: Wilson 1927.
    package static func wilson(_ share: Double, of count: Int) -> ClosedRange<Double> {
        Interval.share(share, of: Double(count))
    }

    /// The 95 % interval of a class's F1.
    ///
    /// - Parameters:
    ///   - hits: The examples of the class that were predicted as it.
    ///   - count: The examples that belong to the class or were predicted as it; positive.
    /// - Returns: The interval.
    package static func f1(hits: Int, of count: Int) -> ClosedRange<Double> {
        Interval.f1(hits: hits, of: count)
    }
}
