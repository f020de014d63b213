import Classification
public import Datasets
import Files
public import Foundation
public import Hub
import NN
public import Torch
public import Training

/// The start of a run whose folder holds an earlier one.
public enum Resumption: Sendable, Equatable {
    /// From scratch; a folder with an earlier run is refused.
    case never
    /// From the latest checkpoint in the output folder; from scratch if there is none.
    case latest
    /// From a checkpoint's folder.
    case checkpoint(URL)
    /// From scratch, after the files of the earlier run are removed.
    case overwriting
}

/// Options of a run that are not part of its recipe: device, caches, a custom loss and custom metrics.
public struct RunOptions: Sendable {
    /// The device to compute on; nil uses a GPU if there is one.
    public var device: Device?
    /// The labelled texts, if they are in memory; the recipe's data must be ``DataSource/memory`` then.
    ///
    /// A run can only be resumed with the same rows.
    public var rows: Dataset?
    /// The evaluation texts, if they are in memory; the recipe's evaluation must be `.data(.memory)` then.
    public var evaluationRows: Dataset?
    /// The cache of tokenized texts for later runs; nil keeps none.
    public var tokenCache: TokenCache?
    /// Creates a custom loss from the class weights; nil uses the usual loss of the problem type.
    public var loss: (@Sendable (_ classWeights: [Float]?) -> any ClassificationLoss)?
    /// Custom metrics, computed in every evaluation.
    public var metrics: [CustomMetric] = []
    /// A trace of some steps; nil writes none.
    public var trace: TraceOptions?
    /// The Hub and its cache.
    public var hub: HubEnvironment = .process
    /// The folder for measurements of this machine; nil measures nothing and chooses by the CPU's instruction sets.
    public var measurements: URL? = FileManager.default.urls(for: .cachesDirectory, in: .userDomainMask)
        .first?
        .appending(path: "attune/products", directoryHint: .isDirectory)

    /// Creates the default options.
    public init() {}
}

extension Recipe {
    /// Starts the run on a dedicated thread: reads the data, trains, evaluates and saves, and pushes to the Hub if asked.
    ///
    /// Downloads models and datasets of the Hub before it returns.
    ///
    /// - Parameters:
    ///   - folder: The output folder, in the Hub's layout at the end.
    ///   - resuming: The start if the folder holds an earlier run.
    ///   - options: Device, caches, custom loss and custom metrics.
    /// - Returns: The run, with its events and its result.
    /// - Throws: `TrainingError` for contradictory settings; `HubError`; `FileError` if something in the folder would be
    ///   overwritten. The run's events and its result throw later errors.
    public func start(
        in folder: URL,
        resuming: Resumption = .never,
        options: RunOptions = RunOptions()
    ) async throws -> TrainingRun {
        var job = try TrainingJob(self, options)
        switch resuming {
        case .never: break
        case .latest: job.resumesFromLatest = true
        case .checkpoint(let place): job.checkpoint = place
        case .overwriting: job.overwritesOutputFolder = true
        }
        try Recipe.spellingErrors { try job.requireFree(folder) }
        (job.card.baseModel, job.card.dataset) = (model.hubID, data.hubID)
        let text = try yaml()
        job.card.recipe = { _ in text }
        // Checked before any download.
        if let push {
            job.pusher = try await HubPusher(push, from: folder, in: options.hub)
            job.card.repository = job.pusher?.repository.name
        }
        try await job.download(from: options.hub)
        let state = RunState()
        let worker = TrainingWorker()
        Task { [job] in
            let result: Result<TrainingRun.Result, any Error>
            do {
                var trained = try await worker.run(job, options, in: folder, recipe: text, state)
                trained.push = await job.pusher?.result { state.shouldStop }
                for note in job.pusher?.takeNotes() ?? [] { state.queue.add(.note(note)) }
                result = .success(trained)
            } catch {
                result = .failure(Recipe.spelled(error))
            }
            state.finish(result)
        }
        return TrainingRun(folder: folder, state)
    }

    /// Reads and tokenizes the data and computes the sizes of the run, without reading weights and without training.
    ///
    /// - Parameters:
    ///   - options: Caches, and the Hub from which model and data are downloaded if necessary.
    ///   - note: Receives messages for people, for example about truncated texts.
    /// - Returns: The rows, labels, tokens and steps.
    /// - Throws: The errors of ``start(in:resuming:options:)`` and of a run before its first step.
    public func plan(
        options: RunOptions = RunOptions(),
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> DatasetSummary {
        var job = try TrainingJob(self, options)
        try await job.download(from: options.hub)
        return try await TrainingWorker().plan(job, note)
    }

    /// Forecasts the memory and time of the run from a few real steps of smaller models.
    ///
    /// No weights are read, so even a model that is too large for this machine can be planned.
    ///
    /// - Parameters:
    ///   - limits: Memory limits. If the run does not fit into one of them, lighter settings are measured, too.
    ///   - options: Device, caches, custom loss and custom metrics.
    ///   - note: Receives messages for people.
    /// - Returns: The forecast.
    /// - Throws: The errors of ``plan(options:note:)``; `TrainingError` with code `.outOfMemory` if not even a few blocks fit.
    public func forecast(
        limits: [MemoryLimit] = [],
        options: RunOptions = RunOptions(),
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> Forecast {
        var job = try TrainingJob(self, options)
        try await job.download(from: options.hub)
        return try await TrainingWorker().forecast(job, options, limits, note)
    }
}

extension TrainingJob {
    /// Creates a valid job with the options of a run.
    fileprivate init(_ recipe: Recipe, _ options: RunOptions) throws {
        self.init(recipe)
        (rows, evaluationRows) = (options.rows, options.evaluationRows)
        (loss, metrics, tokenCache) = (options.loss, options.metrics, options.tokenCache)
        trace = options.trace
        try Recipe.spellingErrors(validate)
    }

    /// Downloads model and data if they are ids of the Hub, and replaces their paths by local ones.
    fileprivate mutating func download(from hub: HubEnvironment) async throws {
        model = try await recipe.model.path(in: hub)
        base = try await ModelSource.basePath(ofModelAt: model, named: recipe.adapterBase, in: hub)
        if let source = recipe.teacher?.model {
            let path = try await source.path(in: hub)
            teacher = path
            teacherBase = try await ModelSource.basePath(ofModelAt: path, named: nil, in: hub)
        }
        dataset = try await recipe.data.path(in: hub)
        if case .data(let source) = recipe.evaluation { evaluationDataset = try await source.path(in: hub) }
    }
}
