import ProcessGroups
import Synchronization

/// A record of when each part of some steps began and ended, for ``json``.
///
/// Outside its steps, nothing is recorded.
package final class RunTrace: Sendable {
    /// The steps to record, counted from the first step of this process, from 1.
    package let steps: ClosedRange<Int>
    /// This process's rank, and the number of processes.
    let rank: Int
    let rankCount: Int
    private let state = Mutex(State())

    /// A part of a run.
    package enum Part: String, Sendable {
        case step
        /// Reading the token ids of a micro-batch.
        case readBatch = "read batch"
        /// From token ids to the loss.
        case forward
        case backward
        /// The backward pass with the optimizer in it.
        case backwardAndUpdate = "backward and optimizer"
        /// The exchange of weights for micro-batches that only other ranks have.
        case passWithoutExamples = "pass without examples"
        /// The wait for the sums of gradients after the last backward pass.
        case waitForGradients = "wait for gradients"
        case exchangeLoss = "exchange loss"
        case clipping = "clip gradients"
        case update = "optimizer"
        case evaluation
        /// Beginning to save, or saving if that needs the training thread.
        case save = "save checkpoint"
        /// Writing a checkpoint while the next step computes.
        case write = "write checkpoint"
        case waitForCheckpoint = "wait for checkpoint"
    }

    /// A row of the trace, whose spans never overlap unless one contains the other.
    enum Track: Equatable {
        /// The thread that trains.
        case training
        /// The thread that writes checkpoints.
        case writer
        /// A collective operation; several may be running at once.
        case exchange
    }

    /// A part of a step, or a collective operation.
    struct Span {
        var name: String
        var track: Track
        var step: Int
        var time: Range<ContinuousClock.Instant>
        /// The operation; nil for a part of a step.
        var collective: CollectiveSpan?
        /// Whether it is a wait for a collective operation.
        var isWait = false
    }

    private struct State {
        /// The zero of the trace.
        var start: ContinuousClock.Instant?
        var isRecording = false
        var isOver = false
        /// The number of the step, from 1.
        var step = 0
        var spans: [Span] = []
    }

    /// Creates an empty trace.
    ///
    /// - Parameters:
    ///   - steps: The steps to record, counted from the first step of this process, from 1.
    ///   - rank: This process's rank.
    ///   - rankCount: The number of processes.
    package init(steps: ClosedRange<Int>, rank: Int = 0, of rankCount: Int = 1) {
        (self.steps, self.rank, self.rankCount) = (steps, rank, rankCount)
    }

    /// The number of the step that is being recorded; nil outside the steps of the trace.
    var recordedStep: Int? { state.withLock { $0.isRecording ? $0.step : nil } }

    /// Whether all steps are recorded.
    package var isOver: Bool { state.withLock { $0.isOver } }

    /// The numbers of the recorded steps; nil if nothing is recorded.
    package var recordedSteps: ClosedRange<Int>? {
        let steps = state.withLock { $0.spans.map(\.step) }
        guard let first = steps.min(), let last = steps.max() else { return nil }
        return first...last
    }

    // MARK: Steps

    /// Sets the zero of all times: the start of training.
    func begin() { state.withLock { $0.start = ContinuousClock.now } }

    /// Begins a step.
    ///
    /// - Parameters:
    ///   - step: The number of the step, from 1.
    ///   - taken: The number of steps of this process with this one.
    /// - Returns: Whether it is recorded.
    func enter(step: Int, taken: Int) -> Bool {
        state.withLock { state in
            (state.step, state.isRecording) = (step, steps.contains(taken))
            if taken > steps.upperBound { state.isOver = true }
            return state.isRecording
        }
    }

    /// Ends the recording with the run.
    func end() { state.withLock { ($0.isRecording, $0.isOver) = (false, true) } }

    // MARK: Spans

    /// Runs a part of the run on the training thread, and records its time, also if it fails.
    ///
    /// - Parameters:
    ///   - part: The part.
    ///   - body: The work.
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`.
    func record<Result, Failure: Error>(
        _ part: Part,
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try record(part, on: .training, in: recordedStep, body)
    }

    /// Runs a part of the run, and records its time, also if it fails.
    ///
    /// - Parameters:
    ///   - part: The part.
    ///   - track: The row of the trace.
    ///   - step: The step that it belongs to; nil records nothing.
    ///   - body: The work.
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`.
    func record<Result, Failure: Error>(
        _ part: Part,
        on track: Track,
        in step: Int?,
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let step else { return try body() }
        let began = ContinuousClock.now
        defer { add(Span(name: part.rawValue, track: track, step: step, time: began..<ContinuousClock.now)) }
        return try body()
    }

    /// Records a collective operation, and the wait for it.
    ///
    /// - Parameter collective: The operation.
    func add(_ collective: CollectiveSpan) {
        guard let step = recordedStep else { return }
        var span = Span(
            name: collective.activity,
            track: .exchange,
            step: step,
            time: collective.began..<collective.ended,
            collective: collective
        )
        add(span)
        (span.name, span.track) = ("wait: " + collective.activity, .training)
        (span.time, span.isWait) = (collective.wait, true)
        add(span)
    }

    private func add(_ span: Span) { state.withLock { $0.spans.append(span) } }

    /// The zero of all times, and the spans in the order of their starts; of spans that start together the longest is first.
    var recorded: (start: ContinuousClock.Instant?, spans: [Span]) {
        let (start, spans) = state.withLock { ($0.start, $0.spans) }
        let sorted = spans.sorted {
            ($0.time.lowerBound, $1.time.upperBound) < ($1.time.lowerBound, $0.time.upperBound)
        }
        return (start, sorted)
    }
}
