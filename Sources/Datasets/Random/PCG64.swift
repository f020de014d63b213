/// The PCG XSL-RR 128/64 bit generator that `numpy.random.default_rng` uses.
///
/// Its stream equals NumPy's for the same seed, so everything that is drawn from it (splits, samples, shuffles)
/// picks the same rows as the Python libraries. Also usable as a Swift `RandomNumberGenerator`.
///
/// Source: [`numpy/random/src/pcg64`](https://github.com/numpy/numpy/blob/v2.4.0/numpy/random/src/pcg64/pcg64.h);
/// M. E. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number
/// Generation", 2014.
public struct PCG64: RandomNumberGenerator, Sendable, Equatable {
    private static let multiplier: UInt128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645

    private var state: UInt128
    private let increment: UInt128
    /// The upper half of the last 64-bit draw, kept for the next 32-bit draw.
    private var spare: UInt32?

    /// Starts the stream that `np.random.default_rng(seed)` starts.
    ///
    /// - Parameter seed: Any integer.
    public init(seed: UInt64) {
        let words = SeedSequence(seed).words(count: 4)
        increment = (UInt128(words[2]) << 64 | UInt128(words[3])) << 1 | 1
        // pcg64_srandom: one step from zero (which leaves the increment), add the seed, one more step.
        state = increment &+ (UInt128(words[0]) << 64 | UInt128(words[1]))
        state = state &* Self.multiplier &+ increment
    }

    /// Returns the next 64 random bits.
    ///
    /// - Returns: A uniform integer over all of `UInt64`.
    @inline(__always)
    public mutating func next() -> UInt64 {
        state = state &* Self.multiplier &+ increment
        let high = UInt64(truncatingIfNeeded: state >> 64)
        let mixed = high ^ UInt64(truncatingIfNeeded: state)
        let rotation = high >> 58
        return (mixed >> rotation) | (mixed << ((64 &- rotation) & 63))
    }

    /// Returns the next 32 random bits: each 64-bit draw gives two values, the lower half first.
    ///
    /// - Returns: A uniform integer over all of `UInt32`.
    @inline(__always)
    public mutating func next32() -> UInt32 {
        if let half = spare {
            spare = nil
            return half
        }
        let word = next()
        spare = UInt32(truncatingIfNeeded: word >> 32)
        return UInt32(truncatingIfNeeded: word)
    }
}
