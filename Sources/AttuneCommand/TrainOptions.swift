public import ArgumentParser
public import Attune

extension DatasetFormat: ExpressibleByArgument {}
extension IntervalStrategy: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
extension RowPolicy: ExpressibleByArgument {}
extension SamplingStrategy: ExpressibleByArgument {}
extension SchedulerType: ExpressibleByArgument {}

extension ClassWeights: ExpressibleByArgument {
    /// `balanced`, `effective-number` or `J=0.6,P=0.4`.
    public init?(argument: String) { self.init(argument) }
}

extension ArgumentHelp {
    /// The help of an option that names the second text of pairs.
    static var textPairColumn: ArgumentHelp {
        ArgumentHelp("The column of texts that belong with those, to classify pairs.", valueName: "name")
    }

    /// The help of an option that takes a file of rows.
    static var fileOfRows: ArgumentHelp {
        ArgumentHelp(
            "A file of rows, a folder or a quoted pattern: .csv, .tsv, .tab (Orange), .jsonl, .json, .txt, .parquet, .arrow; text also compressed. Or an id of the Hub: org/name[@revision].",
            valueName: "path"
        )
    }
}

/// The model, and the file of labelled texts.
struct SourceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A model's folder in the Hub's layout, a .gguf file, or an id of the Hub: org/name[@revision].",
            valueName: "model"
        )
    )
    var model: String

    @OptionGroup var data: DatasetOptions

    @Option(help: ArgumentHelp("The column that holds the texts.", valueName: "name"))
    var textColumn: String

    @Option(help: .textPairColumn)
    var textPairColumn: String?

    @OptionGroup var labels: LabelOptions

    @Option(help: ArgumentHelp("Tokens of a text at the most; what is longer is cut.", valueName: "tokens"))
    var maxLength: Int?

    func validate() throws {
        if let maxLength, maxLength < 1 { throw ValidationError("--max-length must be at least 1") }
    }
}

/// Where the examples to measure on come from.
struct HeldOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Hold out a share (0.2) or a number (500) of the rows.", valueName: "size"))
    var testSize: Double?

    @Option(help: ArgumentHelp("Keep this column's shares in both parts.", valueName: "column"))
    var stratifyBy: String?

    @Option(help: "Seed of the split.")
    var splitSeed: UInt64 = 42

    @Option(help: ArgumentHelp("Measure on this file or folder instead.", valueName: "path"))
    var evalDataset: String?

    @Option(
        help: ArgumentHelp(
            "Measure on this split of the dataset's folder, or of --eval-dataset.",
            valueName: "name"
        )
    )
    var evalSplit: String?

    @Option(help: ArgumentHelp("Work with a share or a number of the rows only.", valueName: "size"))
    var sample: Double?

    @Option(help: "Seed of the sample.")
    var sampleSeed: UInt64 = 0

    func choice() throws -> FineTuning.Held {
        if testSize == nil, stratifyBy != nil, sample == nil {
            throw ValidationError("--stratify-by needs --test-size or --sample")
        }
        switch (testSize, evalDataset, evalSplit) {
        case (nil, nil, nil): return .nothing
        case (let size?, nil, nil): return .held(try Self.size(size), stratifyBy: stratifyBy, seed: splitSeed)
        case (nil, let path?, let split): return .file(try HubDoor.dataset(path), split: split)
        case (nil, nil, let split?): return .split(split)
        default: throw ValidationError("--test-size excludes --eval-dataset and --eval-split")
        }
    }

    /// A share below 1, a number from 1.
    static func size(_ value: Double) throws -> SplitSize {
        if value > 0, value < 1 { return .fraction(value) }
        if value >= 1, let count = Int(exactly: value) { return .count(count) }
        throw ValidationError("a size is a share between 0 and 1 or a whole number of rows, not \(value)")
    }
}

/// The optimizer, its schedule and the loss.
struct TrainingOptions: ParsableArguments {
    @Option(help: "The highest learning rate.")
    var learningRate = TrainingArguments().learningRate

    @Option(help: ArgumentHelp("Passes over the training data.", valueName: "epochs"))
    var numTrainEpochs = TrainingArguments().numTrainEpochs

    @Option(help: ArgumentHelp("Optimizer steps; overrides the epochs.", valueName: "steps"))
    var maxSteps: Int?

    @Option(help: ArgumentHelp("Examples of a micro-batch.", valueName: "examples"))
    var perDeviceTrainBatchSize = TrainingArguments().perDeviceTrainBatchSize

    @Option(help: ArgumentHelp("Micro-batches of a step; their mean is exact.", valueName: "count"))
    var gradientAccumulationSteps = TrainingArguments().gradientAccumulationSteps

