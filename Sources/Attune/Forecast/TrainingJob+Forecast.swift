import Classification
import Files
import Models
import NN
import Torch
import Training

extension TrainingJob {
    /// Forecasts the memory and time of a run.
    ///
    /// Rows, tokens and batches are those of the run. Memory is measured, not modelled: the model is built with two and with
    /// three blocks and random weights, and takes real steps of the run, including its largest batch. The cost of one block
    /// is then added for each further block. No weights are read, so even a model far larger than this machine can be
    /// planned.
    ///
    /// - Parameters:
    ///   - limits: Memory limits. If the run does not fit into one of them, lighter settings are measured, too.
    ///   - emit: Receives notes on the data and the measurements.
    /// - Returns: The forecast.
    /// - Throws: The errors of ``run(into:observers:shouldStop:shouldSave:group:emit:)`` before its first step; ``TrainingError``
    ///   with code `.outOfMemory` if not even a few blocks fit.
    package func forecast(
        limits: [MemoryLimit] = [],
        emit: (Event) throws -> Void = { _ in }
    ) throws -> Forecast {
        try validate()
        let (trainRows, evaluationRows) = try rows(emit)
        let reading = ProcessMemory.now()?.peak ?? 0
        let labels = try labels(of: trainRows, evaluationRows, emit)
        let outline = try ModelSkeleton(model, base: base, maxLength: recipe.maxLength)
        let texts = try TextClassifier.tokenizerAndLimit(of: model, base: base, maxLength: recipe.maxLength)
        for note in texts.notes { try emit(.note(note)) }
        let (train, evaluation) = try encoded(trainRows, evaluationRows, labels, outline, emit)
        guard let targets = train.targets else {
            throw TrainingError(.badData, "the data has no targets")
        }
        let weights = try recipe.loss.classWeights.values(labels: labels, targets: targets)
        let trials = MemoryProbe(
            job: self,
            outline: outline,
            labels: labels,
            problemType: trainRows.problemType,
            classWeights: weights,
            train: train,
            evaluation: evaluation
        )
        if arguments.dividesWeights, trials.keepsMatricesInFile { try emit(.note(Self.noteOnMappedMatrices)) }
        let (growth, notable) = try extrapolation(trials, withTime: true, emit)
        let around = try surroundings(outline, reading: reading)
        let memory = growth.memory(arguments, around)
        let (secondsPerStep, isWhole) = try time(trials, growth, memory, notable, emit)
        var alternatives: [Forecast.Alternative] = []
        if limits.contains(where: { !$0.holds(memory) }) {
            let lighter = RunVariant.lighter(
                than: arguments,
                worstTokens: notable.heaviestTokens,
                worstTexts: notable.heaviestTexts,
                longest: (0..<train.count).map(train.length).max() ?? 0
            )
            try emit(.note("measuring \(lighter.count) lighter settings"))
            alternatives = try self.alternatives(lighter, trials, around)
        }
        let totalSteps = arguments.totalSteps(examples: train.count)
        let stepsPerEpoch = arguments.stepsPerEpoch(examples: train.count)
        // An adapter is saved without its base.
        let isAdapter = recipe.adapter != nil || outline.adapter != nil
        let wholeBytes =
            recipe.weights.dtype == .float32
            ? memory.weights
            : try outline.weightCount(blocks: outline.blockCount) * recipe.weights.dtype.byteWidth
        var saving = arguments
        if isAdapter { saving.writesReplayFile = false }
        let disk = RunDisk(
            saving,
            totalSteps: totalSteps,
            stepsPerEpoch: stepsPerEpoch,
            savedModel: isAdapter ? growth.trainedBytes : wholeBytes,
            weights: isAdapter ? growth.trainedBytes : memory.weights,
            // A checkpoint has the state of all processes, and moments of unused rows, too.
            optimizerState: growth.stateBytes
        )
        return Forecast(
            plan: DatasetSummary(
                labels: labels,
                problemType: trainRows.problemType,
                targets: targets,
                classWeights: weights,
                training: Self.sizes(of: train),
                evaluation: evaluation.map(Self.sizes),
                lengthLimit: texts.lengthLimit,
                stepsPerEpoch: stepsPerEpoch,
                totalSteps: totalSteps,
                schedule: LearningRateSchedule(arguments, totalSteps: totalSteps)
            ),
            tokensPerStep: notable.meanTokens,
            worstBatchTexts: notable.heaviestTexts,
            worstBatchTokens: notable.heaviestTokens,
            blocks: outline.blockCount,
            measuredBlocks: Array(Set([trials.sizes.small, trials.sizes.large])).sorted(),
            isTimeOfWholeModel: isWhole,
            secondsPerStep: secondsPerStep,
            evaluationSeconds: growth.evaluationSeconds(of: evaluation, arguments, steps: totalSteps),
            memory: memory,
            disk: disk,
            alternatives: alternatives,
            exchange: ExchangeForecast(
                arguments,
                trainedWeights: growth.trainedWeights,
                weightWidth: recipe.weights.dtype.byteWidth,
                secondsPerStep: secondsPerStep,
                blocks: growth.blocks,
                table: growth.table
            )
        )
    }

