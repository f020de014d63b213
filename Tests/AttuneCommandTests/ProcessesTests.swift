import ArgumentParser
import Attune
import Foundation
import JSON
import ProcessGroups
import TestSupport
import Testing

@testable import AttuneCommand

/// The parts of a run of several processes that need no other process.
struct ProcessesTests {
    private func launch(_ launcher: Launch.Launcher = .torchrun, rank: Int = 0) -> Launch {
        Launch(
            launcher: launcher,
            rank: rank,
            worldSize: 4,
            localWorldSize: 4,
            address: "127.0.0.1",
            port: 29_500
        )
    }

    // MARK: Threads

    /// Cores, and the threads that follow.
    struct Cores: Sendable {
        var own: Int
        var ofJob: Int
        var processes: Int
        var quota: Double?
        var most: Int?
        var threads: Int
    }

    private static let cores = [
        // Not bound: the processes share all cores.
        Cores(own: 8, ofJob: 8, processes: 2, threads: 4), Cores(own: 8, ofJob: 8, processes: 3, threads: 2),
        Cores(own: 2, ofJob: 2, processes: 4, threads: 1), Cores(own: 8, ofJob: 8, processes: 1, threads: 8),
        // Each bound to its own cores.
        Cores(own: 4, ofJob: 16, processes: 4, threads: 4),
        Cores(own: 1, ofJob: 16, processes: 2, threads: 1),
        // Two of four on each socket.
        Cores(own: 8, ofJob: 16, processes: 4, threads: 4),
        // A container's limit, and that of the user.
        Cores(own: 8, ofJob: 8, processes: 2, quota: 3, threads: 1),
        Cores(own: 8, ofJob: 8, processes: 2, most: 3, threads: 3),
    ]

    @Test(arguments: cores)
    func `each process computes on its share of the cores`(cores: Cores) {
        let share = CPUShare(
            cores: cores.own,
            ofJob: cores.ofJob,
            processes: cores.processes,
            quota: cores.quota,
            most: cores.most
        )
        #expect(share.threads == cores.threads)
    }

