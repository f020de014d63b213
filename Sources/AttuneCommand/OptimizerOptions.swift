public import ArgumentParser
public import Attune

extension OptimizerName: ExpressibleByArgument {
    /// Reads transformers' name or a shorter one.
    public init?(argument: String) { self.init(named: argument) }
}

/// The optimizer, the schedule's parameters, and the trained parameters.
struct OptimizerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "\(OptimizerName.allCases.map(\.rawValue).joined(separator: ", ")), or adamw_8bit and lion for short.",
            valueName: "name"
        )
    )
    var optim = TrainingArguments().optimizer

    @Option(help: ArgumentHelp("For sgd: momentum=0.9,dampening=0,nesterov=true.", valueName: "name=value,…"))
    var optimArgs: String?

    @Option(
        help: ArgumentHelp(
            "The schedule's parameters, with transformers' names: num_cycles, min_lr, power and so on.",
            valueName: "name=value,…"
        )
    )
    var lrSchedulerKwargs: String?

    @Option(
        help: ArgumentHelp(
            "Multiply the learning rate by this factor for each block further from the head.",
            valueName: "factor"
        )
    )
    var layerwiseLrDecay = TrainingArguments().layerwiseLearningRateDecay

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Parameters not to train: prefixes of their names, or quoted patterns with *.",
            valueName: "name"
        )
    )
    var freeze: [String] = []

    @Option(
        help: ArgumentHelp(
            "Do not train the embeddings and this many first blocks.",
            valueName: "count"
        )
    )
    var freezeLayers: Int?

    @Option(
        help: ArgumentHelp("Label smoothing: spread this share of the target over all classes.", valueName: "share")
    )
    var labelSmoothingFactor = TrainingArguments().labelSmoothingFactor

    @Option(help: ArgumentHelp("Focal loss: the larger, the less easy examples count; often 2.", valueName: "gamma"))
    var focalGamma = TrainingArguments().focalGamma

    /// Applies the options. Call it after the schedule's type is set.
    func apply(to arguments: inout TrainingArguments) throws {
        arguments.optimizer = optim
        do {
            if let optimArgs { try arguments.setOptimizerArguments(optimArgs) }
            if let lrSchedulerKwargs {
                arguments.schedulerOptions = try SchedulerOptions(lrSchedulerKwargs, for: arguments.scheduler)
            }
        } catch {
            throw ValidationError(error.message)
        }
        arguments.layerwiseLearningRateDecay = layerwiseLrDecay
        arguments.frozenParameters = freeze
        arguments.frozenLayerCount = freezeLayers
        arguments.labelSmoothingFactor = labelSmoothingFactor
        arguments.focalGamma = focalGamma
    }
}

/// The choice of the best evaluation, and early stopping.
struct SelectionOptions: ParsableArguments {
    @Flag(help: "Load the weights of the best evaluation at the end, and keep their checkpoint despite --save-total-limit.")
    var loadBestModelAtEnd = false

    @Option(help: ArgumentHelp("The metric that selects the best evaluation. Default: the loss.", valueName: "metric"))
    var metricForBestModel: String?

    @Option(
        help: ArgumentHelp(
            "Whether a greater value of the metric is better. Default: the metric's own direction.",
            valueName: "true|false"
        )
    )
    var greaterIsBetter: Bool?

    @Option(
        help: ArgumentHelp("Stop after this many evaluations without improvement.", valueName: "evaluations")
    )
    var earlyStoppingPatience: Int?

    @Option(help: ArgumentHelp("The smallest improvement that counts.", valueName: "difference"))
    var earlyStoppingThreshold = TrainingArguments().earlyStoppingThreshold

    func apply(to arguments: inout TrainingArguments) {
        arguments.loadBestModelAtEnd = loadBestModelAtEnd
        arguments.metricForBestModel = metricForBestModel
        arguments.greaterIsBetter = greaterIsBetter
        arguments.earlyStoppingPatience = earlyStoppingPatience
        arguments.earlyStoppingThreshold = earlyStoppingThreshold
    }
}
