import Checkpoints
import Classification
import Foundation
import Models
import NN
import ProcessGroups
import Torch

extension TrainingArguments {
    /// Whether evaluations are compared with each other.
    var selectsModel: Bool {
        loadBestModelAtEnd || saveStrategy == .best || earlyStoppingPatience != nil
            || metricForBestModel != nil
            || scheduler == .reduceOnPlateau
    }
}

// The work between steps: logging, evaluation, saving, and the best model.
extension Trainer {
    /// The loss for a problem type.
    static func loss(
        _ problemType: ProblemType,
        labelCount: Int,
        _ classWeights: [Float]?,
        _ arguments: TrainingArguments
    ) throws(TrainingError) -> any ClassificationLoss {
        let (smoothing, gamma) = (arguments.labelSmoothingFactor, arguments.focalGamma)
        guard smoothing == 0 || gamma == 0 else {
            throw TrainingError(
                .badArgument,
                "--label-smoothing-factor and --focal-gamma have opposite effects; give only one of them"
            )
        }
        guard smoothing == 0 || problemType == .singleLabel else {
            throw TrainingError(.badArgument, "--label-smoothing-factor needs single-label texts")
        }
        switch problemType {
        case .singleLabel:
            return CrossEntropy(classWeights: classWeights, labelSmoothing: smoothing, focalGamma: gamma)
        case .multiLabel:
            return BinaryCrossEntropy(
                labelCount: labelCount,
                positiveWeights: classWeights,
                focalGamma: gamma
            )
        case .regression:
            guard gamma == 0 else {
                throw TrainingError(.badArgument, "--focal-gamma needs classes, and a regression has none")
            }
            return SquaredError()
        }
    }

    /// The loss with the teacher's share, if the arguments ask for one.
    static func distilled(
        _ labelLoss: any ClassificationLoss,
        _ targets: Targets,
        _ arguments: TrainingArguments
    ) throws(TrainingError) -> any ClassificationLoss {
        guard case .taught = targets else {
            guard arguments.distillation == nil else {
                throw TrainingError(
                    .badData,
                    "the arguments have a distillation, but the training examples have no teacher's logits"
                )
            }
            return labelLoss
        }
        guard let distillation = arguments.distillation else {
            throw TrainingError(
                .badArgument,
                "the training examples have a teacher's logits, but the arguments no distillation"
            )
        }
        return DistillationLoss(
            temperature: distillation.temperature,
            alpha: distillation.alpha,
            labelLoss: labelLoss
        )
    }

    /// The learning rate of the next step.
    func learningRate(_ state: TrainerState) -> Double {
        arguments.scheduler == .reduceOnPlateau
            ? state.plateau.learningRate : schedule.learningRate(at: state.step)
    }

    /// Whether to evaluate after a step: if it is due, or after the last step.
    func isEvaluationDue(_ step: Int) -> Bool {
        guard arguments.evalStrategy != .no else { return false }
        let position = arguments.evalStrategy == .epoch ? epoch(after: step) : Double(step)
        return step == totalSteps
            || position >= arguments.evalDelay
                && isDue(
                    arguments.evalStrategy,
                    every: arguments.evalSteps ?? arguments.loggingSteps,
                    at: step
                )
    }

    /// Whether to save after a step: if it is due, or if the best model would be lost otherwise.
    func isSaveDue(_ step: Int, isBest: Bool) -> Bool {
        isDue(arguments.saveStrategy, every: arguments.saveSteps, at: step)
            || isBest && (arguments.loadBestModelAtEnd || arguments.saveStrategy == .best)
    }

    /// Whether to save the state after the last step.
    func savesLast(_ state: TrainerState) -> Bool {
        switch arguments.saveStrategy {
        case .no: false
        case .best: state.selection.bestStep == state.step
        case .steps, .epoch: true
        }
    }

    /// Whether to log a row after a step: if it is due, or after the last step.
    private func isLogDue(_ step: Int) -> Bool {
        if arguments.loggingFirstStep, step == 1 { return true }
        return arguments.loggingStrategy != .no
            && (step == totalSteps
                || isDue(arguments.loggingStrategy, every: arguments.loggingSteps, at: step))
    }

    private func isDue(_ strategy: IntervalStrategy, every steps: Int, at step: Int) -> Bool {
        switch strategy {
        case .no, .best: false
        case .steps: step.isMultiple(of: steps)
        case .epoch: step.isMultiple(of: stepsPerEpoch)
        }
    }

    func log(
        _ record: StepRecord,
        _ state: inout TrainerState,
        _ emit: (RunEvent) throws -> Void
    ) throws {
        state.lossesSinceLog.append(record.loss)
        guard isLogDue(record.step) else { return }
        let row = LogRecord(
            step: record.step,
            epoch: record.epoch,
            loss: state.lossesSinceLog.reduce(0, +) / Double(state.lossesSinceLog.count),
            gradientNorm: record.gradientNorm,
            learningRate: record.learningRate
        )
        state.lossesSinceLog = []
        state.append(row)
        try emit(.logged(row))
    }

    /// Evaluates and saves if due after the step, and saves on request.
    func evaluateAndSaveIfDue(
        _ state: inout TrainerState,
        _ stepState: StepState,
        _ shouldStop: () -> Bool,
        _ shouldSave: () -> Bool,
        _ emit: (RunEvent) throws -> Void
    ) throws {
        var isBest = false
        if isEvaluationDue(state.step) {
            // An evaluation may take long; a run that resumes from a checkpoint saved meanwhile repeats it.
            var unevaluated = state
            unevaluated.evaluationPending = evaluation != nil
            isBest = try evaluateNow(
                &state,
                { [unevaluated] in
                    if shouldSave() { try beginSaving(unevaluated, stepState, isInterrupted: true, emit) }
                    return shouldStop()
                },
                emit
            )
        }
        guard state.step < totalSteps, !state.evaluationPending else { return }
        let isAskedFor = shouldSave()
        guard isAskedFor || isSaveDue(state.step, isBest: isBest) else { return }
        try traced(.save) { try beginSaving(state, stepState, isInterrupted: isAskedFor, emit) }
        state.savedStep = state.step
    }