    @Flag(help: "Repeat the reference's fault under accumulation, to compare numbers.")
    var hfCompatGa = false

    @Option(help: "Weight decay of all but biases and norms.")
    var weightDecay = TrainingArguments().weightDecay

    @Option(name: .customLong("adam-beta1"), help: "Decay of the gradients' mean.")
    var adamBeta1 = TrainingArguments().adamBeta1

    @Option(name: .customLong("adam-beta2"), help: "Decay of their squares' mean.")
    var adamBeta2 = TrainingArguments().adamBeta2

    @Option(help: "Added to the root of the second moment.")
    var adamEpsilon = TrainingArguments().adamEpsilon

    @Option(help: "The gradients' L2 norm at the most; 0 does not clip.")
    var maxGradNorm = TrainingArguments().maxGradNorm

    @Option(
        help: ArgumentHelp(
            "\(SchedulerType.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "name"
        )
    )
    var lrSchedulerType = TrainingArguments().scheduler

    @Option(help: ArgumentHelp("Steps of warm-up; below 1 a share of all.", valueName: "steps"))
    var warmupSteps: Double?

    @Option(help: ArgumentHelp("A share of all steps as warm-up.", valueName: "share"))
    var warmupRatio: Double?

    @Option(
        help: ArgumentHelp(
            "balanced, effective-number[=BETA], or NAME=WEIGHT,NAME=WEIGHT; of several labels a text, what each counts where it holds.",
            valueName: "weights"
        )
    )
    var classWeights: ClassWeights?

    @OptionGroup var precision: PrecisionOptions

    @Option(help: "Seed of the head and, without --data-seed, of the data's order.")
    var seed = TrainingArguments().seed

    @Option(help: "Seed of the data's order.")
    var dataSeed: UInt64?

    @Option(
        help: ArgumentHelp(
            "Repeat the run with so many seeds, from --seed on, each in seed-<n>, and report mean and spread.",
            valueName: "count"
        )
    )
    var seeds: Int?

    @Option(help: "random or sequential: in which order examples come.")
    var trainSamplingStrategy = TrainingArguments().trainSamplingStrategy

    @Flag(help: "Leave out an epoch's last examples where they do not fill a micro-batch.")
    var dataloaderDropLast = false

    @Flag(help: "Start a new head where the model has one of other labels.")
    var reinitHead = false

    @Flag(
        help:
            "Give the embedding rows for the tokenizer's tokens that it lacks, drawn around the mean of its rows as transformers' resize_token_embeddings does."
    )
    var resizeEmbeddings = false

    @Option(help: ArgumentHelp("CPU threads; all cores where left out.", valueName: "count"))
    var threads: Int?

    /// How many seeds, where it is more than one.
    var seedCount: Int? { seeds.flatMap { $0 == 1 ? nil : $0 } }

    func validate() throws {
        if let seeds, seeds < 1 { throw ValidationError("--seeds must be at least 1") }
    }

    func apply(to arguments: inout TrainingArguments) throws {
        arguments.learningRate = learningRate
        arguments.numTrainEpochs = numTrainEpochs
        arguments.maxSteps = maxSteps == -1 ? nil : maxSteps
        arguments.perDeviceTrainBatchSize = perDeviceTrainBatchSize
        arguments.gradientAccumulationSteps = gradientAccumulationSteps
        arguments.hfCompatGradientAccumulation = hfCompatGa
        arguments.weightDecay = weightDecay
        arguments.adamBeta1 = adamBeta1
        arguments.adamBeta2 = adamBeta2
        arguments.adamEpsilon = adamEpsilon
        arguments.maxGradNorm = maxGradNorm
        arguments.scheduler = lrSchedulerType
        arguments.precision = precision.choice
        arguments.trainSamplingStrategy = trainSamplingStrategy
        arguments.dataloaderDropLast = dataloaderDropLast
        arguments.seed = seed
        arguments.dataSeed = dataSeed
        arguments.warmup = try warmup()
    }

    private func warmup() throws -> Warmup {
        switch (warmupSteps, warmupRatio) {
        case (_?, _?): throw ValidationError("--warmup-steps and --warmup-ratio exclude each other")
        case (nil, let ratio?) where ratio > 0 && ratio < 1: return .ratio(ratio)
        case (let share?, nil) where share > 0 && share < 1: return .ratio(share)
        case (let steps?, nil) where steps >= 0 && steps == steps.rounded(): return .steps(Int(steps))
        case (nil, nil), (nil, 0?): return .steps(0)
        default: throw ValidationError("warm-up is a whole number of steps, or a share between 0 and 1")
        }
    }
}
