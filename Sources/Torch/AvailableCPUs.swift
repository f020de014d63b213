import Foundation

/// The CPUs that this process may use.
public enum AvailableCPUs {
    /// The number of CPUs that the scheduler allows.
    public static var count: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// The CPU quota of the container, in cores (0.5 for half a core); nil if unlimited.
    ///
    /// Source: `cpu.max` of https://docs.kernel.org/admin-guide/cgroup-v2.html, and `cpu.cfs_quota_us` of version 1.
    public static var quota: Double? {
        #if os(Linux)
        quota(groups: contents("/proc/self/cgroup") ?? "", contents)
        #else
        nil
        #endif
    }

    /// The useful number of threads: one per CPU, but not more than the container's quota can keep busy.
    ///
    /// More threads exhaust the quota sooner, and then all of them are paused until the next period.
    public static var usefulThreads: Int {
        quota.map { min(max(Int($0.rounded(.up)), 1), count) } ?? count
    }

    /// Finds the smallest quota of this process's groups and their ancestors.
    ///
    /// - Parameters:
    ///   - groups: The content of `/proc/self/cgroup`.
    ///   - contents: Reads a file; nil if there is none.
    /// - Returns: The quota in cores; nil if unlimited.
    static func quota(groups: String, _ contents: (String) -> String?) -> Double? {
        var least: Double?
        func consider(_ quota: Double?, _ period: Double?) {
            guard let quota, let period, quota > 0, period > 0 else { return }
            least = min(least ?? .infinity, quota / period)
        }
        for line in groups.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let isVersion2 = fields[1].isEmpty
            guard isVersion2 || fields[1].split(separator: ",").contains("cpu") else { continue }
            var steps = fields[2].split(separator: "/")
            while true {
                let path = (isVersion2 ? ["/sys/fs/cgroup"] : ["/sys/fs/cgroup/cpu"]) + steps.map(String.init)
                let folder = path.joined(separator: "/")
                if isVersion2 {
                    // "50000 100000", or "max 100000".
                    let numbers = (contents("\(folder)/cpu.max") ?? "").split { $0 == " " || $0 == "\n" }.map
                    { Double($0) }
                    if numbers.count == 2 { consider(numbers[0], numbers[1]) }
                } else {
                    let numbers = ["quota", "period"].map { name in
                        contents("\(folder)/cpu.cfs_\(name)_us")?.split(separator: "\n").first.flatMap {
                            Double($0)
                        }
                    }
                    consider(numbers[0], numbers[1])
                }
                if steps.isEmpty { break }
                steps.removeLast()
            }
        }
        return least
    }

    #if os(Linux)
    private static func contents(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
    #endif
}
