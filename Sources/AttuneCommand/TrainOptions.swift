public import ArgumentParser
public import Attune

extension DatasetFormat: ExpressibleByArgument {}
extension IntervalStrategy: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
extension RowPolicy: ExpressibleByArgument {}
extension SamplingStrategy: ExpressibleByArgument {}
extension SchedulerType: ExpressibleByArgument {}

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

    @Option(
        help: ArgumentHelp(
            "The most tokens of a text; longer ones are cut. The model keeps this length for evaluation and prediction.",
            valueName: "tokens"
        )
    )
    var maxLength: Int?

    func validate() throws {
        if let maxLength, maxLength < 1 { throw ValidationError("--max-length must be at least 1") }
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
        parsing: .singleValue,
        help: ArgumentHelp(
            """
            balanced, effective-number[=BETA], or NAME=WEIGHT,NAME=WEIGHT; may be given several times, one class each. A name \
            with a comma is quoted. If a text has several labels, the weight of those that hold.
            """,
            valueName: "weights"
        )
    )
    var classWeights: [String] = []

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

    @Flag(help: "Start a new head even if the model is a classifier.")
    var reinitHead = false

    @Flag(help: "Train although nearly every row has a label of its own, as a column of ids gives.")
    var allowManyClasses = false

    @Flag(
        help:
            "Give the embedding rows for the tokenizer's tokens that it lacks, drawn around the mean of its rows as transformers' resize_token_embeddings does."
    )
    var resizeEmbeddings = false

    @Option(
        help: ArgumentHelp(
            "CPU threads. Default: all cores, or a container's share of them.",
            valueName: "count"
        )
    )
    var threads: Int?

    /// How many seeds, where it is more than one.
    var seedCount: Int? { seeds.flatMap { $0 == 1 ? nil : $0 } }

    func validate() throws {
        if let seeds, seeds < 1 { throw ValidationError("--seeds must be at least 1") }
    }

    /// How much each class counts.
    func weights() throws -> ClassWeights {
        guard !classWeights.isEmpty else { return .equal }
        do { return try ClassWeights(typed: classWeights) } catch { throw ValidationError(error.message) }
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