    @Test func `a surprising number of threads gets a remark`() {
        let torchrun = ["OMP_NUM_THREADS": "1"]
        let share = CPUShare(cores: 8, ofJob: 8, processes: 4)
        #expect(
            share.remark(launch(), torchrun)
                == "each process computes on 2 of 8 cores, although torchrun set OMP_NUM_THREADS=1; --threads changes that"
        )
        #expect(share.remark(launch(), [:]) == nil && share.remark(launch(.environment), torchrun) == nil)
        let bound = CPUShare(cores: 1, ofJob: 8, processes: 2)
        #expect(bound.remark(launch(.openMPI), [:])?.contains("mpirun --bind-to none") == true)
        #expect(CPUShare(cores: 1, ofJob: 2, processes: 2).remark(launch(.openMPI), [:]) == nil)
    }

    @Test func `the cores of a process are read from its status`() {
        #expect(
            CPUShare.cores(inStatus: "Name:\tsh\nCpus_allowed_list:\t0-3,8,10-11\nMems_allowed:\t1\n") == 7
        )
        #expect(CPUShare.cores(inStatus: "Name:\tsh\n") == nil)
        #expect(CPUShare.cores(inStatus: "Cpus_allowed_list:\tmany\n") == nil)
    }

    // MARK: Messages

    @Test func `the ranks that write messages are all, or some`() throws {
        #expect(LogRanks(argument: "all")?.contains(5) == true)
        #expect(
            LogRanks(argument: "1,3") == .only([1, 3]) && LogRanks(argument: "1,3")?.contains(2) == false
        )
        for wrong in ["", "1,", "one", "-1"] { #expect(LogRanks(argument: wrong) == nil, "\(wrong)") }
        try LogRanks.only([0, 1]).requireRanks(below: 2)
        #expect(throws: ValidationError.self) { try LogRanks.only([2]).requireRanks(below: 2) }
    }

    @Test func `a failure has a message and an exit code, and that of another process is named so`() {
        let other = RankFailure(DistributedError(.peerFailed, "rank 1 on host b failed: no disk"))
        #expect(other.message == "stopped, because rank 1 on host b failed: no disk")
        #expect(other.code == .internalError && other.isOfAnother)
        let codes: [(DistributedError.Code, ExitCode)] = [
            (.badLaunch, .validationFailure), (.mismatch, .validationFailure), (.unreachable, .unavailable),
            (.timedOut, .unavailable), (.interrupted, .interrupted), (.failed, .internalError),
        ]
        for (code, exitCode) in codes {
            let failure = RankFailure(DistributedError(code, "m"))
            #expect(failure.code == exitCode && failure.message == "m" && !failure.isOfAnother)
        }
        let usage = RankFailure(ValidationError("--seeds must be at least 1"))
        #expect(usage.code == .validationFailure && usage.message == "--seeds must be at least 1")
        #expect(RankFailure(ExitCode.interrupted).message.isEmpty)
    }

    // MARK: The command line

    private let typed = [
        "--model", "m", "--dataset", "d.csv", "--text-column", "t", "--label-column", "l", "--learning-rate",
        "1e-4",
    ]

    @Test func `processes agree on settings, wherever they are given, but not on places and messages`() throws
    {
        try withTemporaryFolder { folder in
            let recipe = folder.appending(path: "r.yaml")
            try Data("learning_rate: 1e-4\nmodel: m\nddp_timeout: 60\nseeds: 2\n".utf8).write(to: recipe)
            let rest = [
                "--dataset", "d.csv", "--text-column", "t", "--label-column", "l", "--overwrite-output-dir",
            ]
            let own = [
                "--output-dir", "a", "--log-ranks", "all", "--threads", "2", "--quiet", "--trace", "t.json",
            ]
            let line = try TrainingCommandLine([recipe.path(percentEncoded: false)] + rest + own)
            let values = Dictionary(uniqueKeysWithValues: line.agreedValues.map { ($0.name, $0.value) })
            #expect(
                values == [
                    "--learning-rate": "1e-4", "--model": "m", "--ddp-timeout": "60", "--seeds": "2",
                    "--dataset": "d.csv", "--text-column": "t", "--label-column": "l",
                    "--overwrite-output-dir": "true",
                ]
            )
            #expect(line.groupTimeout == 60)
            let typed = try TrainingCommandLine(typed + ["--output-dir", "b"])
            #expect(typed.groupTimeout == nil)
            #expect(typed.agreedValues.contains(AgreedValue(name: "--learning-rate", value: "1e-4")))
        }
    }

    @Test func `the recipe of a run does not keep the ranks that wrote messages`() throws {
        let line = try TrainingCommandLine(typed + ["--output-dir", "b", "--log-ranks", "all"])
        #expect(try !line.yaml(line.recipe()).contains("log_ranks"))
    }

    @Test func `a run that was started again resumes, unless it had finished`() throws {
        try withTemporaryFolder { folder in
            let out = folder.appending(path: "out", directoryHint: .isDirectory)
            let place = out.path(percentEncoded: false)
            let line = try TrainingCommandLine(typed + ["--overwrite-output-dir", "--output-dir", place])
            #expect(try line.argumentsAfterRestart() == nil)
            try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
            var run = RunSnapshot(startTime: 1)
            func write() throws {
                try Data(JSONValue.object(run.json).formatted.utf8)
                    .write(to: out.appending(path: ".attune-run.json"))
            }
            try write()
            #expect(
                try line.argumentsAfterRestart()
                    == typed + ["--output-dir", place, "--resume-from-checkpoint", "latest"]
            )
            run.state = .finished
            try write()
            #expect(try line.argumentsAfterRestart() == nil)
        }
    }

    @Test func `settings that were chosen are taken from the recipe that the run left`() throws {
        try withTemporaryFolder { folder in
            let out = folder.appending(path: "out", directoryHint: .isDirectory)
            let place = out.path(percentEncoded: false)
            let line = try TrainingCommandLine(
                typed + [
                    "--fit", "24GB", "--json", "--output-dir",
                    place.hasSuffix("/") ? String(place.dropLast()) : place,
                ]
            )
            try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
            try Data(JSONValue.object(RunSnapshot(startTime: 1).json).formatted.utf8)
                .write(to: out.appending(path: ".attune-run.json"))
            // It failed before it wrote its recipe.
            #expect(try line.argumentsAfterRestart() == nil)
            try Data("model: m\n".utf8).write(to: out.appending(path: "recipe.yaml"))
            let words = try #require(try line.argumentsAfterRestart())
            #expect(words.first?.hasSuffix("out/recipe.yaml") == true)
            #expect(words.dropFirst() == ["--json", "--resume-from-checkpoint", "latest"])
        }
    }

    // MARK: Plans

    @Test(
        arguments: [
            ("10Gbit", 1e10), ("10Gbit/s", 1e10), ("10 Gbit", 1e10), ("10Gb/s", 1e10), ("10Gbps", 1e10),
            ("1.25GB/s", 1e10), ("200mbit", 2e8),
        ]
    )
    func `a bandwidth is in bits or in bytes`(typed: String, bits: Double) {
        #expect(Bandwidth(argument: typed)?.bitsPerSecond == bits)
    }

    @Test(arguments: ["10", "fast", "10G", "0Gbit", "10bit", ""])
    func `a bandwidth needs its unit`(typed: String) { #expect(Bandwidth(argument: typed) == nil) }

    @Test func `a plan of several processes shows their memory and exchange`() throws {
        let two = ["--test-size", "0.2", "--world-size", "2"]
        let outcome = try attuneWithRows("plan", two + ["--bandwidth", "10Gbit", "--json"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        let plan = try JSONValue.parse(outcome.output.utf8)
        let exchange = plan["exchange"]
        let weights = try #require(exchange["trained_weights"].int)
        // The token embedding has rows of 16 weights, and a step uses few of them.
        let (rows, used) = (
            try #require(exchange["embedding_rows"].int),
            try #require(exchange["embedding_rows_per_step"].double)
        )
        #expect(rows == 482 && used > 0 && used < 100)
        let exchanged = weights - Int((Double(rows) - used) * 16)
        #expect(exchange["gradient_bytes_per_step"].int == 4 * exchanged)
        #expect(plan["memory"]["gradient_buckets"].int == 4 * exchanged)
        #expect(plan["exchange"]["networks"].array?.count == 1)
        // 32 texts, 8 in each of two processes.
        #expect(plan["steps_per_epoch"].int == 2)
        let text = try attuneWithRows("plan", two)
        #expect(text.output.contains("8 at once, 1 times in each of 2 processes"), "\(text.output)")
        #expect(text.output.contains("exchange of 2 processes") && text.output.contains("100Gbit"))
        #expect(text.output.contains("only the rows that a step uses"), "\(text.output)")
        let alone = try attuneWithRows("plan", ["--bandwidth", "10Gbit"])
        #expect(alone.code == 64 && alone.errors.contains("--bandwidth has no effect"), "\(alone.errors)")
        let refused = try attuneWithRows("plan", two + ["--optimizer-in-backward"])
        #expect(refused.code == 64 && refused.errors.contains("--optimizer-in-backward"), "\(refused.errors)")
    }

    @Test func `the check of several processes says how to start it`() throws {
        let outcome = try attune(["doctor", "--distributed"])
        #expect(
            outcome.code == 64 && outcome.errors.contains("torchrun --nproc-per-node 2"),
            "\(outcome.errors)"
        )
    }
}
