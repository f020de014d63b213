import Classification
import NN
import Torch
import Training

/// The memory of a run besides its tensors.
struct Surroundings {
    /// Bytes of the program without tensors.
    let program: Int
    /// Peak bytes while reading the data.
    let reading: Int
    /// Bytes of the checkpoint's largest tensor; a mapped file gives its pages back after each tensor.
    let largestTensor: Int
    /// Whether the best model is loaded at the end.
    let restoresBest: Bool
}

/// Extrapolates from two models with few blocks to the whole model.
struct BlockExtrapolation {
    let trials: MemoryProbe
    let small: TrialMeasurement
    let large: TrialMeasurement
    /// The numbers of trained weights of the two models, with embeddings whose gradient is sparse.
    var trainedCounts = (small: 0, large: 0)
    /// The token embedding in the exchange of several processes; nil for one process, or if it is frozen.
    var table: ExchangedTable?

    private var sizes: (small: Int, large: Int) { trials.sizes }

    /// Linear extrapolation from the two models to the whole model's number of blocks.
    private func extended(_ value: (TrialMeasurement) -> Int) -> Int {
        extended(value(small), value(large))
    }

    private func extended(_ few: Int, _ many: Int) -> Int {
        guard sizes.large > sizes.small else { return many }
        return few + (trials.comparableBlocks - sizes.small) * (many - few) / (sizes.large - sizes.small)
    }

    private func growing(_ small: StepTrace, _ large: StepTrace) -> ProbedStep {
        ProbedStep(small: small, sizes.small, large: large, sizes.large)
    }

    /// Bytes of the weights of frozen blocks that the trial models lack.
    private var missingWeights: Int {
        guard trials.missingFrozenBlocks > 0 else { return 0 }
        let all = (try? trials.outline.weightCount(blocks: 2)) ?? 0
        let one = (try? trials.outline.weightCount(blocks: 1)) ?? 0
        return trials.missingFrozenBlocks * (all - one) * trials.job.recipe.weights.dtype.byteWidth
    }

    /// Bytes of the trained weights.
    var trainedBytes: Int { extended(\.gradientBytes) }

    /// The number of trained weights.
    var trainedWeights: Int { extended(trainedCounts.small, trainedCounts.large) }

    /// The time of a typical step, in seconds.
    var secondsPerStep: Double {
        guard let few = small.typical, let many = large.typical else { return 0 }
        return growing(few, many).seconds(blocks: trials.comparableBlocks)
    }

    /// The time of all evaluations, in seconds.
    func evaluationSeconds(
        of examples: EncodedExamples?,
        _ arguments: TrainingArguments,
        steps: Int
    ) -> Double {
        guard let examples, let few = small.evaluation, let many = large.evaluation,
            large.evaluationTokens > 0
        else { return 0 }
        let batch = growing(few, many).seconds(blocks: trials.comparableBlocks)
        let once = batch * Double(examples.tokenCount) / Double(large.evaluationTokens)
        let during = arguments.evaluationCount(
            totalSteps: steps,
            stepsPerEpoch: arguments.stepsPerEpoch(examples: trials.train.count)
        )
        // The last evaluation is the result, unless the best weights are from another step.
        let count = during + (during == 0 || arguments.loadBestModelAtEnd ? 1 : 0)
        // Several processes share an evaluation.
        return once * Double(count) / Double(arguments.worldSize)
    }

    private func exchange(_ arguments: TrainingArguments) -> ExchangeMemory {
        ExchangeMemory(
            arguments,
            trainedWeights: trainedWeights,
            gradients: extended(\.gradientBytes),
            blocks: blocks,
            table: table
        )
    }

    /// The sizes of all blocks, which several processes may divide.
    var blocks: DividedBlocks {
        guard sizes.large > sizes.small else { return DividedBlocks() }
        func all(_ few: Int, _ many: Int) -> Int {
            trials.comparableBlocks * (many - few) / (sizes.large - sizes.small)
        }
        var blocks = DividedBlocks(count: trials.comparableBlocks + trials.missingFrozenBlocks)
        let weightBytes = all(small.weightBytes, large.weightBytes) + missingWeights
        let gradientBytes = all(small.gradientBytes, large.gradientBytes)
        guard trials.hasAdapter else {
            blocks.weightBytes = weightBytes
            blocks.trainedWeights = all(trainedCounts.small, trainedCounts.large)
            blocks.gradientBytes = gradientBytes
            return blocks
        }
        // An adapter's weights, which have the size of their gradients, stay whole in every process.
        blocks.weightBytes = trials.keepsMatricesInFile ? 0 : weightBytes - gradientBytes
        return blocks
    }

