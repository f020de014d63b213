public import Evaluation
public import Foundation
public import Hub
import Synchronization
public import Training

/// A run that ``Recipe/start(in:resuming:options:)`` started, on a dedicated thread.
public struct TrainingRun: Sendable {
    /// The output folder.
    public let folder: URL
    private let state: RunState

    init(folder: URL, _ state: RunState) { (self.folder, self.state) = (folder, state) }

    /// The events of the run, as they occur; for one reader.
    ///
    /// If the reader is slow, only progress is dropped. If the reading task is cancelled, the run finishes its step and
    /// saves a checkpoint; the sequence then ends after the last event.
    public var events: Events { Events(state: state) }

    /// The trained classifier and its evaluation, at the end of training.
    ///
    /// If the waiting task is cancelled, the run finishes its step, saves a checkpoint and throws ``TrainingInterrupted``.
    public var result: Result {
        get async throws {
            try await withTaskCancellationHandler {
                try await state.queue.waitForEnd()
            } onCancel: {
                state.stop()
            }
            return try state.outcome()
        }
    }

    /// Asks the run to finish its step, save a checkpoint and end.
    public func stop() { state.stop() }

    /// Whether the run has been asked to end, by ``stop()`` or by the cancellation of a task.
    public var isStopping: Bool { state.shouldStop }

    /// Asks the run to save a checkpoint after its step.
    ///
    /// The run continues.
    public func saveCheckpoint() { state.saveCheckpoint() }

    /// The result of a run.
    public struct Result: Sendable {
        /// The trained classifier.
        public let classifier: Classifier
        /// The end of training.
        public let outcome: Trainer.Outcome
        /// The evaluation of the saved model; nil without evaluation examples.
        public let evaluation: EvaluationRecord?
        /// The metrics of a linear baseline and of a constant answer on the same rows; nil without an evaluation.
        public let baseline: BaselineComparison?
        /// Whether the model is any good, and the next thing to try; nil without an evaluation.
        public let verdict: Verdict?
        /// The push of the saved model to the Hub; nil if the recipe has none, or if it was stopped.
        ///
        /// A failed push leaves the model saved in the output folder.
        public internal(set) var push: Swift.Result<UploadedCommit, any Error>?
    }

    /// An event of a run.
    public enum Event: Sendable {
        /// A message for people, for example about truncated texts.
        case note(String)
        /// The settings that depend on the data, after it is read.
        case resolved(ResolvedSettings)
        /// A part of reading, loading, tokenizing or saving is done.
        case progress(WorkProgress)
        /// The schedule is known, and the first step begins.
        case started(RunSchedule)
        /// An optimizer step was taken.
        case step(StepRecord)
        /// A row of the log is due.
        case logged(LogRecord)
        /// A part of an evaluation is done.
        case evaluating(done: Int, of: Int)
        /// An evaluation is done.
        case evaluated(EvaluationRecord)
        /// A checkpoint folder is complete.
        case saved(URL)
        /// Training is over, and the weights of the best evaluation are loaded again.
        case loadedBest(step: Int, metric: String, value: Double)

        init(_ event: TrainingJob.Event) {
            self =
                switch event {
                case .note(let text): .note(Recipe.spelled(text))
                case .resolved(let settings): .resolved(settings)
                case .progress(let progress): .progress(progress)
                case .run(.started(let schedule)): .started(schedule)
                case .run(.step(let record)): .step(record)
                case .run(.logged(let record)): .logged(record)
                case .run(.evaluating(let done, let total)): .evaluating(done: done, of: total)
                case .run(.evaluated(let record)): .evaluated(record)
                case .run(.saved(let folder)): .saved(folder)
                case .run(.loadedBest(let step, let metric, let value)):
                    .loadedBest(step: step, metric: metric, value: value)
                }
        }
    }

    /// The events of a run.
    public struct Events: AsyncSequence, Sendable {
        fileprivate let state: RunState

        /// Begins with the first unread event.
        public func makeAsyncIterator() -> Iterator { Iterator(state: state) }

        /// Reads events one after another.
        public struct Iterator: AsyncIteratorProtocol {
            fileprivate let state: RunState
            private var read: ArraySlice<TrainingJob.Event> = []

            fileprivate init(state: RunState) { self.state = state }

            /// Waits for the next event.
            ///
            /// - Returns: The event; nil after the last one.
            /// - Throws: The error that ended the run.
            public mutating func next() async throws -> Event? {
                if read.isEmpty {
                    read = try await withTaskCancellationHandler { [state] in
                        try await state.queue.take()[...]
                    } onCancel: { [state] in
                        state.stop()
                    }
                }
                return read.popFirst().map(Event.init)
            }
        }
    }
}

/// A run was stopped before its end.
///
/// A checkpoint is saved, from which it can be resumed.
public struct TrainingInterrupted: Error, Sendable, Equatable, CustomStringConvertible {
    /// Optimizer steps taken.
    public let step: Int
    /// The output folder.
    public let folder: URL

    /// A message for people.
    public var description: String {
        "stopped after step \(step); the run can be resumed from the latest checkpoint in "
            + folder.path(percentEncoded: false)
    }
}

/// The state that the training thread and the readers of a run share.
final class RunState: Sendable {
    let queue = EventQueue()
    private let isStopped = Atomic<Bool>(false)
    private let isAskedToSave = Atomic<Bool>(false)
    private let end = Mutex<Swift.Result<TrainingRun.Result, any Error>?>(nil)

    func stop() { isStopped.store(true, ordering: .relaxed) }

    var shouldStop: Bool { isStopped.load(ordering: .relaxed) }

    func saveCheckpoint() { isAskedToSave.store(true, ordering: .relaxed) }

    func takeCheckpointRequest() -> Bool { isAskedToSave.exchange(false, ordering: .relaxed) }

    func finish(_ result: Swift.Result<TrainingRun.Result, any Error>) {
        end.withLock { $0 = result }
        // Readers of events see an interruption as an end, and other errors as errors.
        switch result {
        case .failure(let error) where !(error is TrainingInterrupted): queue.finish(.failure(error))
        default: queue.finish(.success(()))
        }
    }

    /// Returns how the run ended, only after its end.
    func outcome() throws -> TrainingRun.Result {
        guard let result = end.withLock({ $0 }) else { throw CancellationError() }
        return try result.get()
    }
}
