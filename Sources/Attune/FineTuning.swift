import Checkpoints
public import Classification
public import Datasets
import Evaluation
import Files
public import Foundation
public import Models
public import NN
public import Torch
public import Training

/// Trains, evaluates and saves a classifier from a file of labelled texts.
///
/// ```swift
/// var job = FineTuning(model: "SmolLM2.gguf", dataset: "tweets.csv", textColumn: "text", labelColumn: "author")
/// job.held = .held(.fraction(0.2), seed: 1)
/// let result = try job.run(into: URL(filePath: "runs/tweets")) { event in print(event) }
/// ```
public struct FineTuning: Sendable {
    /// The source of the evaluation set.
    public enum Held: Sendable, Equatable {
        /// No evaluation.
        case nothing
        /// A hold-out, split off from the data.
        case held(SplitSize, stratifyBy: Stratification = .labels, seed: UInt64)
        /// A separate file or folder, and optionally one of its splits.
        case file(String, split: String? = nil)
        /// Another split of the dataset's folder.
        case split(String)
    }

    /// A model's folder or a `.gguf` file.
    public var model: String
    /// A file of rows, a folder or a pattern.
    public var dataset: String
    /// The split of a folder to train on; nil takes `train`, or the only one.
    public var split: String?
    /// The configuration, one of those that the folder's README.md lists; nil takes the default one.
    public var datasetConfig: String?
    /// The column of texts.
    public var textColumn: String
    /// The column of second texts, for pairs; nil for single texts.
    public var textPairColumn: String?
    /// The column of label names, lists of names, or numbers; or several columns of 0 and 1, one per label.
    public var labelColumns: [String]
    /// The problem type; nil takes multi-label if the data has several labels per text, else single-label.
    public var problemType: ProblemType?
    /// A sample of the data to work with, drawn before the hold-out; nil takes all rows.
    public var sample: SplitSize?
    /// The seed of ``sample``.
    public var sampleSeed: UInt64 = 0
    /// The column by which the sample is stratified; nil draws at random.
    public var sampleStratifyBy: String?
    /// The source of the evaluation set.
    public var held = Held.nothing
    /// The class weights.
    public var classWeights = ClassWeights.equal
    /// Creates a custom loss from the class weights; nil takes the loss of the problem type.
    public var loss: (@Sendable (_ classWeights: [Float]?) -> any ClassificationLoss)?
    /// Custom metrics, computed at every evaluation.
    public var metrics: [CustomMetric] = []
    /// Names for the labels of the model's head, by id; nil keeps its own names.
    public var labelNames: [String]?
    /// The maximum number of tokens of a text; nil takes the length used in the model's training, else the model's limit.
    public var maxLength: Int?
    /// The treatment of rows without a label.
    public var missingLabels = RowPolicy.refuse
    /// The treatment of rows with an empty text.
    public var emptyTexts = RowPolicy.keep
    /// Whether to train even if nearly every row has its own label, as in a column of ids.
    public var allowsManyClasses = false
    /// Whether to replace the model's head by a fresh one.
    public var reinitializesHead = false
    /// Whether to add rows to the token embedding if it has fewer than the tokenizer has tokens.
    public var resizesEmbeddings = false
    /// The device to run on.
    public var device = Device.cpu
    /// The CPU routes of matrix products. The default follows from the instruction sets; ``MeasuredProducts`` measures.
    public var productRoutes = ProductRoutes.suggested
    /// The weights' type: `.float32`, or `.bfloat16` with stochastically rounded updates.
    ///
    /// Head, norms and biases are always float32.
    public var weightsDType = DType.float32
    /// The training arguments.
    public var arguments = TrainingArguments()
    /// The cache of tokenized texts; nil caches nothing.
    public var tokenCache: TokenCache?
    /// A checkpoint to resume from.
    public var checkpoint: URL?
    /// Whether to resume from the output folder's latest checkpoint, if it has one, and to start from scratch if not.
    public var resumesFromLatest = false
    /// Whether to remove the files of an earlier run from the output folder; if false, a folder with such files is refused.
    ///
    /// A run that resumes removes nothing. Files that no run wrote are never touched.
    public var overwritesOutputFolder = false
    /// The reports written during the run.
    public var reportTo: [RunReport] = []
    /// Additional details for the model card.
    public var card = ModelCardDetails()

    /// Creates a job with transformers' defaults.
    ///
    /// - Parameters:
    ///   - model: A model's folder or a `.gguf` file.
    ///   - dataset: A file of rows.
    ///   - textColumn: The column of texts.
    ///   - labelColumn: The column of label names.
    public init(model: String, dataset: String, textColumn: String, labelColumn: String) {
        self.model = model
        self.dataset = dataset
        self.textColumn = textColumn
        labelColumns = [labelColumn]
    }

    /// The names of the label columns, for messages.
    var labelColumn: String { labelColumns.joined(separator: ", ") }

