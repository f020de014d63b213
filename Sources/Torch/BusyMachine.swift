import CTorch
import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Notices other programs on the same cores, and lets this process's threads wait for each other accordingly, or lets fewer
/// of them compute.
///
/// On a quiet machine a thread that waits at a barrier is fastest if it spins. Beside another busy program the awaited
/// thread may have no core, and spinning threads waste theirs; then they had better sleep, and the thread without a core had
/// better not be waited for at all. A timer compares, ten times a second, how long this process's threads were ready to run
/// and had no core.
///
/// Results do not depend on it, as it chooses among numbers of threads that compute the same bits. It works on Linux, where the kernel keeps that account; elsewhere it does nothing.
///
/// Source: `/proc/<pid>/schedstat`, https://docs.kernel.org/scheduler/sched-stats.html.
public final class BusyMachine: Sendable {
    private struct State {
        var share = WaitingShare()
        var cores: FreeCores
        /// Nil unless it watches.
        var timer: (any DispatchSourceTimer)?
    }

    private let threadCounts: [Int]
    private let state: Mutex<State>

    /// Ready to ``watch()``.
    ///
    /// - Parameter threadCounts: The numbers of threads that may compute, ascending; the last is what the process uses now.
    ///   Empty leaves the number as it is.
    public init(threadCounts: [Int] = []) {
        self.threadCounts = threadCounts
        state = Mutex(State(cores: FreeCores(counts: threadCounts)))
    }

    /// Watches until ``stop()``, or as long as the process lives.
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

    /// Ends watching; threads spin as they did before.
    public func stop() {
        state.withLock { state in
            state.timer?.cancel()
            state = State(cores: FreeCores(counts: threadCounts))
            Self.setSleeping(false)
        }
    }

    /// Sets how many threads compute the next batch. Call it between two batches, on the thread that computes: OpenMP keeps
    /// the number for each thread that calls it.
    public func adaptThreads() {
        guard let count = state.withLock({ $0.cores.next() }) else { return }
        // If it fails, all threads go on: slower, but right.
        try? TorchRuntime.setThreadCount(count)
    }

    /// Lets threads that wait for each other sleep after a moment, or spin as they do by default.
    static func setSleeping(_ isSleeping: Bool) {
        // If it fails, threads keep spinning: slower, but right.
        _ = ct_runtime_set_brief_spinning(isSleeping, Int32(clamping: AvailableCPUs.count))
    }

    private func look() {
        guard let waited = Self.nanosecondsWithoutCore() else { return }
        let now = DispatchTime.now().uptimeNanoseconds
        state.withLock { state in
            guard state.timer != nil, let look = state.share.look(waited: waited, at: now) else { return }
            state.cores.look(look.share, seconds: look.seconds)
            if let isBusy = state.share.change(look.share) { Self.setSleeping(isBusy) }
        }
    }

    /// How long this process's threads, all together, were ready to run without a core; nil if the system cannot tell.
    private static func nanosecondsWithoutCore() -> UInt64? {
        #if canImport(Glibc)
        guard let folder = opendir("/proc/self/task") else { return nil }
        defer { closedir(folder) }
        var sum: UInt64?
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.first?.isNumber == true, let file = fopen("/proc/self/task/\(name)/schedstat", "r")
            else { continue }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 128)
            guard fgets(&line, Int32(line.count), file) != nil else { continue }
            let fields = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
                .split(separator: " ")
            // "<running> <waiting> <time slices>"
            if fields.count > 1, let waiting = UInt64(fields[1]) { sum = (sum ?? 0) + waiting }
        }
        return sum
        #else
        return nil
        #endif
    }
}

/// Decides from the time that threads waited for a core whether the machine is busy.
struct WaitingShare {
    /// Above this share of the time that passed the machine is busy at once.
    static let busyShare = 0.1
    /// Below this share it is quiet, once that has held for ``quietLooks``.
    static let quietShare = 0.03
    /// Looks in a row, so that a neighbour's short pause changes nothing.
    static let quietLooks = 20

    private var last: (waited: UInt64, time: UInt64)?
    private var isBusy = false
    private var quietCount = 0

    /// Takes in a look.
    ///
    /// - Parameters:
    ///   - waited: Nanoseconds that threads waited so far; less than before if a thread ended.
    ///   - time: Now, in nanoseconds.
    /// - Returns: The share of the time since the look before in which threads waited, and that time; nil if there is nothing
    ///   to compare with.
    mutating func look(waited: UInt64, at time: UInt64) -> (share: Double, seconds: Double)? {
        defer { last = (waited, time) }
        guard let last, time > last.time, waited >= last.waited else { return nil }
        let nanoseconds = Double(time - last.time)
        return (Double(waited - last.waited) / nanoseconds, nanoseconds / 1e9)
    }

    /// Whether the machine is busy, if a look's share changes that.
    mutating func change(_ share: Double) -> Bool? {
        quietCount = share < Self.quietShare ? quietCount + 1 : 0
        let next = isBusy ? quietCount < Self.quietLooks : share > Self.busyShare
        guard next != isBusy else { return nil }
        isBusy = next
        return next
    }
}
