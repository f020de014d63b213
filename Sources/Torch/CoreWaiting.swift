#if canImport(Glibc)
import Glibc
#endif

/// The time that this process's threads were ready to run but had no core, because other programs used it.
///
/// Only Linux records it.
///
/// Source: `/proc/<pid>/schedstat`, https://docs.kernel.org/scheduler/sched-stats.html.
package struct CoreWaiting {
    private let waited = Self.nanoseconds()
    private let start = ContinuousClock.now

    /// Starts observing.
    package init() {}

    /// Whether other programs disturbed the work since the start.
    ///
    /// - Parameter threads: The number of threads that computed.
    /// - Returns: True if threads waited longer than on a quiet machine.
    package func wasDisturbed(threads: Int) -> Bool {
        let end = Self.nanoseconds()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return Self.isDisturbed(
            waited: end.flatMap { end in waited.map { Double(end) - Double($0) } },
            seconds: seconds,
            threads: threads,
            cores: AvailableCPUs.usefulThreads
        )
    }

    /// Decides whether a measurement was disturbed.
    ///
    /// - Parameters:
    ///   - waited: Nanoseconds that threads waited during the measurement; nil if the system does not record it, less than 0 if
    ///     a thread ended.
    ///   - seconds: The duration of the measurement.
    ///   - threads: The number of threads that computed.
    ///   - cores: The number of cores. More threads than cores wait for each other even on a quiet machine, so their waits prove
    ///     nothing.
    /// - Returns: True if threads waited longer than on a quiet machine.
    static func isDisturbed(waited: Double?, seconds: Double, threads: Int, cores: Int) -> Bool {
        guard let waited, seconds > 0, threads <= cores else { return false }
        return waited / 1e9 > WaitingShare.busyShare * seconds
    }

    /// The total time that this process's threads waited so far; nil if the system does not record it.
    static func nanoseconds() -> UInt64? {
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
