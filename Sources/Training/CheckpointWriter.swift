import Dispatch
import Foundation
import Synchronization

/// Writes a run's checkpoints on a thread of their own while the next step computes.
///
/// Weights and moments are read where they are, without a copy: nothing may move them before ``wait()`` has returned. A
/// step's forward and backward passes only read them, too, and take about as long as a fast disk takes for a checkpoint.
final class CheckpointWriter {
    private var pending: Pending?
    private var written: [URL] = []

    /// What is being written, and how that ended.
    private final class Pending: Sendable {
        let outcome = Mutex<Result<URL, any Error>?>(nil)
        let isOver = DispatchSemaphore(value: 0)
    }

    /// Begins to write; whatever was begun before must have been waited for.
    ///
    /// - Parameter write: Writes a checkpoint and returns its folder. It runs on another thread.
    func begin(_ write: @escaping () throws -> URL) {
        let pending = Pending()
        self.pending = pending
        // No lock, but an order: only the trainer moves the weights and moments that this reads, and it calls `wait` first.
        nonisolated(unsafe) let write = write
        Thread.detachNewThread {
            let result = Result { try write() }
            pending.outcome.withLock { $0 = result }
            pending.isOver.signal()
        }
    }

    /// Returns when nothing is being written.
    ///
    /// - Throws: What went wrong in writing, once.
    func wait() throws {
        guard let pending else { return }
        self.pending = nil
        pending.isOver.wait()
        let outcome = pending.outcome.withLock { $0 }
        if let outcome { written.append(try outcome.get()) }
    }

    /// The checkpoints that are complete and that nobody asked for yet.
    func takeWritten() -> [URL] {
        defer { written = [] }
        return written
    }
}
