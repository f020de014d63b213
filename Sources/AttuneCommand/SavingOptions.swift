import ArgumentParser
import Attune

/// Logging, evaluation, checkpoints and reports.
struct SavingOptions: ParsableArguments {
    @Option(help: "When to write a row to the log: no, steps or epoch.")
    var loggingStrategy = TrainingArguments().loggingStrategy

    @Option(help: ArgumentHelp("Steps between rows of the log.", valueName: "steps"))
    var loggingSteps = TrainingArguments().loggingSteps

    @Flag(help: "Log the first step, too.")
    var loggingFirstStep = false

    @Option(
        name: [.customLong("eval-strategy"), .customLong("evaluation-strategy")],
        help:
            "When to evaluate during training: no, steps or epoch. Default: no; steps if --eval-steps is given."
    )
    var evalStrategy: IntervalStrategy?

    @Option(help: ArgumentHelp("Steps between evaluations.", valueName: "steps"))
    var evalSteps: Int?

    @Option(help: ArgumentHelp("Steps, or epochs, before the first evaluation.", valueName: "count"))
    var evalDelay = TrainingArguments().evalDelay

    @Flag(help: "Evaluate before the first step, too.")
    var evalOnStart = false

    @Option(
        help: ArgumentHelp(
            "Examples per evaluation batch; affects only memory and speed.",
            valueName: "examples"
        )
    )
    var perDeviceEvalBatchSize: Int?

    @Option(
        help: ArgumentHelp(
            "Accepted for transformers' scripts; not needed, because an evaluation's memory does not grow.",
            valueName: "steps"
        )
    )
    var evalAccumulationSteps: Int?

    @Option(help: "When to save checkpoints: no, steps, epoch or best.")
    var saveStrategy = TrainingArguments().saveStrategy

    @Option(help: ArgumentHelp("Steps between checkpoints.", valueName: "steps"))
    var saveSteps = TrainingArguments().saveSteps

    @Option(help: ArgumentHelp("Checkpoints to keep; the oldest are deleted first, the best never.", valueName: "count"))
    var saveTotalLimit: Int?

    @Flag(help: "Save the model alone in checkpoints: smaller, but such checkpoints cannot be resumed.")
    var saveOnlyModel = false

    @Option(
        help: ArgumentHelp(
            "Resume from a checkpoint folder, or from the output folder's latest; start from scratch if it has none.",
            valueName: "latest|folder"
        )
    )
    var resumeFromCheckpoint: String?

    @Option(
        help: ArgumentHelp(
            "tensorboard, jsonl or none: where to report metrics during training; may be given several times.",
            valueName: "report"
        )
    )
    var reportTo: [ReportChoice] = []

    @Flag(
        help: """
            If the loss or a gradient becomes NaN or infinite, stop without writing the file for `attune replay`, which \
            contains all weights.
            """
    )
    var noReplayFile = false

    /// The requested reports, each once.
    var reports: [RunReport] { RunReport.allCases.filter { reportTo.contains(.report($0)) } }

    func validate() throws {
        if reportTo.contains(.none), !reports.isEmpty {
            throw ValidationError("--report-to none excludes other reports; leave out either none or the others")
        }
    }

    func apply(to arguments: inout TrainingArguments) {
        arguments.loggingStrategy = loggingStrategy
        arguments.loggingSteps = loggingSteps
        arguments.loggingFirstStep = loggingFirstStep
        arguments.evalDelay = evalDelay
        arguments.evalOnStart = evalOnStart
        arguments.saveOnlyModel = saveOnlyModel
        arguments.evalStrategy = evalStrategy ?? (evalSteps == nil ? .no : .steps)
        arguments.evalSteps = evalSteps
        arguments.perDeviceEvalBatchSize = perDeviceEvalBatchSize
        arguments.saveStrategy = saveStrategy
        arguments.saveSteps = saveSteps
        arguments.saveTotalLimit = saveTotalLimit
        arguments.writesReplayFile = !noReplayFile
    }
}

/// A report, or none.
enum ReportChoice: ExpressibleByArgument, Equatable {
    case none
    case report(RunReport)

    init?(argument: String) {
        if argument == "none" {
            self = .none
        } else if let report = RunReport(rawValue: argument) {
            self = .report(report)
        } else {
            return nil
        }
    }

    static var allValueStrings: [String] { RunReport.allCases.map(\.rawValue) + ["none"] }
}
