import Torch

/// The order in which an epoch reads the examples: the reference's.
///
/// - Parameters:
///   - arguments: Seeds, strategy, and whether the last examples are left out.
///   - examples: How many there are.
///   - epoch: From 0.
/// - Returns: Their indices, each once at the most.
/// - Throws: `.outOfMemory`.
///
/// Source: accelerate's `SeedableRandomSampler` (data_loader.py:73): `randperm` seeded with seed + epoch.
func dataOrder(_ arguments: TrainingArguments, examples: Int, epoch: Int) throws(TorchError) -> [Int] {
    let count = arguments.examplesPerEpoch(of: examples)
    if arguments.trainSamplingStrategy == .sequential { return Array(0..<count) }
    let seed = (arguments.dataSeed ?? arguments.seed) &+ UInt64(epoch)
    return Array(try RandomSource(seed: seed).permutation(examples).prefix(count))
}
