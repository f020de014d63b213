public import ArgumentParser
public import Attune

extension OptimizerName: ExpressibleByArgument {
    /// The reference's name, or a shorter one.
    public init?(argument: String) { self.init(named: argument) }
}

/// The optimizer, what shapes its schedule, and which parameters it moves.
struct OptimizerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "\(OptimizerName.allCases.map(\.rawValue).joined(separator: ", ")), or adamw_8bit and lion for short.",
            valueName: "name"
        )
    )
    var optim = TrainingArguments().optimizer

    @Option(help: ArgumentHelp("Of sgd: momentum=0.9,dampening=0,nesterov=true.", valueName: "name=value,…"))
    var optimArgs: String?

    @Option(
        help: ArgumentHelp(
            "What shapes the schedule: num_cycles, min_lr, power and so on, as the reference names them.",
            valueName: "name=value,…"
        )
    )
    var lrSchedulerKwargs: String?

    @Option(
        help: ArgumentHelp(
            "Multiplies the learning rate with every block down from the head.",
            valueName: "factor"
        )
    )
    var layerwiseLrDecay = TrainingArguments().layerwiseLearningRateDecay

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Parameters not to train: beginnings of their names, or quoted patterns with *.",
            valueName: "name"
        )
    )
    var freeze: [String] = []

    @Option(
        help: ArgumentHelp(
            "Do not train the first blocks, nor the embeddings below them.",
            valueName: "count"
        )
    )
    var freezeLayers: Int?

    @Option(
        help: ArgumentHelp("Spread this share of the wanted answer over all classes.", valueName: "share")
    )
    var labelSmoothingFactor = TrainingArguments().labelSmoothingFactor

    @Option(help: ArgumentHelp("Focal loss: how much less easy examples count; often 2.", valueName: "gamma"))
    var focalGamma = TrainingArguments().focalGamma

    /// After the schedule's type is known.
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

/// Which evaluation is the best, and what follows from it.
struct SelectionOptions: ParsableArguments {
    @Flag(help: "End with the weights of the best evaluation, and keep their checkpoint whatever the limit.")
    var loadBestModelAtEnd = false

    @Option(help: ArgumentHelp("What tells which is the best; the loss where left out.", valueName: "metric"))
    var metricForBestModel: String?

    @Option(
        help: ArgumentHelp(
            "Whether more of it is better; the metric's own direction where left out.",
            valueName: "true|false"
        )
    )
    var greaterIsBetter: Bool?

    @Option(
        help: ArgumentHelp("Stop after so many evaluations without improvement.", valueName: "evaluations")
    )
    var earlyStoppingPatience: Int?

    @Option(help: ArgumentHelp("How much an improvement must be to count.", valueName: "difference"))
    var earlyStoppingThreshold = TrainingArguments().earlyStoppingThreshold

    func apply(to arguments: inout TrainingArguments) {
        arguments.loadBestModelAtEnd = loadBestModelAtEnd
        arguments.metricForBestModel = metricForBestModel
        arguments.greaterIsBetter = greaterIsBetter
        arguments.earlyStoppingPatience = earlyStoppingPatience
        arguments.earlyStoppingThreshold = earlyStoppingThreshold
    }
}
