import Torch

/// A collective operation from its start to its completion, for traces.
public struct CollectiveSpan: Sendable, Equatable {
    /// The purpose, as in messages: "summing gradients".
    public let activity: String
    /// The number of operations that this process had started with this one: the same in all processes.
    public let number: Int
    /// The bytes of the tensor.
    public let tensorBytes: Int
    /// The bytes that this process sends, by the formulas of Gloo's algorithms.
    public let bytesSent: Int
    /// The start of the operation.
    public let began: ContinuousClock.Instant
    /// The completion; if it is not exact, the end of the wait.
    public let ended: ContinuousClock.Instant
    /// Whether the completion was measured when it happened; false for CUDA devices.
    public let isExact: Bool
    /// The time during which this process waited for the completion.
    public let wait: Range<ContinuousClock.Instant>
}

extension CollectiveSpan {
    /// The span of an operation that was waited for until now.
    init(
        _ pending: PendingCollective,
        _ timing: CollectiveTiming,
        _ activity: String,
        _ waitBegan: ContinuousClock.Instant
    ) {
        let now = ContinuousClock.now
        let measured = pending.work.measuredTime.map { min(timing.started + $0, now) }
        self.init(
            activity: activity,
            number: pending.number,
            tensorBytes: timing.tensorBytes,
            bytesSent: timing.bytesSent,
            began: timing.began,
            ended: measured ?? now,
            isExact: measured != nil,
            wait: waitBegan..<now
        )
    }
}

/// The start of an operation that is measured.
struct CollectiveTiming {
    /// Before the start.
    let began: ContinuousClock.Instant
    /// After the start, when the measured time begins.
    let started: ContinuousClock.Instant
    let tensorBytes: Int
    let bytesSent: Int

    /// Begins to measure an operation.
    ///
    /// - Parameters:
    ///   - work: The operation, which was started.
    ///   - began: The time before the start.
    ///   - tensorBytes: The bytes of the tensor.
    ///   - bytesSent: The bytes that this process sends.
    /// - Throws: `.outOfMemory`.
    init(
        of work: CollectiveWork,
        _ began: ContinuousClock.Instant,
        tensorBytes: Int,
        bytesSent: Int
    ) throws(TorchError) {
        (self.began, started) = (began, .now)
        (self.tensorBytes, self.bytesSent) = (tensorBytes, bytesSent)
        try work.measureTime()
    }
}
