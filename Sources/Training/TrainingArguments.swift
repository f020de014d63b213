public import Torch

/// The interval at which a run logs, evaluates or saves.
public enum IntervalStrategy: String, Sendable, CaseIterable {
    case no, steps, epoch
    /// Whenever an evaluation is the best so far; for saving only.
    case best
}

/// The type in which matrix products are computed.
///
/// Head, norms, softmax, loss and master weights are always float32.
public enum Precision: String, Sendable, CaseIterable {
    /// True float32.
    case fp32
    /// TensorFloat-32 on GPUs that support it; on a CPU float32 with the fastest kernels.
    case tf32
    /// bfloat16 matrix products with float32 weights.
    case bf16

    /// The type of matrix products.
    public var matmulDType: DType { self == .bf16 ? .bfloat16 : .float32 }
}

/// The order of the training examples.
public enum SamplingStrategy: String, Sendable, CaseIterable {
    /// Shuffled for every epoch.
    case random
    /// The order of the data.
    case sequential
}

/// The length of the warmup.
public enum Warmup: Sendable, Equatable {
    case steps(Int)
    /// A fraction of all steps, rounded up.
    case ratio(Double)
}

/// The type in which a group of processes exchanges gradients.
public enum GradientCompression: String, Sendable, CaseIterable {
    /// float32.
    case no
    /// bfloat16, summed in float32: half of the bytes.
    case bf16
}

/// The part of the training state that is split among a group of processes.
public enum ZeroStage: Int, Sendable, CaseIterable {
    /// Every process keeps everything.
    case off = 0
    /// Every process keeps the optimizer state of only some parameters.
    case one = 1
    /// Every process keeps the weights, the gradients and the optimizer state of only some parameters of the blocks.
    case three = 3
}

/// The use of a teacher's logits in the loss, as by `DistillationLoss`.
public struct Distillation: Sendable, Equatable {
    /// T, by which logits are divided before their scores are compared.
    public var temperature = 2.0
    /// A, the teacher's share of the loss; the rest is the loss of labels.
    public var alpha = 0.5

    /// Creates the usual values.
    public init() {}

    /// Creates values.
    ///
    /// - Parameters:
    ///   - temperature: T, above 0.
    ///   - alpha: A, from 0 to 1.
    public init(temperature: Double, alpha: Double) {
        (self.temperature, self.alpha) = (temperature, alpha)
    }
}

