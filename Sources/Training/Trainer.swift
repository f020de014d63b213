public import Classification
import Files
public import Foundation
import Models
public import NN
import Torch

/// Fine-tunes a classifier: one loop, read from top to bottom, that tells listeners what happens.
public struct Trainer {
    let classifier: TextClassifier
    let arguments: TrainingArguments
    /// What is minimized, and measured on held-out examples.
    package let loss: any ClassificationLoss
    let train: EncodedExamples
    /// Tokens that a micro-batch may have; nil where micro-batches are taken as they are given.
    let tokenBudget: Int?
    let targets: Targets
    let evaluation: EncodedExamples?
    let metrics: [CustomMetric]
    let outputFolder: URL
    let modelName: String?
    let totalSteps: Int
    let stepsPerEpoch: Int
    let schedule: LearningRateSchedule

    /// How a run ended.
    public struct Outcome: Sendable, Equatable {
        /// Steps taken, those before resuming included.
        public var step: Int
        /// Whether it was stopped before its last step.
        public var wasInterrupted: Bool
        /// Seconds of training, without those before resuming.
        public var runtime: Double
        /// Examples seen, repeats included.
        public var examplesSeen: Int
        /// The mean loss of all steps.
        public var meanLoss: Double
        /// Whether it ended before its last step because evaluations no longer got better.
        public var stoppedEarly = false
        /// The step whose weights the classifier has: of the best evaluation where that was asked for.
        public var weightsStep: Int
        /// The evaluation of these very weights, with intervals, where the run made one after its last step.
        public var evaluation: EvaluationRecord?
        /// The log, and where the run stands.
        package var state: TrainerState
        /// Settings that were changed on resuming, oldest first.
        public var changes: [SettingChange] { state.changes }

        /// Passes over the data.
        public var epoch: Double { state.epoch }
    }

