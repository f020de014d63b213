import Foundation

/// The CPUs that this process may use.
public enum AvailableCPUs {
    /// How many the scheduler lets it run on.
    public static var count: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// The share of CPUs' time that a container grants, 0.5 for half a core; nil if nothing limits it.
    ///
    /// Source: `cpu.max` of https://docs.kernel.org/admin-guide/cgroup-v2.html, and `cpu.cfs_quota_us` of version 1.
    public static var quota: Double? {
        #if os(Linux)
        quota(groups: contents("/proc/self/cgroup") ?? "", contents)
        #else
        nil
        #endif
    }

    /// Threads worth having: one for each CPU, and not more than a container's quota keeps busy.
    ///
    /// More threads use a quota up sooner, after which all of them stand still until the next period.
    public static var usefulThreads: Int {
        quota.map { min(max(Int($0.rounded(.up)), 1), count) } ?? count
    }

    /// The least quota of this process's groups and of those above them.
    ///
    /// - Parameters:
    ///   - groups: `/proc/self/cgroup`.
    ///   - contents: Reads a file; nil if there is none.
    /// - Returns: CPUs, 0.5 for half of one; nil if nothing limits.
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
