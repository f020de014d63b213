import ArgumentParser
import Attune
import Foundation

/// `attune plan`.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Says what a training run would take of steps, time and memory, and whether it fits.",
        usage: """
            attune plan [<recipe.yaml>] [<options of attune train>] --model <model> --dataset <path> \
            --text-column <name> --label-column <name>
            """,
        discussion: """
            Takes what `attune train` takes, and trains nothing. The data is read and tokenized; then a model of the same \
            kind with two and with three blocks and random weights takes a few real steps, with the run's heaviest batch, \
            and what a block adds is counted for every further one. So a model that is too large for this machine can be \
            planned on it. Where the run does not fit, lighter settings are measured, too.

            The peak is that of the process on a CPU. On a GPU only the tensors must fit.
            """
    )

    @OptionGroup var train: TrainCommand

    @Option(
        help: ArgumentHelp(
            "What a device has, 24GB say; may be repeated. Where left out: this machine, 24 GB and 80 GB.",
            valueName: "size"
        )
    )
    var memory: [String] = []

    @Flag(help: "Print JSON.")
    var json = false

    /// What was typed, with an output folder, which a plan does not need.
    ///
    /// - Parameters:
    ///   - words: The command's name and its arguments.
    ///   - line: The same, understood.
    /// - Returns: What the parser is to get.
    static func completed(_ words: [String], _ line: TrainingCommandLine) -> [String] {
        line.gives("output-dir") ? words : words + ["--output-dir=."]
    }

    func validate() throws { for size in memory { _ = try Self.bytes(size) } }

    func run() throws {
        try reportingFailure {
            var job = try train.job()
            job.device = try train.device.resolved()
            TensorHeap.adopt()
            if let threads = train.training.threads { try Runtime.setThreadCount(threads) }
            let limits = try limits()
            let forecast = try job.forecast(limits: limits) {
                if case .note(let text) = $0 { writeToStandardError(text + "\n") }
            }
            let text =
                json
                ? ForecastJSON(forecast: forecast, limits: limits).text
                : ForecastText(forecast: forecast, limits: limits, job: job).text
            print(text, terminator: "")
        }
    }

    private func limits() throws -> [MemoryLimit] {
        if !memory.isEmpty {
            return try memory.map {
                MemoryLimit(name: "a device of \($0)", bytes: try Self.bytes($0), holdsProcess: false)
            }
        }
        var limits: [MemoryLimit] = []
        if let available = ProcessMemory.available() {
            limits.append(MemoryLimit(name: "this machine", bytes: available, holdsProcess: true))
        }
        return limits
            + [24, 80].map {
                MemoryLimit(name: "a GPU of \($0) GB", bytes: $0 << 30, holdsProcess: false)
            }
    }

    /// Reads `24GB`, `512 MB` or a number of bytes.
    static func bytes(_ text: String) throws -> Int {
        let text = text.uppercased().filter { !$0.isWhitespace }
        let units = [
            ("GIB", 30), ("MIB", 20), ("KIB", 10), ("GB", 30), ("MB", 20), ("KB", 10), ("G", 30), ("M", 20),
        ]
        for (unit, shift) in units where text.hasSuffix(unit) {
            if let number = Double(text.dropLast(unit.count)), number > 0, number < 1e6 {
                return Int(number * Double(1 << shift))
            }
        }
        if let number = Int(text), number > 0 { return number }
        throw ValidationError("--memory takes a size such as 24GB or 512MB, and \"\(text)\" is none")
    }
}
