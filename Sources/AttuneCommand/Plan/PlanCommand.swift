import ArgumentParser
import Attune
import Files
import Foundation

/// `attune plan`.
struct PlanCommand: RecipeCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Forecasts the steps, time, memory and disk of a training run, and whether it fits.",
        usage: """
            attune plan [<recipe.yaml>] [<options of attune train>] --model <model> --dataset <path> \
            --text-column <name> --label-column <name>
            """,
        discussion: """
            Takes the options of `attune train`, and trains nothing. The data is read and tokenized; then models of the same \
            kind with two and with three blocks and random weights take a few real steps with the run's largest batch. The \
            cost of one block is extrapolated to all, so even a model that is too large for this machine can be planned. If \
            the run does not fit, lighter settings are measured, too.

            The peak is that of a process on a CPU. On a GPU only the tensors must fit.

            With --world-size it plans a run of several processes, one per host: the memory of one process, the bytes that it sends in \
            each step, and the share of its time in which it computes.
            """
    )

    static let needsOutputFolder = false

    @OptionGroup var train: TrainCommand

    @Option(
        help: ArgumentHelp(
            "A device's memory: 24GB, 24GiB (1,024³) or bytes; may be given several times. Default: this machine, 24 GB, 80 GB.",
            valueName: "size"
        )
    )
    var memory: [DeviceMemory] = []

    @Option(
        help: ArgumentHelp(
            "The number of processes that train together. A step then has the batch of every process.",
            valueName: "count"
        )
    )
    var worldSize = 1

    @Option(
        help: ArgumentHelp(
            "The network between two hosts, for --world-size: 10Gbit or 1.25GB/s. Default: 1, 10 and 100 Gbit.",
            valueName: "speed"
        )
    )
    var bandwidth: Bandwidth?

    func validate() throws {
        guard worldSize > 0 else { throw ValidationError("--world-size must be at least 1") }
        guard bandwidth == nil || worldSize > 1 else {
            throw ValidationError("--bandwidth has no effect without --world-size 2 or more")
        }
    }

    /// Measures and prints the forecast.
    ///
    /// - Parameter line: The command line and its recipe.
    /// - Throws: An exit code, after the error has been printed.
    func run(_ line: TrainingCommandLine) throws {
        try reportingFailure(train.messages) {
            let line = try train.drafted(line)
            let recipe = try line.recipe()
            var job = try train.job(recipe, worldSize: worldSize)
            for remark in line.remarks(recipe) { writeToStandardError(remark + "\n") }
            try TrainCommand.download(&job)
            _ = try train.fitted(line, &job)
            let engine = try Engine(train.device, threads: train.threads)
            (job.device, job.productRoutes) = (engine.device, engine.productRoutes)
            let limits = limits()
            var reporter = ConsoleReporter()
            let forecast = try job.forecast(limits: limits) {
                reporter.show($0)
            }
            let free = freeSpace(at: URL(filePath: train.outputDir, directoryHint: .isDirectory))
            let text =
                train.messages.json
                ? ForecastJSON(forecast: forecast, limits: limits, freeDisk: free, bandwidths: bandwidths)
                    .text
                : ForecastText(
                    forecast: forecast,
                    limits: limits,
                    job: job,
                    freeDisk: free,
                    bandwidths: bandwidths
                ).text
            try train.messages.json ? print(text, terminator: "") : printFolded(text)
        }
    }

    private var bandwidths: [Bandwidth] { bandwidth.map { [$0] } ?? Bandwidth.usual }

    private func limits() -> [MemoryLimit] {
        if !memory.isEmpty {
            return memory.map {
                MemoryLimit(name: "a device of \($0.typed)", bytes: $0.size.bytes, holdsProcess: false)
            }
        }
        var limits: [MemoryLimit] = []
        if let available = ProcessMemory.available() {
            limits.append(MemoryLimit(name: "this machine", bytes: available, holdsProcess: true))
        }
        return limits
            + [24, 80].map {
                MemoryLimit(name: "a GPU of \($0) GB", bytes: $0 * 1_000_000_000, holdsProcess: false)
            }
    }
}

/// A device's memory, the value of `--memory`.
struct DeviceMemory: ExpressibleByArgument {
    let typed: String
    let size: ByteSize

    init?(argument: String) {
        guard let size = ByteSize(argument) else { return nil }
        (typed, self.size) = (argument, size)
    }

    /// Refuses a size that lacks its unit.
    ///
    /// - Parameter flag: The flag that it was given with.
    /// - Throws: `ValidationError` for less than a megabyte.
    func requireUnit(_ flag: String) throws {
        guard size.bytes >= 1_000_000 else {
            throw ValidationError("\(flag) \(typed) is \(size); give a unit, such as \(flag) \(typed)GB")
        }
    }
}