    /// The bytes of the whole optimizer state, as in a checkpoint.
    var stateBytes: Int { extended(\.stateBytes) }

    /// The bytes of the optimizer state that only other processes keep.
    private func stateInOtherProcesses(_ arguments: TrainingArguments) -> Int {
        stateBytes - exchange(arguments).optimizerState(stateBytes)
    }

    /// The bytes of the optimizer state that are never written to, so they take no memory.
    private func unusedState(_ arguments: TrainingArguments) -> Int {
        // Several processes send each other the whole state when a run is resumed.
        arguments.worldSize > 1 ? 0 : large.unusedStateBytes
    }

    /// The memory forecast, by kind.
    func memory(_ arguments: TrainingArguments, _ around: Surroundings) -> MemoryForecast {
        let moments = growing(small.heaviest, large.heaviest).moments(blocks: trials.comparableBlocks)
        let exchange = exchange(arguments)
        let worst = moments.max {
            $0.bytes + exchange.added(holdingGradients: Self.holdsGradients($0))
                < $1.bytes + exchange.added(holdingGradients: Self.holdsGradients($1))
        }
        let (weightsInFile, stateInFile) = inFile(arguments)
        let weightsElsewhere = exchange.weightsElsewhere
        let weights = extended(\.weightBytes) + missingWeights - weightsInFile - weightsElsewhere
        let absentState = stateInOtherProcesses(arguments) + unusedState(arguments)
        let state = stateBytes - stateInFile - absentState
        let peak =
            (worst?.bytes ?? 0) + exchange.added(holdingGradients: Self.holdsGradients(worst))
            + missingWeights
            - weightsInFile - stateInFile - absentState - weightsElsewhere
        let holdsGradients = Self.holdsGradients(worst) && !exchange.replacesGradients
        let gradients =
            arguments.optimizerInBackward
            ? 0
            : holdsGradients
                ? min(extended(\.gradientBytes), peak - weights - state - exchange.buckets) : 0
        let evaluation = small.evaluation.flatMap { few in
            large.evaluation.flatMap { many in
                growing(few, many).moments(blocks: trials.comparableBlocks).map(\.bytes).max()
            }
        }
        return MemoryForecast(
            program: around.program,
            weights: weights,
            gradients: gradients,
            gradientBuckets: exchange.buckets,
            optimizerState: state,
            activations: peak - weights - state - gradients - exchange.buckets,
            overhead: gaps(in: peak),
            loading: around.program + around.largestTensor + weights,
            evaluation: evaluation.map {
                let tensors =
                    $0 + missingWeights - weightsInFile - stateInFile - absentState - weightsElsewhere
                    + exchange.buckets
                return around.program + tensors + gaps(in: tensors)
            } ?? 0,
            restoring: max(
                around.restoresBest ? around.program + 2 * (weights + weightsInFile) + state : 0,
                // At the end, the first of several processes gets the whole model.
                arguments.dividesWeights ? around.program + weights + weightsElsewhere : 0
            ),
            reading: around.reading,
            offloaded: weightsInFile + stateInFile
        )
    }

    /// The bytes of weights and moments that are in a file and not in memory: those of all blocks but three.
    private func inFile(_ arguments: TrainingArguments) -> (weights: Int, state: Int) {
        guard arguments.offloadFolder != nil, sizes.large > sizes.small else { return (0, 0) }
        let blocks = max(0, trials.comparableBlocks - BlockOffload.blocksInMemory)
        func growth(_ value: (TrialMeasurement) -> Int) -> Int {
            blocks * (value(large) - value(small)) / (sizes.large - sizes.small)
        }
        return (growth(\.weightBytes), growth(\.stateBytes))
    }

    /// Whether all gradients exist at a moment, that is, from the end of the first micro-batch's backward pass.
    private static func holdsGradients(_ moment: ProbedStep.Moment?) -> Bool {
        guard let moment else { return false }
        return moment.microBatch > 0 || moment.phase == .update || moment.phase == .backward && moment.isLate
    }

    /// The expected overhead of the tensor heap at a peak of `tensors` bytes.
    ///
    /// Half of the allowed slack: with seven settings of SmolLM2-135M the heap held 0.1 to 7.9 % more after 30 to 60 steps.
    private func gaps(in tensors: Int) -> Int { Int(TensorHeap.slack / 2 * Double(tensors)) }
}
