import Foundation
import Synchronization

/// A thread that runs the work of actors, one job at a time.
///
/// libtorch keeps a pool of threads for every thread that computes. So work should stay on one thread instead of moving
/// between the threads of Swift's pool, which should not be blocked either.
package final class ComputeThread: SerialExecutor, Sendable {
    private let jobs = Jobs()

    /// Starts the thread, which ends with this object.
    ///
    /// - Parameter name: Its name in debuggers.
    package init(name: String) {
        let thread = Thread { [jobs] in
            while let (job, executor) = jobs.next() { job.runSynchronously(on: executor) }
        }
        thread.name = name
        // As large as the main thread's.
        thread.stackSize = 8 << 20
        thread.start()
    }

    deinit { jobs.close() }

    /// Runs a job after the jobs before it.
    package func enqueue(_ job: consuming ExecutorJob) {
        jobs.add(UnownedJob(job), asUnownedSerialExecutor())
    }

    /// Whether jobs wait behind the running one.
    package var hasWaitingJobs: Bool { jobs.hasWaiting }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    /// The waiting jobs.
    ///
    /// The thread retains them instead of the executor, so that the executor can be deallocated.
    private final class Jobs: Sendable {
        private struct State {
            var waiting: [(UnownedJob, UnownedSerialExecutor)] = []
            var isClosed = false
        }

        private let state = Mutex(State())
        private let signal = DispatchSemaphore(value: 0)

        func add(_ job: UnownedJob, _ executor: UnownedSerialExecutor) {
            state.withLock { $0.waiting.append((job, executor)) }
            signal.signal()
        }

        func close() {
            state.withLock { $0.isClosed = true }
            signal.signal()
        }

        var hasWaiting: Bool { state.withLock { !$0.waiting.isEmpty } }

        /// The next job; nil at the end.
        func next() -> (UnownedJob, UnownedSerialExecutor)? {
            signal.wait()
            return state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
        }
    }
}
