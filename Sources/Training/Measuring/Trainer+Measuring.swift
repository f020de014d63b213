import Classification
import Models
package import NN
package import Torch

/// The steps that represent a run.
package struct NotableSteps: Sendable, Equatable {
    /// The examples of the steps with the largest micro-batches: a step with a single micro-batch, and a step in which the
    /// largest one is last.
    ///
    /// Either may be missing.
    package var heaviest: [[Int]]
    /// The examples of a step with about the mean number of tokens.
    package var typical: [Int]
    /// The number of texts of the largest micro-batch.
    package var heaviestTexts: Int
    /// The number of tokens of the largest micro-batch.
    package var heaviestTokens: Int
    /// The mean number of tokens per step.
    package var meanTokens: Double
}

/// The memory and time of a few real steps.
package struct TrialMeasurement: Sendable {
    /// The bytes of the weights.
    package var weightBytes = 0
    /// The bytes of all gradients, except sparse gradients of embedding rows.
    package var gradientBytes = 0
    /// The bytes of the optimizer state.
    package var stateBytes = 0
    /// The part of ``stateBytes`` that takes no memory: moments of embedding rows that the run does not use.
    package var unusedStateBytes = 0
    /// The trace of the steps with the largest micro-batches, one after the other.
    package var heaviest = StepTrace()
    /// The trace of a step with about the mean number of tokens; nil if time is not measured.
    package var typical: StepTrace?
    /// The trace of the evaluation batch with the most tokens; nil without evaluation examples.
    package var evaluation: StepTrace?
    /// The number of tokens of that batch.
    package var evaluationTokens = 0
}

/// The largest of several micro-batches, and its step.
private struct HeavyBatch {
    /// The number of tokens, and the sum of the squared text lengths.
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
    /// Finds representative steps among the run's batches, which follow from its seeds and text lengths.
    ///
    /// - Returns: The representative steps.
    /// - Throws: `.outOfMemory`.
    package func notableSteps() throws(TorchError) -> NotableSteps {
        let stepSize = arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps
        let epochs = (totalSteps + stepsPerEpoch - 1) / stepsPerEpoch
        // A later micro-batch of a step runs while gradients exist, so it is distinguished from a single one.
        var (alone, later) = (HeavyBatch(), HeavyBatch())
        var steps: [(window: ArraySlice<Int>, tokens: Int)] = []
        // Later epochs shuffle the same texts; a few epochs show which batches are possible.
        for epoch in 0..<min(epochs, 8) {
            let order = try dataOrder(arguments, examples: train.count, epoch: epoch)
            let count = min(stepsPerEpoch, totalSteps - epoch * stepsPerEpoch)
            for start in stride(from: 0, to: min(count * stepSize, order.count), by: stepSize) {
                let window = order[start..<min(order.count, start + stepSize)]
                let micros = microBatches(of: window)
                if micros.count == 1 {
                    alone.take(micros[0], of: window, train)
                } else {
                    // Packed micro-batches keep their order; any of the others may be last.
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

    /// The step's examples, with those of the largest micro-batch at the end.
    private func lastInItsStep(_ batch: HeavyBatch) -> [Int] {
        let worst = Set(batch.micro)
        let others = batch.window.filter { !worst.contains($0) }
        let size = arguments.perDeviceTrainBatchSize
        return others.prefix(others.count / size * size) + Array(batch.micro)
    }

    /// Takes real steps of this trainer and records their memory and time.
    ///
    /// The steps change the classifier's weights.
    ///
    /// - Parameters:
    ///   - notable: The steps to take.
    ///   - recorder: A recorder that was started before the classifier was created.
    ///   - withTime: Whether to take typical steps, too, and measure their time.
    /// - Returns: The measurement.
    /// - Throws: The errors of ``run(resumingFrom:shouldStop:shouldSave:emit:)``.
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
        func bytes(_ parameters: [Parameter]) -> Int { parameters.reduce(0) { $0 + $1.byteCount } }
        result.weightBytes = bytes(parameters.parameters)
        result.gradientBytes = bytes(parameters.trainable.filter { !$0.hasGradientOfRows })
        result.stateBytes = stepState.optimizer.stateBytes
        result.unusedStateBytes = try unusedStateBytes(stepState.optimizer)
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
            // The first steps with a shape also choose kernels, so they are not counted.
            let steps = try [take(notable.typical), take(notable.typical), take(notable.typical)]
            result.typical = steps.dropFirst().min { $0.seconds < $1.seconds }
        }
        try parameters.setRequiresGradient(false)
        if let evaluation { try measure(evaluation, recorder, &result) }
        return result
    }

    /// Measures the evaluation batch with the most tokens.
    private func measure(
        _ evaluation: EncodedExamples,
        _ recorder: MemoryRecorder,
        _ result: inout TrialMeasurement
    ) throws {
        let batches = evaluation.batches(of: arguments.perDeviceEvalBatchSize)
        let sizes = batches.map { $0.reduce(0) { $0 + evaluation.length(of: $1) } }
        guard let heaviest = sizes.indices.max(by: { sizes[$0] < sizes[$1] }) else { return }
        let examples = evaluation.selecting(batches[heaviest])
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

extension TrainingArguments {
    /// The same arguments for a model with fewer blocks.
    ///
    /// - Parameters:
    ///   - parameters: The parameters of that model.
    ///   - frozenBlocks: The number of its first blocks to freeze.
    /// - Returns: Arguments that name only parameters of that model.
    package func fitting(_ parameters: [Parameter], frozenBlocks: Int) -> TrainingArguments {
        var result = self
        if frozenLayerCount != nil { result.frozenLayerCount = frozenBlocks }
        result.frozenParameters = frozenParameters.filter { pattern in
            parameters.contains { FreezingPlan.matches($0.name, pattern) }
        }
        return result
    }
}
