import Attune
import Foundation
import JSON
import ProcessGroups

/// The findings of `attune doctor --distributed`.
struct DistributedReport {
    /// One process.
    struct Process {
        /// Its rank, host and address.
        let peer: Peer
        /// The number of threads on which it would compute.
        let threads: Int
        /// The cores that it may use.
        let cores: Int
    }

    /// The speed of exchanging a tensor.
    struct Speed {
        /// The kind of exchange.
        enum Kind: String {
            case allReduce = "all-reduce"
            case broadcast
        }

        /// The kind of exchange.
        let kind: Kind
        /// The bytes of the tensor.
        let bytes: Int
        /// The time of one exchange in seconds.
        let seconds: Double
        /// The number of processes.
        let worldSize: Int

        init(_ kind: Kind, bytes: Int, seconds: Double, worldSize: Int) {
            (self.kind, self.bytes) = (kind, bytes)
            (self.seconds, self.worldSize) = (seconds, worldSize)
        }

        /// The bytes per second that a process sends: a ring sends each part of a sum twice.
        var bytesPerSecond: Double {
            let share = kind == .allReduce ? 2 * Double(worldSize - 1) / Double(worldSize) : 1
            return share * Double(bytes) / max(seconds, 1e-9)
        }
    }

    /// The launcher's name.
    let launcher: String
    /// The processes by rank.
    let processes: [Process]
    /// The measured speeds.
    let speeds: [Speed]

    /// The findings for people, without a line feed at the end.
    var text: String {
        let hosts = Set(processes.map(\.peer.host)).count
        var text =
            "\(processes.count) processes on \(counted(hosts, "host")), started by \(launcher)\n"
            + "attune \(attuneVersion) and libtorch \(TorchRuntime.version) in all of them\n\n"
        let titles = ["rank", "host", "address", "process", "threads", "cores"]
        text +=
            TextTable(
                rows: [titles]
                    + processes.map { process -> [String] in
                        let peer = process.peer
                        return [
                            "\(peer.rank)", peer.host, peer.address.isEmpty ? "unknown" : peer.address,
                            "\(peer.processID)", "\(process.threads)", "\(process.cores)",
                        ]
                    },
                rightAligned: [0, 3, 4, 5]
            ).text
        text += "\n"
        text +=
            TextTable(
                rows: [["exchange", "tensor", "time", "sent per second"]]
                    + speeds.map { speed -> [String] in
                        [
                            speed.kind.rawValue, formattedSize(speed.bytes),
                            String(format: "%.2f ms", 1000 * speed.seconds),
                            // The time of a few bytes is that of the way.
                            speed.bytes < 1000 ? "" : String(format: "%.2f GB", speed.bytesPerSecond / 1e9),
                        ]
                    },
                rightAligned: [1, 2, 3]
            ).text
        return text + "\nadvice\n" + advice.map { "  \($0)" }.joined(separator: "\n")
    }

    /// Advice, one sentence per string.
    var advice: [String] {
        var advice: [String] = []
        let bound = processes.filter { $0.cores == 1 }
        if let first = bound.first {
            let others = bound.count > 1 ? " and \(bound.count - 1) more" : ""
            advice.append(
                "\(first.peer)\(others) may use only one core: start with `mpirun --bind-to none` or `srun --cpus-per-task`"
            )
        }
        if let largest = speeds.last(where: { $0.kind == .allReduce }) {
            // 25 million weights in float32 are 100 MB.
            let perWeight = largest.seconds / Double(largest.bytes / 4)
            advice.append(
                String(
                    format:
                        "summing the gradients of 100 million weights takes about %.2f s in each step, partly while the "
                        + "backward pass computes; --ddp-comm-hook bf16 halves the bytes",
                    perWeight * 1e8
                )
            )
            let gigabits = String(format: "%.2g", largest.bytesPerSecond * 8 / 1e9)
            advice.append(
                "attune plan --world-size \(processes.count) --bandwidth \(gigabits)Gbit forecasts a run's efficiency"
            )
        }
        return advice
    }

    /// The findings for programs.
    var json: JSONObject {
        [
            "launcher": .string(launcher), "attune_version": .string(attuneVersion),
            "libtorch": .string(TorchRuntime.version),
            "processes": .array(
                processes.map { process in
                    .object([
                        "rank": .int(process.peer.rank), "host": .string(process.peer.host),
                        "address": .string(process.peer.address), "process": .int(process.peer.processID),
                        "threads": .int(process.threads), "cores": .int(process.cores),
                    ])
                }
            ),
            "exchanges": .array(
                speeds.map { speed in
                    .object([
                        "kind": .string(speed.kind.rawValue), "bytes": .int(speed.bytes),
                        "seconds": .double(speed.seconds), "bytes_per_second": .double(speed.bytesPerSecond),
                    ])
                }
            ),
            "advice": .array(advice.map(JSONValue.string)),
        ]
    }
}
