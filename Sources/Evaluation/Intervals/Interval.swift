import Foundation

/// 95 % intervals in closed form, suited to few examples and to values at the end of their range.
///
/// Each interval contains its value and takes time linear in its input.
enum Interval {
    /// The 97.5 % quantile of the normal distribution.
    static let z = 1.959963984540054

    /// The interval of a share of independent examples.
    ///
    /// - Parameters:
    ///   - share: The share, from 0 to 1.
    ///   - count: The number of examples, or the effective number of independent ones; positive.
    /// - Returns: The interval.
    ///
    /// Source: Wilson 1927.
    static func share(_ share: Double, of count: Double) -> ClosedRange<Double> {
        let center = (share + z * z / (2 * count)) / (1 + z * z / count)
        let variance = share * (1 - share) / count + z * z / (4 * count * count)
        let half = z / (1 + z * z / count) * max(variance, 0).squareRoot()
        return holding(share, center - half, center + half, in: 0...1)
    }

    /// The interval of a weighted sum of estimates with known intervals: squared distances are added.
    ///
    /// - Parameters:
    ///   - value: The sum, including any constants.
    ///   - parts: The weight of each estimate, the estimate and its interval.
    ///   - dependence: The variance of the sum, divided by its variance if the estimates were independent.
    ///   - variance: The variance from other sources: the weights.
    ///   - range: The possible range of the sum.
    /// - Returns: The sum's interval.
    ///
    /// Source: Zou and Donner 2008, the method of variance estimates recovery; for two shares it is Newcombe's 1998.
    static func sum(
        _ value: Double,
        of parts: some Sequence<(weight: Double, value: Double, interval: ClosedRange<Double>)>,
        dependence: Double = 1,
        variance: Double = 0,
        in range: ClosedRange<Double> = 0...1
    ) -> ClosedRange<Double> {
        var (below, above) = (0.0, 0.0)
        let others = z * z * variance
        for (weight, value, interval) in parts {
            let down = weight * (value - interval.lowerBound)
            let up = weight * (interval.upperBound - value)
            // With a negative weight, the upper distance of the estimate extends the sum downwards.
            below += (weight < 0 ? up : down) * (weight < 0 ? up : down)
            above += (weight < 0 ? down : up) * (weight < 0 ? down : up)
        }
        return holding(
            value,
            value - (dependence * below + others).squareRoot(),
            value + (dependence * above + others).squareRoot(),
            in: range
        )
    }

    /// The interval of the area under a ROC curve.
    ///
    /// - Parameters:
    ///   - area: The area, from 0 to 1.
    ///   - positives: The number of examples of the class; positive.
    ///   - negatives: The number of all other examples; positive.
    ///   - variance: DeLong's estimate; nil uses only that of Hanley and McNeil.
    /// - Returns: The interval.
    ///
    /// Source: Newcombe 2006 (part 2): the areas within z of their standard errors, by Hanley and
    /// McNeil 1982. With more examples, the errors are scaled towards DeLong's 1988.
    static func area(
        _ area: Double,
        positives: Double,
        negatives: Double,
        variance: Double? = nil
    ) -> ClosedRange<Double> {
        func model(_ other: Double) -> Double {
            let (a, b) = (other / (2 - other), 2 * other * other / (1 + other))
            let square = other * other
            let sum = other * (1 - other) + (positives - 1) * (a - square) + (negatives - 1) * (b - square)
            return max(sum, 0) / (positives * negatives)
        }
        var scale = 1.0
        if let variance, model(area) > 0 {
            let fewer = min(positives, negatives)
            scale = (fewer * variance / model(area) + trust) / (fewer + trust)
        }
        func isNear(_ other: Double) -> Bool {
            (area - other) * (area - other) <= z * z * scale * model(other)
        }
        func end(_ outer: Double) -> Double {
            guard !isNear(outer) || outer == area else { return outer }
            var (inside, outside) = (area, outer)
            for _ in 0..<60 {
                let middle = (inside + outside) / 2
                if isNear(middle) { inside = middle } else { outside = middle }
            }
            return inside
        }
        return holding(area, end(0), end(1), in: 0...1)
    }

