import ArgumentParser
import Attune
import Foundation
import ProcessGroups

/// `attune doctor --distributed`: whether the processes of a launcher reach each other, and how fast.
struct DistributedCheck {
    /// The options for messages.
    let messages: MessageOptions

    /// Joins the other processes, measures, and prints on rank 0.
    ///
    /// - Throws: `ValidationError` without a launcher; the errors of printing. Other errors end the process.
    func run() throws {
        var launch: Launch?
        try reportingFailure(messages) {
            launch = try Launch.ofProcess()
            guard let size = launch?.worldSize, size > 1 else { throw ValidationError(Self.instructions) }
        }
        guard let launch else { return }
        let console = messages.console(ofRank: launch.rank, logging: nil)
        try Console.$current.withValue(console) {
            defer { console.close() }
            let interrupt = Interrupt()
            let listener = interrupt.listen(message: "stopping")
            defer { listener.forEach { $0.cancel() } }
            let report = measured(launch, interrupt)
            guard launch.rank == 0 else { return }
            do { try printResult(report.text, report.json, asJSON: messages.json) } catch {
                throw reported(error)
            }
        }
    }

    /// How to start the check.
    static let instructions = """
        --distributed checks the processes of a launcher, which must start it once per process:
          torchrun --nproc-per-node 2 --no-python attune doctor --distributed
          srun attune doctor --distributed
          mpirun -n 2 --bind-to none attune doctor --distributed
        or without a launcher, once per process, with the variables RANK (from 0), WORLD_SIZE, MASTER_ADDR (the host of rank 0)
        and MASTER_PORT (a free port of that host)
        """

    /// The findings; ends the process after an error.
    private func measured(_ launch: Launch, _ interrupt: Interrupt) -> DistributedReport {
        var member: GroupMember?
        do {
            let joined = try GroupMember(launch, interrupt)
            member = joined
            try TorchRuntime.setThreadCount(joined.share.threads)
            let report = try report(joined)
            try joined.leave()
            return report
        } catch {
            RankFailure(error).endProcess(launch, member?.group)
        }
    }

    private func report(_ member: GroupMember) throws -> DistributedReport {
        let group = member.group
        let own = [Float(member.share.threads), Float(member.share.cores)]
        let counts = [Int](repeating: own.count, count: group.size)
        let all = try group.gathered(own, counts: counts, "comparing threads")
        let processes = group.peers.map { peer in
            DistributedReport.Process(
                peer: peer,
                threads: Int(all[own.count * peer.rank]),
                cores: Int(all[own.count * peer.rank + 1])
            )
        }
        var speeds: [DistributedReport.Speed] = []
        for (bytes, count) in Self.sizes {
            let tensor = try Tensor.zeros([bytes / 4])
            let sum = try seconds(count, group) { try group.sum(tensor, "measuring the all-reduce") }
            speeds.append(
                DistributedReport.Speed(.allReduce, bytes: bytes, seconds: sum, worldSize: group.size)
            )
        }
        for (bytes, count) in Self.sizes {
            let tensor = try Tensor.zeros([bytes / 4])
            let sending = try seconds(count, group) {
                try group.broadcast([(tensor: tensor, root: 0)], "measuring the broadcast")
            }
            speeds.append(
                DistributedReport.Speed(.broadcast, bytes: bytes, seconds: sending, worldSize: group.size)
            )
        }
        return DistributedReport(launcher: member.launch.launcherName, processes: processes, speeds: speeds)
    }

    /// The sizes of tensors in bytes, and how often each is measured.
    private static let sizes = [
        (bytes: 4, count: 20), (bytes: 1_000_000, count: 10), (bytes: 100_000_000, count: 3),
    ]

    /// The median time of an exchange, in seconds.
    private func seconds(_ count: Int, _ group: ProcessGroup, _ body: () throws -> Void) throws -> Double {
        // The first one opens connections.
        try body()
        var times: [Double] = []
        for _ in 0..<count {
            try group.barrier("measuring")
            let start = ContinuousClock.now
            try body()
            times.append((ContinuousClock.now - start) / .seconds(1))
        }
        return times.sorted()[count / 2]
    }
}
