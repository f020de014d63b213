import Training

/// The memory that one of several processes needs for their exchange, and the memory that it saves.
struct ExchangeMemory {
    /// The bytes of the buffers in which gradients are exchanged.
    let buckets: Int
    /// Whether the buffers take the place of the gradients, because a step has one micro-batch.
    let replacesGradients: Bool
    /// The bytes of the weights that only other processes have in memory.
    let weightsElsewhere: Int
    private let gradients: Int
    private let stateParts: Int

    /// Computes the sizes for a run.
    ///
    /// - Parameters:
    ///   - arguments: The training arguments; with one process, all sizes are 0.
    ///   - trainedWeights: The number of trained weights.
    ///   - gradients: Bytes of all gradients, except sparse gradients of embedding rows.
    ///   - blocks: The sizes of the blocks, whose weights may be divided.
    ///   - table: The token embedding, of which only some rows are exchanged; nil if all gradients are exchanged whole.
    init(
        _ arguments: TrainingArguments,
        trainedWeights: Int,
        gradients: Int,
        blocks: DividedBlocks = DividedBlocks(),
        table: ExchangedTable? = nil
    ) {
        let isShared = arguments.worldSize > 1
        let buffered =
            arguments.dividesWeights
            ? trainedWeights - blocks.trainedWeights + blocks.gradientsHere(arguments) : trainedWeights
        weightsElsewhere = blocks.weightsElsewhere(arguments)
        // The sums of a table with dense gradients are put into a whole table again.
        let unsent = table.map { $0.isGradientOfRows ? $0.unsentWeights : 0 } ?? 0
        // Buffers are float32, also for weights in bfloat16.
        let flat = isShared ? 4 * (buffered - unsent) : 0
        // In bfloat16 the parts to send and the parts received exist as well.
        buckets = arguments.ddpCommHook == .bf16 ? 2 * flat : flat
        let hasOneBatch = arguments.gradientAccumulationSteps == 1 && arguments.maxTokensPerBatch == nil
        // Gradients of divided weights are summed in every micro-batch.
        replacesGradients = isShared && (hasOneBatch || arguments.dividesWeights)
        self.gradients = hasOneBatch ? gradients : blocks.gradientBytes
        stateParts = isShared && arguments.zeroStage != .off ? arguments.worldSize : 1
    }

    /// The bytes to add to a moment of a step that was measured in one process.
    ///
    /// - Parameter holdsGradients: Whether all gradients existed at that moment.
    /// - Returns: The bytes.
    func added(holdingGradients holdsGradients: Bool) -> Int {
        buckets - (holdsGradients && replacesGradients ? gradients : 0)
    }

    /// The bytes of the optimizer state in one process.
    ///
    /// - Parameter bytes: The whole state.
    /// - Returns: Its part with ZeRO-1 or ZeRO-3, else all of it.
    func optimizerState(_ bytes: Int) -> Int { (bytes + stateParts - 1) / stateParts }
}
