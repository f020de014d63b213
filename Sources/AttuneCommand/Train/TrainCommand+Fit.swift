import ArgumentParser
import Attune
import Files

/// The memory of `--fit`.
enum FitLimit: ExpressibleByArgument {
    /// The memory that is free now.
    case automatic
    case memory(DeviceMemory)

    init?(argument: String) {
        if argument == "auto" {
            self = .automatic
        } else if let memory = DeviceMemory(argument: argument) {
            self = .memory(memory)
        } else {
            return nil
        }
    }

    /// The value as it is typed.
    var typed: String {
        switch self {
        case .automatic: "auto"
        case .memory(let memory): memory.typed
        }
    }

    /// The limit of a run.
    ///
    /// - Parameter device: The device of the run. On a CPU the whole process must fit, on a GPU the tensors.
    /// - Returns: The limit.
    /// - Throws: `ValidationError` if the free memory is unknown.
    func limit(on device: Device) throws -> MemoryLimit {
        switch self {
        case .memory(let memory):
            try memory.requireUnit("--fit")
            return MemoryLimit(name: memory.typed, bytes: memory.size.bytes, holdsProcess: device == .cpu)
        case .automatic:
            guard device == .cpu, let free = ProcessMemory.available() else {
                throw ValidationError(
                    "--fit auto: the free memory of this device is unknown; give its size, such as --fit 24GB"
                )
            }
            return MemoryLimit(name: "free now", bytes: free, holdsProcess: true)
        }
    }
}

extension TrainCommand {
    /// Chooses the cheapest settings with which the run fits into the memory of `--fit`, and shows the choice.
    ///
    /// - Parameters:
    ///   - line: The command line and its recipe.
    ///   - job: The run, with local paths; it gets the chosen settings.
    ///   - member: This process as one of several; nil if it trains alone.
    /// - Returns: The command line with the chosen settings.
    /// - Throws: `TrainingError` if nothing fits; the errors of reading the data and of a run's steps.
    func fitted(
        _ line: TrainingCommandLine,
        _ job: inout TrainingJob,
        _ member: GroupMember? = nil
    ) throws -> TrainingCommandLine {
        guard let fit else { return line }
        let engine = try Engine(device, threads: threads, share: member?.share)
        (job.device, job.productRoutes) = (engine.device, engine.productRoutes)
        var reporter = ConsoleReporter()
        let result = try job.fit(fit.limit(on: engine.device), offloadingTo: outputDir) { reporter.show($0) }
        let text = FitText(fit: result, typed: fit.typed)
        guard let chosen = result.chosen else { throw TrainingError(.outOfMemory, text.refusal) }
        writeToStandardError(text.choice)
        var line = line
        line.take(chosen.values)
        job.recipe = try line.recipe()
        return line
    }
}
