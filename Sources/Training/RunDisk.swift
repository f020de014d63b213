package import NN

/// What a run writes to its output folder, in bytes.
public struct RunDisk: Sendable, Equatable {
    /// The trained model.
    public var model: Int
    /// One checkpoint.
    public var checkpoint: Int
    /// Checkpoints that are there when the run ends, at most.
    public var checkpointsKept: Int
    /// Checkpoints that are there at once, at most: a new one is written before an old one goes.
    public var checkpointsAtOnce: Int
    /// The file that a step leaves if its loss or gradients are NaN or infinite; nil if none is wanted.
    public var replayFile: Int?

    /// What the run leaves if nothing goes wrong.
    public var left: Int { model + checkpointsKept * checkpoint }

    /// The most that it takes at once.
    ///
    /// The model is written when the last checkpoint is complete.
    public var peak: Int { max(left, checkpointsAtOnce * checkpoint) }

    /// The sizes of a run.
    ///
    /// - Parameters:
    ///   - arguments: Say when it saves, and what.
    ///   - totalSteps: Its optimizer steps.
    ///   - stepsPerEpoch: Those of one pass over the data.
    ///   - savedModel: Bytes of the weights as the output folder has them.
    ///   - weights: Bytes of the weights as they are kept while training, which checkpoints hold.
    ///   - optimizerState: Bytes of what the optimizer remembers.
    public init(
        _ arguments: TrainingArguments,
        totalSteps: Int,
        stepsPerEpoch: Int,
        savedModel: Int,
        weights: Int,
        optimizerState: Int
    ) {
        let count = arguments.checkpointCount(totalSteps: totalSteps, stepsPerEpoch: stepsPerEpoch)
        model = savedModel
        checkpoint = weights + (arguments.saveOnlyModel ? 0 : optimizerState)
        checkpointsKept = arguments.checkpointsKept(of: count)
        checkpointsAtOnce = min(count, checkpointsKept + 1)
        replayFile = arguments.writesReplayFile ? weights : nil
    }
}

extension TrainingArguments {
    /// Evaluations during the run, that after the last step included.
    ///
    /// - Parameters:
    ///   - totalSteps: Optimizer steps of the run.
    ///   - stepsPerEpoch: Those of one pass over the data.
    /// - Returns: Their number; fewer if the run stops early.
    public func evaluationCount(totalSteps: Int, stepsPerEpoch: Int) -> Int {
        guard let interval = evaluationInterval(stepsPerEpoch) else { return 0 }
        let delay = evalStrategy == .epoch ? evalDelay * Double(stepsPerEpoch) : evalDelay
        let first = max(Int(delay.rounded(.up)), 1)
        let within = (totalSteps - 1) / interval - (first - 1) / interval
        return max(within, 0) + 1 + (evalOnStart ? 1 : 0)
    }

    /// Checkpoints that the run writes, at most: evaluations may add some that would be the best.
    ///
    /// - Parameters:
    ///   - totalSteps: Optimizer steps of the run.
    ///   - stepsPerEpoch: Those of one pass over the data.
    /// - Returns: Their number, that after the last step included.
    public func checkpointCount(totalSteps: Int, stepsPerEpoch: Int) -> Int {
        let saving: Int? =
            switch saveStrategy {
            case .no, .best: nil
            case .steps: saveSteps
            case .epoch: stepsPerEpoch
            }
        let best =
            saveStrategy == .best || loadBestModelAtEnd ? evaluationInterval(stepsPerEpoch) : nil
        let before = totalSteps - 1
        switch (saving, best) {
        case (nil, nil): return 0
        case (let every?, nil), (nil, let every?): return before / every + 1
        case (let first?, let second?):
            let both = first / greatestCommonDivisor(first, second) * second
            return before / first + before / second - before / both + 1
        }
    }

    /// How many of so many checkpoints ``saveTotalLimit`` keeps: the newest and the best stay in any case.
    ///
    /// - Parameter count: Checkpoints that the run writes.
    /// - Returns: How many are left at its end.
    public func checkpointsKept(of count: Int) -> Int {
        guard let saveTotalLimit else { return count }
        let keepsBest = loadBestModelAtEnd || saveStrategy == .best
        return min(count, max(saveTotalLimit, keepsBest ? 2 : 1))
    }

    private func evaluationInterval(_ stepsPerEpoch: Int) -> Int? {
        switch evalStrategy {
        case .no, .best: nil
        case .steps: evalSteps ?? loggingSteps
        case .epoch: stepsPerEpoch
        }
    }

    private func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        second == 0 ? first : greatestCommonDivisor(second, first % second)
    }

    /// Bytes of what the optimizer remembers of a model's parameters.
    ///
    /// - Parameter parameters: All of the model's; those that the arguments freeze are marked as not trainable.
    /// - Returns: The sum of what ``NN/OptimizerRule/initialState(of:)`` makes.
    /// - Throws: ``TrainingError`` if a frozen parameter or block does not exist.
    package func optimizerStateBytes(of parameters: [Parameter]) throws(TrainingError) -> Int {
        try FreezingPlan(parameters).freeze(parameters, self)
        return parameters.filter(\.isTrainable).reduce(0) { $0 + optimizerStateBytes(of: $1) }
    }

    private func optimizerStateBytes(of parameter: Parameter) -> Int {
        let shape = parameter.shape
        let count = shape.reduce(1, *)
        switch optimizer {
        case .adamW, .adamWFused: return 8 * count
        case .adamW8: return AdamW8.is8Bit(parameter) ? 2 * count + 8 * ((count + 255) / 256) : 8 * count
        case .lion: return 4 * count
        case .sgd: return sgdMomentum == 0 ? 0 : 4 * count
        case .adafactor:
            guard shape.count > 1 else { return 4 * count }
            // One number a row and one a column.
            return 4 * (count / max(shape[shape.count - 1], 1) + count / max(shape[shape.count - 2], 1))
        }
    }
}
