import Foundation
import JSON
import TestSupport
import Testing

/// Whether a small disk can be mounted so that only one process sees it.
private let mountsDisks =
    (try? withTemporaryFolder { folder in
        try shell("unshare -m mount -t tmpfs -o size=64k none .", in: folder).code == 0
    }) ?? false

/// A disk that becomes full: existing files stay intact, and the run reports the reason.
@Suite(
    .hangGuard,
    .enabled(if: mountsDisks, "only root may mount a disk, and not in every container")
)
struct FullDiskTests {
    /// Runs a script in a folder on a separate disk.
    private func onDisk(of size: String, _ script: String, in folder: URL) throws -> CommandOutcome {
        let rows = (0..<24).map { $0 % 2 == 0 ? "sunny day \($0),sun" : "rainy day \($0),rain" }
        try Data("text,label\n\(rows.joined(separator: "\n"))\n".utf8).write(
            to: folder.appending(path: "d.csv")
        )
        try Data(script.utf8).write(to: folder.appending(path: "script"))
        try FileManager.default.createDirectory(
            at: folder.appending(path: "disk"),
            withIntermediateDirectories: true
        )
        return try shell(
            "unshare -m sh -c 'mount -t tmpfs -o size=\(size) none disk && . ./script'",
            in: folder
        )
    }

    private let training =
        "train --model $BASE --dataset d.csv --text-column text --label-column label --threads 1"

    @Test
    func `a run keeps its checkpoint and complete lines, exits with 74, and can be resumed with more space`()
        throws
    {
        try withTemporaryFolder { folder in
            let outcome = try onDisk(
                of: "64m",
                """
                $ATTUNE \(training) --max-steps 600 --save-steps 100 --logging-steps 1 --report-to jsonl --report-to tensorboard \
                    --output-dir disk/out >o 2>err & p=$!
                until grep -q 'saved checkpoint-100' err; do sleep 0.01; done
                head -c 64m /dev/zero >disk/fill 2>/dev/null
                wait $p; echo $?
                grep 'attune: error' err
                ls -A disk/out | grep -c incomplete
                cp disk/out/events.jsonl events
                rm disk/fill
                $ATTUNE \(training) --max-steps 600 --save-steps 100 --logging-steps 1 --report-to jsonl \
                    --output-dir disk/out --resume-from-checkpoint latest >/dev/null 2>err; echo $?
                $ATTUNE \(training) --max-steps 600 --save-steps 1000 --output-dir whole >/dev/null 2>err
                cmp disk/out/model.safetensors whole/model.safetensors && echo same
                cp disk/out/events.jsonl later
                """,
                in: folder
            )
            let lines = outcome.output.split(separator: "\n").map(String.init)
            try #require(lines.count == 5, "\(outcome.output)\(outcome.errors)")
            #expect(
                lines[0] == "74" && lines[1].contains("the disk is full; free some space"),
                "\(outcome.output)"
            )
            #expect(lines[2...] == ["0", "0", "same"], "\(outcome.output)")
            for name in ["events", "later"] {
                for line in try String(contentsOf: folder.appending(path: name), encoding: .utf8).split(
                    separator: "\n"
                ) {
                    #expect(throws: Never.self) { try JSONValue.parse(line.utf8) }
                }
            }
        }
    }

    @Test(arguments: [
        "predict --model m --input many.csv --output disk/o",
        "tokenize --model m --input many.csv --output disk/o",
        "data convert --dataset many.csv --output disk/o.csv",
        "data convert --dataset many.csv --output disk/o.parquet",
        "data convert --dataset many.csv --output disk/o.arrow",
        "data split --dataset many.csv --test-size 10 --output-dir disk/parts",
        "data split --dataset many.csv --test-size 10 --output-dir disk/parts --format parquet",
        "train --model $BASE --dataset d.csv --text-column text --label-column label --max-steps 1 --output-dir disk/out",
    ])
    func `a command that fills the disk reports it and keeps existing files`(command: String) throws {
        try withTemporaryFolder { folder in
            // Words do not repeat; otherwise Parquet would need almost no space.
            let rows = (0..<20_000).map { "text \(UInt64.random(in: 0 ... .max)),\($0 % 2)\n" }.joined()
            try Data("text,label\n\(rows)".utf8).write(to: folder.appending(path: "many.csv"))
            let outcome = try onDisk(
                of: "100k",
                """
                $ATTUNE \(training) --max-steps 1 --output-dir m >/dev/null 2>/dev/null
                for o in o o.csv o.parquet o.arrow; do echo old >disk/$o; done
                $ATTUNE \(command) >/dev/null 2>err; echo $?
                grep -c 'attune: error: .*\\(the disk is full\\|has room for\\)' err
                cat disk/o disk/o.csv disk/o.parquet disk/o.arrow
                find disk -name '*incomplete*'
                """,
                in: folder
            )
            #expect(outcome.output == "74\n1\nold\nold\nold\nold\n", "\(outcome.output)\(outcome.errors)")
        }
    }
}
