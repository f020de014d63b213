/// A small random generator whose numbers depend only on its seed.
///
/// Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
struct SplitMix64 {
    private var state: UInt64

    /// Creates a generator.
    ///
    /// - Parameter seed: Any number.
    init(seed: UInt64) { state = seed }

    /// The next number.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// The next number from 0 to below 1.
    mutating func share() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// The next index from 0 to below a count.
    ///
    /// - Parameter count: A positive count.
    /// - Returns: The index.
    mutating func index(below count: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(count)).high)
    }
}