    /// Measures steps of two models with few blocks: their memory and, if asked, their time.
    func extrapolation(
        _ trials: MemoryProbe,
        withTime: Bool,
        _ emit: (Event) throws -> Void
    ) throws -> (growth: BlockExtrapolation, notable: NotableSteps) {
        try emit(
            .note("measuring steps with \(trials.sizes.small) and \(counted(trials.sizes.large, "block"))")
        )
        let small = try trials.measure([arguments], blocks: trials.sizes.small, withTime: withTime)[0]
        let large =
            try trials.sizes.large == trials.sizes.small
            ? small : trials.measure([arguments], blocks: trials.sizes.large, withTime: withTime)[0]
        let growth = BlockExtrapolation(
            trials: trials,
            small: small.measurement,
            large: large.measurement,
            trainedCounts: (small.trainedWeights, large.trainedWeights),
            table: small.table
        )
        return (growth, small.notable)
    }

    /// The memory of a run besides its tensors.
    func surroundings(_ outline: ModelSkeleton, reading: Int) throws -> Surroundings {
        Surroundings(
            program: try programBytes(),
            reading: reading,
            largestTensor: outline.largestTensor,
            restoresBest: arguments.loadBestModelAtEnd
        )
    }

    func encoded(
        _ train: LabelledTexts,
        _ evaluation: LabelledTexts?,
        _ labels: [String],
        _ outline: ModelSkeleton,
        _ emit: (Event) throws -> Void
    ) throws -> (train: EncodedExamples, evaluation: EncodedExamples?) {
        let classifier = try MemoryProbe.classifier(
            self,
            outline,
            blocks: 1,
            labels: labels,
            train.problemType
        )
        return (
            try encode(train, with: classifier, "training", emit).windowed,
            try evaluation.map { try encode($0, with: classifier, "evaluation", emit).windowed }
        )
    }

    private static func sizes(of examples: EncodedExamples) -> DatasetSummary.TextSizes {
        DatasetSummary.TextSizes(
            count: examples.count,
            tokens: examples.tokenCount,
            longest: (0..<examples.count).map(examples.length).max() ?? 0,
            truncated: examples.encodings.truncatedCount
        )
    }

    /// Resident bytes without tensors, and without freed memory that the heaps keep.
    private func programBytes() throws -> Int {
        guard let process = ProcessMemory.now() else { return 0 }
        let heap = ProcessMemory.residentHeap()
        let kept = heap - min(try TorchRuntime.heapBytesInUse(), heap)
        return max(0, process.resident - kept - TensorHeap.now.resident)
    }

    /// The time of a step in seconds: measured on the whole model if it fits easily and is fast, else extrapolated by block.
    private func time(
        _ trials: MemoryProbe,
        _ growth: BlockExtrapolation,
        _ memory: MemoryForecast,
        _ notable: NotableSteps,
        _ emit: (Event) throws -> Void
    ) throws -> (seconds: Double, isWhole: Bool) {
        let guess = growth.secondsPerStep
        let isMeasured = trials.sizes.large == trials.outline.blockCount
        guard !isMeasured, device == .cpu, let available = ProcessMemory.available(),
            // The forecast is that of one of several processes, but one measures the whole model.
            try max(memory.peak, trials.bytesNeeded(blocks: trials.outline.blockCount)) < available / 2,
            guess < 15
        else { return (guess, isMeasured) }
        try emit(.note("measuring the time of steps with all \(counted(trials.outline.blockCount, "block"))"))
        let whole = try trials.measure(
            [arguments],
            blocks: trials.outline.blockCount,
            withTime: true,
            frozen: arguments.frozenLayerCount
        )[0]
        return (whole.measurement.typical?.seconds ?? guess, true)
    }

    private func alternatives(
        _ variants: [RunVariant],
        _ trials: MemoryProbe,
        _ around: Surroundings
    ) throws -> [Forecast.Alternative] {
        // Gradient checkpointing needs trial models of other sizes.
        try [false, true].flatMap { isCheckpointing -> [Forecast.Alternative] in
            let chosen = variants.filter { $0.arguments.gradientCheckpointing == isCheckpointing }
            guard let first = chosen.first else { return [] }
            let trials = trials.sized(for: first.arguments)
            let arguments = chosen.map(\.arguments)
            let small = try trials.measure(arguments, blocks: trials.sizes.small, withTime: false)
            let large =
                try trials.sizes.large == trials.sizes.small
                ? small : trials.measure(arguments, blocks: trials.sizes.large, withTime: false)
            return zip(chosen, zip(small, large)).map { variant, pair in
                let growth = BlockExtrapolation(
                    trials: trials,
                    small: pair.0.measurement,
                    large: pair.1.measurement,
                    trainedCounts: (pair.0.trainedWeights, pair.1.trainedWeights),
                    table: pair.0.table
                )
                return Forecast.Alternative(
                    flags: variant.flags,
                    keepsNumbers: variant.keepsNumbers,
                    memory: growth.memory(variant.arguments, around)
                )
            }
        }
    }
}