/// The training arguments, with transformers' names and defaults.
///
/// Source: `TrainingArguments` of transformers 5.23 (training_args.py).
public struct TrainingArguments: Sendable, Equatable {
    /// The highest learning rate.
    public var learningRate = 5e-5
    /// Examples per micro-batch of one process.
    public var perDeviceTrainBatchSize = 8
    /// Examples per evaluation batch; nil fills batches by tokens, which is faster and gives the same results.
    public var perDeviceEvalBatchSize: Int?
    /// Micro-batches per step.
    public var gradientAccumulationSteps = 1
    /// The maximum number of tokens of a micro-batch; nil splits a step by ``perDeviceTrainBatchSize``.
    ///
    /// If given, a process's ``perDeviceTrainBatchSize`` times ``gradientAccumulationSteps`` examples of a step are packed by
    /// length into as few micro-batches as possible. The step's result stays the same.
    public var maxTokensPerBatch: Int?
    /// Whether to update each block's weights as soon as the backward pass has their gradients, which are then freed.
    public var optimizerInBackward = false
    /// A folder for a temporary file with the weights and moments of blocks that are not in use; nil keeps them in memory.
    public var offloadFolder: String?
    /// Whether the states after the frozen first blocks are kept between epochs, as far as half of the free memory allows.
    public var keepsFrozenStates = false
    /// Whether to recompute blocks in the backward pass instead of keeping their activations: less memory, about a third
    /// more time.
    public var gradientCheckpointing = false
    /// The number of epochs; may be a fraction.
    public var numTrainEpochs = 3.0
    /// The number of steps; overrides ``numTrainEpochs`` if given.
    public var maxSteps: Int?
    /// The optimizer.
    public var optimizer = OptimizerName.adamWFused
    /// SGD's momentum, the decay of its running sum of gradients; 0 turns it off.
    public var sgdMomentum = 0.0
    /// SGD's dampening, by which a gradient is weighted less in that sum.
    public var sgdDampening = 0.0
    /// Whether SGD uses Nesterov momentum.
    public var sgdNesterov = false
    /// Weight decay of all parameters except biases and norms.
    public var weightDecay = 0.0
    /// Decay rate of the first moment, the gradients' running mean.
    public var adamBeta1 = 0.9
    /// Decay rate of the second moment, the squared gradients' running mean.
    public var adamBeta2 = 0.999
    /// Added to the second moment's square root.
    public var adamEpsilon = 1e-8
    /// The L2 norm to which gradients are clipped; 0 turns clipping off.
    public var maxGradNorm = 1.0
    /// The type of the learning rate schedule.
    public var scheduler = SchedulerType.linear
    /// The parameters of the learning rate schedule.
    public var schedulerOptions = SchedulerOptions()
    /// The length of the warmup.
    public var warmup = Warmup.steps(0)
    /// The factor of the learning rate for each block further from the head; 1 uses the same rate for all.
    public var layerwiseLearningRateDecay = 1.0
    /// Frozen parameters: prefixes of names, or patterns with `*`.
    public var frozenParameters: [String] = []
    /// The number of first blocks to freeze, together with everything before them; nil trains all.
    public var frozenLayerCount: Int?
    /// Label smoothing: the share of the target that is spread evenly over all classes.
    public var labelSmoothingFactor = 0.0
    /// γ of the focal loss; 0 weighs easy and hard examples equally.
    public var focalGamma = 0.0
    /// The use of a teacher's logits, which the examples need then; nil learns from labels alone.
    public var distillation: Distillation?
    /// When to add a row to the log.
    public var loggingStrategy = IntervalStrategy.steps
    /// Steps between rows of the log.
    public var loggingSteps = 500
    /// Whether to log the first step, too.
    public var loggingFirstStep = false
    /// When to evaluate during training.
    public var evalStrategy = IntervalStrategy.no
    /// Steps between evaluations; nil takes ``loggingSteps``.
    public var evalSteps: Int?
    /// Steps or epochs, according to ``evalStrategy``, before the first evaluation.
    public var evalDelay = 0.0
    /// Whether to evaluate before the first step, too.
    ///
    /// This evaluation is never the best.
    public var evalOnStart = false
    /// When to save during training.
    public var saveStrategy = IntervalStrategy.steps
    /// Steps between checkpoints.
    public var saveSteps = 500
    /// The number of checkpoints to keep, always including the newest and the best; nil keeps all.
    public var saveTotalLimit: Int?
    /// Whether checkpoints contain only the model: at most a third of the size, but such checkpoints cannot be resumed.
    public var saveOnlyModel = false
    /// Whether every process of a group writes its own part of checkpoints and of the trained model, in a folder that all share;
    /// without effect in one process, and for adapters.
    public var saveSharded = false
    /// Whether to load the weights of the best evaluation at the end; their checkpoint is then always kept.
    public var loadBestModelAtEnd = false
    /// The metric that selects the best evaluation, with or without `eval_`; nil takes the loss.
    public var metricForBestModel: String?
    /// Whether a greater value of that metric is better; nil takes the metric's own direction.
    public var greaterIsBetter: Bool?
    /// The number of evaluations without improvement after which training stops; nil never stops early.
    public var earlyStoppingPatience: Int?
    /// The smallest improvement that counts.
    public var earlyStoppingThreshold = 0.0
    /// The seed of the head's initial weights, dropout and, without ``dataSeed``, the data order.
    public var seed: UInt64 = 42
    /// The seed of the data order.
    public var dataSeed: UInt64?
    /// The order of the training examples.
    public var trainSamplingStrategy = SamplingStrategy.random
    /// Whether to leave out an epoch's last examples if they do not fill a micro-batch.
    public var dataloaderDropLast = false
    /// The type of matrix products.
    public var precision = Precision.fp32
    /// Whether to write a replay file, with all weights, for a step with a NaN or infinite loss or gradient.
    public var writesReplayFile = true
    /// Whether to reproduce transformers' inexact loss under accumulation, the sum of the micro-batches' means.
    public var hfCompatGradientAccumulation = false
    /// The number of processes that share every step; ``Trainer`` takes it from its group.
    public var worldSize = 1
    /// The seconds that a process of a group waits for the others within a step.
    public var ddpTimeout = 300
    /// The size of the buffers in which a group sums gradients, in MiB.
    public var ddpBucketCapMB = 25
    /// The type in which a group exchanges gradients.
    public var ddpCommHook = GradientCompression.no
    /// The part of the training state that a group splits among its processes.
    public var zeroStage = ZeroStage.off

