import Torch

/// What random numbers are drawn for in a run; each purpose has a stream of its own, so that none disturbs another.
enum RandomPurpose: String {
    case dropout
    /// Of weights in bfloat16; a function of step and place, so that there is no state to keep.
    case rounding

    /// The stream's seed.
    ///
    /// - Parameter seed: The run's.
    /// - Returns: A seed that shares nothing visible with the run's own, which head and data order use.
    func seed(from seed: UInt64) -> UInt64 {
        // FNV-1a of the name, then the finisher of SplitMix64: neighbouring seeds give unrelated streams.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in rawValue.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        var mixed = seed &+ hash
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

extension RandomSource {
    /// A run's stream for a purpose.
    convenience init(
        _ purpose: RandomPurpose,
        seed: UInt64,
        device: Device
    ) throws(TorchError) {
        try self.init(seed: purpose.seed(from: seed), device: device)
    }
}
