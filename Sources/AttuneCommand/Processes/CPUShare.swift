import Attune
import Foundation
import ProcessGroups

/// The cores on which one of several processes of a host computes.
struct CPUShare: Equatable {
    /// The number of computing threads.
    let threads: Int
    /// The cores that this process may use; other processes may use the same ones.
    let cores: Int
    /// The cores of the launcher's job on this host.
    let coresOfJob: Int
    /// The number of processes of the job on this host.
    let processes: Int

    /// Divides cores.
    ///
    /// Launchers bind processes differently: not at all (torchrun), several to the cores of a socket, or each to its own cores.
    /// The processes are assumed to be spread evenly.
    ///
    /// - Parameters:
    ///   - cores: The cores that this process may use.
    ///   - coresOfJob: The cores of the launcher's job on this host.
    ///   - processes: The number of processes of the job on this host.
    ///   - quota: The limit of the container in cores; nil without one.
    ///   - most: The most threads; nil without a limit.
    init(cores: Int, ofJob coresOfJob: Int, processes: Int, quota: Double? = nil, most: Int? = nil) {
        let all = max(cores, coresOfJob)
        let processes = max(processes, 1)
        let sharing = max(1, (processes * cores + all - 1) / all)
        let granted = quota.map { max(1, Int($0 / Double(processes))) } ?? .max
        threads = max(1, min(cores / sharing, granted, most ?? .max))
        (self.cores, self.coresOfJob, self.processes) = (cores, all, processes)
    }

    /// Whether this process is bound to one core, although the job has more for each process.
    var isBoundToOneCore: Bool { cores == 1 && coresOfJob >= 2 * processes }
}

extension CPUShare {
    /// The share of this process.
    ///
    /// - Parameters:
    ///   - launch: The launch of this process.
    ///   - processes: The number of processes of the job on this host.
    ///   - environment: The variables of this process.
    /// - Returns: The share.
    static func ofProcess(_ launch: Launch, processes: Int, _ environment: [String: String]) -> CPUShare {
        let cores = AvailableCPUs.count
        // Slurm's own processes may use cores that the job does not have.
        let ofSlurm = launch.launcher == .slurm ? environment["SLURM_CPUS_ON_NODE"].flatMap { Int($0) } : nil
        return CPUShare(
            cores: cores,
            ofJob: ofSlurm ?? coresOfParent ?? cores,
            processes: processes,
            quota: AvailableCPUs.quota,
            most: Self.threadLimit(launch, processes: processes, environment)
        )
    }

    /// The limit that the user set; nil if there is none.
    private static func threadLimit(
        _ launch: Launch,
        processes: Int,
        _ environment: [String: String]
    ) -> Int? {
        guard !isLimitOfTorchrun(launch, processes: processes, environment) else { return nil }
        return environment["OMP_NUM_THREADS"].flatMap { Int($0) }
    }

    /// Whether torchrun, not the user, limits this process to one thread.
    ///
    /// It sets the variable if it starts several processes on a host and the variable is not set.
    static func isLimitOfTorchrun(
        _ launch: Launch,
        processes: Int,
        _ environment: [String: String]
    ) -> Bool {
        launch.launcher == .torchrun && processes > 1 && environment["OMP_NUM_THREADS"] == "1"
    }

    /// The cores that the process which started this one may use; nil if unknown.
    private static var coresOfParent: Int? {
        let file = URL(filePath: "/proc/\(getppid())/status")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
        return cores(inStatus: text)
    }

    /// The number of cores in the status of a process; nil if it has none.
    ///
    /// - Parameter status: The contents of `/proc/<process>/status`, with a line such as `Cpus_allowed_list: 0-3,8`.
    /// - Returns: The number of cores.
    static func cores(inStatus status: String) -> Int? {
        let name = "Cpus_allowed_list:"
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else {
            return nil
        }
        var count = 0
        for part in line.dropFirst(name.count).trimmingCharacters(in: .whitespaces).split(separator: ",") {
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, last >= first else { return nil }
            count += last - first + 1
        }
        return count > 0 ? count : nil
    }
}

extension CPUShare {
    /// A remark on the number of threads, if it may surprise.
    ///
    /// - Parameters:
    ///   - launch: The launch of this process.
    ///   - environment: The variables of this process.
    /// - Returns: Nil if there is nothing to say.
    func remark(_ launch: Launch, _ environment: [String: String]) -> String? {
        if isBoundToOneCore {
            let bound = "this process is bound to one of \(coresOfJob) cores"
            return launch.launcher == .openMPI
                ? "warning: \(bound): start it with `mpirun --bind-to none`"
                : "warning: \(bound); let the launcher bind it to more, or not at all"
        }
        guard Self.isLimitOfTorchrun(launch, processes: processes, environment), threads > 1 else {
            return nil
        }
        return
            "each process computes on \(threads) of \(coresOfJob) cores, although torchrun set OMP_NUM_THREADS=1; "
            + "--threads changes that"
    }
}
