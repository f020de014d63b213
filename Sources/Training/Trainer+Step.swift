import Classification
import Models
import NN
import ProcessGroups
import Torch

/// State that a training step needs besides the weights.
struct StepState {
    let optimizer: Optimizer
    let dropout: RandomSource
    let layers: FreezingPlan
    /// The optimizer of all ranks if its state is divided among them; ``optimizer`` is then this rank's part.
    var zero: ZeroOptimizer?
    /// Reads weights in the background; a step waits for it before updating them.
    let checkpoints = CheckpointWriter()
    /// Called at the end of each phase of a step, for measurements.
    var phaseEnded: ((StepPhase) throws(TorchError) -> Void)?
}

/// The phases of a step.
///
/// The update runs once, the others for each micro-batch.
package enum StepPhase: Sendable, Equatable {
    /// From token ids to the loss.
    case forward
    /// From the loss to the gradient norm, if the optimizer runs in the backward pass and needs the norm first.
    case norm
    /// From the loss to gradients, or to updated weights if the optimizer runs in the backward pass.
    case backward
    /// Clipping and the optimizer's update.
    case update
}

// One optimizer step.
extension Trainer {
    /// Creates the initial state of a run, and freezes parameters as the arguments say.
    ///
    /// - Returns: The optimizer, the dropout stream and the freezing plan.
    /// - Throws: ``TrainingError`` if the arguments freeze unknown parameters; `.outOfMemory`.
    func stepState() throws -> StepState {
        let parameters = classifier.model.parameters
        let layers = FreezingPlan(parameters.parameters)
        try layers.freeze(parameters.parameters, arguments)
        let decay = arguments.layerwiseLearningRateDecay
        let groups = parameterGroups(parameters.trainable, weightDecay: arguments.weightDecay) {
            layers.learningRateFactor(of: $0, decay: decay) * $0.learningRateFactor
        }
        let roundingSeed = RandomPurpose.rounding.seed(from: arguments.seed)
        let offload = try offloaded()
        let sharded = try sharded()
        let rule = arguments.optimizerRule
        var zero: ZeroOptimizer?
        if arguments.zeroStage != .off, let parallel {
            zero = try ZeroOptimizer(
                rule,
                groups,
                roundingSeed: roundingSeed,
                in: parallel.group,
                placed: sharded?.owners ?? [:]
            )
            parallel.owners = zero?.owners ?? [:]
        }
        return StepState(
            optimizer: try zero?.optimizer
                ?? offload.map { try Optimizer(rule, groups, roundingSeed: roundingSeed, in: $0) }
                ?? Optimizer(rule, groups, roundingSeed: roundingSeed),
            dropout: try RandomSource(.dropout, seed: arguments.seed, device: classifier.model.device),
            layers: layers,
            zero: zero
        )
    }

    /// Takes a step: runs every micro-batch forward and backward, then clips and updates.
    ///
    /// - Parameters:
    ///   - index: The zero-based step.
    ///   - order: The epoch's order of the examples.
    ///   - rate: The learning rate.
    ///   - stepState: The optimizer and the other state of the run.
    ///   - control: The wishes to stop and to save, which a group exchanges in every step.
    /// - Returns: The step's record.
    /// - Throws: ``TrainingError`` for a NaN or infinite value or if memory runs out; `TorchError`; `DistributedError`.
    func step(
        _ index: Int,
        _ order: [Int],
        _ rate: Double,
        _ stepState: StepState,
        _ control: RunControl? = nil
    ) throws -> StepRecord {
        let window = self.window(of: index, order)
        let share = self.share(of: window)
        let dropout = try self.dropout(of: index, stepState)
        let start = StepStart(
            index: index,
            learningRate: rate,
            window: window,
            dropout: try dropout.state(),
            share: share
        )
        let windowWeight = loss.totalWeight(of: targets.selecting(window))
        var total = 0.0
        var norm = 0.0
        let batches = microBatches(of: share)
        for (place, examples) in batches.enumerated() {
            do {
                let (value, amount) = try meanLoss(of: examples, start, windowWeight, dropout)
                total += amount
                try stepState.phaseEnded?(.forward)
                if arguments.optimizerInBackward {
                    try stepState.checkpoints.wait()
                    norm = try traced(.backwardAndUpdate) {
                        try moveInBackward(of: value, amount, start, stepState)
                    }
                } else {
                    try traced(.backward) {
                        try backward(
                            value,
                            isOneOfSeveral: batches.count > 1,
                            isLast: place == batches.count - 1
                        )
                    }
                }
                try stepState.phaseEnded?(.backward)
            } catch let error as TorchError where error.code == .outOfMemory {
                throw outOfMemory(error, step: index, examples)
            }
        }
        if let parallel {
            if parallel.sharded != nil {
                try traced(.passWithoutExamples) {
                    let lengths = window.map(train.length)
                    try parallel.passWithoutExamples(window, lengths: lengths, microBatches(of:))
                }
            } else if batches.isEmpty {
                try parallel.reduceDuringBackward(of: nil, isLast: true)
            }
            try traced(.waitForGradients) {
                try parallel.finishGradients { UsedRows(of: window, in: train, tableRows: $0) }
            }
            // From here on, all ranks have the same numbers.
            total = try traced(.exchangeLoss) {
                try parallel.exchange(
                    loss: total,
                    wantsStop: control?.wantsStop() ?? false,
                    wantsSave: control?.wantsSave() ?? false
                )
            }
        }
        if !arguments.optimizerInBackward {
            let clipping = try traced(.clipping) {
                try parallel?.clipping(to: arguments.maxGradNorm)
                    ?? gradientClipping(classifier.model.parameters.trainable, to: arguments.maxGradNorm)
            }
            norm = clipping.norm
            guard norm.isFinite else { throw gradientSumIsNotFinite(start, loss: total) }
            try stepState.checkpoints.wait()
            try traced(.update) {
                if let zero = stepState.zero {
                    try zero.step(learningRate: rate, gradientScale: clipping.factor)
                    try parallel?.sharded?.forget()
                } else {
                    try stepState.optimizer.step(learningRate: rate, gradientScale: clipping.factor)
                }
            }
        }
        try stepState.phaseEnded?(.update)
        return StepRecord(
            step: index + 1,
            totalSteps: totalSteps,
            epoch: epoch(after: index + 1),
            loss: total,
            gradientNorm: norm,
            learningRate: rate,
            examples: window.count
        )
    }

