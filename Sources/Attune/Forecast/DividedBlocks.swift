import Training

/// The sizes of a model's blocks if several processes divide their weights (ZeRO-3), and the part of one process.
struct DividedBlocks: Sendable, Equatable {
    /// The number of blocks.
    var count = 0
    /// The bytes of the weights of all blocks that are divided: without those of an adapter, and of a mapped GGUF file.
    var weightBytes = 0
    /// The number of trained weights of the blocks, without those of an adapter, which every process has.
    var trainedWeights = 0
    /// The bytes of the gradients of these weights.
    var gradientBytes = 0

    /// The number of blocks whose weights or gradients of other processes are in memory: the one in use, and the next or last.
    private static let inUse = 2

    /// The bytes of weights that one process does not have in memory.
    ///
    /// - Parameter arguments: The training arguments.
    /// - Returns: 0 if the weights are not divided.
    func weightsElsewhere(_ arguments: TrainingArguments) -> Int {
        guard arguments.dividesWeights, count > Self.inUse else { return 0 }
        let unused = weightBytes - Self.inUse * weightBytes / count
        return unused / arguments.worldSize * (arguments.worldSize - 1)
    }

    /// The number of trained weights whose gradients are in the buffers of one process.
    ///
    /// - Parameter arguments: The training arguments.
    /// - Returns: Its own part, and that of the others in two blocks.
    func gradientsHere(_ arguments: TrainingArguments) -> Int {
        min(
            trainedWeights,
            trainedWeights / arguments.worldSize + Self.inUse * trainedWeights / max(count, 1)
        )
    }

    /// The bytes that one process sends in a step, on average, so that all get the weights of each block.
    ///
    /// - Parameter arguments: The training arguments.
    /// - Returns: 0 if the weights are not divided.
    func weightBytesSent(_ arguments: TrainingArguments) -> Int {
        guard arguments.dividesWeights else { return 0 }
        // In the forward pass, and again in the backward pass.
        let passes = 2 * arguments.gradientAccumulationSteps
        return passes * (weightBytes / arguments.worldSize * (arguments.worldSize - 1))
    }
}
