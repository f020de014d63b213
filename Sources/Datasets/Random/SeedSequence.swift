/// Turns one integer seed into well-mixed generator state, as NumPy does.
///
/// Equal seeds give equal words on every machine; seeds that differ in one bit give unrelated words.
///
/// ```swift
/// SeedSequence(1).words(count: 2)  // the words `np.random.SeedSequence(1).generate_state(2, np.uint64)` gives
/// ```
///
/// Source: [`numpy/random/bit_generator.pyx`](https://github.com/numpy/numpy/blob/v2.4.0/numpy/random/bit_generator.pyx),
/// after M. E. O'Neill's `randutils`.
public struct SeedSequence: Sendable, Equatable {
    private static let poolSize = 4
    private let pool: [UInt32]

    /// Mixes a seed into the pool from which `words(count:)` draws.
    ///
    /// - Parameter seed: Any integer; the same number that Python code passes as `seed`.
    public init(_ seed: UInt64) {
        // NumPy splits the integer into 32-bit words, least significant first; missing words are zeros.
        let entropy = [UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32), 0, 0]
        var constant: UInt32 = 0x43b0_d7e5
        func hash(_ word: UInt32) -> UInt32 {
            var value = word ^ constant
            constant = constant &* 0x931e_8875
            value = value &* constant
            return value ^ (value >> 16)
        }
        var pool = entropy.map(hash)
        for source in 0..<Self.poolSize {
            for target in 0..<Self.poolSize where target != source {
                let mixed = (pool[target] &* 0xca01_f9dd) &- (hash(pool[source]) &* 0x4973_f715)
                pool[target] = mixed ^ (mixed >> 16)
            }
        }
        self.pool = pool
    }

    /// Draws 64-bit state words; NumPy's `generate_state(count, np.uint64)`.
    ///
    /// - Parameter count: How many words to draw.
    /// - Returns: `count` words, the same for every call.
    public func words(count: Int) -> [UInt64] {
        var constant: UInt32 = 0x8b51_f9dd
        let halves = (0..<count * 2).map { index in
            var value = pool[index % Self.poolSize] ^ constant
            constant = constant &* 0x58f3_8ded
            value = value &* constant
            return UInt64(value ^ (value >> 16))
        }
        return (0..<count).map { halves[2 * $0] | halves[2 * $0 + 1] << 32 }
    }
}
