public import Torch

/// When something happens in a run.
public enum IntervalStrategy: String, Sendable, CaseIterable {
    case no, steps, epoch
    /// Whenever an evaluation is the best so far; for saving only.
    case best
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

/// In which order examples are learned from.
public enum SamplingStrategy: String, Sendable, CaseIterable {
    /// Shuffled anew every epoch.
    case random
    /// As the data has them.
    case sequential
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
    /// Tokens of a micro-batch at the most; nil cuts a step by ``perDeviceTrainBatchSize``.
    ///
    /// A step's examples, ``perDeviceTrainBatchSize`` times ``gradientAccumulationSteps`` of them, are then cut into as few
    /// micro-batches as that allows, by length; the step is the same.
    public var maxTokensPerBatch: Int?
    /// Whether each block's weights are moved as soon as the backward pass has their gradients, which are then forgotten.
    public var optimizerInBackward = false
    /// Whether blocks are computed again in the backward pass instead of kept: less memory, about a third more time.
    public var gradientCheckpointing = false
    /// Passes over the training data; fractions allowed.
    public var numTrainEpochs = 3.0
    /// Optimizer steps; overrides ``numTrainEpochs`` where it is given.
    public var maxSteps: Int?
    /// The optimizer.
    public var optimizer = OptimizerName.adamWFused
    /// Decay of SGD's running sum of gradients; 0 keeps none.
    public var sgdMomentum = 0.0
    /// What a gradient counts less in that sum.
    public var sgdDampening = 0.0
    /// Whether SGD looks ahead.
    public var sgdNesterov = false
    /// Weight decay of all but biases and norms.
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
    /// What shapes that beyond its name.
    public var schedulerOptions = SchedulerOptions()
    /// How long it rises first.
    public var warmup = Warmup.steps(0)
    /// What the learning rate is multiplied by with every block down from the head; 1 treats all alike.
    public var layerwiseLearningRateDecay = 1.0
    /// Parameters that are not trained: beginnings of names, or patterns with `*`.
    public var frozenParameters: [String] = []
    /// How many of the first blocks are not trained, with all that comes before them; nil trains all.
    public var frozenLayerCount: Int?
    /// The share of the wanted distribution that is spread evenly over all classes.
    public var labelSmoothingFactor = 0.0
    /// γ of the focal loss; 0 weighs easy and hard examples alike.
    public var focalGamma = 0.0
    /// When a row is added to the log.
    public var loggingStrategy = IntervalStrategy.steps
    /// Optimizer steps between rows of the log.
    public var loggingSteps = 500
    /// Whether the first step has a row of its own.
    public var loggingFirstStep = false
    /// When to evaluate during training.
    public var evalStrategy = IntervalStrategy.no
    /// Optimizer steps between evaluations; ``loggingSteps`` where nil.
    public var evalSteps: Int?
    /// Steps or epochs, as ``evalStrategy`` has it, before the first evaluation.
    public var evalDelay = 0.0
    /// Whether to evaluate before the first step, too; such an evaluation is never the best.
    public var evalOnStart = false
    /// When to save during training.
    public var saveStrategy = IntervalStrategy.steps
    /// Optimizer steps between checkpoints.
    public var saveSteps = 500
    /// How many checkpoints to keep, the newest and the best in any case; nil keeps all.
    public var saveTotalLimit: Int?
    /// Whether checkpoints hold the model alone: a third of the size or less, and nothing to go on from.
    public var saveOnlyModel = false
    /// Whether the run ends with the weights of its best evaluation, whose checkpoint is then always kept.
    public var loadBestModelAtEnd = false
    /// The metric that tells which is the best, with or without `eval_`; the loss where nil.
    public var metricForBestModel: String?
    /// Whether more of it is better; nil takes the metric's own direction.
    public var greaterIsBetter: Bool?
    /// Evaluations without improvement after which training stops; nil never stops.
    public var earlyStoppingPatience: Int?
    /// How much an improvement must be to count.
    public var earlyStoppingThreshold = 0.0
    /// Seed of head, dropout and, without ``dataSeed``, data order.
    public var seed: UInt64 = 42
    /// Seed of the data order.
    public var dataSeed: UInt64?
    /// In which order examples come.
    public var trainSamplingStrategy = SamplingStrategy.random
    /// Whether an epoch's last examples are left out where they do not fill a micro-batch.
    public var dataloaderDropLast = false
    /// Type of matrix products.
    public var precision = Precision.fp32
    /// Whether a step whose loss or gradients are no numbers leaves a file that runs it again; it holds all weights.
    public var writesReplayFile = true
    /// Whether to repeat the reference's fault under accumulation: a step's loss is then the sum of the micro-batches' means.
    public var hfCompatGradientAccumulation = false

    /// The reference's defaults.
    public init() {}

    /// Examples of one epoch.
    ///
    /// - Parameter examples: Of the training data.
    /// - Returns: All of them, or as many as fill micro-batches.
    public func examplesPerEpoch(of examples: Int) -> Int {
        dataloaderDropLast ? examples / perDeviceTrainBatchSize * perDeviceTrainBatchSize : examples
    }

    /// Optimizer steps of one epoch: the last group of micro-batches may be short.
    ///
    /// - Parameter examples: Of the training data.
    /// - Returns: At least 1.
    ///
    /// Source: `Trainer.set_initial_training_values` (trainer.py:2514-2521).
    public func stepsPerEpoch(examples: Int) -> Int {
        let batches = microBatchesPerEpoch(examples: examples)
        return max((batches + gradientAccumulationSteps - 1) / gradientAccumulationSteps, 1)
    }

    /// Micro-batches of one epoch, as ``perDeviceTrainBatchSize`` cuts it.
    private func microBatchesPerEpoch(examples: Int) -> Int {
        (examplesPerEpoch(of: examples) + perDeviceTrainBatchSize - 1) / perDeviceTrainBatchSize
    }

    /// Passes over the data after some optimizer steps.
    ///
    /// Counted in micro-batches, since an epoch's last step may have fewer of them: after the first of two steps that take
    /// 2 and 1 it is 2/3.
    ///
    /// - Parameters:
    ///   - step: Steps taken.
    ///   - examples: Of the training data.
    /// - Returns: The epoch to log.
    ///
    /// Source: `Trainer._run_epoch` (trainer.py:1948).
    public func epoch(after step: Int, examples: Int) -> Double {
        let steps = stepsPerEpoch(examples: examples)
        let batches = max(microBatchesPerEpoch(examples: examples), 1)
        let (whole, rest) = step.quotientAndRemainder(dividingBy: steps)
        return Double(whole) + Double(min(rest * gradientAccumulationSteps, batches)) / Double(batches)
    }

    /// Epochs of the whole run as `trainer_state.json` has them, rounded up.
    ///
    /// Source: `Trainer.set_initial_training_values` (trainer.py:2525-2533).
    func wholeEpochs(examples: Int) -> Int {
        guard let maxSteps else { return Int(numTrainEpochs.rounded(.up)) }
        let steps = stepsPerEpoch(examples: examples)
        return (maxSteps + steps - 1) / steps
    }

    /// Optimizer steps of the whole run.
    ///
    /// - Parameter examples: Of the training data.
    /// - Returns: At least 1.
    public func totalSteps(examples: Int) -> Int {
        maxSteps ?? Int((numTrainEpochs * Double(stepsPerEpoch(examples: examples))).rounded(.up))
    }
}
