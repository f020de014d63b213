import Classification
import Models
package import NN
import Tokenization
package import Torch

/// Which of a run's steps stand for all of them.
package struct NotableSteps: Sendable, Equatable {
    /// The examples of the steps with the heaviest micro-batches: of one that is a step alone, and of one that comes last in
    /// its step; either may be missing.
    package var heaviest: [[Int]]
    /// The examples of a step of about the mean number of tokens.
    package var typical: [Int]
    /// Texts of the heaviest micro-batch.
    package var heaviestTexts: Int
    /// Tokens of the heaviest micro-batch.
    package var heaviestTokens: Int
    /// Tokens of a step on average.
    package var meanTokens: Double
}

/// What a few real steps took.
package struct TrialMeasurement: Sendable {
    /// Bytes of the weights.
    package var weightBytes = 0
    /// Bytes of all gradients but those of tables' few rows.
    package var gradientBytes = 0
    /// Bytes of what the optimizer remembers.
    package var stateBytes = 0
    /// Of the steps with the heaviest micro-batches, one after the other.
    package var heaviest = StepTrace()
    /// Of a step of about the mean number of tokens; nil where it was not asked for.
    package var typical: StepTrace?
    /// Of the evaluation batch with the most tokens; nil where nothing is held out.
    package var evaluation: StepTrace?
    /// Tokens of that batch.
    package var evaluationTokens = 0
}

/// The heaviest micro-batch of several, and its step.
private struct HeavyBatch {
    /// Its tokens, and the sum of their squares by text.
    var weight = (0, 0)
    var micro = ArraySlice<Int>()
    var window = ArraySlice<Int>()

    mutating func take(_ micro: ArraySlice<Int>, of window: ArraySlice<Int>, _ examples: EncodedExamples) {
        let lengths = micro.map(examples.length)
        let weight = (lengths.reduce(0, +), lengths.reduce(0) { $0 + $1 * $1 })
        if weight > self.weight { (self.weight, self.micro, self.window) = (weight, micro, window) }
    }
}

extension Trainer {
    /// Looks through the run's batches, as its seeds and its data's lengths make them.
    ///
    /// - Returns: The steps that tell of all.
    /// - Throws: `.outOfMemory`.
    package func notableSteps() throws(TorchError) -> NotableSteps {
        let stepSize = arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps
        let epochs = (totalSteps + stepsPerEpoch - 1) / stepsPerEpoch
        // Gradients are there already when a later micro-batch of a step comes, so it is told from one that is alone.
        var (alone, later) = (HeavyBatch(), HeavyBatch())
        var steps: [(window: ArraySlice<Int>, tokens: Int)] = []
        // Later epochs shuffle the same texts; a few of them show what can come together.
        for epoch in 0..<min(epochs, 8) {
            let order = try dataOrder(arguments, examples: train.count, epoch: epoch)
            let count = min(stepsPerEpoch, totalSteps - epoch * stepsPerEpoch)
            for start in stride(from: 0, to: min(count * stepSize, order.count), by: stepSize) {
                let window = order[start..<min(order.count, start + stepSize)]
                let micros = microBatches(of: window)
                if micros.count == 1 {
                    alone.take(micros[0], of: window, train)
                } else {
                    // Packed ones keep their order; of the others each may come last.
                    for micro in tokenBudget == nil ? micros[...] : micros.dropFirst() {
                        later.take(micro, of: window, train)
                    }
                }
                if epoch == 0 { steps.append((window, window.reduce(0) { $0 + train.length(of: $1) })) }
            }
        }
        let mean = Double(steps.reduce(0) { $0 + $1.tokens }) / Double(max(steps.count, 1))
        let whole = steps.filter { $0.window.count == steps.first?.window.count }
        let typical = whole.min { abs(Double($0.tokens) - mean) < abs(Double($1.tokens) - mean) }
        let heaviest = later.weight > alone.weight ? later : alone
        return NotableSteps(
            heaviest: [Array(alone.window), tokenBudget == nil ? lastInItsStep(later) : Array(later.window)]
                .filter { !$0.isEmpty },
            typical: Array(typical?.window ?? heaviest.window),
            heaviestTexts: heaviest.micro.count,
            heaviestTokens: heaviest.weight.0,
            meanTokens: mean
        )
    }

    /// The step's examples, those of the micro-batch at the end.
    private func lastInItsStep(_ batch: HeavyBatch) -> [Int] {
        let worst = Set(batch.micro)
        let others = batch.window.filter { !worst.contains($0) }
        let size = arguments.perDeviceTrainBatchSize
        return others.prefix(others.count / size * size) + Array(batch.micro)
    }

