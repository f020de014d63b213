import Foundation
import JSON
import TestSupport
import Testing
import Torch

/// `attune train` and `attune doctor` as two processes; the test hosts the store, as torchrun's agent does.
@Suite(.hangGuard)
struct GroupCommandTests {
    /// The output of two processes, by rank.
    private struct Outcomes {
        var ranks: [CommandOutcome]
        /// The contents of the launcher's error files; empty if there is none.
        var reasons: [String]

        subscript(rank: Int) -> CommandOutcome { ranks[rank] }
    }

    private let training =
        "train --model $BASE --dataset d.csv --text-column text --label-column label --threads 1 "
        + "--per-device-train-batch-size 4 --output-dir out"

    /// Runs a command twice, as rank 0 and as rank 1.
    ///
    /// - Parameters:
    ///   - command: The arguments of rank 0.
    ///   - other: Those of rank 1; nil for the same.
    ///   - folder: The working folder.
    ///   - otherFolder: That of rank 1, within the working folder.
    ///   - during: A script that runs meanwhile; `$p0` and `$p1` are the processes.
    ///   - variables: Further variables of both.
    /// - Returns: The results of both.
    /// - Throws: The errors of starting them.
    private func run(
        _ command: String,
        _ other: String? = nil,
        in folder: URL,
        otherFolder: String = ".",
        during: String = "",
        variables: [String: String] = [:]
    ) throws -> Outcomes {
        let server = try RendezvousStore(host: "127.0.0.1", port: 0, isServer: true, timeout: .seconds(60))
        let own = [
            "TORCHELASTIC_RUN_ID": "test", "TORCHELASTIC_USE_AGENT_STORE": "True", "WORLD_SIZE": "2",
            "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(server.port)",
        ]
        let script = """
            rm -f out0 out1 err0 err1 code0 code1 reason0 reason1
            start() {
                export RANK=$1 LOCAL_RANK=$1 TORCHELASTIC_ERROR_FILE="$PWD/reason$1"
                shift; cd "$1"; shift
                exec "$ATTUNE" "$@"
            }
            start 0 . \(command) >out0 2>err0 & p0=$!
            start 1 \(otherFolder) \(other ?? command) >out1 2>err1 & p1=$!
            \(during)
            wait $p0; echo $? >code0
            wait $p1; echo $? >code1
            """
        let outcome = try shell(script, in: folder, variables: own.merging(variables) { $1 })
        withExtendedLifetime(server) {}
        #expect(outcome.code == 0, "\(outcome.errors)")
        func text(_ name: String) -> String {
            (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
        }
        return Outcomes(
            ranks: try (0..<2).map { rank in
                CommandOutcome(
                    code: try #require(Int32(text("code\(rank)").trimmingCharacters(in: .newlines))),
                    output: text("out\(rank)"),
                    errors: text("err\(rank)")
                )
            },
            reasons: (0..<2).map { text("reason\($0)") }
        )
    }

    @Test func `two processes train one model, and rank 0 writes for both`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcomes = try run(training + " --test-size 8 --num-train-epochs 1", in: folder)
            #expect(outcomes.ranks.map(\.code) == [0, 0], "\(outcomes[0].errors)\(outcomes[1].errors)")
            #expect(outcomes[0].output.contains("saved to out"), "\(outcomes[0].output)")
            #expect(outcomes[0].errors.contains("2 processes, started by torchrun"), "\(outcomes[0].errors)")
            #expect(outcomes[1].output.isEmpty && outcomes[1].errors.isEmpty, "\(outcomes[1].errors)")
            let state = try JSONValue.parse(
                Data(contentsOf: folder.appending(path: "out/trainer_state.json"))
            )
            // 32 texts, 4 in each of two processes.
            #expect(state["global_step"].int == 4)
            let card = try String(contentsOf: folder.appending(path: "out/README.md"), encoding: .utf8)
            #expect(card.contains("8 texts per step"))
        }
    }

    @Test func `each process writes its own trace, with the exchange`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcomes = try run(
                training + " --max-steps 3 --trace t.json --trace-steps 2",
                in: folder
            )
            #expect(outcomes.ranks.map(\.code) == [0, 0], "\(outcomes[0].errors)\(outcomes[1].errors)")
            #expect(outcomes[0].errors.contains("the trace of step 2 is in "), "\(outcomes[0].errors)")
            for rank in 0..<2 {
                let place = folder.appending(path: "t.rank\(rank).json")
                let events = try #require(try JSONValue.parse(Data(contentsOf: place)).array)
                #expect(events.contains { $0["name"].string == "summing gradients" })
                #expect(events.contains { $0["args"]["name"].string == "rank \(rank) of 2" })
            }
        }
    }

    @Test func `--log-ranks shows the messages of another rank`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcomes = try run(training + " --max-steps 2 --log-ranks 1", in: folder)
            #expect(outcomes.ranks.map(\.code) == [0, 0], "\(outcomes[0].errors)")
            let lines = outcomes[1].errors.split(separator: "\n")
            #expect(!lines.isEmpty && lines.allSatisfy { $0.hasPrefix("rank 1: ") }, "\(outcomes[1].errors)")
            #expect(!outcomes[0].errors.contains("rank 0: "))
            let wrong = try run(training + " --log-ranks 2", in: folder)
            #expect(wrong.ranks.map(\.code) == [64, 64])
            #expect(wrong[0].errors.contains("the ranks of 2 processes are 0 to 1"), "\(wrong[0].errors)")
        }
    }

    @Test func `a dataset alone is trained with the settings that rank 0 chose`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcomes = try run(
                "train d.csv --model $BASE --max-steps 2 --threads 1",
                in: folder
            )
            #expect(outcomes.ranks.map(\.code) == [0, 0], "\(outcomes[0].errors)\(outcomes[1].errors)")
            let runs = try FileManager.default.contentsOfDirectory(
                atPath: folder.appending(path: "runs").path(percentEncoded: false)
            )
            #expect(runs == ["d"])
        }
    }

    // Rank 1 is missing, and no process hosts the store: a process that waited for either would not name the flag.
    @Test(
        arguments: ["--optimizer-in-backward", "--cache-frozen-states --freeze-layers 1"],
        [false, true]
    )
    func `settings that need one process are refused before it waits for the others`(
        flags: String,
        isDatasetAlone: Bool
    ) throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let command = isDatasetAlone ? "train d.csv --model $BASE --threads 1" : training
            let outcome = try shell(
                "exec \"$ATTUNE\" \(command) \(flags)",
                in: folder,
                variables: [
                    "TORCHELASTIC_RUN_ID": "test", "TORCHELASTIC_USE_AGENT_STORE": "True", "WORLD_SIZE": "2",
                    "LOCAL_WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1",
                    "MASTER_PORT": "9",
                    "TORCHELASTIC_ERROR_FILE": folder.appending(path: "reason").path(percentEncoded: false),
                ]
            )
            let flag = flags.prefix { $0 != " " }
            #expect(outcome.code == 64, "\(outcome.errors)")
            #expect(outcome.errors.contains("rank 0: \(flag) "), "\(outcome.errors)")
            #expect(outcome.errors.contains("train with one process instead of 2"), "\(outcome.errors)")
            let reason = try String(contentsOf: folder.appending(path: "reason"), encoding: .utf8)
            #expect(reason.contains(flag), "\(reason)")
        }
    }

    @Test func `processes with other settings end at once, and the message names the flag and both values`()
        throws
    {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcomes = try run(
                training + " --learning-rate 1e-4",
                training + " --learning-rate 2e-4",
                in: folder
            )
            for rank in 0..<2 {
                #expect(outcomes[rank].code == 64, "\(outcomes[rank].errors)")
                for part in ["attune: error: rank \(rank): ", "--learning-rate", "1e-4", "2e-4"] {
                    #expect(outcomes[rank].errors.contains(part), "\(outcomes[rank].errors)")
                }
            }
        }
    }

    @Test func `if one process fails, the other stops with its reason, and the launcher gets it`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            // Rank 1 has another working folder, without the data.
            let elsewhere = folder.appending(path: "elsewhere", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: elsewhere, withIntermediateDirectories: true)
            let outcomes = try run(training, in: folder, otherFolder: "elsewhere")
            #expect(![0, 70].contains(outcomes[1].code), "\(outcomes[1].errors)")
            #expect(outcomes[1].errors.contains("attune: error: rank 1: "), "\(outcomes[1].errors)")
            #expect(outcomes[0].code == 70, "\(outcomes[0].errors)")
            #expect(
                outcomes[0].errors.contains("attune: error: rank 0: stopped, because rank 1 on host "),
                "\(outcomes[0].errors)"
            )
            let reason = try JSONValue.parse(outcomes.reasons[1].utf8)["message"].string ?? ""
            #expect(outcomes[1].errors.contains(reason) && !reason.isEmpty, "\(outcomes.reasons[1])")
            #expect(outcomes.reasons[0].isEmpty, "\(outcomes.reasons[0])")
        }
    }

    @Test func `a signal to one process stops both after a checkpoint, and the run resumes`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let long = training + " --max-steps 100000 --save-steps 1000000"
            let outcomes = try run(
                long,
                in: folder,
                during: "until grep -q 'step *1/' err0; do sleep 0.05; done; kill -TERM $p1"
            )
            #expect(outcomes.ranks.map(\.code) == [130, 130], "\(outcomes[0].errors)\(outcomes[1].errors)")
            #expect(
                outcomes[0].errors.contains("resume with the same launcher and:\n"),
                "\(outcomes[0].errors)"
            )
            #expect(outcomes[1].errors.isEmpty, "\(outcomes[1].errors)")
            let names = try FileManager.default.contentsOfDirectory(
                atPath: folder.appending(path: "out").path(percentEncoded: false)
            )
            let step = try #require(names.compactMap { Int($0.trimmingPrefix("checkpoint-")) }.first)
            let resumed = try run(
                training + " --max-steps \(step + 2) --save-steps 1000000 --resume-from-checkpoint latest",
                in: folder
            )
            #expect(resumed.ranks.map(\.code) == [0, 0], "\(resumed[0].errors)\(resumed[1].errors)")
            #expect(resumed[0].output.contains("trained \(step + 2) steps"), "\(resumed[0].output)")
        }
    }

    @Test func `a run that the launcher starts again resumes from its latest checkpoint`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let long = training + " --max-steps 100000 --save-steps 2"
            let killed = try run(
                long,
                in: folder,
                during: "until grep -q 'saved checkpoint' err0; do sleep 0.05; done; kill -KILL $p1"
            )
            #expect(killed[0].code == 70, "\(killed[0].errors)")
            #expect(killed[0].errors.contains("ended without a reason"), "\(killed[0].errors)")
            // Each agent of torchrun counts its own restarts; here rank 1 alone was started again.
            let again = try run(
                long,
                in: folder,
                during: "until grep -q 'saved checkpoint' err0; do sleep 0.05; done; kill -TERM $p0",
                variables: ["TORCHELASTIC_RESTART_COUNT": "1"]
            )
            #expect(again.ranks.map(\.code) == [130, 130], "\(again[0].errors)\(again[1].errors)")
            #expect(again[0].errors.contains("the launcher has started this run again"), "\(again[0].errors)")
        }
    }

    @Test func `the check of several processes shows each, and the speed of their exchange`() throws {
        try withTemporaryFolder { folder in
            let outcomes = try run("doctor --distributed --json", in: folder)
            #expect(outcomes.ranks.map(\.code) == [0, 0], "\(outcomes[0].errors)\(outcomes[1].errors)")
            #expect(outcomes[1].output.isEmpty)
            let report = try JSONValue.parse(outcomes[0].output.utf8)
            #expect(report["processes"].array?.map(\.["rank"].int) == [0, 1], "\(outcomes[0].output)")
            let sizes = [4, 1_000_000, 100_000_000]
            #expect(report["exchanges"].array?.map(\.["bytes"].int) == sizes + sizes)
            let text = try run("doctor --distributed", in: folder)
            #expect(
                text[0].output.contains("all-reduce") && text[0].output.contains("\nadvice\n"),
                "\(text[0].output)"
            )
        }
    }
}
