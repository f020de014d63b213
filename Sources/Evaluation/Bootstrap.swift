/// 95 % intervals by drawing the examples again, with replacement, and measuring what was drawn.
///
/// The same examples give the same intervals: the draws' seed is fixed.
///
/// Source: Efron 1979, the percentile interval.
enum Bootstrap {
    /// Draws at the most; many examples make do with fewer, as the ends of the interval then vary less.
    private static let draws = 200...1000
    /// What all draws together may cost: about a second.
    private static let budget = 200_000_000

    /// Intervals of named numbers.
    ///
    /// - Parameters:
    ///   - count: Examples.
    ///   - cost: What measuring costs per example, about, in steps of a loop.
    ///   - measure: Measures examples by how often each was drawn.
    /// - Returns: By name; numbers that no draw defines are left out.
    static func intervals(
        count: Int,
        cost: Int,
        measure: ([Int32]) -> [(name: String, value: Double)]
    ) -> [String: ClosedRange<Double>] {
        guard count > 1 else { return [:] }
        let rounds = min(max(budget / (count * max(cost, 1)), draws.lowerBound), draws.upperBound)
        var random = SplitMix64(state: 0x0A77_0E5E_ED00_0001)
        var found: [String: [Double]] = [:]
        for _ in 0..<rounds {
            var weights = [Int32](repeating: 0, count: count)
            for _ in 0..<count { weights[random.index(below: count)] += 1 }
            for (name, value) in measure(weights) where value.isFinite {
                found[name, default: []].append(value)
            }
        }
        return found.mapValues { values in
            let sorted = values.sorted()
            let (low, high) = (quantile(0.025, of: sorted), quantile(0.975, of: sorted))
            return low...max(low, high)
        }
    }

    /// NumPy's default, linear between neighbours.
    private static func quantile(_ share: Double, of sorted: [Double]) -> Double {
        let place = share * Double(sorted.count - 1)
        let below = Int(place)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
}

/// Source: Steele, Lea and Flood 2014.
private struct SplitMix64 {
    var state: UInt64

    mutating func index(below count: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((mixed ^ (mixed >> 31)).multipliedFullWidth(by: UInt64(count)).high)
    }
}