    /// The number of examples that the model's variance counts for, relative to an estimated one.
    private static let trust = 20.0

    /// The interval of the mean of non-negative numbers, which may be skewed.
    ///
    /// Nil for fewer than two values or for equal ones.
    ///
    /// - Parameters:
    ///   - mean: The mean of the values.
    ///   - values: The values.
    /// - Returns: The interval.
    ///
    /// Source: Hall 1992, "On the removal of skewness by transformation".
    static func mean(
        _ mean: Double,
        of values: some Collection<Double>
    ) -> ClosedRange<Double>? {
        let n = Double(values.count)
        let (squares, cubes) = values.reduce(into: (0.0, 0.0)) { sums, value in
            let distance = value - mean
            sums.0 += distance * distance
            sums.1 += distance * distance * distance
        }
        guard n > 1, squares > 0 else { return nil }
        let deviation = (squares / (n - 1)).squareRoot()
        let skew = cubes / n / pow(squares / n, 1.5) / n.squareRoot()
        func quantile(_ normal: Double) -> Double {
            guard abs(skew) > 1e-9 else { return normal }
            return 3 / skew * (cbrt(1 + skew * (normal - skew / 6)) - 1)
        }
        let error = deviation / n.squareRoot()
        let t = studentQuantile(n - 1)
        return holding(
            mean,
            mean - error * quantile(t),
            mean - error * quantile(-t),
            in: 0...(.infinity)
        )
    }
    /// The interval of a correlation; nil for fewer than four pairs, and for a perfect correlation.
    ///
    /// - Parameters:
    ///   - correlation: The correlation, from -1 to 1.
    ///   - count: The number of pairs.
    ///   - spread: The variance on Fisher's scale, times the number of pairs; 1 for normal numbers.
    /// - Returns: The interval.
    ///
    /// Source: Fisher 1921.
    static func correlation(
        _ correlation: Double,
        of count: Int,
        spread: Double = 1
    ) -> ClosedRange<Double>? {
        // Up to rounding errors, a perfect correlation has no variance.
        guard count > 3, abs(correlation) < 1 - 1e-12 else { return nil }
        let half = z * (spread / Double(count - 3)).squareRoot()
        let center = atanh(correlation)
        return holding(correlation, tanh(center - half), tanh(center + half), in: -1...1)
    }

    /// The 97.5 % quantile of Student's t distribution.
    ///
    /// Source: Abramowitz and Stegun 26.7.5, an expansion around the normal quantile, accurate to 3e-4. Below five degrees of
    /// freedom, where it is less accurate, a table.
    static func studentQuantile(_ degrees: Double) -> Double {
        let few = [12.706204736174694, 4.302652729749462, 3.1824463052837078, 2.7764451051977934]
        if degrees < 5 { return few[max(Int(degrees), 1) - 1] }
        let (z, n) = (Self.z, degrees)
        let (z3, z5, z7) = (pow(z, 3), pow(z, 5), pow(z, 7))
        let terms = [
            (z3 + z) / 4, (5 * z5 + 16 * z3 + 3 * z) / 96, (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / 384,
            (79 * pow(z, 9) + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / 92160,
        ]
        return z + terms.enumerated().reduce(0) { $0 + $1.element / pow(n, Double($1.offset + 1)) }
    }

    /// Clamps two ends to the range and makes them enclose the value.
    static func holding(
        _ value: Double,
        _ low: Double,
        _ high: Double,
        in range: ClosedRange<Double>
    ) -> ClosedRange<Double> {
        let low = min(max(low.isNaN ? value : low, range.lowerBound), value)
        let high = max(min(high.isNaN ? value : high, range.upperBound), value)
        return low...high
    }
}
