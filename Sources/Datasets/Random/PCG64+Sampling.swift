// NumPy's Generator methods that the splits use. Not only the distribution but every draw must agree:
// how many words are taken from the stream, of which width, and in which order.
//
// Source: numpy/random/_generator.pyx and numpy/random/src/distributions/distributions.c of NumPy 2.4.

extension PCG64 {
    /// Draws an integer without bias by Lemire's multiply-and-reject method.
    ///
    /// Source: D. Lemire, "Fast Random Integer Generation in an Interval", 2019.
    ///
    /// - Parameter last: The largest possible value.
    /// - Returns: A uniform integer in `0...last`; NumPy's `integers(0, last, endpoint=True)`.
    @inline(__always)
    public mutating func integer(through last: UInt64) -> UInt64 {
        if last == 0 { return 0 }
        if last < UInt64(UInt32.max) { return UInt64(integer32(through: UInt32(last))) }
        if last == UInt64(UInt32.max) { return UInt64(next32()) }
        if last == .max { return next() }
        let range = last + 1
        var product = range.multipliedFullWidth(by: next())
        if product.low < range {
            let threshold = (UInt64.max - last) % range
            while product.low < threshold { product = range.multipliedFullWidth(by: next()) }
        }
        return product.high
    }

    @inline(__always)
    private mutating func integer32(through last: UInt32) -> UInt32 {
        let range = UInt64(last) + 1
        var product = UInt64(next32()) * range
        if UInt64(UInt32(truncatingIfNeeded: product)) < range {
            let threshold = UInt32((UInt64(UInt32.max) - UInt64(last)) % range)
            while UInt32(truncatingIfNeeded: product) < threshold { product = UInt64(next32()) * range }
        }
        return UInt32(truncatingIfNeeded: product >> 32)
    }

    /// Shuffles an array in place; NumPy's `Generator.shuffle`.
    ///
    /// - Parameter values: The elements to reorder.
    /// - Complexity: O(*n*).
    public mutating func shuffle<Element>(_ values: inout [Element]) {
        values.withUnsafeMutableBufferPointer { buffer in
            for index in stride(from: buffer.count - 1, through: 1, by: -1) {
                buffer.swapAt(index, Int(interval(through: UInt64(index))))
            }
        }
    }

    /// Draws an integer in `0...last` by masking and rejection, as in `shuffle` and `permutation` but not in `choice`.
    ///
    /// Source: `random_interval` in distributions.c.
    @inline(__always)
    private mutating func interval(through last: UInt64) -> UInt64 {
        if last == 0 { return 0 }
        let mask = UInt64.max >> UInt64(last.leadingZeroBitCount)
        while true {
            let value = (last <= UInt64(UInt32.max) ? UInt64(next32()) : next()) & mask
            if value <= last { return value }
        }
    }

    /// Shuffles as `choice` does.
    ///
    /// The tail `first..<count` is final after this call; if `first` is 1, the whole array is.
    private mutating func shuffleForChoice<Element>(_ values: inout [Element], from first: Int) {
        guard values.count > first else { return }
        values.withUnsafeMutableBufferPointer { buffer in
            for index in stride(from: buffer.count - 1, through: first, by: -1) {
                buffer.swapAt(index, Int(integer(through: UInt64(index))))
            }
        }
    }

    /// Returns a random order of the integers below `count`; NumPy's `Generator.permutation(count)`.
    ///
    /// - Parameter count: How many integers to order.
    /// - Returns: Each of `0..<count` once.
    /// - Complexity: O(*n*).
    public mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<max(count, 0))
        shuffle(&order)
        return order
    }

    /// Picks distinct elements in random order; NumPy's `Generator.choice(values, size=count, replace=False)`.
    ///
    /// - Parameters:
    ///   - values: The population.
    ///   - count: The number of elements to pick, limited to `values.count`.
    /// - Returns: `count` elements of `values`.
    /// - Complexity: O(*count*), or O(*n*) if NumPy shuffles the tail of a large population.
    public mutating func choice<Element>(_ values: [Element], count: Int) -> [Element] {
        let count = min(max(count, 0), values.count)
        return choiceIndices(population: values.count, count: count).map { values[$0] }
    }

    private mutating func choiceIndices(population: Int, count: Int) -> [Int] {
        // NumPy's tuning: shuffling the tail is cheaper if more than a fiftieth of a large population is requested.
        if population > 10_000, count > population / 50 {
            var order = Array(0..<population)
            shuffleForChoice(&order, from: max(population - count, 1))
            return Array(order.suffix(count))
        }
        // R. Floyd's sampling: position j takes a value in 0...j, or j itself if that value is already taken.
        var taken: Set<Int> = []
        var picked: [Int] = []
        picked.reserveCapacity(count)
        for last in (population - count)..<population {
            let value = Int(integer(through: UInt64(last)))
            let chosen = taken.insert(value).inserted ? value : last
            taken.insert(chosen)
            picked.append(chosen)
        }
        shuffleForChoice(&picked, from: 1)
        return picked
    }
}
