import Classification
import Files
import Foundation
import Torch
import Training

/// Runs jobs on a dedicated thread.
actor TrainingWorker {
    private let thread = ComputeThread(name: "attune.training")

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Trains; the classifier of the result computes on the same thread.
    func run(
        _ job: TrainingJob,
        _ options: RunOptions,
        in folder: URL,
        recipe: String,
        _ state: RunState
    ) throws -> TrainingRun.Result {
        let result = try train(job, options, in: folder, recipe: recipe, state)
        let (outcome, evaluation, baseline) = (result.outcome, result.evaluation, result.baseline)
        guard !outcome.wasInterrupted else { throw TrainingInterrupted(step: outcome.step, folder: folder) }
        let verdict = result.verdict.map { verdict in
            var spelled = verdict
            spelled.text = Recipe.spelled(verdict.text)
            return spelled
        }
        return TrainingRun.Result(
            classifier: Classifier(result.classifier, on: thread),
            outcome: outcome,
            evaluation: evaluation,
            baseline: baseline,
            verdict: verdict
        )
    }

    func plan(_ job: TrainingJob, _ note: (String) -> Void) throws -> DatasetSummary {
        try Recipe.spellingErrors {
            try job.plan { if case .note(let text) = $0 { note(Recipe.spelled(text)) } }
        }
    }

    func forecast(
        _ job: TrainingJob,
        _ options: RunOptions,
        _ limits: [MemoryLimit],
        _ note: (String) -> Void
    ) throws -> Forecast {
        var job = job
        _ = try job.useMachine(options)
        return try Recipe.spellingErrors {
            try job.forecast(limits: limits) { if case .note(let text) = $0 { note(Recipe.spelled(text)) } }
        }
    }
}

/// Trains on the calling thread.
private func train(
    _ job: TrainingJob,
    _ options: RunOptions,
    in folder: URL,
    recipe: String,
    _ state: RunState
) throws -> sending TrainingJob.Result {
    var job = job
    let threadCounts = try job.useMachine(options)
    let busyMachine = BusyMachine(threadCounts: threadCounts)
    busyMachine.watch()
    defer { busyMachine.stop() }
    return try job.run(
        into: folder,
        shouldStop: { state.shouldStop },
        shouldSave: { state.takeCheckpointRequest() }
    ) { event in
        if event.isFromTrainingLoop { busyMachine.adaptThreads() }
        if case .run(.started) = event, OutputFolder(folder).mayWrite("recipe.yaml") {
            try writeAtomically(Data(recipe.utf8), to: folder.appending(path: "recipe.yaml"))
        }
        state.queue.add(event)
    }
}

extension TrainingJob {
    /// Chooses the device, and the routes of products by measurement.
    ///
    /// - Returns: The numbers of threads that compute the same bits, ascending.
    fileprivate mutating func useMachine(_ options: RunOptions) throws -> [Int] {
        device = try options.device ?? Device.preferred()
        // Each step reuses the memory of the previous one.
        TensorHeap.adopt()
        let products = try options.measurements.flatMap { place throws(TorchError) in
            device == .cpu ? try MeasuredProducts.find(in: place) : nil
        }
        productRoutes = products?.speeds.fastest ?? .suggested
        return products?.equalThreadCounts ?? []
    }
}
