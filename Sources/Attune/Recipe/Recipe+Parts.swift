public import Datasets
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

        /// A part of the rows.
        ///
        /// - Parameters:
        ///   - size: A share or a number of the rows.
        ///   - stratifyBy: A column whose values keep their shares; nil draws at random.
        ///   - seed: The seed of the draw.
        public init(_ size: SplitSize, stratifyBy: String? = nil, seed: UInt64 = 0) {
            (self.size, self.stratifyBy, self.seed) = (size, stratifyBy, seed)
        }
    }

    /// The examples that a model is evaluated on.
    public enum Evaluation: Sendable, Equatable {
        /// None: the model is not evaluated.
        case none
        /// A part of the data that is not trained on.
        case holdOut(SplitSize, stratification: Stratification, seed: UInt64)
        /// Another source, of which a split may be chosen.
        case data(DataSource)
        /// Another split of the training data's folder.
        case split(String)

        /// Holds out a share of the rows.
        ///
        /// - Parameters:
        ///   - share: Between 0 and 1.
        ///   - stratified: Whether each label keeps its share, if every text has one label.
        ///   - seed: The seed of the draw.
        public static func holdOut(_ share: Double, stratified: Bool = true, seed: UInt64 = 42) -> Evaluation
        {
            .holdOut(.fraction(share), stratification: stratified ? .labels : .nothing, seed: seed)
        }
    }

    /// When to evaluate during training.
    public struct EvaluationTimes: Sendable, Equatable {
        /// Never, by steps or by epochs.
        public var strategy = IntervalStrategy.no
        /// Steps between evaluations; nil uses ``Logging/steps``.
        public var steps: Int?
        /// Steps or epochs, depending on ``strategy``, before the first evaluation.
        public var delay = 0.0
        /// Whether to evaluate before the first step as well.
        public var atStart = false
        /// Examples of an evaluation batch; nil fills batches by tokens.
        public var batchSize: Int?

        /// Never.
        public init() {}

        /// Every so many steps.
        ///
        /// - Parameter steps: Steps between evaluations.
        public static func every(steps: Int) -> EvaluationTimes {
            var times = EvaluationTimes()
            (times.strategy, times.steps) = (.steps, steps)
            return times
        }

        /// After every epoch.
        public static var everyEpoch: EvaluationTimes {
            var times = EvaluationTimes()
            times.strategy = .epoch
            return times
        }
    }

    /// Which evaluation is the best, and what follows from that.
    public struct Selection: Sendable, Equatable {
        /// Whether the run ends with the weights of its best evaluation.
        public var loadsBestModel = false
        /// The metric that decides, with or without `eval_`; nil uses the loss.
        public var metric: String?
        /// Whether a greater value is better; nil uses the metric's own direction.
        public var greaterIsBetter: Bool?
        /// Evaluations without improvement after which training stops; nil never stops early.
        public var patience: Int?
        /// The least difference that counts as an improvement.
        public var threshold = 0.0

        /// No selection.
        public init() {}
    }

    /// How long to train.
    public enum Length: Sendable, Equatable {
        /// Passes over the training data; fractions are allowed.
        case epochs(Double)
        /// Optimizer steps.
        case steps(Int)
    }

    /// How many examples a step has, and how they are cut into micro-batches.
    public struct Batch: Sendable, Equatable {
        /// Examples of a micro-batch.
        public var size = 8
        /// Micro-batches of an optimizer step.
        public var accumulation = 1
        /// The maximum number of tokens of a micro-batch; nil cuts a step by ``size``.
        public var maxTokens: Int?
        /// Whether to repeat transformers' fault under accumulation, to compare numbers.
        public var repeatsAccumulationFault = false

        /// Eight examples.
        public init() {}

        /// A batch.
        ///
        /// - Parameters:
        ///   - size: Examples of a micro-batch.
        ///   - accumulation: Micro-batches of an optimizer step.
        ///   - maxTokens: The maximum number of tokens of a micro-batch.
        public init(size: Int, accumulation: Int = 1, maxTokens: Int? = nil) {
            (self.size, self.accumulation, self.maxTokens) = (size, accumulation, maxTokens)
        }
    }

    /// What is minimized: cross-entropy, of several labels binary cross-entropy, of numbers the squared error.
    public struct Loss: Sendable, Equatable {
        /// The weight of each class.
        public var classWeights = ClassWeights.equal
        /// The share of the target distribution that is spread evenly over all classes.
        public var labelSmoothing = 0.0
        /// γ of the focal loss; 0 weighs easy and hard examples alike.
        public var focalGamma = 0.0

        /// The plain loss.
        public init() {}
    }

    /// The parameters that are not trained.
    public struct Frozen: Sendable, Equatable {
        /// Beginnings of parameter names, or patterns with `*`.
        public var parameters: [String] = []
        /// The number of blocks, counted from the embedding, that are not trained, nor is what comes before them.
        public var blocks: Int?

        /// All parameters are trained.
        public init() {}
    }

    /// The type in which weights are kept in memory.
    public enum WeightsType: String, Sendable, CaseIterable {
        /// float32.
        case fp32
        /// bfloat16, with stochastic rounding in training. Head, norms and biases stay float32.
        case bf16
    }

    /// What trades time for memory; the trained model is the same.
    public struct Memory: Sendable, Equatable {
        /// Whether blocks are computed again in the backward pass instead of kept.
        public var gradientCheckpointing = false
        /// Whether the weights of each block are updated as soon as the backward pass has their gradients.
        public var optimizerInBackward = false

        /// The fastest way.
        public init() {}
    }

    /// When to log.
    public struct Logging: Sendable, Equatable {
        /// Never, by steps or by epochs.
        public var strategy = IntervalStrategy.steps
        /// Steps between rows of the log.
        public var steps = 500
        /// Whether the first step has a row.
        public var firstStep = false

        /// Every 500 steps.
        public init() {}
    }

    /// When to save checkpoints, and which to keep.
    public struct Saving: Sendable, Equatable {
        /// Never, by steps, by epochs, or when an evaluation is the best so far.
        public var strategy = IntervalStrategy.steps
        /// Steps between checkpoints.
        public var steps = 500
        /// How many checkpoints to keep, the newest and the best in any case; nil keeps all.
        public var limit: Int?
        /// Whether checkpoints hold the model alone, so that they cannot be resumed.
        public var modelOnly = false
        /// Whether a step with a NaN or infinite loss or gradient leaves a file that `attune replay` runs again.
        public var writesReplayFile = true

        /// Every 500 steps.
        public init() {}
    }
}
