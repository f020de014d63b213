import Classification
import Models
import NN
import Torch

/// What a step works with beside the weights.
struct StepState {
    let optimizer: Optimizer
    let dropout: RandomSource
    let layers: FreezingPlan
    /// Reads what a step moves, which therefore waits for it first.
    let checkpoints = CheckpointWriter()
    /// Told when a phase of a step is over, where somebody measures it.
    var phaseEnded: ((StepPhase) throws(TorchError) -> Void)?
}

/// What a step does, one after another; the update once, the others for each micro-batch.
package enum StepPhase: Sendable, Equatable {
    /// From token ids to the loss.
    case forward
    /// From the loss to the gradients' norm, where the optimizer works within the backward pass and needs it first.
    case norm
    /// From the loss to gradients, or to moved weights where the optimizer works within.
    case backward
    /// Clipping, and the optimizer.
    case update
}

// One optimizer step.
extension Trainer {
    /// What a run works with, anew: nothing is remembered, and what the arguments freeze is frozen.
    ///
    /// - Returns: The optimizer, the stream of dropout and the layers.
    /// - Throws: ``TrainingError`` where the arguments freeze what is not there; `.outOfMemory`.
    func stepState() throws -> StepState {
        let parameters = classifier.model.parameters
        let layers = FreezingPlan(parameters.parameters)
        try layers.freeze(parameters.parameters, arguments)
        let decay = arguments.layerwiseLearningRateDecay
        let groups = parameterGroups(parameters.trainable, weightDecay: arguments.weightDecay) {
            layers.learningRateFactor(of: $0, decay: decay)
        }
        return StepState(
            optimizer: try Optimizer(
                arguments.optimizerRule,
                groups,
                roundingSeed: RandomPurpose.rounding.seed(from: arguments.seed)
            ),
            dropout: try RandomSource(.dropout, seed: arguments.seed, device: classifier.model.device),
            layers: layers
        )
    }

    /// Every micro-batch forward and backward, then clip and move.
    ///
    /// - Parameters:
    ///   - index: Which step, from 0.
    ///   - order: The epoch's order of the examples.
    ///   - rate: The learning rate.
    ///   - stepState: The optimizer, and what it is to move.
    /// - Returns: The step's numbers.
    /// - Throws: ``TrainingError`` where a number is lost or memory runs out; `TorchError`.
    func step(_ index: Int, _ order: [Int], _ rate: Double, _ stepState: StepState) throws -> StepRecord {
        let window = self.window(of: index, order)
        let start = StepStart(
            index: index,
            learningRate: rate,
            window: window,
            dropout: try stepState.dropout.state()
        )
        let windowWeight = loss.totalWeight(of: targets.selecting(window))
        var total = 0.0
        var norm = 0.0
        let batches = microBatches(of: window)
        for examples in batches {
            do {
                let (value, amount) = try meanLoss(of: examples, start, windowWeight, stepState.dropout)
                total += amount
                try stepState.phaseEnded?(.forward)
                if arguments.optimizerInBackward {
                    try stepState.checkpoints.wait()
                    norm = try moveInBackward(of: value, amount, start, stepState)
                } else {
                    try backward(value, isOneOfSeveral: batches.count > 1)
                }
                try stepState.phaseEnded?(.backward)
            } catch let error as TorchError where error.code == .outOfMemory {
                throw outOfMemory(error, step: index, examples)
            }
        }
        if !arguments.optimizerInBackward {
            let clipping = try gradientClipping(
                classifier.model.parameters.trainable,
                to: arguments.maxGradNorm
            )
            norm = clipping.norm
            guard norm.isFinite else { throw gradientIsNotFinite(start, loss: total) }
            try stepState.checkpoints.wait()
            try stepState.optimizer.step(learningRate: rate, gradientScale: clipping.factor)
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

    /// A micro-batch's share of the step's mean loss, recorded.
    private func meanLoss(
        of examples: ArraySlice<Int>,
        _ start: StepStart,
        _ windowWeight: Double,
        _ dropout: RandomSource
    ) throws -> (value: Tensor, amount: Double) {
        let wanted = targets.selecting(examples)
        let batch = try train.batch(
            examples,
            padTokenID: classifier.model.configuration.padTokenID,
            device: classifier.model.device
        )
        var context = ForwardContext(matmulDType: arguments.precision.matmulDType, dropout: dropout)
        context.checkpointsBlocks = arguments.gradientCheckpointing
        let logits = try classifier.model.logits(batch, context)
        // The mean over the whole step whatever its micro-batches; the reference's fault takes each one's own.
        let weight = arguments.hfCompatGradientAccumulation ? loss.totalWeight(of: wanted) : windowWeight
        let value = try loss(logits, wanted) * (1 / weight)
        let amount = try value.item()
        guard amount.isFinite else { throw lossIsNotFinite(start, amount, examples) }
        return (value, amount)
    }

    /// The backward pass; the gradients of several in bfloat16 are summed in float32, one parameter after the other.
    private func backward(_ value: Tensor, isOneOfSeveral: Bool) throws(TorchError) {
        let narrow = classifier.model.parameters.trainable.filter { $0.value.dtype != .float32 }
        guard isOneOfSeveral, !narrow.isEmpty else { return try value.backward() }
        try value.backward(tellingOf: narrow.map(\.value)) { (index) throws(TorchError) in
            try narrow[index].sumGradient()
        }
    }

    /// The backward pass that moves the weights; returns the gradients' norm.
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

    /// The examples of a step.
    private func window(of step: Int, _ order: [Int]) -> ArraySlice<Int> {
        let size = arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps
        let start = step % stepsPerEpoch * size
        return order[start..<min(order.count, start + size)]
    }
}
