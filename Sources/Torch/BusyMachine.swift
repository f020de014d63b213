import CTorch
import Dispatch
import Synchronization

/// Detects other programs on the same cores, and adapts how this process's threads wait for each other and how many of them
/// compute.
///
/// On a quiet machine it is fastest to spin while waiting at a barrier. If another program is busy, the awaited thread may
/// have no core while spinning threads waste theirs: then threads should sleep instead, and fewer of them should compute. Ten
/// times a second, a timer reads how long this process's threads were ready to run without a core.
///
/// Results do not depend on it, because it only chooses thread counts that compute the same bits. It works on Linux, whose
/// kernel records that time; on other systems it does nothing.
public final class BusyMachine: Sendable {
    private struct State {
        var share = WaitingShare()
        var cores: FreeCores
        /// Whether a first batch has begun.
        var isComputing = false
        /// Nil while not watching.
        var timer: (any DispatchSourceTimer)?
    }

    private let threadCounts: [Int]
    private let state: Mutex<State>

    /// Creates a detector that does not watch yet.
    ///
    /// - Parameter threadCounts: The allowed numbers of computing threads, ascending; the last is the current number. If empty,
    ///   the number never changes.
    public init(threadCounts: [Int] = []) {
        self.threadCounts = threadCounts
        state = Mutex(State(cores: FreeCores(counts: threadCounts)))
    }

    /// Starts watching, until ``stop()`` or the end of the process.
    public func watch() {
        state.withLock { state in
            guard state.timer == nil else { return }
            let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "attune.busy-machine"))
            // The timer keeps this alive.
            timer.setEventHandler { self.look() }
            timer.schedule(deadline: .now() + Self.interval, repeating: Self.interval)
            timer.resume()
            state.timer = timer
        }
    }

    private static let interval = DispatchTimeInterval.milliseconds(100)

    /// Stops watching; threads spin again as before.
    public func stop() {
        state.withLock { state in
            state.timer?.cancel()
            state = State(cores: FreeCores(counts: threadCounts))
            Self.setSleeping(false)
        }
    }

    /// Sets how many threads compute the next batch.
    ///
    /// Call it before the first batch and between two batches, on the computing thread: OpenMP stores the number per calling
    /// thread. The first call forgets the looks before it, because threads that read data may outnumber the cores.
    public func adaptThreads() {
        let next = state.withLock { state in
            if !state.isComputing {
                (state.isComputing, state.share) = (true, WaitingShare())
                Self.setSleeping(false)
            }
            return state.cores.next()
        }
        guard let count = next else { return }
        // If this fails, all threads keep computing: slower, but correct.
        try? TorchRuntime.setThreadCount(count)
    }

    /// Makes threads that wait for each other sleep after a short time, or spin as by default.
    static func setSleeping(_ isSleeping: Bool) {
        // If this fails, threads keep spinning: slower, but correct.
        _ = ct_runtime_set_brief_spinning(isSleeping, Int32(clamping: AvailableCPUs.count))
    }

    private func look() {
        guard let waited = CoreWaiting.nanoseconds() else { return }
        let now = DispatchTime.now().uptimeNanoseconds
        state.withLock { state in
            guard state.timer != nil, let look = state.share.look(waited: waited, at: now) else { return }
            state.cores.look(look.share, seconds: look.seconds)
            if let isBusy = state.share.change(look.share) { Self.setSleeping(isBusy) }
        }
    }
}

/// Decides whether the machine is busy from the time that threads waited for a core.
struct WaitingShare {
    /// The machine is busy if the mean of ``looksAtOnce`` looks is above this share of the elapsed time.
    ///
    /// On a quiet virtual machine with two cores means reached 0.09. Next to one busy program threads lack 0.4 to 0.7 of a core.
    static let busyShare = 0.2
    /// A single look above this share is enough.
    static let clearlyBusyShare = 0.3
    /// The machine is quiet after ``quietMeans`` means in a row below this share.
    ///
    /// A run may also become busy without other programs, for example when it tokenizes, and must become quiet again.
    static let quietShare = 0.1
    /// The number of means in a row, so that a short pause of another program changes nothing.
    static let quietMeans = 4
    /// Looks whose mean counts: on a quiet machine single looks reached 0.23.
    static let looksAtOnce = 3

    private var last: (waited: UInt64, time: UInt64)?
    private var isBusy = false
    private var quietCount = 0
    private var shares: [Double] = []

    /// Records a look.
    ///
    /// - Parameters:
    ///   - waited: Nanoseconds that threads have waited in total; less than before if a thread ended.
    ///   - time: Now, in nanoseconds.
    /// - Returns: The share of the time since the previous look that threads waited, and that time; nil if there is no
    ///   comparable look.
    mutating func look(waited: UInt64, at time: UInt64) -> (share: Double, seconds: Double)? {
        defer { last = (waited, time) }
        guard let last, time > last.time, waited >= last.waited else { return nil }
        let nanoseconds = Double(time - last.time)
        return (Double(waited - last.waited) / nanoseconds, nanoseconds / 1e9)
    }

    /// Returns whether the machine is busy now; nil if the look's share does not change that.
    mutating func change(_ share: Double) -> Bool? {
        shares.append(share)
        let isClear = !isBusy && share > Self.clearlyBusyShare
        guard isClear || shares.count == Self.looksAtOnce else { return nil }
        let mean = shares.reduce(0, +) / Double(shares.count)
        shares = []
        quietCount = mean < Self.quietShare ? quietCount + 1 : 0
        let next = isBusy ? quietCount < Self.quietMeans : isClear || mean > Self.busyShare
        guard next != isBusy else { return nil }
        isBusy = next
        return next
    }
}
