import ArgumentParser
import Attune
import Files
import Foundation
import ProcessGroups

/// `attune train`.
struct TrainCommand: RecipeCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Fine-tunes a model on labelled texts, evaluates it and saves it.",
        usage: """
            attune train [<recipe.yaml>] [<options>] --model <model> --dataset <path> --text-column <name> \
            --label-column <name> --output-dir <folder>
            """,
        discussion: """
            Labels are names; ids follow from their order. A column of lists gives a text several labels; \
            --problem-type regression learns a column's numbers. The output folder is in the Hub's layout: transformers \
            loads it, and so do `attune evaluate` and `attune predict`. A folder that holds a model or checkpoints is \
            refused unless its run is resumed or --overwrite-output-dir is given. Ctrl-C, SIGTERM or SIGHUP finishes the step, saves \
            a checkpoint, prints the command that resumes the run and exits with 130; SIGUSR1 saves a checkpoint, and the run \
            continues. Flags are those of transformers' TrainingArguments, with the same defaults.

            Started by torchrun, srun or mpirun, once per process, all processes train one model: torchrun --nproc-per-node 2 \
            --no-python attune train recipe.yaml. A step then has the batch of every process. Rank 0 writes the output folder and \
            the messages. After a failure torchrun --max-restarts resumes from the latest checkpoint.

            A recipe is a YAML file with the same names in snake_case (learning_rate: 2e-5). Flags override it. Every run \
            writes its complete settings to recipe.yaml in the output folder.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "A YAML file of flags; or a dataset, for which all settings that are not given are chosen.",
            valueName: "recipe.yaml|dataset"
        )
    )
    var recipe: String?

    @OptionGroup(title: "Repetition") var seeds: SeedOptions

    @OptionGroup(title: "Messages") var messages: MessageOptions

    @OptionGroup(title: "Machine") var device: DeviceOptions
    @OptionGroup(title: "Machine") var cache: CacheOptions

    @Option(
        help: ArgumentHelp(
            "CPU threads. Default: all cores, or a container's share of them; fewer while other programs hold cores.",
            valueName: "count"
        )
    )
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "With several processes: all, or the ranks whose messages are shown besides those of rank 0: 1,3.",
            valueName: "ranks"
        )
    )
    var logRanks: LogRanks?

    @Option(
        help: ArgumentHelp(
            "The model's folder; with a dataset alone, `attune train FILE` chooses one in runs/.",
            valueName: "folder"
        )
    )
    var outputDir: String

    @Flag(
        help: """
            Remove the model, checkpoints and results of an earlier run from the output folder; files that no run wrote \
            stay.
            """
    )
    var overwriteOutputDir = false

    @Option(
        help: ArgumentHelp(
            "Resume from a checkpoint folder, or from the output folder's latest; start from scratch if it has none.",
            valueName: "latest|folder"
        )
    )
    var resumeFromCheckpoint: String?

    @Option(
        help: ArgumentHelp(
            "Choose the cheapest settings with which the run fits into this memory: 24GB, 24GiB (1,024³) or bytes; auto takes "
                + "the memory that is free now.",
            valueName: "size|auto"
        )
    )
    var fit: FitLimit?

    @Option(
        help: ArgumentHelp(
            "Write when each part of some steps began and ended, for ui.perfetto.dev. With several processes each writes its own "
                + "file: trace.rank0.json.",
            valueName: "file"
        )
    )
    var trace: String?

    @Option(
        help: ArgumentHelp(
            "Steps of the trace, counted from the start or from resuming. Default: 2-6.",
            valueName: "first-last"
        )
    )
    var traceSteps: TraceSteps?

    @Flag(help: "Show what the run would do, and do not train.")
    var dryRun = false

    var outputFolder: URL { URL(filePath: outputDir, directoryHint: .isDirectory) }

    /// Trains, in this process alone or together with others that a launcher started.
    ///
    /// - Parameter line: The command line and its recipe, for the recipe that the run writes.
    /// - Throws: An exit code, after the error has been printed.
    func run(_ line: TrainingCommandLine) throws {
        var launch: Launch?
        try reportingFailure(messages) { launch = try Launch.ofProcess() }
        if let launch, launch.worldSize > 1 { return try run(line, launch) }
        try reportingFailure(messages) {
            if logRanks != nil {
                writeToStandardError("--log-ranks has no effect, because this run is one process\n")
            }
            let isRestart = launch.map { $0.restartCount > 0 } ?? false
            let (command, line) = try isRestart ? resumed(line) : (self, line)
            try command.train(line)
        }
    }

    /// Trains.
    ///
    /// - Parameters:
    ///   - typed: The command line and its recipe.
    ///   - worldSize: The number of processes.
    ///   - member: This process as one of several; nil if it trains alone.
    /// - Throws: The errors of the run; `ExitCode.interrupted`.
    func train(_ typed: TrainingCommandLine, worldSize: Int = 1, in member: GroupMember? = nil) throws {
        let line: TrainingCommandLine
        var job: TrainingJob
        // A process that leaves messages and files to rank 0.
        let follower = member.flatMap { $0.group.isFirst ? nil : $0 }
        if let follower {
            (line, job) = (typed, try received(by: follower, worldSize))
        } else {
            (line, job) = try prepared(typed, worldSize, member)
            try member?.share(job.recipe)
        }
        let folder = outputFolder
        if dryRun {
            var reporter = ConsoleReporter()
            let plan = try job.plan { reporter.show($0) }
            try printFolded(PlanText(plan: plan, job: job, push: try pushPlan(job.recipe)).text)
            if let count = seeds.count {
                try print("this run is repeated \(count) times, each in its own seed-<n>")
            }
            return
        }
        let engine = try Engine(device, threads: threads, share: member?.share)
        (job.device, job.productRoutes) = (engine.device, engine.productRoutes)
        let interrupt = member?.interrupt ?? Interrupt()
        let listener = member == nil ? interrupt.listen() : []
        defer { listener.forEach { $0.cancel() } }
        if let count = seeds.count {
            return try runSeeds(count, job, into: folder, engine, interrupt, line, member)
        }
        if let follower { return try follow(job, into: folder, follower) }
        let pusher = try pusher(job.recipe)
        job.pusher = pusher
        let printing = try train(job, into: folder, engine, interrupt, line, member)
        // The model is freed, and a push takes minutes.
        TensorHeap.shrink()
        if let pusher { try finish(pusher, interrupt) }
        try printing.get()
    }

    /// Chooses the settings that are not given, checks the output folder, downloads, and fits the run into memory.
    ///
    /// - Returns: The command line with the choices, and the run.
    private func prepared(
        _ typed: TrainingCommandLine,
        _ worldSize: Int,
        _ member: GroupMember?
    ) throws -> (TrainingCommandLine, TrainingJob) {
        func prepare() throws -> (TrainingCommandLine, TrainingJob) {
            var line = try drafted(typed, member)
            let recipe = try line.recipe()
            var job = try job(recipe, worldSize: worldSize)
            // Check before any download. Resumed seeds have their own folders.
            if seeds.count == nil || !job.resumesFromLatest { try job.requireFree(outputFolder) }
            for remark in line.remarks(recipe) { writeToStandardError(remark + "\n") }
            try Self.download(&job)
            line = try fitted(line, &job, member)
            return (line, job)
        }
        return try member.map { try $0.announcing("preparing the run", prepare) } ?? prepare()
    }

    /// Trains, saves, evaluates and prints.
    ///
    /// - Returns: The result of printing.
    /// - Throws: `ExitCode.interrupted`; the errors of the job.
    private func train(
        _ job: TrainingJob,
        into folder: URL,
        _ engine: Engine,
        _ interrupt: Interrupt,
        _ line: TrainingCommandLine,
        _ member: GroupMember?
    ) throws -> Result<Void, any Error> {
        var job = job
        var reporter = ConsoleReporter()
        let known = try completed(job)
        let yaml: @Sendable (ResolvedSettings) throws -> String = { [line] in
            try line.yaml(known.completed($0))
        }
        job.card = card(of: job, yaml, job.pusher)
        var settings = ResolvedSettings()
        let result = try job.run(
            into: folder,
            shouldStop: { interrupt.isRequested },
            shouldSave: { interrupt.takeCheckpointRequest() },
            group: member?.group
        ) { event in
            if event.isFromTrainingLoop { engine.adaptThreads() }
            if case .resolved(let found) = event { settings = found }
            if case .run(.started(let plan)) = event {
                try write(plan.formerSettings + yaml(settings), to: folder)
            }
            reporter.show(event)
        }
        if result.outcome.wasInterrupted {
            let code = interrupted(after: "step \(result.outcome.step)", line, inGroup: member != nil)
            try member?.leave()
            throw code
        }
        // The model is saved. Finish the remaining work even if printing fails.
        let printing = Result { try messages.json ? printJSON(result) : printSummary(result) }
        try member?.leave()
        if result.wasEvaluationStopped {
            writeToStandardError(
                "the evaluation was stopped; evaluate the saved model with `attune evaluate`\n"
            )
            throw ExitCode.interrupted
        }
        return printing
    }

    /// Writes a run's recipe to its folder, unless there is a file of that name that no run wrote.
    func write(_ recipe: String, to folder: URL) throws {
        guard OutputFolder(folder).mayWrite("recipe.yaml") else { return }
        try writeAtomically(Data(recipe.utf8), to: folder.appending(path: "recipe.yaml"))
    }

    /// Prints the command that resumes the run.
    func interrupted(after what: String, _ line: TrainingCommandLine, inGroup: Bool = false) -> ExitCode {
        let launcher = inGroup ? " the same launcher and" : ""
        Console.current.stopped(
            "stopped after \(what); resume with\(launcher):\n  \(line.continuation(of: CommandLine.arguments[0]))",
            exitCode: ExitCode.interrupted.rawValue
        )
        return .interrupted
    }

    /// Downloads ids of the Hub and replaces them by local paths.
    ///
    /// - Parameter job: The run as the options describe it.
    /// - Throws: The errors of downloading.
    static func download(_ job: inout TrainingJob) throws {
        job.model = try HubPath.model(job.model)
        if let teacher = job.teacher {
            let path = try HubPath.model(teacher)
            job.teacher = path
            job.teacherBase = try HubPath.base(ofModelAt: path)
        }
        try downloadData(&job)
    }

    /// Downloads datasets of the Hub and replaces them by local paths.
    ///
    /// - Parameter job: The run as the options describe it.
    /// - Throws: The errors of downloading.
    static func downloadData(_ job: inout TrainingJob) throws {
        job.dataset = try HubPath.dataset(job.dataset)
        job.evaluationDataset = try job.evaluationDataset.map(HubPath.dataset)
    }

    /// The run of a recipe, with ids of the Hub as they were given: nothing is downloaded or read.
    ///
    /// - Parameters:
    ///   - recipe: The settings.
    ///   - worldSize: The number of processes that train together.
    /// - Returns: The run.
    /// - Throws: `ValidationError` for flags that contradict each other or the recipe; `TrainingError`.
    func job(_ recipe: Recipe, worldSize: Int = 1) throws -> TrainingJob {
        var job = TrainingJob(recipe)
        job.worldSize = worldSize
        job.tokenCache = cache.cache
        job.trace = try traceOptions()
        job.overwritesOutputFolder = overwriteOutputDir
        if seeds.count != nil, let name = resumeFromCheckpoint, name != "latest" {
            throw ValidationError(
                "--seeds resumes with --resume-from-checkpoint latest, not from one checkpoint"
            )
        }
        if fit != nil, resumeFromCheckpoint != nil {
            throw ValidationError(
                "--fit chooses the settings of a new run; to resume one, give its recipe.yaml, which holds the chosen settings"
            )
        }
        job.resumesFromLatest = resumeFromCheckpoint == "latest"
        job.checkpoint = resumeFromCheckpoint.flatMap {
            $0 == "latest" ? nil : URL(filePath: $0, directoryHint: .isDirectory)
        }
        do { _ = try recipe.push?.repositoryID(for: outputFolder) } catch {
            throw ValidationError(error.message { "--" + $0.replacing("_", with: "-") })
        }
        if recipe.push != nil, seeds.count != nil {
            throw ValidationError(
                "--push-to-hub pushes one model, but --seeds trains several; leave one of them out, and push the one you choose with `attune hub upload`"
            )
        }
        do { try job.validate() } catch { throw ValidationError(error.message) }
        return job
    }

    /// The recipe with the values that follow from others.
    func completed(_ job: TrainingJob) throws -> Recipe {
        let reading = try TextClassifier.tokenizerAndLimit(
            of: job.model,
            base: job.base,
            maxLength: job.recipe.maxLength
        )
        return job.recipe.completed(maxLength: reading.lengthLimit)
    }

    private func printSummary(_ result: TrainingJob.Result) throws {
        let outcome = result.outcome
        try printFolded(Self.trained(outcome) + "\n")
        if let evaluation = result.evaluation {
            let examples = evaluation.metrics.count
            try printFolded("\non \(counted(examples, "held-out text")): loss \(evaluation.lossText)\n\n")
            let columns = Terminal.outputColumns
            try printFolded(
                evaluation.metrics.table(labels: result.classifier.labels, columns: columns) + "\n"
            )
        }
        if let agreement = result.evaluation?.teacherAgreement {
            try printFolded(
                "these are the teacher's labels: the model agrees with \(String(format: "%.1f", agreement * 100)) % of them\n"
            )
        }
        if let evaluation = result.evaluation, let baseline = result.baseline {
            try printFolded(Self.compared(baseline, evaluation) + "\n")
        }
        let isBest = outcome.weightsStep != outcome.step
        let kept = isBest ? ", with the weights of step \(outcome.weightsStep), the best" : ""
        try printFolded("saved to \(outputDir)\(kept)\n")
        if let verdict = result.verdict { try printFolded("\n\(verdict.text)\n") }
        try print("next: attune predict --model \(shellQuoted(outputDir)) --text \"…\"")
    }

    /// The metrics of simple methods on the same texts, and a warning if the model is no better.
    private static func compared(_ baseline: BaselineComparison, _ evaluation: EvaluationRecord) -> String {
        var text = baseline.table(model: evaluation.metrics)
        guard let warning = baseline.warning(model: evaluation.metrics) else { return text }
        text += warning
        if evaluation.epoch > 0, evaluation.epoch < 1 {
            let share = String(format: "%.0f", evaluation.epoch * 100)
            text +=
                "\nThis run read \(share) % of the training texts: train on all of them (--num-train-epochs 1)."
        }
        return text + "\n"
    }

    /// The steps, time, speed and memory of a run in one line.
    private static func trained(_ outcome: Trainer.Outcome) -> String {
        guard outcome.examplesSeen > 0 else {
            return "nothing was left to train: the run had done its \(counted(outcome.step, "step"))"
        }
        let rate = Double(outcome.examplesSeen) / max(outcome.runtime, 1e-9)
        return String(
            format: "trained %@ in %@ (%@), mean loss %.4f%@",
            counted(outcome.step, "step"),
            clockTime(outcome.runtime),
            rate < 0.1
                ? String(format: "%.0f s per example", 1 / rate) : String(format: "%.1f examples/s", rate),
            outcome.meanLoss,
            ProcessMemory.now().map { ", peak memory \(formattedSize($0.peak))" } ?? ""
        )
    }
}
