import Foundation
import TestSupport
import Testing

/// Every write to standard output, standard error and files is checked.
@Suite(.hangGuard)
struct StreamTests {
    /// A trained classifier and its data, created once.
    private struct Work {
        let folder: URL

        static let made = Result { try Work() }

        private static let place = FileManager.default.temporaryDirectory.appending(
            path: "attune-streams-\(ProcessInfo.processInfo.processIdentifier)",
            directoryHint: .isDirectory
        )

        private init() throws {
            folder = Self.place
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            atexit { try? FileManager.default.removeItem(at: Work.place) }
            for (name, count) in [("few.csv", 24), ("many.csv", 1000)] {
                let rows = (0..<count).map { $0 % 2 == 0 ? "sunny day \($0),sun" : "rainy day \($0),rain" }
                let text = "text,label\n\(rows.joined(separator: "\n"))\n"
                try Data(text.utf8).write(to: folder.appending(path: name))
            }
            let trained = try shell(
                "$ATTUNE train \(training) --output-dir m --max-steps 2",
                in: folder,
                variables: ["FEW": "few.csv"]
            )
            guard trained.code == 0 else { throw FixtureError(trained.errors) }
        }
    }

    private static let training =
        "--model $BASE --dataset $FEW --text-column text --label-column label --threads 1"

    /// Runs a script in a new folder, with the classifier `$M` and files with `$FEW` and `$MANY` rows.
    private func run(
        _ script: String,
        variables: [String: String] = [:],
        in folder: URL? = nil
    ) throws -> CommandOutcome {
        let work = try Work.made.get().folder
        func path(_ name: String) -> String { work.appending(path: name).path(percentEncoded: false) }
        let own = ["M": path("m"), "FEW": path("few.csv"), "MANY": path("many.csv")].merging(variables) { $1 }
        if let folder { return try shell(script, in: folder, variables: own) }
        return try withTemporaryFolder { try shell(script, in: $0, variables: own) }
    }

    // MARK: Standard output

    /// Every command with a result, and the parser's results.
    private static let commands = [
        "--help", "--version", "train --help", "help data", "--generate-completion-script bash",
        "inspect --model $M", "inspect --model $M --json",
        "data describe --dataset $FEW", "data cache", "hub cache",
        "tokenize --model $M --text sun", "decode --model $M --ids 5", "predict --model $M --text sun",
        "evaluate --model $M --dataset $FEW", "data convert --dataset $FEW --output x.jsonl",
        "data split --dataset $FEW --test-size 4 --output-dir parts",
        "train \(training) --output-dir out --max-steps 1 --dry-run", "plan \(training) --max-steps 1 --json",
    ]

    @Test(arguments: commands)
    func `a full disk ends every command with exit code 74 and a message`(command: String) throws {
        let full = try run("$ATTUNE \(command) >/dev/full")
        #expect(full.code == 74, "\(full.errors)")
        // With --json an error is an event.
        let isEvent = command.hasSuffix("--json")
        let lines = full.errors.split(separator: "\n").filter {
            $0.hasPrefix(isEvent ? #"{"event": "error""# : "attune: error: ")
        }
        #expect(lines.count == 1, "\(full.errors)")
        #expect(
            lines.first?.contains(
                /cannot write standard output: the disk is full; .*; 0 of [\d,]+ (lines|bytes) written/
            ) == true,
            "\(full.errors)"
        )
        if isEvent { #expect(lines.first?.hasSuffix(#""exit_code": 74}"#) == true, "\(full.errors)") }
    }

    @Test(arguments: ["--version", "predict --model $M --text sun", "data cache"])
    func `a closed standard output is an error, too`(command: String) throws {
        let closed = try run("$ATTUNE \(command) >&-")
        #expect(closed.code == 74, "\(closed.errors)")
        #expect(
            closed.errors.contains("cannot write standard output: it is closed; 0 of"),
            "\(closed.errors)"
        )
    }

    @Test(arguments: ["--help", "predict --model $M --input $MANY", "inspect --model $M"])
    func `a reader that closes the pipe early is not an error`(command: String) throws {
        let outcome = try run("{ $ATTUNE \(command) 2>err; echo $? >code; } | true; cat code; cat err >&2")
        // 128 plus the signal's number, as for any other program.
        #expect(outcome.output == "141\n", "\(outcome.errors)")
        #expect(!outcome.errors.contains("error"), "\(outcome.errors)")
        // The parent process may have ignored the signal.
        let ignoring = try run(
            "trap '' PIPE; { $ATTUNE \(command) 2>err; echo $? >code; } | true; cat code; cat err >&2"
        )
        #expect(ignoring.output == "141\n" && !ignoring.errors.contains("error"), "\(ignoring.errors)")
    }

