/// What a run will take of memory at its worst, in bytes, by class.
public struct MemoryForecast: Sendable, Equatable {
    /// The program itself: libraries, the data, what it keeps beside tensors.
    public var program: Int
    /// The weights.
    public var weights: Int
    /// Gradients at the worst moment of training.
    public var gradients: Int
    /// What the optimizer remembers.
    public var optimizerState: Int
    /// Everything else that tensors hold at that moment: activations, and what operations need while they work.
    public var activations: Int
    /// What the allocator holds on top, because freed memory is not always where the next tensor fits.
    public var overhead: Int
    /// The process at its worst while the checkpoint is read.
    public var loading: Int
    /// The process at its worst while evaluating; 0 where nothing is evaluated.
    public var evaluation: Int
    /// The process at its worst while the best model is taken back at the end; 0 where it is not.
    public var restoring: Int
    /// What reading the data took at its worst, before any tensor.
    public var reading: Int

    /// What all tensors hold at the worst moment of training: what a GPU must have room for.
    public var tensors: Int { weights + gradients + optimizerState + activations }

    /// The process at its worst in training.
    public var training: Int { program + tensors + overhead }

    /// The most that the process will have resident at once.
    public var peak: Int { [training, loading, evaluation, restoring, reading].max() ?? training }

    /// A part of the run, by which ``peak`` is reached.
    public var worst: String {
        let parts = [
            ("training", training), ("loading the checkpoint", loading), ("evaluation", evaluation),
            ("taking back the best model", restoring), ("reading the data", reading),
        ]
        return parts.max { $0.1 < $1.1 }?.0 ?? "training"
    }
}

/// What a run will take, from a few real steps of a model like its own with fewer blocks.
public struct Forecast: Sendable {
    /// Rows, labels, tokens and steps.
    public let plan: DatasetSummary
    /// Tokens of a step on average.
    public let tokensPerStep: Double
    /// Texts of the micro-batch with the most tokens.
    public let worstBatchTexts: Int
    /// Its tokens.
    public let worstBatchTokens: Int
    /// Blocks of the model.
    public let blocks: Int
    /// Blocks of the models that were measured for memory.
    public let measuredBlocks: [Int]
    /// Whether time was measured on the whole model, not on those.
    public let isTimeOfWholeModel: Bool
    /// Seconds of a step.
    public let secondsPerStep: Double
    /// Seconds of all evaluations, that at the end included.
    public let evaluationSeconds: Double
    /// Memory.
    public let memory: MemoryForecast
    /// What the run writes to its output folder.
    public let disk: RunDisk
    /// Other settings and what they take, where ``memory`` was more than wanted.
    public let alternatives: [Alternative]

    /// Seconds of all steps.
    public var trainingSeconds: Double { secondsPerStep * Double(plan.totalSteps) }

    /// Flags that make a run take less.
    public struct Alternative: Sendable {
        /// What to add to the command.
        public let flags: [String]
        /// Whether what is learned stays the same but for rounding.
        public let keepsNumbers: Bool
        /// Memory with them.
        public let memory: MemoryForecast
    }
}