    /// Evaluates; returns whether this was the best evaluation so far.
    func evaluateNow(
        _ state: inout TrainerState,
        _ shouldStop: () throws -> Bool,
        _ emit: (RunEvent) throws -> Void
    ) throws -> Bool {
        guard var record = try measure(state, shouldStop, emit) else {
            state.evaluationPending = evaluation != nil
            return false
        }
        state.evaluationPending = false
        state.savedStep = nil
        let chosen = record.values().first { $0.name == state.selection.metric }
        if arguments.selectsModel, let chosen {
            record.selection = NamedValue(name: chosen.name, value: chosen.value)
        }
        state.append(record)
        if state.step == totalSteps { state.lastEvaluation = record }
        var isBest = false
        if arguments.selectsModel {
            isBest = try state.selection.record(record)
            if let chosen { state.plateau.record(chosen.value) }
            if let group = parallel?.group {
                isBest = try SharedState(group).shareSelection(&state, isBest: isBest)
            }
        }
        try emit(.evaluated(record))
        return isBest
    }

    /// Evaluates before the first step, only for comparison.
    func evaluateAtStart(
        _ state: inout TrainerState,
        _ shouldStop: () -> Bool,
        _ emit: (RunEvent) throws -> Void
    ) throws {
        guard let record = try measure(state, shouldStop, emit) else { return }
        state.append(record)
        try emit(.evaluated(record))
    }

    /// Evaluates the evaluation examples; returns nil if there are none or the run has to stop.
    private func measure(
        _ state: TrainerState,
        _ shouldStop: () throws -> Bool,
        _ emit: (RunEvent) throws -> Void
    ) throws -> EvaluationRecord? {
        guard let evaluation else { return nil }
        return try traced(.evaluation) {
            try evaluate(
                classifier,
                on: evaluation,
                loss: loss,
                batchSize: arguments.perDeviceEvalBatchSize,
                precision: arguments.precision,
                step: state.step,
                epoch: state.epoch,
                metrics: metrics,
                // The last evaluation is the run's result.
                withIntervals: state.step == totalSteps,
                group: parallel?.group
            ) { done in
                try emit(.evaluating(done: done, of: evaluation.count))
                return try !shouldStop()
            }
        }
    }

    /// Begins to save.
    ///
    /// The next step may begin meanwhile, but waits before it updates weights. In a group only rank 0 writes, unless
    /// ``savesShards``.
    ///
    /// Call ``finishSaving(_:_:)`` before any other change of weights.
    func beginSaving(
        _ state: TrainerState,
        _ stepState: StepState,
        isInterrupted: Bool = false,
        _ emit: (RunEvent) throws -> Void
    ) throws {
        try finishSaving(stepState, emit)
        // An interrupted run must be able to resume, even with --save-only-model.
        let isWhole = !arguments.saveOnlyModel || isInterrupted
        if savesShards { return try beginSavingShards(state, stepState, isWhole: isWhole, emit) }
        let zero = isWhole ? stepState.zero : nil
        let sharded = parallel?.sharded
        if let group = parallel?.group {
            guard group.isFirst else {
                try sharded?.follow()
                try zero?.sendState()
                return
            }
            try group.announce("saving checkpoint-\(state.step)")
            stepState.checkpoints.isAnnounced = true
        }
        let dropout = try stepState.dropout.state()
        let folder = RunFolder(outputFolder)
        let write: () throws -> URL = { [classifier, arguments] in
            let place = try state.save(
                classifier,
                optimizer: isWhole ? stepState.optimizer : nil,
                zero: zero,
                dropout: dropout,
                in: folder
            )
            try folder.prune(
                keeping: arguments.saveTotalLimit,
                newest: state.step,
                best: state.bestCheckpoint
            )
            return place
        }
        // Divided weights and states are gathered, which needs this thread.
        let isGathered = zero != nil || sharded != nil
        if isGathered { try stepState.checkpoints.write(write) } else { stepState.checkpoints.begin(write) }
        // Copies from a GPU are queued with the step's work, so writing in the background gains nothing.
        if classifier.model.device != .cpu || isGathered { try finishSaving(stepState, emit) }
    }

    /// Waits until saving is done, and emits the events.
    func finishSaving(_ stepState: StepState, _ emit: (RunEvent) throws -> Void) throws {
        try stepState.checkpoints.wait()
        if stepState.checkpoints.isAnnounced {
            stepState.checkpoints.isAnnounced = false
            try parallel?.group.announce(nil)
        }
        for folder in try stepState.checkpoints.takeCompleted() { try emit(.saved(folder)) }
    }

    /// Loads the weights of a step's checkpoint; in a group rank 0 reads them for all.
    func loadWeights(of step: Int) throws {
        let place = RunFolder(outputFolder).checkpoint(step)
        guard let group = parallel?.group else { return try classifier.loadWeights(from: place) }
        if group.isFirst { try group.announce("reading \(place.lastPathComponent)") }
        if let sharded = parallel?.sharded {
            try sharded.together { try classifier.loadWeights(from: place) }
        } else if group.isFirst {
            try classifier.loadWeights(from: place)
        }
        try SharedState(group).shareWeights(classifier.model)
        if group.isFirst { try group.announce(nil) }
    }
}
