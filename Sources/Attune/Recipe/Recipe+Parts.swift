public import Datasets
import Torch
public import Training

extension Recipe {
    /// A part of the rows.
    public struct Sample: Sendable, Equatable {
        /// A share or a number of the rows.
        public var size: SplitSize
        /// The seed of the draw.
        public var seed: UInt64
        /// A column whose values keep their shares; nil draws at random.
        public var stratifyBy: String?

        /// Creates a sample.
        ///
        /// - Parameters:
        ///   - size: A share or a number of the rows.
        ///   - stratifyBy: A column whose values keep their shares; nil draws at random.
        ///   - seed: The seed of the draw.
        public init(_ size: SplitSize, stratifyBy: String? = nil, seed: UInt64 = 0) {
            (self.size, self.stratifyBy, self.seed) = (size, stratifyBy, seed)
        }
    }

    /// The evaluation examples.
    public enum Evaluation: Sendable, Equatable {
        /// No examples: the model is not evaluated.
        case none
        /// A hold-out: a part of the data that is not trained on.
        case holdOut(SplitSize, stratification: Stratification, seed: UInt64)
        /// Another source, or one of its splits.
        case data(DataSource)
        /// Another split of the training data's folder.
        case split(String)

        /// Holds out a share of the rows.
        ///
        /// - Parameters:
        ///   - share: Between 0 and 1.
        ///   - stratified: Whether each label keeps its share. Applies to single-label data.
        ///   - seed: The seed of the draw.
        /// - Returns: The hold-out.
        public static func holdOut(_ share: Double, stratified: Bool = true, seed: UInt64 = 42) -> Evaluation
        {
            .holdOut(.fraction(share), stratification: stratified ? .labels : .nothing, seed: seed)
        }
    }

    /// The times of evaluations during training.
    public struct EvaluationTimes: Sendable, Equatable {
        /// Never, every few steps, or after each epoch.
        public var strategy = IntervalStrategy.no
        /// Steps between evaluations; nil uses ``Logging/steps``.
        public var steps: Int?
        /// Steps or epochs, depending on ``strategy``, before the first evaluation.
        public var delay = 0.0
        /// Whether to evaluate before the first step as well.
        public var atStart = false
        /// The examples of an evaluation batch; nil fills batches by tokens.
        public var batchSize: Int?

        /// Creates times without an evaluation.
        public init() {}

        /// Evaluates every `steps` steps.
        ///
        /// - Parameter steps: Steps between evaluations.
        /// - Returns: The times.
        public static func every(steps: Int) -> EvaluationTimes {
            var times = EvaluationTimes()
            (times.strategy, times.steps) = (.steps, steps)
            return times
        }

        /// Evaluates after every epoch.
        public static var everyEpoch: EvaluationTimes {
            var times = EvaluationTimes()
            times.strategy = .epoch
            return times
        }
    }

    /// The choice of the best evaluation, and its use.
    public struct Selection: Sendable, Equatable {
        /// Whether the run ends with the weights of its best evaluation.
        public var loadsBestModel = false
        /// The metric to compare, with or without `eval_`; nil uses the loss.
        public var metric: String?
        /// Whether a greater value is better; nil uses the metric's own direction.
        public var greaterIsBetter: Bool?
        /// The number of evaluations without improvement after which training stops; nil never stops early.
        public var patience: Int?
        /// The smallest difference that counts as an improvement.
        public var threshold = 0.0

        /// Creates a selection that loads no model and never stops early.
        public init() {}
    }

    /// The length of training.
    public enum Length: Sendable, Equatable {
        /// Passes over the training data; fractions are allowed.
        case epochs(Double)
        /// Optimizer steps.
        case steps(Int)
    }

    /// The examples of a step and their division into micro-batches.
    public struct Batch: Sendable, Equatable {
        /// The examples of a micro-batch.
        public var size = 8
        /// The micro-batches of an optimizer step.
        public var accumulation = 1
        /// The maximum number of tokens of a micro-batch; nil divides a step by ``size``.
        public var maxTokens: Int?
        /// Whether to sum micro-batches as transformers does, which is not exact, to compare numbers.
        public var repeatsAccumulationFault = false

        /// Creates a batch of eight examples.
        public init() {}

        /// Creates a batch.
        ///
        /// - Parameters:
        ///   - size: The examples of a micro-batch.
        ///   - accumulation: The micro-batches of an optimizer step.
        ///   - maxTokens: The maximum number of tokens of a micro-batch.
        public init(size: Int, accumulation: Int = 1, maxTokens: Int? = nil) {
            (self.size, self.accumulation, self.maxTokens) = (size, accumulation, maxTokens)
        }
    }

    /// The loss to minimize: cross-entropy, binary cross-entropy for multi-label data, the squared error for regression.
    public struct Loss: Sendable, Equatable {
        /// The weight of each class.
        public var classWeights = ClassWeights.equal
        /// The share of the target distribution that is spread evenly over all classes.
        public var labelSmoothing = 0.0
        /// The focal loss's γ; 0 weights easy and hard examples alike.
        public var focalGamma = 0.0

        /// Creates the plain loss.
        public init() {}
    }

    /// The parameters that are not trained.
    public struct Frozen: Sendable, Equatable {
        /// Prefixes of parameter names, or patterns with `*`.
        public var parameters: [String] = []
        /// The number of lowest blocks to freeze, with the embeddings below them; nil freezes none.
        public var blocks: Int?

        /// Creates a value with which all parameters are trained.
        public init() {}
    }

    /// The type in which weights are kept in memory.
    public enum WeightsType: String, Sendable, CaseIterable {
        /// float32.
        case fp32
        /// bfloat16, with stochastic rounding in training. Head, norms and biases stay float32.
        case bf16

        /// The tensors' type.
        var dtype: DType { self == .bf16 ? .bfloat16 : .float32 }
    }

    /// Settings that trade time for memory, or memory for time; the trained model is the same.
    public struct Memory: Sendable, Equatable {
        /// Whether blocks are computed again in the backward pass instead of keeping their activations.
        public var gradientCheckpointing = false
        /// Whether each block's weights are updated as soon as the backward pass has their gradients.
        public var optimizerInBackward = false
        /// A folder for a temporary file with the weights and moments of blocks that are not in use; nil keeps them in memory.
        public var offloadFolder: String?
        /// Whether the states after the frozen first blocks are kept between epochs.
        public var keepsFrozenStates = false

        /// Creates the fastest settings.
        public init() {}
    }

    /// The times of log rows.
    public struct Logging: Sendable, Equatable {
        /// Never, every few steps, or after each epoch.
        public var strategy = IntervalStrategy.steps
        /// Steps between log rows.
        public var steps = 500
        /// Whether the first step has a row.
        public var firstStep = false

        /// Creates a log row every 500 steps.
        public init() {}
    }

    /// The times of checkpoints, and the number to keep.
    public struct Saving: Sendable, Equatable {
        /// Never, every few steps, after each epoch, or after each evaluation that is the best so far.
        public var strategy = IntervalStrategy.steps
        /// Steps between checkpoints.
        public var steps = 500
        /// The number of checkpoints to keep, always including the newest and the best; nil keeps all.
        public var limit: Int?
        /// Whether checkpoints hold only the model, so that they cannot be resumed.
        public var modelOnly = false
        /// Whether each of several processes writes its own part of checkpoints and of the model, in a folder that all share.
        public var isSharded = false
        /// Whether a step with a NaN or infinite loss or gradient is saved in a file for `attune replay`.
        public var writesReplayFile = true

        /// Creates a checkpoint every 500 steps.
        public init() {}
    }
}
