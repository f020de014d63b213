import Foundation
import TestSupport
import Testing

@testable import AttuneCommand

/// Ctrl-C, SIGTERM and SIGHUP finish the step, save a checkpoint, and print the command that resumes the run.
///
/// SIGUSR1 saves a checkpoint, and the run continues.
@Suite(.hangGuard)
struct InterruptTests {
    @Test
    func
        `the command that resumes repeats the typed arguments, quoted, without tokens and an older checkpoint`()
        throws
    {
        let typed = [
            "my recipe.yaml", "--dataset", "it's.csv", "--resume-from-checkpoint", "out/checkpoint-5",
            "--hub-token",
            "hf_secret", "--hub-token=hf_secret", "--learning-rate=2e-5", "--class-weights", "J=0.6,P=0.4",
            "--text-column", "", "--freeze", "model.layers.*",
        ]
        let line = try TrainingCommandLine(Array(typed.dropFirst(100)))
        #expect(line.continuation(of: "attune") == "attune train --resume-from-checkpoint latest")
        #expect(
            TrainingCommandLine.continuation(of: ".build/my attune", typed)
                == "'.build/my attune' train 'my recipe.yaml' --dataset 'it'\"'\"'s.csv' --learning-rate=2e-5 "
                + "--class-weights J=0.6,P=0.4 --text-column '' --freeze 'model.layers.*' --resume-from-checkpoint latest"
        )
        #expect(
            TrainingCommandLine.continuation(
                of: "attune",
                ["--resume-from-checkpoint=latest", "--seed", "1"]
            )
                == "attune train --seed 1 --resume-from-checkpoint latest"
        )
    }

    /// Starts a run, sends a signal after a few steps, and waits.
    private func interrupted(_ arguments: [String], by number: Int32, in folder: URL) throws -> CommandOutcome
    {
        let process = Process()
        process.executableURL = attuneExecutable
        process.environment = environmentOfTests
        process.arguments = arguments
        let files = ["out", "err"].map { folder.appending(path: $0) }
        for file in files { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        // One step is done, and hundreds remain.
        let hasTakenStep = try waits(upTo: .seconds(1200)) {
            try !process.isRunning || String(contentsOf: files[1], encoding: .utf8).contains(/step +1\//)
        }
        #expect(hasTakenStep, "no step within twenty minutes")
        kill(process.processIdentifier, number)
        try waitForExit(of: process)
        return CommandOutcome(
            code: process.terminationStatus,
            output: try String(contentsOf: files[0], encoding: .utf8),
            errors: try String(contentsOf: files[1], encoding: .utf8)
        )
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `a signal stops a run, and the printed command completes it with the same weights`(
        number: Int32
    ) throws {
        try withTemporaryFolder { folder in
            let rows = (0..<24).map { $0 % 2 == 0 ? "sunny day \($0),sun" : "rainy day \($0),rain" }
            let data = folder.appending(path: "it's data.csv")
            try Data("text,label\n\(rows.joined(separator: "\n"))".utf8).write(to: data)
            let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
            func arguments(_ name: String) -> [String] {
                [
                    "train", "--model", model, "--dataset", data.path(percentEncoded: false), "--text-column",
                    "text",
                    "--label-column", "label", "--output-dir",
                    folder.appending(path: name).path(percentEncoded: false),
                    "--max-steps", "400", "--per-device-train-batch-size", "4", "--save-steps", "1000",
                    "--save-only-model", "--threads", "1",
                ]
            }
            let stopped = try interrupted(arguments("stopped"), by: number, in: folder)
            #expect(stopped.code == 130, "\(stopped.errors)")
            let lines = stopped.errors.split(separator: "\n")
            let command = try #require(lines.last?.trimmingCharacters(in: .whitespaces))
            #expect(lines.suffix(2).first?.hasPrefix("stopped after step ") == true, "\(stopped.errors)")
            #expect(command.hasSuffix(" --resume-from-checkpoint latest"), "\(command)")
            let shell = Process()
            shell.executableURL = URL(filePath: "/bin/sh")
            shell.environment = environmentOfTests
            shell.arguments = ["-c", command + " >/dev/null 2>&1"]
            try shell.run()
            try waitForExit(of: shell)
            #expect(shell.terminationStatus == 0, "\(command)")
            #expect(try attune(arguments("whole")).code == 0)
            let weights = try ["stopped", "whole"].map {
                try Data(contentsOf: folder.appending(path: "\($0)/model.safetensors"))
            }
            #expect(weights[0] == weights[1])
        }
    }

    private let training =
        "train --model $BASE --dataset d.csv --text-column text --label-column label --threads 1 --max-steps 300 "
        + "--save-steps 1000 --save-only-model"

    @Test func `SIGUSR1 saves a checkpoint that can be resumed, and the run continues`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            // Far more steps than the run takes, because a busy machine may send the signals late.
            let outcome = try shell(
                """
                $ATTUNE \(training) --output-dir out 2>err >/dev/null & p=$!
                until grep -q 'step *1/' err; do sleep 0.01; done
                kill -USR1 $p
                until grep -q 'saved checkpoint' err; do sleep 0.01; done
                grep -c 'saving a checkpoint after this step; the run continues' err
                ls out/checkpoint-*/optimizer.safetensors | wc -l
                kill -TERM $p; wait $p; echo $?
                ls -d out/checkpoint-* | wc -l
                """
                .replacing("--max-steps 300 ", with: "--max-steps 100000 "),
                in: folder
            )
            // The second checkpoint is that of SIGTERM, at a later step.
            #expect(outcome.output == "1\n1\n130\n2\n", "\(outcome.output)\(outcome.errors)")
        }
    }

    @Test func `a signal that was ignored at the start stays ignored, as nohup needs it`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            let outcome = try shell(
                """
                trap '' HUP
                $ATTUNE \(training) --output-dir out >/dev/null 2>err & p=$!
                until grep -q 'step *1/' err; do sleep 0.01; done
                kill -HUP $p; wait $p; echo $?
                grep -c stopping err
                """,
                in: folder
            )
            #expect(outcome.output == "0\n0\n", "\(outcome.output)\(outcome.errors)")
        }
    }

    @Test func `a closing terminal sends SIGHUP twice, and the checkpoint is still saved`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            let outcome = try shell(
                """
                $ATTUNE \(training) --output-dir out >/dev/null 2>err & p=$!
                until grep -q 'step *1/' err; do sleep 0.01; done
                kill -HUP $p; sleep 0.05; kill -HUP $p; wait $p; echo $?
                tail -n 1 err | grep -c -e '--resume-from-checkpoint latest'
                ls out | grep -c checkpoint
                """
                .replacing("--max-steps 300 ", with: "--max-steps 100000 "),
                in: folder
            )
            #expect(outcome.output == "130\n1\n1\n", "\(outcome.output)\(outcome.errors)")
        }
    }

    // A shell without a terminal starts background jobs with SIGINT ignored.
    @Test(arguments: ["TERM", "HUP", "USR1"])
    func `interrupted predictions leave no output file`(name: String) throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            let rows = (0..<60_000).map { "text number \($0)\n" }.joined()
            try Data("text\n\(rows)".utf8).write(to: folder.appending(path: "many.csv"))
            let outcome = try shell(
                """
                $ATTUNE \(training) --max-steps 1 --output-dir out >/dev/null 2>/dev/null
                $ATTUNE predict --json --model out --input many.csv --output o.jsonl >/dev/null 2>err & p=$!
                until grep -q '"progress", .*"phase": "predict"' err; do sleep 0.01; done
                kill -\(name) $p; wait $p; test $? -gt 128; echo $?; ls
                """
                .replacing("--max-steps 300 ", with: ""),
                in: folder
            )
            #expect(outcome.output == "0\nd.csv\nerr\nmany.csv\nout\n", "\(outcome.output)\(outcome.errors)")
        }
    }

    @Test func `several seeds print a table, and each writes a recipe that repeats it alone`() throws {
        try withTemporaryFolder { folder in
            let rows = (0..<24).map { $0 % 2 == 0 ? "sunny day \($0),sun" : "rainy day \($0),rain" }
            let data = folder.appending(path: "data.csv")
            try Data("text,label\n\(rows.joined(separator: "\n"))".utf8).write(to: data)
            let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
            let out = folder.appending(path: "out")
            let recipe = folder.appending(path: "run.yaml")
            try Data("seeds: 2\nmax_steps: 3\ntest_size: 0.25\nseed: 5\n".utf8).write(to: recipe)
            let outcome = try attune([
                "train", recipe.path(percentEncoded: false), "--model", model, "--dataset",
                data.path(percentEncoded: false), "--text-column", "text", "--label-column", "label",
                "--output-dir",
                out.path(percentEncoded: false),
            ])
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(
                outcome.output.contains("over 2 seeds") && outcome.output.contains("seed 6"),
                "\(outcome.output)"
            )
            let again = folder.appending(path: "again").path(percentEncoded: false)
            let alone = try attune([
                "train", out.appending(path: "seed-6/recipe.yaml").path(percentEncoded: false),
                "--output-dir", again,
            ])
            #expect(alone.code == 0, "\(alone.errors)")
            let weights = try [out.appending(path: "seed-6"), URL(filePath: again)].map {
                try Data(contentsOf: $0.appending(path: "model.safetensors"))
            }
            #expect(weights[0] == weights[1])
        }
        let none = try attune([
            "train", "--model", "m", "--dataset", "d", "--text-column", "t", "--label-column", "l",
            "--output-dir", "o",
            "--seeds", "0",
        ])
        #expect(none.code == 64 && none.errors.contains("--seeds must be at least 1"))
    }
}
