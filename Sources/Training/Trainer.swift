import Checkpoints
public import Classification
import Files
public import Foundation
import Models
public import NN
public import ProcessGroups
import Torch

/// Fine-tunes a classifier in a single loop and emits events.
public struct Trainer {
    let classifier: TextClassifier
    let arguments: TrainingArguments
    /// The training loss, which is also reported by evaluations.
    package let loss: any ClassificationLoss
    let train: EncodedExamples
    /// The maximum number of tokens of a micro-batch; nil if micro-batches are not repacked.
    let tokenBudget: Int?
    let targets: Targets
    let evaluation: EncodedExamples?
    let metrics: [CustomMetric]
    let outputFolder: URL
    let modelName: String?
    /// The state of a run by a group of processes; nil for one process.
    let parallel: DataParallel?
    let totalSteps: Int
    let stepsPerEpoch: Int
    let schedule: LearningRateSchedule
    /// Records when each part of some steps begins and ends; nil records nothing.
    package var trace: RunTrace?

    /// The outcome of a run.
    public struct Outcome: Sendable, Equatable {
        /// The number of steps taken, including those before resuming.
        public var step: Int
        /// Whether the run was stopped before it was complete.
        public var wasInterrupted: Bool
        /// The training time in seconds, without the time before resuming.
        public var runtime: Double
        /// The number of examples seen, including repetitions.
        public var examplesSeen: Int
        /// The mean loss of all steps.
        public var meanLoss: Double
        /// Whether early stopping ended the run, because evaluations no longer improved.
        public var stoppedEarly = false
        /// The step of the classifier's weights: the last one, or that of the best evaluation if requested.
        public var weightsStep: Int
        /// The evaluation of these weights, with intervals, if the run made one after its last step.
        public var evaluation: EvaluationRecord?
        /// The final state, with the log.
        package var state: TrainerState
        /// Settings that were changed on resuming, oldest first.
        public var changes: [SettingChange] { state.changes }

        /// The number of epochs.
        public var epoch: Double { state.epoch }
    }

    /// Creates a trainer for tokenized examples.
    ///
    /// - Parameters:
    ///   - classifier: The classifier; its weights are changed in place.
    ///   - arguments: The training arguments; validated here.
    ///   - classWeights: The weights by label id; nil weighs all equally. For multi-label, the weight of a label's positive
    ///     examples relative to its negative ones.
    ///   - loss: A custom loss; nil takes the loss of the classifier's problem type, with `classWeights`. With a teacher it is
    ///     the loss of the labels.
    ///   - train: The training examples, with targets of the classifier's problem type.
    ///   - evaluation: The evaluation examples; nil for no evaluation during training.
    ///   - metrics: Custom metrics, computed at every evaluation.
    ///   - outputFolder: The folder for checkpoints.
    ///   - modelName: The name of the trained model, its path or Hub id. Checkpoints record it.
    ///   - group: The processes that take every step together, each with its own trainer for the same examples; nil for one
    ///     process.
    /// - Throws: ``TrainingError`` for an invalid argument, an unknown metric, no examples, or only one class or number.
    public init(
        _ classifier: TextClassifier,
        arguments: TrainingArguments,
        classWeights: [Float]? = nil,
        loss: (any ClassificationLoss)? = nil,
        train: EncodedExamples,
        evaluation: EncodedExamples? = nil,
        metrics: [CustomMetric] = [],
        outputFolder: URL,
        modelName: String? = nil,
        group: ProcessGroup? = nil
    ) throws(TrainingError) {
        var arguments = arguments
        if let group { arguments.worldSize = group.size }
        // Otherwise the backward pass would need the weights of all blocks at once.
        if arguments.dividesWeights { arguments.gradientCheckpointing = true }
        try arguments.validate()
        guard classifier.model.productQuantization == nil else {
            throw TrainingError(
                .badArgument,
                "the model was loaded for prediction in integers (productQuantization), which cannot be trained; load it without"
            )
        }
        guard let targets = train.targets, targets.problemType == classifier.problemType else {
            throw TrainingError(
                .badData,
                "the examples have no targets of the classifier's problem type, \(classifier.problemType.rawValue)"
            )
        }
        try Self.requireSound(train, "training", for: classifier)
        if let evaluation { try Self.requireSound(evaluation, "evaluation", for: classifier) }
        if let fault = targets.whyNotLearnable(labels: classifier.labels) {
            throw TrainingError(.badData, fault)
        }
        self.targets = targets
        guard arguments.evalStrategy == .no || evaluation != nil else {
            throw TrainingError(
                .badArgument,
                "--eval-strategy \(arguments.evalStrategy.rawValue) needs --eval-dataset or --test-size"
            )
        }
        self.classifier = classifier
        self.arguments = arguments
        let labelLoss: any ClassificationLoss
        if let loss {
            labelLoss = loss
        } else {
            labelLoss = try Self.loss(
                classifier.problemType,
                labelCount: classifier.labels.count,
                classWeights,
                arguments
            )
        }
        self.loss = try Self.distilled(labelLoss, targets, arguments)
        if let targets = evaluation?.targets {
            try EvaluationLoss(self.loss, for: classifier).requireWeight(of: targets)
        }
        guard arguments.examplesPerEpoch(of: train.count) > 0 else {
            throw TrainingError(
                .badArgument,
                "--dataloader-drop-last drops all \(counted(train.count, "example")), because they do not fill one "
                    + "--per-device-train-batch-size \(arguments.perDeviceTrainBatchSize)"
                    + (arguments.worldSize > 1 ? " for each of \(arguments.worldSize) processes" : "")
            )
        }
        try Self.requireBudget(arguments.maxTokensPerBatch, for: train)
        let known = EvaluationMeter.metricNames(
            classifier.problemType,
            labelCount: classifier.labels.count,
            targets: evaluation?.targets
        )
        try CustomMetric.requireNames(metrics, apartFrom: known)
        if arguments.selectsModel {
            let metric = ModelSelection(arguments).metric
            let names = known + metrics.map { "eval_" + $0.name }
            guard names.contains(metric) else {
                let isLeftOut =
                    classifier.problemType != .regression
                    && EvaluationMeter.areaNames.contains { "eval_" + $0 == metric }
                throw ModelSelection.unknown(metric, among: names, isLeftOut: isLeftOut)
            }
        }
        self.train = train
        tokenBudget = Self.tokenBudget(arguments, train, classifier.model.parameters.parameters)
        self.evaluation = evaluation
        self.metrics = metrics
        self.outputFolder = outputFolder
        self.modelName = modelName
        let parameters = classifier.model.parameters.parameters
        parallel = group.flatMap { group in
            guard group.size > 1 else { return nil }
            return DataParallel(
                group,
                parameters: parameters,
                tokenTable: classifier.model.tokenTable,
                arguments: arguments,
                isInBlock: FreezingPlan(parameters).isInBlock
            )
        }
        totalSteps = arguments.totalSteps(examples: train.count)
        stepsPerEpoch = arguments.stepsPerEpoch(examples: train.count)
        schedule = LearningRateSchedule(arguments, totalSteps: totalSteps)
    }

