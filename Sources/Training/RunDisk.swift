package import NN

/// The disk space of a run's output folder, in bytes.
public struct RunDisk: Sendable, Equatable {
    /// The size of the trained model.
    public var model: Int
    /// The size of one checkpoint.
    public var checkpoint: Int
    /// The maximum number of checkpoints at the end of the run.
    public var checkpointsKept: Int
    /// The maximum number of checkpoints at any time; a new one is written before an old one is removed.
    public var checkpointsAtOnce: Int
    /// The size of the replay file for a NaN or infinite loss or gradient; nil if it is turned off.
    public var replayFile: Int?

    /// The size after a successful run.
    public var left: Int { model + checkpointsKept * checkpoint }

    /// The peak size during the run.
    ///
    /// The model is written after the last checkpoint is complete.
    public var peak: Int { max(left, checkpointsAtOnce * checkpoint) }

    /// Computes the sizes of a run.
    ///
    /// - Parameters:
    ///   - arguments: The training arguments.
    ///   - totalSteps: The number of steps of the run.
    ///   - stepsPerEpoch: The number of steps per epoch.
    ///   - savedModel: Bytes of the weights in the output folder.
    ///   - weights: Bytes of the weights during training and in checkpoints.
    ///   - optimizerState: Bytes of the optimizer state.
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
    /// The number of evaluations during the run, including the one after the last step.
    ///
    /// - Parameters:
    ///   - totalSteps: The number of steps of the run.
    ///   - stepsPerEpoch: The number of steps per epoch.
    /// - Returns: The number of evaluations; the run makes fewer if it stops early.
    public func evaluationCount(totalSteps: Int, stepsPerEpoch: Int) -> Int {
        guard let interval = evaluationInterval(stepsPerEpoch) else { return 0 }
        let delay = evalStrategy == .epoch ? evalDelay * Double(stepsPerEpoch) : evalDelay
        let first = max(Int(delay.rounded(.up)), 1)
        let within = (totalSteps - 1) / interval - (first - 1) / interval
        return max(within, 0) + 1 + (evalOnStart ? 1 : 0)
    }

    /// The maximum number of checkpoints that the run writes.
    ///
    /// It includes those for possible best evaluations.
    ///
    /// - Parameters:
    ///   - totalSteps: The number of steps of the run.
    ///   - stepsPerEpoch: The number of steps per epoch.
    /// - Returns: The number of checkpoints, including the one after the last step.
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

    /// The number of checkpoints that ``saveTotalLimit`` keeps.
    ///
    /// The newest and the best are always kept.
    ///
    /// - Parameter count: The number of checkpoints that the run writes.
    /// - Returns: The number of checkpoints at the end of the run.
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

    /// Bytes of the optimizer state for a model's parameters.
    ///
    /// - Parameter parameters: All parameters of the model; those that the arguments freeze are marked as not trainable.
    /// - Returns: The total size of ``NN/OptimizerRule/initialState(of:)``.
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
            // One number per row and one per column.
            return 4 * (count / max(shape[shape.count - 1], 1) + count / max(shape[shape.count - 2], 1))
        }
    }
}
