/// The peak memory of a run in bytes, by kind.
public struct MemoryForecast: Sendable, Equatable {
    /// The program without tensors: libraries, data and other memory.
    public var program: Int
    /// The weights.
    public var weights: Int
    /// The gradients at the peak of training.
    public var gradients: Int
    /// The buffers in which several processes exchange gradients; 0 for one process.
    public var gradientBuckets = 0
    /// The optimizer state.
    public var optimizerState: Int
    /// All other tensors at the peak: activations and temporary tensors of operations.
    public var activations: Int
    /// The allocator's overhead: freed memory that does not fit the next tensor.
    public var overhead: Int
    /// The peak of the process while it loads the checkpoint.
    public var loading: Int
    /// The peak of the process during evaluation; 0 without evaluation.
    public var evaluation: Int
    /// The peak of the process while it loads the best model at the end; 0 if it does not.
    public var restoring: Int
    /// The peak of the process while it reads the data, before any tensor exists.
    public var reading: Int
    /// Weights and moments in a temporary file, which are not in memory; 0 without `offload_to`.
    public var offloaded: Int

    /// All tensors at the peak of training; a GPU must have this much memory.
    public var tensors: Int { weights + gradients + gradientBuckets + optimizerState + activations }

    /// The peak of the process in training.
    public var training: Int { program + tensors + overhead }

    /// The peak resident memory of the process.
    public var peak: Int { [training, loading, evaluation, restoring, reading].max() ?? training }

    /// The part of the run with the peak.
    public var worst: String {
        let parts = [
            ("training", training), ("loading the checkpoint", loading), ("evaluation", evaluation),
            ("loading the best model", restoring), ("reading the data", reading),
        ]
        return parts.max { $0.1 < $1.1 }?.0 ?? "training"
    }
}

/// The forecast of a run, measured with a few real steps of a similar model with fewer blocks.
public struct Forecast: Sendable {
    /// Rows, labels, tokens and steps.
    public let plan: DatasetSummary
    /// The mean number of tokens per step.
    public let tokensPerStep: Double
    /// The number of texts in the micro-batch with the most tokens.
    public let worstBatchTexts: Int
    /// The number of tokens in the micro-batch with the most tokens.
    public let worstBatchTokens: Int
    /// The number of blocks of the model.
    public let blocks: Int
    /// The numbers of blocks of the models on which memory was measured.
    public let measuredBlocks: [Int]
    /// Whether time was measured on the whole model.
    public let isTimeOfWholeModel: Bool
    /// The time of a step in seconds.
    public let secondsPerStep: Double
    /// The time of all evaluations in seconds, including the final one.
    public let evaluationSeconds: Double
    /// The memory of the run.
    public let memory: MemoryForecast
    /// The disk space that the run needs in its output folder.
    public let disk: RunDisk
    /// Lighter settings and their memory, if ``memory`` exceeded a limit.
    public let alternatives: [Alternative]
    /// The exchange of several processes; nil for one process.
    public let exchange: ExchangeForecast?

    /// The time of all steps in seconds.
    public var trainingSeconds: Double { secondsPerStep * Double(plan.totalSteps) }

    /// Flags with which a run needs less memory.
    public struct Alternative: Sendable {
        /// The flags to add to the command.
        public let flags: [String]
        /// Whether the trained model stays the same, except for rounding.
        public let keepsNumbers: Bool
        /// The memory with these flags.
        public let memory: MemoryForecast
    }
}