    /// Takes real steps of this trainer and records what they take.
    ///
    /// The classifier's weights are moved by them.
    ///
    /// - Parameters:
    ///   - notable: The steps' examples.
    ///   - recorder: Records since before the classifier was made.
    ///   - withTime: Whether a typical step is taken, too, and the clock is worth reading.
    /// - Returns: What they took.
    /// - Throws: As ``run(resumingFrom:shouldStop:shouldSave:emit:)``.
    package func measure(
        _ notable: NotableSteps,
        _ recorder: MemoryRecorder,
        withTime: Bool
    ) throws -> TrialMeasurement {
        let parameters = classifier.model.parameters
        var stepState = try stepState()
        try parameters.setRequiresGradient(true)
        defer { try? parameters.setRequiresGradient(false) }
        var result = TrialMeasurement()
        func bytes(_ parameters: [Parameter]) -> Int {
            parameters.reduce(0) { $0 + $1.value.count * $1.value.dtype.byteWidth }
        }
        result.weightBytes = bytes(parameters.parameters)
        result.gradientBytes = bytes(parameters.trainable.filter { !$0.hasGradientOfRows })
        result.stateBytes = stepState.optimizer.stateBytes
        var trace = StepTrace()
        stepState.phaseEnded = { (kind) throws(TorchError) in
            trace.phases.append(StepTrace.Phase(kind: kind, live: try recorder.takeTrace()))
        }
        func take(_ examples: [Int]) throws -> StepTrace {
            trace = StepTrace()
            _ = try recorder.takeTrace()
            let start = ContinuousClock.now
            _ = try step(0, examples, schedule.learningRate(at: 0), stepState)
            trace.seconds = (ContinuousClock.now - start) / .seconds(1)
            return trace
        }
        for step in notable.heaviest { result.heaviest.phases += try take(step).phases }
        if withTime {
            // The first steps of a shape also choose their kernels.
            let steps = try [take(notable.typical), take(notable.typical), take(notable.typical)]
            result.typical = steps.dropFirst().min { $0.seconds < $1.seconds }
        }
        try parameters.setRequiresGradient(false)
        if let evaluation { try measure(evaluation, recorder, &result) }
        return result
    }

    /// The evaluation batch of the most tokens.
    private func measure(
        _ evaluation: EncodedExamples,
        _ recorder: MemoryRecorder,
        _ result: inout TrialMeasurement
    ) throws {
        let batches = evaluation.batches(of: arguments.perDeviceEvalBatchSize)
        let sizes = batches.map { $0.reduce(0) { $0 + evaluation.length(of: $1) } }
        guard let heaviest = sizes.indices.max(by: { sizes[$0] < sizes[$1] }) else { return }
        let examples = evaluation.part(batches[heaviest])
        _ = try recorder.takeTrace()
        let start = ContinuousClock.now
        _ = try classifier.logits(
            examples,
            batchSize: examples.count,
            matmulDType: arguments.precision.matmulDType
        )
        var trace = StepTrace()
        trace.seconds = (ContinuousClock.now - start) / .seconds(1)
        trace.phases = [StepTrace.Phase(kind: nil, live: try recorder.takeTrace())]
        result.evaluation = trace
        result.evaluationTokens = sizes[heaviest]
    }
}

extension EncodedExamples {
    /// Some texts that follow each other, without their targets.
    fileprivate func part(_ range: Range<Int>) -> EncodedExamples {
        var part = PackedEncodings()
        for index in range {
            let ids = encodings.range(of: index)
            part.ids += encodings.ids[ids]
            if !encodings.typeIDs.isEmpty { part.typeIDs += encodings.typeIDs[ids] }
            part.cuSeqlens.append(Int32(part.ids.count))
        }
        return EncodedExamples(encodings: part)
    }
}

extension TrainingArguments {
    /// The same for a model with fewer blocks.
    ///
    /// - Parameters:
    ///   - parameters: That model's.
    ///   - frozenBlocks: How many of its first blocks are frozen.
    /// - Returns: Arguments that name nothing it does not have.
    package func fitting(_ parameters: [Parameter], frozenBlocks: Int) -> TrainingArguments {
        var result = self
        if frozenLayerCount != nil { result.frozenLayerCount = frozenBlocks }
        result.frozenParameters = frozenParameters.filter { pattern in
            parameters.contains { FreezingPlan.matches($0.name, pattern) }
        }
        return result
    }
}