    /// A micro-batch's share of the step's mean loss, recorded for the backward pass.
    private func meanLoss(
        of examples: ArraySlice<Int>,
        _ start: StepStart,
        _ windowWeight: Double,
        _ dropout: RandomSource
    ) throws -> (value: Tensor, amount: Double) {
        let wanted = targets.selecting(examples)
        let batch = try traced(.readBatch) {
            try train.batch(
                examples,
                padTokenID: classifier.model.configuration.padTokenID,
                device: classifier.model.device
            )
        }
        var context = ForwardContext(matmulDType: arguments.precision.matmulDType, dropout: dropout)
        context.checkpointsBlocks = arguments.gradientCheckpointing
        // The mean over the whole step, independent of its micro-batches; transformers' inexact loss uses each one's own weight.
        let weight = arguments.hfCompatGradientAccumulation ? loss.totalWeight(of: wanted) : windowWeight
        let (value, amount) = try traced(.forward) { () throws -> (Tensor, Double) in
            let logits = try classifier.model.logits(batch, context)
            let value = try loss(logits, wanted) * (1 / weight)
            return (value, try value.item())
        }
        guard amount.isFinite else { throw lossIsNotFinite(start, amount, examples) }
        return (value, amount)
    }

    /// Runs the backward pass of a micro-batch; in a group, sums of gradients start within that of the last one.
    private func backward(_ value: Tensor, isOneOfSeveral: Bool, isLast: Bool) throws {
        if let parallel { return try parallel.reduceDuringBackward(of: value, isLast: isLast) }
        guard isOneOfSeveral else { return try value.backward() }
        try value.backward(addingTo: classifier.model.parameters.trainable)
    }

    /// Runs the backward pass and updates the weights in it; returns the gradient norm.
    private func moveInBackward(
        of value: Tensor,
        _ amount: Double,
        _ start: StepStart,
        _ stepState: StepState
    ) throws -> Double {
        let outcome = try stepState.optimizer.stepInBackward(
            of: value,
            parameters: classifier.model.parameters.trainable,
            maxNorm: arguments.maxGradNorm,
            learningRate: start.learningRate,
            isInBlock: stepState.layers.isInBlock,
            normFound: { () throws(TorchError) in try stepState.phaseEnded?(.norm) }
        )
        switch outcome {
        case .moved(let norm): return norm
        case .notFinite(let parameter, let hasMoved):
            throw gradientIsNotFinite(start, loss: amount, first: parameter, hasMoved: hasMoved)
        }
    }

    /// The examples of a step, of all ranks.
    private func window(of step: Int, _ order: [Int]) -> ArraySlice<Int> {
        let size = arguments.examplesPerStep
        let start = step % stepsPerEpoch * size
        let window = order[start..<min(order.count, start + size)]
        return parallel?.completed(window, of: order) ?? window
    }

    /// The examples of a step that this process computes.
    private func share(of window: ArraySlice<Int>) -> ArraySlice<Int> {
        parallel?.share(of: window, lengths: window.map(train.length)) ?? window
    }

    /// The dropout stream of a step: that of the run, or a rank's own, which begins in every step.
    private func dropout(of step: Int, _ stepState: StepState) throws(TorchError) -> RandomSource {
        guard let group = parallel?.group else { return stepState.dropout }
        let seed = RandomPurpose.dropout.seed(from: arguments.seed, rank: group.rank, step: step)
        return try RandomSource(seed: seed, device: classifier.model.device)
    }
}

extension Tensor {
    /// Runs the backward pass of one of several micro-batches.
    ///
    /// bfloat16 gradients are summed in float32, one parameter at a time.
    ///
    /// - Parameter parameters: The trained parameters.
    /// - Throws: `.failed` or `.outOfMemory`.
    func backward(addingTo parameters: [Parameter]) throws(TorchError) {
        let narrow = parameters.filter { $0.value.dtype != .float32 }
        guard !narrow.isEmpty else { return try backward() }
        try backward(tellingOf: narrow.map(\.value)) { (index) throws(TorchError) in
            try narrow[index].sumGradient()
        }
    }
}