    /// A run over tokenized examples.
    ///
    /// - Parameters:
    ///   - classifier: Its weights are changed in place.
    ///   - arguments: How to train; checked here.
    ///   - classWeights: A weight per label id; nil weighs all alike. Of several labels a text it is what a label that
    ///     holds counts against one that does not.
    ///   - loss: A loss of your own; nil takes the one of the classifier's kind, with `classWeights`.
    ///   - train: Labelled examples, with targets of the classifier's kind.
    ///   - evaluation: Held-out examples, for evaluation during training.
    ///   - metrics: Of your own, computed at every evaluation.
    ///   - outputFolder: Where checkpoints go.
    ///   - modelName: Names the model whose weights are trained: its path or its id on the Hub. Checkpoints record it.
    /// - Throws: ``TrainingError`` for a bad argument, a metric that is not measured, no examples, or one class or number
    ///   only.
    public init(
        _ classifier: TextClassifier,
        arguments: TrainingArguments,
        classWeights: [Float]? = nil,
        loss: (any ClassificationLoss)? = nil,
        train: EncodedExamples,
        evaluation: EncodedExamples? = nil,
        metrics: [CustomMetric] = [],
        outputFolder: URL,
        modelName: String? = nil
    ) throws(TrainingError) {
        try arguments.validate()
        guard let targets = train.targets, targets.problemType == classifier.problemType else {
            throw TrainingError(
                .badData,
                "the examples have no targets of the classifier's kind, \(classifier.problemType.rawValue)"
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
        if let loss {
            self.loss = loss
        } else {
            self.loss = try Self.loss(
                classifier.problemType,
                labelCount: classifier.labels.count,
                classWeights,
                arguments
            )
        }
        if let targets = evaluation?.targets {
            try EvaluationLoss(self.loss, for: classifier).requireWeight(of: targets)
        }
        guard arguments.examplesPerEpoch(of: train.count) > 0 else {
            throw TrainingError(
                .badArgument,
                "--dataloader-drop-last leaves none of \(counted(train.count, "example")), which do not fill one "
                    + "--per-device-train-batch-size \(arguments.perDeviceTrainBatchSize)"
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
        tokenBudget = Self.tokenBudget(arguments, train)
        self.evaluation = evaluation
        self.metrics = metrics
        self.outputFolder = outputFolder
        self.modelName = modelName
        totalSteps = arguments.totalSteps(examples: train.count)
        stepsPerEpoch = arguments.stepsPerEpoch(examples: train.count)
        schedule = LearningRateSchedule(arguments, totalSteps: totalSteps)
    }

    /// Trains to the last step, or until asked to stop; then the state is saved as a checkpoint.
    ///
    /// - Parameters:
    ///   - checkpoint: A checkpoint folder of this very run to go on from.
    ///   - shouldStop: Asked after every step.
    ///   - shouldSave: Asked after every step and while the run evaluates: whether a checkpoint is to be saved now, from
    ///     which the run can be resumed. The run continues.
    ///   - emit: Told what happens.
    /// - Returns: How it ended.
    /// - Throws: ``TrainingError`` where the loss is no longer a number or the checkpoint does not fit; `TorchError`;
    ///   `CheckpointError`; what `emit` throws.
    public func run(
        resumingFrom checkpoint: URL? = nil,
        shouldStop: () -> Bool = { false },
        shouldSave: () -> Bool = { false },
        emit: (RunEvent) throws -> Void
    ) throws -> Outcome {
        do {
            return try train(resumingFrom: checkpoint, shouldStop, shouldSave, emit)
        } catch let error as TorchError where error.code == .outOfMemory {
            throw outOfMemory(error)
        }
    }

    private func train(
        resumingFrom checkpoint: URL?,
        _ shouldStop: () -> Bool,
        _ shouldSave: () -> Bool,
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
        // An error is thrown when the checkpoint before it is complete.
        defer { try? stepState.checkpoints.wait() }
        if let checkpoint {
            try state.restore(
                from: checkpoint,
                classifier,
                optimizer: stepState.optimizer,
                dropout: stepState.dropout
            )
            let isOwn =
                checkpoint.standardizedFileURL.path
                == RunFolder(outputFolder).checkpoint(state.step)
                .standardizedFileURL.path
            state.savedStep = isOwn ? state.step : nil
        }
        state.productRoutes = classifier.model.productRoutes
        // Before losses were recorded, evaluations had the plain one.
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
        if arguments.evalOnStart, firstStep == 0 { try evaluateAtStart(&state, shouldStop, emit) }
        if state.evaluationPending { try evaluateAndSaveIfDue(&state, stepState, shouldStop, shouldSave, emit) }
        var order = (epoch: -1, indices: [Int]())
        var seen = 0
        while state.step < totalSteps, !state.selection.shouldStop, !shouldStop() {
            let epoch = state.step / stepsPerEpoch
            if order.epoch != epoch {
                order = (epoch, try dataOrder(arguments, examples: train.count, epoch: epoch))
            }
            let rate = learningRate(state)
            let record = try step(state.step, order.indices, rate, stepState)
            try finishSaving(stepState, emit)
            state.step += 1
            seen += record.examples
            state.lossSum += record.loss
            try emit(.step(record))
            try log(record, &state, emit)
            try evaluateAndSaveIfDue(&state, stepState, shouldStop, shouldSave, emit)
        }
        try finishSaving(stepState, emit)
        try parameters.setRequiresGradient(false)
        let stoppedEarly = state.step < totalSteps && state.selection.shouldStop
        let wasInterrupted = state.evaluationPending || state.step < totalSteps && !stoppedEarly
        let isSaved = state.savedStep == state.step && !(wasInterrupted && arguments.saveOnlyModel)
        if wasInterrupted || savesLast(state), !isSaved {
            try beginSaving(state, stepState, isInterrupted: wasInterrupted, emit)
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

    func epoch(after step: Int) -> Double { arguments.epoch(after: step, examples: train.count) }

    private func plan(firstStep: Int, _ formerTotalSteps: Int?) -> RunSchedule {
        RunSchedule(
            examples: train.count,
            tokens: train.tokenCount,
            effectiveBatchSize: arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps,
            stepsPerEpoch: stepsPerEpoch,
            totalSteps: totalSteps,
            firstStep: firstStep,
            formerTotalSteps: formerTotalSteps,
            trainableWeights: classifier.model.parameters.trainable.reduce(0) { $0 + $1.shape.reduce(1, *) }
        )
    }
}
