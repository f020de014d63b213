import Torch

/// The order in which an epoch reads the examples, the same as transformers'.
///
/// - Parameters:
///   - arguments: The seeds, the sampling strategy, and whether the last examples are left out.
///   - examples: The number of examples.
///   - epoch: The zero-based epoch.
/// - Returns: The indices of the examples, each at most once.
/// - Throws: `.outOfMemory`.
///
/// Source: accelerate's `SeedableRandomSampler` (data_loader.py:73): `randperm` seeded with seed + epoch.
func dataOrder(_ arguments: TrainingArguments, examples: Int, epoch: Int) throws(TorchError) -> [Int] {
    let count = arguments.examplesPerEpoch(of: examples)
    if arguments.trainSamplingStrategy == .sequential { return Array(0..<count) }
    let seed = (arguments.dataSeed ?? arguments.seed) &+ UInt64(epoch)
    return Array(try RandomSource(seed: seed).permutation(examples).prefix(count))
}