    /// An event of a running job.
    public enum Event: Sendable {
        /// A note to show, for example on the data that was read.
        case note(String)
        /// The settings derived from the data, after reading it.
        case resolved(ResolvedSettings)
        /// An event of the training run.
        case run(RunEvent)
    }

    /// The result of a job.
    public struct Result {
        /// The trained classifier.
        public let classifier: TextClassifier
        /// The outcome of training.
        public let outcome: Trainer.Outcome
        /// The final evaluation; nil if nothing is held out or the run was stopped.
        public let evaluation: EvaluationRecord?
    }

    /// Reads the data, trains, evaluates and saves.
    ///
    /// - Parameters:
    ///   - folder: The output folder, which gets the Hub's layout.
    ///   - observers: Receive every event of training, and the final evaluation.
    ///   - shouldStop: Called after every step. If true, the run saves a checkpoint, nothing else, and stops.
    ///   - shouldSave: Called after every step. If true, the run saves a checkpoint and continues.
    ///   - emit: Receives the events.
    /// - Returns: The result.
    /// - Throws: `FileError` with code `.exists` if files in the folder would be overwritten; the errors of the other
    ///   modules, each with its cause and remedy; the errors of observers.
    public func run(
        into folder: URL,
        observers: [any RunObserver] = [],
        shouldStop: () -> Bool = { false },
        shouldSave: () -> Bool = { false },
        emit: (Event) throws -> Void
    ) throws -> Result {
        try validate()
        try requireFree(folder)
        var settings = ResolvedSettings()
        let (trainRows, heldRows) = try rows { event in
            if case .resolved(let found) = event { settings = found }
            try emit(event)
        }
        let labels = try labels(of: trainRows, heldRows, emit)
        let classifier = try loadModel(labels: labels, trainRows.problemType, emit)
        try requireFreeSpace(bytesToWrite(classifier, trainRows.texts.count, in: folder), at: folder)
        let train = try encode(trainRows, with: classifier, "training", emit)
        let held = try heldRows.map { try encode($0, with: classifier, "evaluation", emit) }
        let weights = try weights(labels, train, emit)
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            classWeights: weights,
            loss: loss?(weights),
            train: train,
            evaluation: held,
            metrics: metrics,
            outputFolder: folder,
            modelName: card.baseModel ?? model
        )
        classifier.remember(settingsToKeep(LossSettings(trainer.loss)))
        // All input is validated; only now create the output folder.
        let claim = try RunFolder(folder).claim()
        defer { withExtendedLifetime(claim) {} }
        // Another run may have finished there in the meantime.
        try requireFree(folder)
        let output = OutputFolder(folder)
        if overwritesOutputFolder, !resumes(in: folder) { try output.removeFormerRun() }
        for note in output.notes { try emit(.note(note)) }
        let checkpoint = try checkpoint(in: folder, emit)
        let listening = reportTo.map { $0.observer(in: folder) } + observers
        let outcome = try trainer.run(
            resumingFrom: checkpoint,
            shouldStop: shouldStop,
            shouldSave: shouldSave
        ) { event in
            try emit(.run(event))
            for observer in listening { try observer.receive(event) }
        }
        guard !outcome.wasInterrupted else {
            return Result(classifier: classifier, outcome: outcome, evaluation: nil)
        }
        try output.removeResults()
        try classifier.save(to: folder)
        // Reuse the run's final evaluation, if there is one.
        let later =
            try outcome.evaluation == nil
            ? measure(classifier, held, trainer.loss, outcome, shouldStop, emit) : nil
        if let later { for observer in listening { try observer.receive(.evaluated(later)) } }
        let evaluation = outcome.evaluation ?? later
        try ResultFiles(outcome: outcome, evaluation: evaluation).save(to: folder)
        if output.mayWrite("README.md") {
            let page = ModelCard(
                job: self,
                recipe: try card.recipe?(settings),
                classifier: classifier,
                train: train,
                evaluation: evaluation,
                changes: outcome.changes
            )
            try writeAtomically(Data(page.text.utf8), to: folder.appending(path: "README.md"))
        }
        return Result(classifier: classifier, outcome: outcome, evaluation: evaluation)
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

    /// Checks the settings of the job without reading anything.
    ///
    /// - Throws: `TrainingError` with code `.badArgument`, naming the flag.
    public func validate() throws(TrainingError) {
        try arguments.validate()
        guard labelNames == nil || !reinitializesHead else {
            throw TrainingError(
                .badArgument,
                "--label-names names the labels of the model's head, but --reinit-head replaces that head; leave one of them out"
            )
        }
        guard weightsDType == .float32 || arguments.precision == .bf16 else {
            throw TrainingError(
                .badArgument,
                "--weights-dtype bf16 multiplies in bfloat16 and needs --precision bf16, not "
                    + arguments.precision.rawValue
            )
        }
        guard arguments.evalStrategy == .no || held != .nothing else {
            throw TrainingError(
                .badArgument,
                "--eval-strategy \(arguments.evalStrategy.rawValue) needs --test-size, --eval-dataset or --eval-split"
            )
        }
    }