    /// Creates arguments with transformers' defaults.
    public init() {}

    /// Whether each process has the weights of only some parameters, so that blocks are recomputed in the backward pass.
    package var dividesWeights: Bool { zeroStage == .three && worldSize > 1 }

    /// The examples of one micro-batch of every process.
    private var batchOfAllProcesses: Int { perDeviceTrainBatchSize * worldSize }

    /// The maximum number of examples per step, of all processes.
    public var examplesPerStep: Int { batchOfAllProcesses * gradientAccumulationSteps }

    /// The number of examples per epoch.
    ///
    /// - Parameter examples: The number of training examples.
    /// - Returns: All examples, or only those that fill a micro-batch of every process.
    public func examplesPerEpoch(of examples: Int) -> Int {
        dataloaderDropLast ? examples / batchOfAllProcesses * batchOfAllProcesses : examples
    }

    /// The number of steps per epoch.
    ///
    /// The last step may have fewer micro-batches.
    ///
    /// - Parameter examples: The number of training examples.
    /// - Returns: The number of steps, at least 1.
    ///
    /// Source: `Trainer.set_initial_training_values` (trainer.py:2514-2521).
    public func stepsPerEpoch(examples: Int) -> Int {
        let batches = microBatchesPerEpoch(examples: examples)
        return max((batches + gradientAccumulationSteps - 1) / gradientAccumulationSteps, 1)
    }

    /// The number of micro-batches of each process per epoch, split by ``perDeviceTrainBatchSize``.
    private func microBatchesPerEpoch(examples: Int) -> Int {
        (examplesPerEpoch(of: examples) + batchOfAllProcesses - 1) / batchOfAllProcesses
    }

    /// The number of epochs after some steps.
    ///
    /// It is counted in micro-batches, because an epoch's last step may have fewer: after the first of two steps with 2 and
    /// 1 micro-batches it is 2/3.
    ///
    /// - Parameters:
    ///   - step: The number of steps taken.
    ///   - examples: The number of training examples.
    /// - Returns: The epoch for the log.
    ///
    /// Source: `Trainer._run_epoch` (trainer.py:1948).
    public func epoch(after step: Int, examples: Int) -> Double {
        let steps = stepsPerEpoch(examples: examples)
        let batches = max(microBatchesPerEpoch(examples: examples), 1)
        let (whole, rest) = step.quotientAndRemainder(dividingBy: steps)
        return Double(whole) + Double(min(rest * gradientAccumulationSteps, batches)) / Double(batches)
    }

    /// The number of epochs of the whole run for `trainer_state.json`, rounded up.
    ///
    /// Source: `Trainer.set_initial_training_values` (trainer.py:2525-2533).
    func wholeEpochs(examples: Int) -> Int {
        guard let maxSteps else { return Int(numTrainEpochs.rounded(.up)) }
        let steps = stepsPerEpoch(examples: examples)
        return (maxSteps + steps - 1) / steps
    }

    /// The number of steps of the whole run.
    ///
    /// - Parameter examples: The number of training examples.
    /// - Returns: The number of steps, at least 1.
    public func totalSteps(examples: Int) -> Int {
        maxSteps ?? Int((numTrainEpochs * Double(stepsPerEpoch(examples: examples))).rounded(.up))
    }
}