    @Test func `a file size limit ends the run with exit code 74 and reports the number of written lines`()
        throws
    {
        try withTemporaryFolder { folder in
            let outcome = try run(
                "(ulimit -f 16; exec $ATTUNE predict --model $M --input $MANY >o)",
                in: folder
            )
            #expect(outcome.code == 74, "\(outcome.errors)")
            let match = try #require(
                outcome.errors.firstMatch(
                    of:
                        /standard output: the file would be larger than .* \(ulimit -f\); ([\d,]+) of 1,000 lines written\n/
                ),
                "\(outcome.errors)"
            )
            let text = try String(contentsOf: folder.appending(path: "o"), encoding: .utf8)
            #expect(text.count(where: { $0 == "\n" }) == Int(match.1))
        }
    }

    @Test func `the remaining work is done even if standard output is full`() throws {
        try withTemporaryFolder { folder in
            let evaluated = try run(
                "$ATTUNE evaluate --model $M --dataset $FEW --output e.json >/dev/full",
                in: folder
            )
            #expect(evaluated.code == 74)
            #expect(
                try String(contentsOf: folder.appending(path: "e.json"), encoding: .utf8).contains(
                    "eval_loss"
                )
            )
            let trained = try run(
                "$ATTUNE train \(Self.training) --max-steps 1 --output-dir out >/dev/full",
                in: folder
            )
            #expect(trained.code == 74, "\(trained.errors)")
            #expect(FileManager.default.fileExists(atPath: folder.appending(path: "out/README.md").path()))
        }
    }

    // MARK: Standard error

    @Test(arguments: ["2>&-", "2>/dev/full", "2>&- <&-"])
    func `messages that cannot be written are dropped, and the work is done`(redirection: String) throws {
        try withTemporaryFolder { folder in
            let outcome = try run(
                """
                $ATTUNE predict --model $M --input $MANY >plain 2>messages
                $ATTUNE predict --model $M --input $MANY >predictions \(redirection); echo predict $?
                cmp plain predictions && echo same
                $ATTUNE evaluate --model $M --dataset $FEW --output e.json >/dev/null \(redirection); echo evaluate $?
                $ATTUNE train \(Self.training) \
                    --max-steps 3 --logging-steps 1 --save-steps 1 --report-to jsonl --output-dir out >/dev/null \
                    \(redirection); echo train $?
                $ATTUNE predict --model nowhere --text a \(redirection); echo none $?
                $ATTUNE predict --model $M \(redirection); echo usage $?
                """,
                in: folder
            )
            #expect(
                outcome.output == "predict 0\nsame\nevaluate 0\ntrain 0\nnone 66\nusage 64\n",
                "\(outcome.output)\(outcome.errors)"
            )
            // No file got the closed stream's descriptor, and messages with it.
            let log = try String(contentsOf: folder.appending(path: "out/events.jsonl"), encoding: .utf8)
            #expect(
                log.split(separator: "\n").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") },
                "\(log)"
            )
        }
    }

    @Test func `with all three streams closed a file contains only its results`() throws {
        try withTemporaryFolder { folder in
            let outcome = try run(
                """
                $ATTUNE predict --model $M --input $MANY --output plain
                $ATTUNE predict --model $M --input $MANY --output closed <&- >&- 2>&-; echo $?
                cmp plain closed && echo same
                """,
                in: folder
            )
            #expect(outcome.output == "0\nsame\n", "\(outcome.errors)")
        }
    }

    @Test func `a run does not end because its messages have no reader`() throws {
        let outcome = try run(
            """
            { $ATTUNE train \(Self.training) \
                --max-steps 20 --output-dir out 2>&1 >/dev/null; echo $? >code; } | true
            cat code; ls out
            """
        )
        #expect(
            outcome.output.hasPrefix("0\n") && outcome.output.contains("model.safetensors"),
            "\(outcome.output)"
        )
    }

    // MARK: --output

    /// Commands with `--output`, which write the same bytes to a file and to a FIFO.
    private static let writing = [
        "predict --model $M --input $FEW --output O", "tokenize --model $M --input $FEW --output O",
        "decode --model $M --ids 5 6 --output O", "evaluate --model $M --dataset $FEW --output O",
        "data convert --dataset $FEW --output O.csv", "data convert --dataset $FEW --output O.jsonl",
        "data convert --dataset $FEW --output O.parquet", "data convert --dataset $FEW --output O.arrow",
    ]

    @Test(arguments: writing)
    func `a FIFO is written to, and a link is followed`(command: String) throws {
        try withTemporaryFolder { folder in
            let name =
                command.contains("--output O.") ? String(command.split(separator: " ").last ?? "") : "O"
            let outcome = try run(
                """
                mkdir plain fifo link; touch link/target
                (cd plain && $ATTUNE \(command) >/dev/null)
                (cd fifo && mkfifo \(name) && (cat \(name) >got & $ATTUNE \(command) >/dev/null; wait) && test -p \(name))
                echo $?
                (cd link && ln -s target \(name) && $ATTUNE \(command) >/dev/null && test -L \(name))
                echo $?
                """,
                in: folder
            )
            #expect(outcome.output == "0\n0\n", "\(outcome.errors)")
            func data(_ path: String) throws -> String {
                let bytes = try Data(contentsOf: folder.appending(path: path))
                // An evaluation contains its own duration.
                guard command.hasPrefix("evaluate") else { return bytes.base64EncodedString() }
                return String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter {
                    !$0.contains("runtime") && !$0.contains("per_second")
                }.joined()
            }
            let plain = try data("plain/\(name)")
            #expect(!plain.isEmpty)
            #expect(try data("fifo/got") == plain)
            #expect(try data("link/target") == plain)
        }
    }

    @Test func `a FIFO whose reader closes it is not an error, in any format`() throws {
        let outcome = try run(
            """
            mkfifo p p.parquet p.csv
            for o in p p.parquet p.csv; do
                head -c 1 $o >/dev/null &
                case $o in
                    p) $ATTUNE predict --model $M --input $MANY --output $o;;
                    *) $ATTUNE data convert --dataset $MANY --output $o;;
                esac 2>>err
                echo $?
                wait
            done
            cat err >&2
            """
        )
        // The pipe's buffer may have taken all of a smaller output.
        let codes = outcome.output.split(separator: "\n").filter { !$0.contains("rows") }
        #expect(
            codes.count == 3 && codes.first == "141" && codes.allSatisfy { ["0", "141"].contains($0) },
            "\(codes)"
        )
        #expect(!outcome.errors.contains("error"), "\(outcome.errors)")
    }

    @Test
    func `a file name that is not UTF-8 is accepted, and another such argument is refused with its byte`()
        throws
    {
        let outcome = try run(
            #"""
            n=$(printf 'caf\351'); cp "$FEW" "$n.csv"
            $ATTUNE predict --model $M --input "$n.csv" --output "$n.jsonl" 2>/dev/null; echo $?
            $ATTUNE tokenize --model $M --input "$n.csv" --output="$n.tokens" 2>/dev/null; echo $?
            test -s "$n.jsonl" && test -s "$n.tokens"; echo $?
            $ATTUNE decode --model $M --input "$n.tokens" | wc -l
            $ATTUNE data convert --dataset "$n.csv" --output "$n.parquet" >/dev/null; echo $?
            test -s "$n.parquet"; echo $?
            cp -r $M "$n"
            $ATTUNE predict --model "$n" --text a; echo $?
            $ATTUNE predict --model $M --text "$n"; echo $?
            $ATTUNE train --model $BASE --dataset $FEW --text-column text --label-column label --output-dir="$n"; echo $?
            """#
        )
        #expect(outcome.output == "0\n0\n0\n24\n0\n0\n64\n64\n64\n", "\(outcome.errors)")
        let said = outcome.errors.split(separator: "\n").filter { $0.contains("is not UTF-8") }
        #expect(said.count == 3, "\(outcome.errors)")
        #expect(
            said.first?.contains("attune: error: --model: \"caf\u{FFFD}\" is not UTF-8: its byte 4 is E9")
                == true,
            "\(said)"
        )
    }

    @Test func `replay does not overwrite its input`() throws {
        let outcome = try run("echo x >r; ln r s; $ATTUNE replay r --output s; echo $?; cat r")
        #expect(outcome.output == "64\nx\n", "\(outcome.errors)")
    }

    @Test func `printed commands are quoted for a shell`() throws {
        let outcome = try run(
            """
            $ATTUNE train \(Self.training) \
                --max-steps 1 --output-dir 'a b $(touch x)' 2>/dev/null | sed -n 's/^next: attune //p' >next
            sed 's/…/sun/' next | sed "s|^|$ATTUNE |" | sh; ls x 2>/dev/null
            """
        )
        #expect(outcome.output.hasPrefix("{\"label\": "), "\(outcome.output)\(outcome.errors)")
        #expect(!outcome.output.contains("\nx"))
    }
}
