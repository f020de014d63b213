import NN
public import Torch

/// When something happens in a run.
public enum IntervalStrategy: String, Sendable, CaseIterable {
    case no, steps, epoch
}

/// In which type matrix products are computed.
///
/// Head, norms, softmax, loss and master weights are float32 always.
public enum Precision: String, Sendable, CaseIterable {
    /// True float32.
    case fp32
    /// TensorFloat-32 on GPUs that have it; on a CPU float32 by the fastest kernels.
    case tf32
    /// bfloat16 products over float32 weights.
    case bf16

    /// The type of matrix products.
    public var matmulDType: DType { self == .bf16 ? .bfloat16 : .float32 }
}

/// How long warm-up lasts.
public enum Warmup: Sendable, Equatable {
    case steps(Int)
    /// A fraction of all steps, rounded up.
    case ratio(Double)
}

/// How to train: the reference's names and defaults.
///
/// Source: `TrainingArguments` of transformers 5.23 (training_args.py).
public struct TrainingArguments: Sendable, Equatable {
    /// The highest learning rate.
    public var learningRate = 5e-5
    /// Examples per micro-batch.
    public var perDeviceTrainBatchSize = 8
    /// Examples per evaluation batch; nil fills batches by tokens, which gives the same numbers sooner.
    public var perDeviceEvalBatchSize: Int?
    /// Micro-batches per optimizer step.
    public var gradientAccumulationSteps = 1
    /// Passes over the training data; fractions allowed.
    public var numTrainEpochs = 3.0
    /// Optimizer steps; overrides ``numTrainEpochs`` where it is given.
    public var maxSteps: Int?
    /// Weight decay of AdamW.
    public var weightDecay = 0.0
    /// Decay of the gradients' running mean.
    public var adamBeta1 = 0.9
    /// Decay of their squares' running mean.
    public var adamBeta2 = 0.999
    /// Added to the root of the second moment.
    public var adamEpsilon = 1e-8
    /// Gradients are scaled down to this L2 norm; 0 leaves them.
    public var maxGradNorm = 1.0
    /// How the learning rate moves.
    public var scheduler = SchedulerType.linear
    /// How long it rises first.
    public var warmup = Warmup.steps(0)
    /// Optimizer steps between rows of the log.
    public var loggingSteps = 500
    /// When to evaluate during training.
    public var evalStrategy = IntervalStrategy.no
    /// Optimizer steps between evaluations; ``loggingSteps`` where nil.
    public var evalSteps: Int?
    /// When to save during training.
    public var saveStrategy = IntervalStrategy.steps
    /// Optimizer steps between checkpoints.
    public var saveSteps = 500
    /// How many checkpoints to keep; nil keeps all.
    public var saveTotalLimit: Int?
    /// Seed of head, dropout and, without ``dataSeed``, data order.
    public var seed: UInt64 = 42
    /// Seed of the data order.
    public var dataSeed: UInt64?
    /// Type of matrix products.
    public var precision = Precision.fp32
    /// Whether to repeat the reference's fault under accumulation: a step's loss is then the sum of the micro-batches' means.
    public var hfCompatGradientAccumulation = false

    /// The reference's defaults.
    public init() {}

    /// Optimizer steps of one epoch: the last group of micro-batches may be short, nothing is dropped.
    ///
    /// - Parameter examples: Of the training data.
    /// - Returns: At least 1.
    ///
    /// Source: `Trainer.set_initial_training_values` (trainer.py:2514-2521).
    public func stepsPerEpoch(examples: Int) -> Int {
        let batches = (examples + perDeviceTrainBatchSize - 1) / perDeviceTrainBatchSize
        return max((batches + gradientAccumulationSteps - 1) / gradientAccumulationSteps, 1)
    }

    /// Optimizer steps of the whole run.
    ///
    /// - Parameter examples: Of the training data.
    /// - Returns: At least 1.
    public func totalSteps(examples: Int) -> Int {
        maxSteps ?? Int((numTrainEpochs * Double(stepsPerEpoch(examples: examples))).rounded(.up))
    }

    /// What is wrong with the values, if anything, naming the flag.
    ///
    /// - Throws: ``TrainingError`` with code `.badArgument`.
    public func validate() throws(TrainingError) {
        func require(_ condition: Bool, _ message: String) throws(TrainingError) {
            if !condition { throw TrainingError(.badArgument, message) }
        }
        try require(
            learningRate > 0 && learningRate.isFinite,
            "--learning-rate must be positive, not \(learningRate)"
        )
        try require(perDeviceTrainBatchSize > 0, "--per-device-train-batch-size must be at least 1")
        try require(perDeviceEvalBatchSize ?? 1 > 0, "--per-device-eval-batch-size must be at least 1")
        try require(gradientAccumulationSteps > 0, "--gradient-accumulation-steps must be at least 1")
        try require(
            numTrainEpochs > 0 || maxSteps != nil,
            "--num-train-epochs must be positive, not \(numTrainEpochs)"
        )
        try require(maxSteps ?? 1 > 0, "--max-steps must be at least 1; leave it out to train by epochs")
        try require(weightDecay >= 0, "--weight-decay must not be negative")
        try require(maxGradNorm >= 0, "--max-grad-norm must not be negative; 0 turns clipping off")
        try require(
            (0..<1).contains(adamBeta1) && (0..<1).contains(adamBeta2),
            "--adam-beta1 and --adam-beta2 lie in 0 ..< 1"
        )
        try require(loggingSteps > 0, "--logging-steps must be at least 1")
        try require(evalSteps ?? 1 > 0, "--eval-steps must be at least 1")
        try require(saveSteps > 0, "--save-steps must be at least 1; --save-strategy no turns saving off")
        try require(saveTotalLimit ?? 1 > 0, "--save-total-limit must be at least 1")
    }

    /// The optimizer's share of these arguments.
    var optimizer: AdamW.Options {
        var options = AdamW.Options()
        options.beta1 = adamBeta1
        options.beta2 = adamBeta2
        options.epsilon = adamEpsilon
        options.weightDecay = weightDecay
        return options
    }
}
