import Checkpoints
package import Classification
package import Datasets
package import Evaluation
import Files
package import Foundation
import Models
package import NN
package import ProcessGroups
package import Torch
package import Training

/// The run of a recipe on this machine: local paths, device, caches and the treatment of an earlier run.
///
/// ``Recipe/start(in:resuming:options:)`` and the command create it, and it trains on the calling thread.
package struct TrainingJob: Sendable {
    /// The settings, with model and data as the user named them.
    package var recipe: Recipe
    /// The model's folder, `.gguf` or `.attune` file on this machine.
    package var model: String
    /// The base model on this machine, if the model is an adapter and names an id of the Hub or none.
    package var base: String?
    /// The dataset's file, folder or pattern on this machine.
    package var dataset: String
    /// The same for a separate evaluation dataset; nil if the recipe has none.
    package var evaluationDataset: String?
    /// The teacher's folder, `.gguf` or `.attune` file on this machine; nil without a teacher.
    package var teacher: String?
    /// The teacher's base model on this machine, if it is an adapter and names an id of the Hub.
    package var teacherBase: String?
    /// The folder that keeps the teacher's logits, if the recipe names none; nil takes one in the output folder.
    var teacherLogits: URL?
    /// Labelled texts in memory, instead of ``dataset``.
    package var rows: Dataset?
    /// Evaluation texts in memory, instead of ``evaluationDataset``.
    package var evaluationRows: Dataset?
    /// The device to compute on.
    package var device = Device.cpu
    /// The CPU routes of matrix products.
    ///
    /// The default follows from the instruction sets; ``MeasuredProducts`` measures.
    package var productRoutes = ProductRoutes.suggested
    /// The cache of tokenized texts; nil caches nothing.
    package var tokenCache: TokenCache?
    /// Creates a custom loss from the class weights; nil uses the usual loss of the problem type.
    package var loss: (@Sendable (_ classWeights: [Float]?) -> any ClassificationLoss)?
    /// Custom metrics, computed in every evaluation.
    package var metrics: [CustomMetric] = []
    /// A trace of some steps; nil writes none.
    package var trace: TraceOptions?
    /// A checkpoint to resume from.
    package var checkpoint: URL?
    /// Whether to resume from the output folder's latest checkpoint, or from scratch if it has none.
    package var resumesFromLatest = false
    /// Whether to remove the files of an earlier run from the output folder; if false, a folder with such files is refused.
    ///
    /// A run that resumes removes nothing. Files that no run wrote are never touched.
    package var overwritesOutputFolder = false
    /// Additional details for the model card.
    package var card = ModelCardDetails()
    /// Pushes checkpoints to the Hub during training; nil pushes nothing.
    ///
    /// Finish it after the run. A run that fails or is stopped cancels it.
    package var pusher: HubPusher?
    /// The place of the run among repetitions with other seeds, for readers of its folder.
    var repetition: RunSnapshot.Repetition?

    /// Creates a job whose model and data are on this machine.
    ///
    /// - Parameter recipe: The settings.
    package init(_ recipe: Recipe) {
        self.recipe = recipe
        (model, dataset) = (recipe.model.name, recipe.data.name)
        base = recipe.adapterBase?.name
        teacher = recipe.teacher?.model.name
        if case .data(let source) = recipe.evaluation { evaluationDataset = source.name }
    }

    /// The number of processes that train together.
    ///
    /// A run takes it from its group; set it to plan a run of several processes.
    package var worldSize = 1

    /// The arguments of the training loop.
    package var arguments: TrainingArguments {
        var arguments = TrainingArguments(recipe)
        arguments.worldSize = worldSize
        return arguments
    }

    /// The names of the label columns, for messages.
    var labelColumn: String { recipe.labels.joined(separator: ", ") }

    /// An event of a running job.
    package enum Event: Sendable {
        /// A note to show, for example on the data that was read.
        case note(String)
        /// The settings derived from the data, after reading it.
        case resolved(ResolvedSettings)
        /// A part of a phase outside the training run is done.
        case progress(WorkProgress)
        /// An event of the training run.
        case run(RunEvent)

        /// Whether the training loop runs, so that only the threads that compute are busy.
        ///
        /// Before it, tokenization uses more threads than there are cores, which would be mistaken for a busy machine.
        package var isFromTrainingLoop: Bool { if case .run = self { true } else { false } }
    }

    /// The result of a job.
    package struct Result {
        /// The trained classifier.
        package let classifier: TextClassifier
        /// The outcome of training.
        package let outcome: Trainer.Outcome
        /// The final evaluation; nil if nothing is held out or the run was stopped.
        package let evaluation: EvaluationRecord?
        /// Whether training is complete, but the final evaluation was stopped.
        package var wasEvaluationStopped = false
        /// The metrics of simple methods on the rows of the final evaluation; nil without it.
        package var baseline: BaselineComparison?
        /// Whether the model is any good; nil if the run was stopped, or without an evaluation.
        package var verdict: Verdict?
    }

    /// Reads the data, trains, evaluates and saves.
    ///
    /// In a group every process calls this with the same recipe. All of them read the data, train, and take part in evaluations;
    /// only the first one writes to the folder, calls observers, pushes, and compares with a baseline.
    ///
    /// - Parameters:
    ///   - folder: The output folder, which gets the Hub's layout.
    ///   - observers: Receive every event of training, and the final evaluation.
    ///   - shouldStop: Called after every step. If true, the run saves a checkpoint, nothing else, and stops. In a group all
    ///     processes stop if one of them asks for it.
    ///   - shouldSave: Called after every step. If true, the run saves a checkpoint and continues.
    ///   - group: The processes that train together; nil if this process trains alone.
    ///   - emit: Receives the events.
    /// - Returns: The result; without baseline and verdict if this is not the first process of its group.
    /// - Throws: `FileError` with code `.exists` if files in the folder would be overwritten; the errors of the other
    ///   modules, each with its cause and remedy; the errors of observers. After any error the other processes of a group wait
    ///   until `ProcessGroup.fail(_:)` tells them.
    package func run(
        into folder: URL,
        observers: [any RunObserver] = [],
        shouldStop: () -> Bool = { false },
        shouldSave: () -> Bool = { false },
        group: ProcessGroup? = nil,
        emit: (Event) throws -> Void
    ) throws -> Result {
        var job = self
        job.worldSize = group?.size ?? 1
        // It keeps the claim on the folder until it has recorded the end. Without a folder it writes nothing.
        let recorder = RunRecorder(repetition)
        defer { withExtendedLifetime(recorder) {} }
        do {
            let result = try job.run(into: folder, observers, shouldStop, shouldSave, recorder, group) {
                event in
                recorder.receive(event)
                try emit(event)
            }
            recorder.end(result.outcome.wasInterrupted ? .interrupted : .finished)
            return result
        } catch {
            let isInterrupted = (error as? DistributedError)?.code == .interrupted
            recorder.end(isInterrupted ? .interrupted : .failed, "\(error)")
            throw error
        }
    }

    private func run(
        into folder: URL,
        _ observers: [any RunObserver],
        _ shouldStop: () -> Bool,
        _ shouldSave: () -> Bool,
        _ recorder: RunRecorder,
        _ group: ProcessGroup?,
        _ emit: (Event) throws -> Void
    ) throws -> Result {
        let isFirst = group?.isFirst ?? true
        try validate()
        if isFirst { try requireFree(folder) }
        // Hosts read the data at different speeds.
        try group?.announce("reading the data and the model")
        var settings = ResolvedSettings()
        try emit(.progress(WorkProgress(.read, subject: dataset)))
        let (trainRows, evaluationRows) = try rows { event in
            if case .resolved(let found) = event { settings = found }
            try emit(event)
        }
        let labels = try labels(of: trainRows, evaluationRows, emit)
        try emit(.progress(WorkProgress(.load, subject: model)))
        let classifier = try loadModel(labels: labels, trainRows.problemType, group, emit)
        if let note = noteOnShards(classifier) { try emit(.note(note)) }
        if isFirst {
            try requireFreeSpace(bytesToWrite(classifier, trainRows.texts.count, in: folder), at: folder)
        }
        var data = RunData(
            trainRows: trainRows,
            evaluationRows: evaluationRows,
            texts: try encode(trainRows, with: classifier, "training", emit),
            evaluation: try evaluationRows.map { try encode($0, with: classifier, "evaluation", emit) },
            measuresAgreement: evaluationRows?.isLabelled != nil
        )
        let baselineRows =
            try isFirst ? baselineRows(trainRows, evaluationRows, labels: classifier.labels) : nil
        let weights = try weights(labels, data.train, emit)
        let output = OutputFolder(folder)
        if teacher != nil {
            // The teacher may take hours, so everything else is checked before.
            _ = try makeTrainer(classifier, data, weights, folder, nil)
            if isFirst { try begin(in: output, folder, recorder, emit) }
            data = try taught(data, in: folder, shouldStop, group, emit)
        }
        var trainer = try makeTrainer(classifier, data, weights, folder, group)
        classifier.remember(settingsToKeep(LossSettings(trainer.loss)))
        // All input is validated; only now create the output folder.
        if isFirst, teacher == nil { try begin(in: output, folder, recorder, emit) }
        let traceFile = try trace.map { (options) throws(FileError) in try TraceFile(options, group) }
        trainer.trace = traceFile?.trace
        // A run that fails also leaves its trace, and its own error is the one to report.
        defer { _ = traceFile?.finish() }
        let checkpoint = try isFirst ? checkpoint(in: folder, emit) : nil
        let listening = isFirst ? recipe.reports.map { $0.observer(in: folder) } + observers : []
        var isTrained = false
        defer { if !isTrained { pusher?.cancel() } }
        try group?.announce(nil)
        let outcome = try trainer.run(
            resumingFrom: checkpoint,
            shouldStop: shouldStop,
            shouldSave: shouldSave
        ) { event in
            try emit(.run(event))
            if let note = traceFile?.writeIfOver() { try emit(.note(note)) }
            pusher?.receive(event)
            for note in pusher?.takeNotes() ?? [] { try emit(.note(note)) }
            for observer in listening { try observer.receive(event) }
        }
        if let note = traceFile?.finish() { try emit(.note(note)) }
        let sharded = classifier.model.shardedBlocks
        guard !outcome.wasInterrupted else {
            sharded?.disconnect(classifier.model)
            return Result(classifier: classifier, outcome: outcome, evaluation: nil)
        }
        let trained = TrainedModel(
            classifier: classifier,
            outcome: outcome,
            loss: trainer.loss,
            train: data.train,
            evaluationRows: data.evaluationRows,
            evaluation: data.evaluation,
            metrics: allMetrics(for: data),
            baselineRows: baselineRows,
            settings: settings
        )
        if trainer.savesShards {
            try saveShards(of: trainer, to: output, folder, isFirst: isFirst, emit)
        } else if isFirst, sharded == nil {
            try save(trained, to: output, folder, group, emit)
        }
        let (evaluation, wasStopped) = try finalEvaluation(of: trained, group, shouldStop, emit) { record in
            recorder.receive(.run(.evaluated(record)))
            for observer in listening { try observer.receive(.evaluated(record)) }
        }
        if let sharded, trainer.savesShards {
            // The model is saved, and may be too large for the first process.
            sharded.disconnect(classifier.model)
        } else if let sharded {
            // All of them evaluate divided weights; only then the first one gets the whole model.
            try sharded.unite(classifier.model)
            if isFirst { try save(trained, to: output, folder, group, emit) }
        }
        var result = Result(
            classifier: classifier,
            outcome: outcome,
            evaluation: evaluation,
            wasEvaluationStopped: wasStopped
        )
        guard isFirst else { return result }
        try group?.announce("writing the results")
        result.baseline = try saveResults(of: trained, evaluation, to: output, folder, shouldStop, emit)
        try group?.announce(nil)
        isTrained = true
        result.verdict = Verdict(
            evaluation,
            outcome.curve,
            labels: classifier.labels,
            arguments,
            usesClassWeights: recipe.loss.classWeights != .equal
        )
        return result
    }

    /// The training loop of a classifier.
    private func makeTrainer(
        _ classifier: TextClassifier,
        _ data: RunData,
        _ weights: [Float]?,
        _ folder: URL,
        _ group: ProcessGroup?
    ) throws(TrainingError) -> Trainer {
        try Trainer(
            classifier,
            arguments: arguments,
            classWeights: weights,
            loss: loss?(weights),
            train: data.train,
            evaluation: data.evaluation,
            metrics: allMetrics(for: data),
            outputFolder: folder,
            modelName: card.baseModel ?? model,
            group: group
        )
    }

    /// Claims and empties the output folder, and begins to record the run there.
    private func begin(
        in output: OutputFolder,
        _ folder: URL,
        _ recorder: RunRecorder,
        _ emit: (Event) throws -> Void
    ) throws {
        let claim = try RunFolder(folder).claim()
        // Another run may have finished there in the meantime.
        try requireFree(folder)
        if overwritesOutputFolder, !resumes(in: folder) { try output.removeFormerRun() }
        recorder.begin(in: folder, claim)
        for note in output.notes { try emit(.note(note)) }
    }

    /// The checkpoint to resume from.
    ///
    /// Emits a note if starting from scratch might surprise.
    private func checkpoint(in folder: URL, _ emit: (Event) throws -> Void) throws -> URL? {
        guard checkpoint == nil, resumesFromLatest else { return checkpoint }
        let latest = RunFolder(folder).latestCheckpoint
        if latest == nil {
            let path = folder.path(percentEncoded: false)
            try emit(.note("no checkpoint in \(path): starting from scratch"))
        }
        return latest
    }
}
