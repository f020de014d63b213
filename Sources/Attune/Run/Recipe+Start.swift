import Classification
import Datasets
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
    /// The cache of tokenized texts for later runs; nil keeps none.
    public var tokenCache: TokenCache?
    /// Creates a custom loss from the class weights; nil uses the usual loss of the problem type.
    public var loss: (@Sendable (_ classWeights: [Float]?) -> any ClassificationLoss)?
    /// Custom metrics, computed in every evaluation.
    public var metrics: [CustomMetric] = []
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
    /// Starts the run on a dedicated thread: reads the data, trains, evaluates and saves.
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
        var job = FineTuning(
            self,
            model: model.name,
            dataset: data.name,
            evaluationDataset: nil
        )
        switch resuming {
        case .never: break
        case .latest: job.resumesFromLatest = true
        case .checkpoint(let place): job.checkpoint = place
        case .overwriting: job.overwritesOutputFolder = true
        }
        (job.loss, job.metrics, job.tokenCache) = (options.loss, options.metrics, options.tokenCache)
        try job.validate()
        try job.requireFree(folder)
        (job.card.baseModel, job.card.dataset) = (model.hubID, data.hubID)
        let text = try yaml()
        job.card.recipe = { _ in text }
        job.model = try await model.path(in: options.hub)
        job.dataset = try await data.path(in: options.hub)
        if case .data(let source) = evaluation {
            job.held = .file(try await source.path(in: options.hub), split: source.split)
        }
        let state = RunState()
        let thread = ComputeThread(name: "attune.training")
        let worker = TrainingWorker(thread)
        Task { [job] in
            let result: Result<TrainingRun.Result, any Error>
            do {
                result = .success(try await worker.run(job, options, in: folder, recipe: text, state))
            } catch {
                result = .failure(error)
            }
            state.finish(result)
        }
        return TrainingRun(folder: folder, state)
    }
}

/// Runs a job on its thread.
private actor TrainingWorker {
    private let thread: ComputeThread

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ thread: ComputeThread) { self.thread = thread }

    func run(
        _ job: FineTuning,
        _ options: RunOptions,
        in folder: URL,
        recipe: String,
        _ state: RunState
    ) throws -> TrainingRun.Result {
        let result = try train(job, options, in: folder, recipe: recipe, state)
        let (outcome, evaluation) = (result.outcome, result.evaluation)
        guard !outcome.wasInterrupted else { throw TrainingInterrupted(step: outcome.step, folder: folder) }
        return TrainingRun.Result(
            classifier: Classifier(result.classifier, on: thread),
            outcome: outcome,
            evaluation: evaluation
        )
    }
}

/// Runs a job on the calling thread.
private func train(
    _ job: FineTuning,
    _ options: RunOptions,
    in folder: URL,
    recipe: String,
    _ state: RunState
) throws -> sending FineTuning.Result {
    var job = job
    job.device = try options.device ?? Device.preferred()
    // Each step reuses the memory of the previous one.
    TensorHeap.adopt()
    let products = try options.measurements.flatMap { place throws(TorchError) in
        job.device == .cpu ? try MeasuredProducts.find(in: place) : nil
    }
    job.productRoutes = products?.speeds.fastest ?? .suggested
    let busyMachine = BusyMachine(threadCounts: products?.equalThreadCounts ?? [])
    busyMachine.watch()
    defer { busyMachine.stop() }
    return try job.run(
        into: folder,
        shouldStop: { state.shouldStop },
        shouldSave: { state.takeCheckpointRequest() }
    ) { event in
        busyMachine.adaptThreads()
        if case .run(.started) = event, OutputFolder(folder).mayWrite("recipe.yaml") {
            try writeAtomically(Data(recipe.utf8), to: folder.appending(path: "recipe.yaml"))
        }
        state.queue.add(event)
    }
}
