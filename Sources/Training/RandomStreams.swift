import Torch

/// The purposes of random numbers in a run.
///
/// Each has its own stream, so that they are independent.
enum RandomPurpose: String {
    case dropout
    /// Stochastic rounding of bfloat16 weights.
    ///
    /// It is a function of step and position, so there is no state to save.
    case rounding

    /// The stream's seed.
    ///
    /// - Parameter seed: The run's seed.
    /// - Returns: A seed that is unrelated to the run's seed, which the head and the data order use.
    func seed(from seed: UInt64) -> UInt64 {
        // FNV-1a of the name, then SplitMix64's finalizer, so that neighbouring seeds give unrelated streams.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in rawValue.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        var mixed = seed &+ hash
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

extension RandomSource {
    /// Creates a run's stream for a purpose.
    convenience init(
        _ purpose: RandomPurpose,
        seed: UInt64,
        device: Device
    ) throws(TorchError) {
        try self.init(seed: purpose.seed(from: seed), device: device)
    }
}
