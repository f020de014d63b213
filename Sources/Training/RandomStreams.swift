import NN
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
        var key = MixedKey()
        key.add(rawValue)
        key.add(seed)
        return key.value
    }

    /// The seed of a rank's stream in one step of a group.
    ///
    /// The stream begins in every step, so there is no state to save.
    ///
    /// - Parameters:
    ///   - seed: The run's seed.
    ///   - rank: The rank.
    ///   - step: The zero-based index of the step.
    /// - Returns: A seed that is unrelated to those of other ranks and steps.
    func seed(from seed: UInt64, rank: Int, step: Int) -> UInt64 {
        var key = MixedKey()
        key.add("\(rawValue) of rank \(rank) in step \(step)")
        key.add(seed)
        return key.value
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
