import Classification
import Datasets
import Files
import Models
import Training

/// The cheapest settings with which a run fits into memory, of those that were tried.
package struct MemoryFit: Sendable {
    /// Settings that were tried.
    package struct Attempt: Sendable {
        /// The settings that differ from the given ones.
        package let values: [(setting: String, value: SettingValue)]
        /// Their disadvantages.
        package let prices: [String]
        /// The peak of the process in bytes, or of the tensors if the limit is that of a GPU.
        ///
        /// Without a measurement, the weights, moments and gradients alone, which exceed the limit.
        package let bytes: Int
        /// Whether the peak was measured.
        package let isMeasured: Bool

        /// The settings as flags.
        package var flags: String {
            values.map { name, value in
                let flag = "--" + name.replacing("_", with: "-")
                return value == .bool(true) ? flag : "\(flag) \(value.text)"
            }.joined(separator: " ")
        }
    }

    /// The memory to fit into.
    package let limit: MemoryLimit
    /// The attempts, from the given settings to the chosen ones.
    package let attempts: [Attempt]
    /// The chosen settings; nil if nothing fits.
    package let chosen: Attempt?
    /// For full tuning that does not fit: the cheapest settings with an adapter that do.
    package let adapter: Attempt?
}

extension TrainingJob {
    /// Finds the cheapest settings with which the run fits into memory.
    ///
    /// They are tried by their cost, from the given ones on, each with a few real steps as in ``forecast(limits:emit:)``.
    /// Settings whose weights, moments and gradients alone exceed the limit are not measured.
    ///
    /// - Parameters:
    ///   - limit: The memory to fit into.
    ///   - offloadFolder: A folder for a file with weights and moments, if nothing else fits.
    ///   - emit: Receives notes on the data and the measurements.
    /// - Returns: The attempts, and the chosen settings.
    /// - Throws: As ``forecast(limits:emit:)``.
    package func fit(
        _ limit: MemoryLimit,
        offloadingTo offloadFolder: String,
        emit: (Event) throws -> Void = { _ in }
    ) throws -> MemoryFit {
        try validate()
        let probe = try MemoryTrials(self, emit)
        let (attempts, chosen) = try first(
            of: MemoryLadder(recipe, offloadFolder: offloadFolder, worldSize: worldSize).rungs,
            in: limit,
            probe,
            emit
        )
        var adapter: MemoryFit.Attempt?
        if chosen == nil, recipe.adapter == nil,
            let start = MemoryLadder.withAdapter(recipe, worldSize: worldSize)
        {
            let ladder = MemoryLadder(start.recipe, offloadFolder: offloadFolder, worldSize: worldSize)
            let rungs = ladder.rungs.map { rung in
                MemoryLadder.Rung(
                    recipe: rung.recipe,
                    values: start.values + rung.values,
                    prices: start.prices + rung.prices
                )
            }
            adapter = try first(of: rungs, in: limit, probe, emit).chosen
        }
        return MemoryFit(limit: limit, attempts: attempts, chosen: chosen, adapter: adapter)
    }

    /// Tries settings in order, up to the first that fit.
    private func first(
        of rungs: [MemoryLadder.Rung],
        in limit: MemoryLimit,
        _ trials: MemoryTrials,
        _ emit: (Event) throws -> Void
    ) throws -> (attempts: [MemoryFit.Attempt], chosen: MemoryFit.Attempt?) {
        var attempts: [MemoryFit.Attempt] = []
        for rung in rungs {
            var job = self
            job.recipe = rung.recipe
            let least = try trials.leastBytes(job)
            let isMeasured = least <= limit.bytes
            let bytes = isMeasured ? try limit.needed(trials.memory(job, emit)) : least
            attempts.append(
                MemoryFit.Attempt(
                    values: rung.values,
                    prices: rung.prices,
                    bytes: bytes,
                    isMeasured: isMeasured
                )
            )
            if bytes <= limit.bytes { return (attempts, attempts.last) }
        }
        return (attempts, nil)
    }
}

/// The data of a run, read once, for measurements with several settings.
private struct MemoryTrials {
    private let outline: ModelSkeleton
    private let labels: [String]
    private let problemType: ProblemType
    private let classWeights: [Float]?
    private let train: EncodedExamples
    private let evaluation: EncodedExamples?
    private let reading: Int

    init(_ job: TrainingJob, _ emit: (TrainingJob.Event) throws -> Void) throws {
        let (trainRows, evaluationRows) = try job.rows(emit)
        reading = ProcessMemory.now()?.peak ?? 0
        labels = try job.labels(of: trainRows, evaluationRows, emit)
        problemType = trainRows.problemType
        outline = try ModelSkeleton(job.model, base: job.base, maxLength: job.recipe.maxLength)
        (train, evaluation) = try job.encoded(trainRows, evaluationRows, labels, outline, emit)
        guard let targets = train.targets else { throw TrainingError(.badData, "the data has no targets") }
        classWeights = try job.recipe.loss.classWeights.values(labels: labels, targets: targets)
    }

    /// The bytes of weights, moments and gradients, without which no step is possible.
    func leastBytes(_ job: TrainingJob) throws -> Int {
        let weights = try outline.weightCount(blocks: outline.blockCount)
        let width = job.recipe.weights.dtype.byteWidth
        // An adapter's own are small; a quantized base takes at least half a byte for each weight.
        guard job.recipe.adapter == nil, outline.adapter == nil else { return weights / 2 }
        let arguments = job.arguments
        guard arguments.offloadFolder == nil else { return 0 }
        let moments = arguments.optimizer.isAdamW ? (arguments.optimizer == .adamW8 ? 2 : 8) : 0
        // Gradients and moments of an embedding may take memory only for the rows in use.
        let inBlocks =
            try outline.blockCount * (outline.weightCount(blocks: 2) - outline.weightCount(blocks: 1))
        return weights * width + inBlocks * (moments + (arguments.optimizerInBackward ? 0 : width))
    }

    /// Measures the memory of a run.
    func memory(_ job: TrainingJob, _ emit: (TrainingJob.Event) throws -> Void) throws -> MemoryForecast {
        let probe = MemoryProbe(
            job: job,
            outline: outline,
            labels: labels,
            problemType: problemType,
            classWeights: classWeights,
            train: train,
            evaluation: evaluation
        )
        return try job.extrapolation(probe, withTime: false, emit).growth.memory(
            job.arguments,
            job.surroundings(outline, reading: reading)
        )
    }
}
