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
        ArgumentHelp("The column of second texts, to classify pairs.", valueName: "name")
    }

    /// The help of an option that takes a file of rows.
    static var fileOfRows: ArgumentHelp {
        ArgumentHelp(
            "A file of rows, a folder or a quoted pattern: .csv, .tsv, .tab (Orange), .jsonl, .json, .txt, .parquet, .arrow; text files may be compressed. Or an id of the Hub: org/name[@revision].",
            valueName: "path"
        )
    }
}

/// The model and the dataset of labelled texts.
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
            "Maximum tokens of a text; longer texts are cut. Saved with the model for evaluation and prediction.",
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

    @Option(help: ArgumentHelp("Examples per micro-batch.", valueName: "examples"))
    var perDeviceTrainBatchSize = TrainingArguments().perDeviceTrainBatchSize

    @Option(help: ArgumentHelp("Micro-batches per step; the loss is the exact mean over all examples.", valueName: "count"))
    var gradientAccumulationSteps = TrainingArguments().gradientAccumulationSteps

    @Flag(help: "Reproduce transformers' inexact loss under gradient accumulation, to compare results.")
    var hfCompatGa = false

    @Option(help: "Weight decay of all parameters except biases and norms.")
    var weightDecay = TrainingArguments().weightDecay

    @Option(name: .customLong("adam-beta1"), help: "Decay rate of the first moment, the gradients' mean.")
    var adamBeta1 = TrainingArguments().adamBeta1

    @Option(name: .customLong("adam-beta2"), help: "Decay rate of the second moment, the squared gradients' mean.")
    var adamBeta2 = TrainingArguments().adamBeta2

    @Option(help: "Added to the second moment's square root.")
    var adamEpsilon = TrainingArguments().adamEpsilon

    @Option(help: "Clip gradients to this L2 norm; 0 turns clipping off.")
    var maxGradNorm = TrainingArguments().maxGradNorm

    @Option(
        help: ArgumentHelp(
            "\(SchedulerType.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "name"
        )
    )
    var lrSchedulerType = TrainingArguments().scheduler

    @Option(help: ArgumentHelp("Warmup steps; below 1 a share of all steps.", valueName: "steps"))
    var warmupSteps: Double?

    @Option(help: ArgumentHelp("Warmup as a share of all steps.", valueName: "share"))
    var warmupRatio: Double?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            """
            balanced, effective-number[=BETA], or NAME=WEIGHT,NAME=WEIGHT; may be given several times, one class each. Quote a \
            name with a comma. For multi-label, the weight of a label's positive examples.
            """,
            valueName: "weights"
        )
    )
    var classWeights: [String] = []

    @OptionGroup var precision: PrecisionOptions

    @Option(help: "Seed of the head's initial weights and, without --data-seed, of the data order.")
    var seed = TrainingArguments().seed

    @Option(help: "Seed of the data order.")
    var dataSeed: UInt64?

    @Option(
        help: ArgumentHelp(
            "Repeat the run with this many seeds, starting at --seed, each in seed-<n>, and report mean and spread.",
            valueName: "count"
        )
    )
    var seeds: Int?

    @Option(help: "random or sequential: the order of the examples.")
    var trainSamplingStrategy = TrainingArguments().trainSamplingStrategy

    @Flag(help: "Leave out an epoch's last examples if they do not fill a micro-batch.")
    var dataloaderDropLast = false

    @Flag(help: "Start with a fresh head even if the model is a classifier.")
    var reinitHead = false

    @Flag(help: "Train even if nearly every row has its own label, as in a column of ids.")
    var allowManyClasses = false

    @Flag(
        help:
            "Add embedding rows for tokens that lack one, drawn around the mean row as in transformers' resize_token_embeddings."
    )
    var resizeEmbeddings = false

    @Option(
        help: ArgumentHelp(
            "CPU threads. Default: all cores, or the container's share of them.",
            valueName: "count"
        )
    )
    var threads: Int?

    /// The number of seeds, if more than one.
    var seedCount: Int? { seeds.flatMap { $0 == 1 ? nil : $0 } }

    func validate() throws {
        if let seeds, seeds < 1 { throw ValidationError("--seeds must be at least 1") }
    }

    /// The class weights.
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
        default:
            throw ValidationError(
                "--warmup-steps takes a whole number of steps or a share between 0 and 1; --warmup-ratio takes a share"
            )
        }
    }
}