    /// Trains to the last step, or until `shouldStop` returns true; then it saves a checkpoint.
    ///
    /// In a group all ranks call this at the same time. They stop or save after the same step, if one of them wants to: the step
    /// in which it tells the others. Only the first rank reads and writes checkpoints.
    ///
    /// - Parameters:
    ///   - checkpoint: A checkpoint folder of the same run to resume from; only the first rank of a group needs it.
    ///   - shouldStop: Called after every step; returns whether to stop.
    ///   - shouldSave: Called after every step and during evaluations; returns whether to save a checkpoint from which the
    ///     run can be resumed. The run continues.
    ///   - emit: Receives the events.
    /// - Returns: The outcome.
    /// - Throws: ``TrainingError`` for a NaN or infinite loss or gradient, or a checkpoint of another run; `TorchError`;
    ///   `CheckpointError`; `DistributedError`; the errors of `emit`.
    public func run(
        resumingFrom checkpoint: URL? = nil,
        shouldStop: () -> Bool = { false },
        shouldSave: () -> Bool = { false },
        emit: (RunEvent) throws -> Void
    ) throws -> Outcome {
        do {
            return try withoutActuallyEscaping(shouldStop) { shouldStop in
                try withoutActuallyEscaping(shouldSave) { shouldSave in
                    let control = RunControl(stop: shouldStop, save: shouldSave, parallel)
                    return try train(resumingFrom: checkpoint, control, emit)
                }
            }
        } catch {
            let cause = parallel?.sharded?.cause(of: error) ?? error
            guard let torch = cause as? TorchError, torch.code == .outOfMemory else { throw cause }
            throw outOfMemory(torch)
        }
    }

