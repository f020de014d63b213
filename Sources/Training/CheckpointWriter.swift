import Dispatch
import Foundation
import Synchronization

/// Writes a run's checkpoints on a separate thread while the next step computes.
///
/// Weights and moments are read in place, without a copy, so nothing may change them before ``wait()`` returns. A step's
/// forward and backward passes only read them, too, and take about as long as writing a checkpoint to a fast disk.
final class CheckpointWriter {
    private var pending: Pending?
    private var written: [URL] = []
    /// Whether the other processes of a group know that a checkpoint is being written.
    var isAnnounced = false
    /// Completes a checkpoint to which several processes write; nil if one is complete when it was written.
    ///
    /// It receives the folder, and returns the checkpoint's place, or nil if another process reports it.
    var completion: ((URL) throws -> URL?)?
    /// Records when a checkpoint is written, and waits for it; nil records nothing.
    var trace: RunTrace?

    /// A checkpoint that is being written, and its outcome.
    private final class Pending: Sendable {
        let outcome = Mutex<Result<URL, any Error>?>(nil)
        let isOver = DispatchSemaphore(value: 0)
    }

    /// Begins to write a checkpoint.
    ///
    /// Call ``wait()`` first if one is being written.
    ///
    /// - Parameter write: Writes a checkpoint and returns its folder; runs on another thread.
    func begin(_ write: @escaping () throws -> URL) {
        let pending = Pending()
        self.pending = pending
        // Safe without a lock: the trainer calls wait() before it mutates anything that is read here.
        nonisolated(unsafe) let write = write
        // The next step may have begun when the thread starts.
        let (trace, step) = (trace, trace?.recordedStep)
        Thread.detachNewThread {
            let result = Result { try trace?.record(.write, on: .writer, in: step, write) ?? write() }
            pending.outcome.withLock { $0 = result }
            pending.isOver.signal()
        }
    }

    /// Writes a checkpoint on this thread.
    ///
    /// Call ``wait()`` first if one is being written.
    ///
    /// - Parameter write: Writes a checkpoint and returns its folder.
    /// - Throws: The error of `write`.
    func write(_ write: () throws -> URL) throws { written.append(try write()) }

    /// Waits until nothing is being written.
    ///
    /// - Throws: The error of writing, once.
    func wait() throws {
        guard let pending else { return }
        self.pending = nil
        if let trace {
            trace.record(.waitForCheckpoint) { pending.isOver.wait() }
        } else {
            pending.isOver.wait()
        }
        let outcome = pending.outcome.withLock { $0 }
        if let outcome { written.append(try outcome.get()) }
    }

    /// Completes and returns the checkpoints written since the last call.
    ///
    /// - Throws: The error of ``completion``.
    func takeCompleted() throws -> [URL] {
        let written = takeWritten()
        guard let completion, !written.isEmpty else { return written }
        self.completion = nil
        return try written.compactMap(completion)
    }

    /// Returns the checkpoints written since the last call.
    func takeWritten() -> [URL] {
        defer { written = [] }
        return written
    }
}