    /// Bytes for the model plus checkpoints, minus existing checkpoints that will be replaced.
    private func bytesToWrite(_ classifier: TextClassifier, _ examples: Int, in folder: URL) throws -> Int {
        let parameters = classifier.model.parameters
        let disk = RunDisk(
            arguments,
            totalSteps: arguments.totalSteps(examples: examples),
            stepsPerEpoch: arguments.stepsPerEpoch(examples: examples),
            savedModel: parameters.weightCount * weightsDType.byteWidth,
            weights: parameters.parameters.reduce(0) { $0 + $1.value.count * $1.value.dtype.byteWidth },
            optimizerState: try arguments.optimizerStateBytes(of: parameters.parameters)
        )
        return disk.peak - RunFolder(folder).bytesOfCheckpoints
    }

    private func weights(
        _ labels: [String],
        _ train: EncodedExamples,
        _ emit: (Event) throws -> Void
    ) throws -> [Float]? {
        guard let targets = train.targets,
            let weights = try classWeights.values(labels: labels, targets: targets)
        else { return nil }
        let shown = listedLabels(by: weights) { "\(labels[$0]) \(String(format: "%.3g", weights[$0]))" }
        try emit(.note("class weights: \(shown)"))
        return weights
    }

    private func loadModel(
        labels: [String],
        _ problemType: ProblemType,
        _ emit: (Event) throws -> Void
    ) throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.labels = labels
        options.problemType = problemType
        options.reinitializesHead = reinitializesHead
        options.resizesEmbeddings = resizesEmbeddings
        options.device = device
        options.weightsDType = weightsDType
        options.productRoutes = productRoutes
        let (classifier, report) = try TextClassifier.load(
            model,
            options: options,
            maxLength: maxLength,
            settings: labelNameChoice,
            seed: arguments.seed
        )
        for note in classifier.notes { try emit(.note(note)) }
        let weights = classifier.model.parameters.weightCount
        try emit(
            .note(
                "loaded \(model): \(String(format: "%.1f", Double(weights) / 1e6)) million weights; \(report.summary)"
            )
        )
        if arguments.precision == .bf16, productRoutes.multipliesInFloat32(.bfloat16, on: device) {
            try emit(
                .note(
                    "--precision bf16: matrix products are computed in float32, which is faster on this CPU (see attune doctor)"
                )
            )
        }
        return classifier
    }

    func encode(
        _ rows: LabelledTexts,
        with classifier: TextClassifier,
        _ purpose: String,
        _ emit: (Event) throws -> Void
    ) throws -> EncodedExamples {
        let targets = try rows.targets(among: classifier.labels)
        let found = tokenCache?.encodeBatch(
            rows.inputs,
            with: classifier.tokenizer,
            maxLength: classifier.lengthLimit,
            source: "\(purpose) texts of \(dataset)"
        )
        let examples =
            found.map { classifier.examples($0.encodings, targets: targets) }
            ?? classifier.encode(rows.inputs, targets: targets)
        let mean = Double(examples.tokenCount) / Double(max(examples.count, 1))
        var note =
            "\(purpose): \(counted(examples.count, "text")), \(String(format: "%.0f", mean)) tokens each on average"
        let cut = examples.encodings.truncatedCount
        if cut > 0 {
            let limit = counted(classifier.maxLength, "token")
            note += "; \(grouped(cut)) longer than \(limit) \(cut == 1 ? "was" : "were") cut"
            if let reason = classifier.length.explanation { note += " (\(reason))" }
        }
        let empty = rows.inputs.emptyExamples.count
        if empty > 0 { note += "; \(grouped(empty)) \(empty == 1 ? "is" : "are") empty" }
        if found?.wasFound ?? false { note += "; tokens read from the cache" }
        try emit(.note(note))
        return examples
    }

    private func measure(
        _ classifier: TextClassifier,
        _ held: EncodedExamples?,
        _ loss: any ClassificationLoss,
        _ outcome: Trainer.Outcome,
        _ shouldStop: () -> Bool,
        _ emit: (Event) throws -> Void
    ) throws -> EvaluationRecord? {
        guard let held else { return nil }
        var failure: (any Error)?
        let record = try evaluate(
            classifier,
            on: held,
            loss: loss,
            batchSize: arguments.perDeviceEvalBatchSize,
            precision: arguments.precision,
            step: outcome.step,
            epoch: outcome.epoch,
            metrics: metrics,
            withIntervals: true
        ) { done in
            do { try emit(.run(.evaluating(done: done, of: held.count))) } catch { failure = error }
            return failure == nil && !shouldStop()
        }
        if let failure { throw failure }
        return record
    }
}
