import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The metrics of the process, under the names that Prometheus' own clients use.
struct ProcessMetrics: Sendable {
    let memory = MetricFamily("process_resident_memory_bytes", .gauge, "Bytes of memory in use.")
    let processorTime = MetricFamily("process_cpu_seconds_total", .counter, "Seconds of processor time.")
    let start = MetricFamily(
        "process_start_time_seconds",
        .gauge,
        "The start of the process, in seconds since 1970."
    )

    /// All metrics.
    var families: [MetricFamily] { [memory, processorTime, start] }

    /// Creates the metrics.
    init() { start.set(Self.startTime() ?? Date.now.timeIntervalSince1970) }

    /// Reads the values from the system.
    func update() {
        if let bytes = Self.residentBytes() { memory.set(Double(bytes)) }
        var time = timespec()
        if clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 {
            processorTime.set(Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
        }
    }

    /// The resident bytes.
    ///
    /// `/proc/self/statm` is short, unlike the map of a large process's memory.
    ///
    /// - Returns: Nil if the system has no `/proc`.
    private static func residentBytes() -> Int? {
        let fields = text(of: "/proc/self/statm")?.split(separator: " ") ?? []
        return fields.count > 1 ? Int(fields[1]).map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) } : nil
    }

    /// The start of the process: the system's start, and the clock ticks until the process started.
    ///
    /// - Returns: Nil if the system has no `/proc`.
    private static func startTime() -> Double? {
        // The second field, the command, may contain spaces and ends with the last parenthesis.
        let status = text(of: "/proc/self/stat")?.split(separator: ")").last?.split(separator: " ") ?? []
        let system = text(of: "/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }
        guard status.count > 19, let ticks = Double(status[19]),
            let boot = system.flatMap({ Double($0.dropFirst("btime ".count)) })
        else { return nil }
        return boot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func text(of path: String) -> String? {
        // Files in `/proc` report no size, so read to the end.
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else {
            return nil
        }
        return String(decoding: data, as: UTF8.self)
    }
}