    private func train(
        resumingFrom checkpoint: URL?,
        _ control: RunControl,
        _ emit: (RunEvent) throws -> Void
    ) throws -> Outcome {
        let parameters = classifier.model.parameters
        var state = TrainerState(
            arguments: arguments,
            metrics: metrics,
            totalSteps: totalSteps,
            examples: train.count
        )
        state.identity = try RunIdentity(self, modelName: modelName)
        let chosenRoutes = classifier.model.productRoutes
        let stepState = try stepState()
        let frozenStates = try frozenStates()
        classifier.model.frozenStates = frozenStates
        defer { classifier.model.frozenStates = nil }
        // Before throwing an error, finish the checkpoint that is being written.
        defer { try? stepState.checkpoints.wait() }
        try restore(&state, stepState, from: checkpoint)
        state.productRoutes = classifier.model.productRoutes
        // Versions that did not record the loss evaluated with the plain loss.
        let forgetsBest =
            state.unchecked.contains("class_weights") && state.selection.bestStep != nil
            && state.selection.metric == "eval_loss" && LossSettings(loss).note != nil
        if forgetsBest { state.forgetBest() }
        try parameters.setRequiresGradient(true)
        let firstStep = state.step
        var plan = plan(firstStep: firstStep, state.formerTotalSteps)
        (plan.changes, plan.unchecked, plan.forgetsBest) = (state.changes, state.unchecked, forgetsBest)
        if let kept = state.productRoutes, kept != chosenRoutes { plan.keptRoutes = kept }
        try emit(.started(plan))
        let start = ContinuousClock.now
        trace?.begin()
        defer { endTrace() }
        stepState.checkpoints.trace = trace
        if arguments.evalOnStart, firstStep == 0 { try evaluateAtStart(&state, control.wantsStop, emit) }
        if state.evaluationPending {
            try evaluateAndSaveIfDue(&state, stepState, control.wantsStop, control.shouldSave, emit)
        }
        var order = (epoch: -1, indices: [Int]())
        var seen = 0
        while state.step < totalSteps, !state.selection.shouldStop, !hasStopped(state),
            !control.shouldStop()
        {
            let epoch = state.step / stepsPerEpoch
            if order.epoch != epoch {
                order = (epoch, try dataOrder(arguments, examples: train.count, epoch: epoch))
            }
            let rate = learningRate(state)
            enterTrace(step: state.step + 1, taken: state.step - firstStep + 1)
            let record = try traced(.step) {
                try step(state.step, order.indices, rate, stepState, control)
            }
            try requireKept(frozenStates)
            try finishSaving(stepState, emit)
            state.step += 1
            seen += record.examples
            state.lossSum += record.loss
            try emit(.step(record))
            try log(record, &state, emit)
            try evaluateAndSaveIfDue(&state, stepState, control.wantsStop, control.shouldSave, emit)
        }
        try finishSaving(stepState, emit)
        try parameters.setRequiresGradient(false)
        let stoppedEarly = state.step < totalSteps && state.selection.shouldStop
        let wasInterrupted = state.evaluationPending || state.step < totalSteps && !stoppedEarly
        let isSaved = state.savedStep == state.step && !(wasInterrupted && arguments.saveOnlyModel)
        if wasInterrupted || savesLast(state), !isSaved {
            try traced(.save) { try beginSaving(state, stepState, isInterrupted: wasInterrupted, emit) }
        }
        try finishSaving(stepState, emit)
        let runtime = (ContinuousClock.now - start) / .seconds(1)
        var weightsStep = state.step
        if arguments.loadBestModelAtEnd, !wasInterrupted, let best = state.selection.bestStep,
            best != state.step
        {
            try loadWeights(of: best)
            weightsStep = best
            try emit(
                .loadedBest(
                    step: best,
                    metric: state.selection.metric,
                    value: state.selection.bestValue ?? .nan
                )
            )
        }
        return Outcome(
            step: state.step,
            wasInterrupted: wasInterrupted,
            runtime: runtime,
            examplesSeen: seen,
            meanLoss: state.lossSum / Double(max(state.step, 1)),
            stoppedEarly: stoppedEarly,
            weightsStep: weightsStep,
            evaluation: weightsStep == state.step ? state.lastEvaluation : nil,
            state: state
        )
    }

    /// Restores the state of a run from a checkpoint, if there is one, and gives it to the other ranks of a group.
    private func restore(
        _ state: inout TrainerState,
        _ stepState: StepState,
        from checkpoint: URL?
    ) throws {
        let shared = parallel.map { SharedState($0.group) }
        try shared?.agree(on: self, state.identity)
        try requireSharedFolder()
        let optimizer = stepState.zero == nil ? stepState.optimizer : nil
        let checkpoint = parallel?.group.isFirst ?? true ? checkpoint : nil
        func read() throws {
            guard let checkpoint else { return }
            try state.restore(from: checkpoint, classifier, optimizer: optimizer, dropout: stepState.dropout)
            let isOwn =
                checkpoint.standardizedFileURL.path
                == RunFolder(outputFolder).checkpoint(state.step)
                .standardizedFileURL.path
            state.savedStep = isOwn ? state.step : nil
        }
        if let sharded = parallel?.sharded { try sharded.together(read) } else { try read() }
        guard let shared else { return }
        let isResumed = try shared.shareStart(
            classifier,
            optimizer: optimizer,
            &state,
            isResumed: checkpoint != nil
        )
        guard isResumed, let zero = stepState.zero else { return }
        let moments = try checkpoint.flatMap { try TrainerState.moments(in: $0) }
        try zero.restore(stepCount: state.step, from: moments)
    }

    /// Whether a group has stopped in an evaluation, during which its ranks agree on that.
    private func hasStopped(_ state: TrainerState) -> Bool { parallel != nil && state.evaluationPending }

    func epoch(after step: Int) -> Double { arguments.epoch(after: step, examples: train.count) }

    private func plan(firstStep: Int, _ formerTotalSteps: Int?) -> RunSchedule {
        RunSchedule(
            examples: train.count,
            tokens: train.tokenCount,
            effectiveBatchSize: arguments.examplesPerStep,
            stepsPerEpoch: stepsPerEpoch,
            totalSteps: totalSteps,
            firstStep: firstStep,
            formerTotalSteps: formerTotalSteps,
            trainableWeights: classifier.model.parameters.trainable.reduce(0) { $0 + $1.shape.reduce(1, *) }
        )
    }
}
