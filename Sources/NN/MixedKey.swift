/// A hash of a name and a start value.
///
/// Neighbouring start values give unrelated hashes, the same on every machine: FNV-1a of the name, then SplitMix64's finalizer.
///
/// Source: http://www.isthe.com/chongo/tech/comp/fnv, https://prng.di.unimi.it/splitmix64.c.
package struct MixedKey {
    /// FNV-1a's start value.
    package static let offset: UInt64 = 0xcbf2_9ce4_8422_2325
    /// SplitMix64's step between two states.
    package static let gamma: UInt64 = 0x9e37_79b9_7f4a_7c15

    private var state: UInt64

    /// Creates a key.
    ///
    /// - Parameter start: The start value.
    package init(start: UInt64 = offset) { state = start }

    /// Adds the bytes of a name.
    ///
    /// - Parameter name: The name.
    package mutating func add(_ name: String) {
        for byte in name.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    /// Adds a number.
    ///
    /// - Parameter number: The number.
    package mutating func add(_ number: UInt64) { state &+= number }

    /// The hash.
    package var value: UInt64 {
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
