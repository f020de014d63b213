import ArgumentParser
import Attune
import Foundation

/// `attune train`.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Fine-tunes a model on labelled texts, measures it and saves it.",
        usage: """
            attune train [<options>] --model <model> --dataset <path> --text-column <name> --label-column <name> \
            --output-dir <folder>
            """,
        discussion: """
            Labels are names; ids follow from their order. A column of lists gives a text several labels; \
            --problem-type regression learns a column's numbers. The output folder is in the Hub's layout: the Python \
            library opens it, and so do `attune evaluate` and `attune predict`. Ctrl-C saves a checkpoint and says \
            how to go on. Flags are those of the reference's TrainingArguments, with its defaults.
            """
    )

    @OptionGroup(title: "Model and data") var source: SourceOptions
    @OptionGroup(title: "Held-out data") var held: HeldOptions
    @OptionGroup(title: "Rows and their tokens") var rows: RowOptions
    @OptionGroup(title: "Rows and their tokens") var cache: CacheOptions
    @OptionGroup(title: "Training") var training: TrainingOptions
    @OptionGroup(title: "Logging, evaluation and saving") var saving: SavingOptions

    @OptionGroup(title: "Machine") var device: DeviceOptions
    @OptionGroup(title: "Machine") var weights: WeightsOptions

    @Option(help: ArgumentHelp("The output folder.", valueName: "folder"))
    var outputDir: String

    func validate() throws {
        _ = try job()
    }

    func run() throws {
        try reportingFailure {
            var job = try job()
            let folder = URL(filePath: outputDir, directoryHint: .isDirectory)
            job.checkpoint = try checkpoint(in: folder)
            job.device = try device.resolved()
            Runtime.keepFreedMemory()
            try requireWritable(folder)
            if let threads = training.threads { try Runtime.setThreadCount(threads) }
            let interrupt = Interrupt()
            let listener = interrupt.listen(
                message: "stopping after this step, then saving; Ctrl-C again ends at once"
            )
            defer { listener.cancel() }
            var reporter = ConsoleReporter()
            let result = try job.run(into: folder, shouldStop: { interrupt.isRequested }) {
                reporter.show($0)
            }
            if result.outcome.wasInterrupted {
                writeToStandardError(
                    "stopped after step \(result.outcome.step). Go on with the same command and "
                        + "--resume-from-checkpoint latest\n"
                )
                throw ExitCode.interrupted
            }
            printSummary(result)
        }
    }

    private func job() throws -> FineTuning {
        var job = FineTuning(
            model: source.model,
            dataset: source.data.dataset,
            textColumn: source.textColumn,
            labelColumn: ""
        )
        job.labelColumns = source.labels.columns
        job.problemType = source.labels.problemType
        job.textPairColumn = source.textPairColumn
        job.split = source.data.split
        job.datasetConfig = source.data.datasetConfig
        job.maxLength = source.maxLength
        job.missingLabels = rows.missingLabels
        job.emptyTexts = rows.emptyTexts
        job.tokenCache = cache.cache
        job.sample = try held.sample.map(HeldOptions.size)
        job.sampleSeed = held.sampleSeed
        job.sampleStratifyBy = held.stratifyBy
        job.held = try held.choice()
        job.classWeights = training.classWeights ?? .equal
        job.reinitializesHead = training.reinitHead
        try training.apply(to: &job.arguments)
        saving.apply(to: &job.arguments)
        if weights.dtype != .float32 {
            throw ValidationError(
                "--weights-dtype bf16: training keeps float32 weights for now, or small steps would be rounded away; "
                    + "--precision bf16 multiplies in bfloat16"
            )
        }
        if job.problemType == .regression, job.classWeights != .equal {
            throw ValidationError("--class-weights is for classes, and --problem-type regression has none")
        }
        do { try job.arguments.validate() } catch { throw ValidationError(error.message) }
        return job
    }

    private func checkpoint(in folder: URL) throws -> URL? {
        guard let name = saving.resumeFromCheckpoint else { return nil }
        guard name == "latest" else { return URL(filePath: name, directoryHint: .isDirectory) }
        if let latest = RunFolder(folder).latestCheckpoint { return latest }
        throw ValidationError("--resume-from-checkpoint latest: there is no checkpoint in \(outputDir)")
    }

    /// Finds out before the first step, not after the last.
    private func requireWritable(_ folder: URL) throws {
        let probe = folder.appending(path: ".attune-probe-\(ProcessInfo.processInfo.processIdentifier)")
        try writeAtomically(Data("probe".utf8), to: probe)
        try FileManager.default.removeItem(at: probe)
    }

    private func printSummary(_ result: FineTuning.Result) {
        let outcome = result.outcome
        let rate = Double(outcome.examplesSeen) / max(outcome.runtime, 1e-9)
        print(
            String(
                format: "trained %d steps in %@ (%.1f examples/s), mean loss %.4f",
                outcome.step,
                clockTime(outcome.runtime),
                rate,
                outcome.meanLoss
            )
        )
        if let evaluation = result.evaluation {
            let examples = evaluation.metrics.count
            print(String(format: "\non %d held-out texts: loss %.4f\n", examples, evaluation.loss))
            print(evaluation.metrics.table(labels: result.classifier.labels))
        }
        print("saved to \(outputDir)")
        print("next: attune predict --model \(outputDir) --text \"…\"")
    }
}
