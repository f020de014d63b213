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

/// From a file of labelled texts to a trained, measured and saved classifier, in one call.
///
/// ```swift
/// var job = FineTuning(model: "SmolLM2.gguf", dataset: "tweets.csv", textColumn: "text", labelColumn: "author")
/// job.held = .held(.fraction(0.2), seed: 1)
/// let result = try job.run(into: URL(filePath: "runs/tweets")) { event in print(event) }
/// ```
public struct FineTuning: Sendable {
    /// Where the examples to measure on come from.
    public enum Held: Sendable, Equatable {
        /// Nowhere: nothing is measured.
        case nothing
        /// A part of the data, held out.
        case held(SplitSize, stratifyBy: Stratification = .labels, seed: UInt64)
        /// A file or folder of their own, of which a split may be chosen.
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
    /// Which of the configurations that a folder's README.md lists; nil takes the default one.
    public var datasetConfig: String?
    /// The column of texts.
    public var textColumn: String
    /// The column of texts that belong with those, for pairs; nil for single texts.
    public var textPairColumn: String?
    /// The column of label names, of lists of them, or of numbers; or several columns of 0 and 1, one a label.
    public var labelColumns: [String]
    /// Whether a text has one label, several or a number; nil takes several where the data gives them, else one.
    public var problemType: ProblemType?
    /// A part of the data to work with, taken before anything else; nil takes all.
    public var sample: SplitSize?
    /// Seed of ``sample``.
    public var sampleSeed: UInt64 = 0
    /// A column whose values keep their shares in the sample; nil draws blindly.
    public var sampleStratifyBy: String?
    /// Where the examples to measure on come from.
    public var held = Held.nothing
    /// How much each class counts.
    public var classWeights = ClassWeights.equal
    /// A loss of your own, given the weights by class; nil takes the one of the data's kind.
    public var loss: (@Sendable (_ classWeights: [Float]?) -> any ClassificationLoss)?
    /// Metrics of your own, computed at every evaluation.
    public var metrics: [CustomMetric] = []
    /// Names for the labels of the model's head, by id; nil keeps those that it has.
    public var labelNames: [String]?
    /// The most tokens of a text; nil takes the length with which the model was trained, else what it allows.
    public var maxLength: Int?
    /// What to do with rows that have no label.
    public var missingLabels = RowPolicy.refuse
    /// What to do with rows whose text is empty.
    public var emptyTexts = RowPolicy.keep
    /// Whether to train although nearly every row has a label of its own, as a column of ids gives.
    public var allowsManyClasses = false
    /// Whether a head of other labels may be thrown away.
    public var reinitializesHead = false
    /// Whether the token embedding gets rows for all tokens of the tokenizer, if it has fewer.
    public var resizesEmbeddings = false
    /// Where to run.
    public var device = Device.cpu
    /// How a CPU multiplies: what its instruction sets suggest, unless it was measured, as ``MeasuredProducts`` does.
    public var productRoutes = ProductRoutes.suggested
    /// How weights are kept: `.float32`, or `.bfloat16`, whose steps are rounded stochastically.
    ///
    /// Head, norms and biases are float32 always.
    public var weightsDType = DType.float32
    /// How to train.
    public var arguments = TrainingArguments()
    /// Where tokenized texts are kept from run to run; nil keeps nothing.
    public var tokenCache: TokenCache?
    /// A checkpoint to resume from.
    public var checkpoint: URL?
    /// Whether to resume from the output folder's latest checkpoint, if it has one, and to start from scratch if not.
    public var resumesFromLatest = false
    /// Whether the files of an earlier run are removed from the output folder; if not, such a folder is refused.
    ///
    /// A run that resumes removes nothing. Files that no run wrote are never touched.
    public var overwritesOutputFolder = false
    /// Where the run's numbers are written while it runs.
    public var reportTo: [RunReport] = []
    /// What the classifier's page says beside what the run knows.
    public var card = ModelCardDetails()

    /// A job with the reference's defaults.
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

    /// The label column, or the names of all of them, for messages.
    var labelColumn: String { labelColumns.joined(separator: ", ") }

    /// What is said while a job runs.
    public enum Event: Sendable {
        /// A sentence for a person: what was read, what was cut.
        case note(String)
        /// The settings that follow from the data, once it is read.
        case resolved(ResolvedSettings)
        /// Something happened in training.
        case run(RunEvent)
    }

    /// What a job leaves.
    public struct Result {
        /// The trained classifier.
        public let classifier: TextClassifier
        /// How training ended.
        public let outcome: Trainer.Outcome
        /// The last evaluation, where there are examples to measure on.
        public let evaluation: EvaluationRecord?
    }

    /// Reads, trains, measures and saves.
    ///
    /// - Parameters:
    ///   - folder: The output folder, in the Hub's layout afterwards.
    ///   - observers: Told of every event of training, and of the evaluation at its end.
    ///   - shouldStop: Asked after every step; a stopped run is saved as a checkpoint and nothing else.
    ///   - shouldSave: Asked after every step: whether a checkpoint is to be saved now. The run continues.
    ///   - emit: Told what happens.
    /// - Returns: What the job leaves.
    /// - Throws: `FileError` with code `.exists` if something in the folder would be overwritten; the errors of the modules
    ///   below, each with the fault and the remedy; errors of an observer.
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
        // Another run may have ended there meanwhile.
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
            try emit(.note("no checkpoint in \(path) yet: starting from the beginning"))
        }
        return latest
    }

    /// What is wrong with the job as far as it can be told without reading anything, naming the flag.
    ///
    /// - Throws: `TrainingError` with code `.badArgument`.
    public func validate() throws(TrainingError) {
        try arguments.validate()
        guard labelNames == nil || !reinitializesHead else {
            throw TrainingError(
                .badArgument,
                "--label-names names the labels of the model's head, and --reinit-head starts a new one; leave one of them out"
            )
        }
        guard weightsDType == .float32 || arguments.precision == .bf16 else {
            throw TrainingError(
                .badArgument,
                "--weights-dtype bf16 multiplies in bfloat16 and goes with --precision bf16, not "
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
                    "--precision bf16: products are computed in float32, which is faster on this CPU (attune doctor)"
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
        if found?.wasFound ?? false { note += "; tokenized before" }
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
