import Attune
import Foundation
import JSON
import TestSupport
import Testing

/// `attune predict` with files and pipes of any size.
@Suite(.hangGuard)
struct BulkPredictTests {
    /// A trained classifier `m` and its data, created once.
    private struct Work {
        let folder: URL

        static let made = Result { try Work() }

        private static let place = FileManager.default.temporaryDirectory.appending(
            path: "attune-bulk-\(ProcessInfo.processInfo.processIdentifier)",
            directoryHint: .isDirectory
        )

        private init() throws {
            folder = Self.place
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            atexit { try? FileManager.default.removeItem(at: Work.place) }
            func rows(_ count: Int) -> String {
                "id,text,label\n"
                    + (0..<count).map {
                        "r\($0),\($0 % 2 == 0 ? "sunny" : "rainy") day \($0 % 997),\($0 % 2 == 0 ? "sun" : "rain")\n"
                    }.joined()
            }
            for (name, count) in [("few.csv", 24), ("many.csv", 20_000)] {
                try Data(rows(count).utf8).write(to: folder.appending(path: name))
            }
            let trained = try shell(
                "$ATTUNE train --model $BASE --dataset few.csv --text-column text --label-column label --output-dir m --max-steps 2",
                in: folder
            )
            guard trained.code == 0 else { throw FixtureError(trained.errors) }
        }
    }

    /// Runs a script in a new folder, with `$P` for `attune predict` and files with `$FEW` and `$MANY` rows.
    private func run(_ script: String, in folder: URL) throws -> CommandOutcome {
        let work = try Work.made.get().folder
        func path(_ name: String) -> String { work.appending(path: name).path(percentEncoded: false) }
        return try shell(
            "P=\"$ATTUNE predict --model $M --threads 1\"\n" + script,
            in: folder,
            variables: ["M": path("m"), "FEW": path("few.csv"), "MANY": path("many.csv")]
        )
    }

    private func outcome(_ script: String) throws -> CommandOutcome {
        try withTemporaryFolder { try run(script, in: $0) }
    }

    private func lines(_ text: String) throws -> [JSONValue] {
        try text.split(separator: "\n").map { try JSONValue.parse($0.utf8) }
    }

    // MARK: Columns and formats

    @Test("a table carries the input's columns, and renames those with the name of a prediction")
    func table() throws {
        let told = try outcome("$P --input $FEW --output o.csv; head -2 o.csv; wc -l <o.csv")
        #expect(told.code == 0, "\(told.errors)")
        let rows = told.output.split(separator: "\n")
        #expect(rows[0] == "id,text,input_label,label,score")
        #expect(rows[1].hasPrefix("r0,sunny day 0,sun,"))
        #expect(rows[2].filter(\.isNumber) == "25")
    }

    @Test("CSV, TSV, Parquet and lines of JSON hold the same answers")
    func formats() throws {
        let told = try outcome(
            """
            for f in csv tsv parquet jsonl; do
                $P --input $FEW --columns id,label,score,n_tokens,truncated --keep-columns text --output o.$f || exit 1
                $ATTUNE data convert --dataset o.$f --output $f.jsonl >/dev/null || exit 1
            done
            cut -d, -f1-4 o.csv | head -1
            """
        )
        #expect(told.code == 0, "\(told.errors)")
        #expect(told.output == "text,id,label,score\n")
        try withTemporaryFolder { folder in
            _ = try run(
                "for f in csv tsv parquet jsonl; do $P --input $FEW --id-column id --columns id,label,score --keep-columns text --output o.$f; done",
                in: folder
            )
            var answers: [[[String?]]] = []
            for format in ["csv", "tsv", "parquet", "jsonl"] {
                let rows = try Dataset(contentsOf: folder.appending(path: "o.\(format)"))
                #expect(rows.columnNames == ["text", "id", "label", "score"])
                answers.append(try rows.columnNames.map { try rows.strings($0) })
            }
            for other in answers.dropFirst() { #expect(other == answers[0]) }
        }
    }

    @Test("the score of the most likely labels comes first, and an unsure prediction gets no label")
    func choices() throws {
        let told = try outcome(
            """
            $P --text sunny --top-k 1
            $P --text sunny --threshold 1
            $P --text sunny --columns label,n_tokens,error,text --keep-columns all
            """
        )
        let answers = try lines(told.output)
        try #require(answers.count == 3, "\(told.errors)")
        #expect(answers[0]["scores"].object?.members.count == 1)
        #expect(answers[0]["scores"].object?.members[0].name == answers[0]["label"].string)
        #expect(answers[1]["label"] == .null && answers[1]["scores"].object?.members.count == 2)
        #expect(answers[2]["n_tokens"].int ?? 0 > 0 && answers[2].object?.contains("error") == true)
        #expect(answers[2]["text"] == .string("sunny"))
    }

    @Test(
        "a mistake in the choice of columns or files is an error of usage or data",
        arguments: [
            ("$P --text a --columns lable", 64, "there is no column \"lable\""),
            ("$P --text a --top-k 0", 64, "--top-k must be at least 1"),
            ("$P --text a --threshold 2", 64, "--threshold must be between 0 and 1"),
            ("$P --input $FEW --keep-columns nmae --output o.csv", 65, "nmae"),
            ("$P --input $FEW --output o.jsonl.gz", 65, "compressed files are not written"),
            ("$P --input $FEW --shard 4/4 --output o", 64, "--shard"),
            ("$P --input $FEW --shard 0/4", 64, "--shard needs --output"),
            ("echo a | $P --resume --output o", 64, "--resume needs --input with a file"),
        ]
    )
    func mistakes(script: String, code: Int, part: String) throws {
        let told = try outcome(script)
        #expect(Int(told.code) == code && told.errors.contains(part), "\(told.code) \(told.errors)")
    }

    // MARK: Standard input

    @Test("standard input in each format gives the lines of a file")
    func standardInput() throws {
        let told = try outcome(
            """
            $ATTUNE data convert --dataset $FEW --output few.jsonl >/dev/null
            $ATTUNE data convert --dataset $FEW --output few.tsv >/dev/null
            tail -n +2 $FEW | cut -d, -f2 >few.txt
            $P --input $FEW >expected
            $P --input - --input-format csv <$FEW | cmp expected - && echo csv
            $P --input - --input-format tsv <few.tsv | cmp expected - && echo tsv
            cat few.jsonl | $P | cmp expected - && echo jsonl
            $P <few.txt | cmp expected - && echo text
            """
        )
        #expect(told.output == "csv\ntsv\njsonl\ntext\n", "\(told.errors)")
    }

    @Test("with --flush a line is answered before the next one is read")
    func flush() throws {
        let told = try outcome(
            """
            mkfifo in out
            $P --flush <in >out 2>err & exec 3>in 4<out
            for text in sunny rainy; do
                echo $text >&3; read line <&4; echo "$line" | cut -c1-9
            done
            exec 3>&-; wait $!; echo $?
            """
        )
        #expect(told.output == "{\"label\":\n{\"label\":\n0\n", "\(told.output)\(told.errors)")
    }

    @Test("a reader that goes ends the run quietly, long before the last row")
    func head() throws {
        let told = try outcome(
            "{ $P --input $MANY --json 2>err; echo $? >code; } | head -1 >/dev/null; cat code; grep -c '\"done\": 20000' err; cat err >&2"
        )
        #expect(told.output == "141\n0\n", "\(told.output)")
        #expect(!told.errors.contains("\"error\""), "\(told.errors)")
    }

    @Test(
        "a large file gives the same answers row by row as at once, and its first ones before a damaged row"
    )
    func largeFile() throws {
        try withTemporaryFolder { folder in
            // 17 MB of few rows.
            let padding = String(repeating: "x", count: 85_000)
            var text = ""
            for row in 0..<200 {
                let weather = row % 3 == 0 ? "sunny" : "rainy"
                text += "{\"text\": \"\(weather) day \(row)\", \"padding\": \"\(padding)\"}\n"
            }
            try Data(text.utf8).write(to: folder.appending(path: "large.jsonl"))
            try Data((text + "{\"text\": \n").utf8).write(to: folder.appending(path: "bad.jsonl"))
            let told = try run(
                """
                $P --input large.jsonl --output whole.jsonl 2>/dev/null
                $P --input large.jsonl 2>/dev/null | cmp whole.jsonl - && echo same
                $P --input bad.jsonl >part 2>err; echo $?; wc -l <part; grep -c 'bad.jsonl: line 201' err
                head -64 whole.jsonl | cmp part - && echo beginning
                """,
                in: folder
            )
            #expect(
                told.output.filter { $0 != " " } == "same\n65\n64\n1\nbeginning\n",
                "\(told.output)\(told.errors)"
            )
        }
    }

    // MARK: Rows with errors

    @Test("a row that cannot be read stops the run, gets no label, or is left out")
    func errors() throws {
        try withTemporaryFolder { folder in
            let text = "{\"text\": \"sunny\"}\n{\"text\": \n{\"text\": \"rainy\"}\n[1]\n"
            try Data(text.utf8).write(to: folder.appending(path: "bad.jsonl"))
            let failed = try run("$P --input bad.jsonl", in: folder)
            #expect(failed.code == 65 && failed.output.isEmpty && failed.errors.contains("line 2"))
            let piped = try run("$P <bad.jsonl", in: folder)
            #expect(piped.code == 65 && piped.errors.contains("standard input: line 2"), "\(piped.errors)")
            let null = try run("$P --input bad.jsonl --on-error null", in: folder)
            let answers = try lines(null.output)
            try #require(null.code == 0 && answers.count == 4, "\(null.errors)")
            #expect(answers.map { $0["label"] == .null } == [false, true, false, true])
            #expect(answers[1]["error"].string?.contains("line 2 is not JSON") == true)
            #expect(answers[3]["error"].string?.contains("line 4 holds the number 1, not an object") == true)
            #expect(null.errors.contains("2 rows could not be predicted"), "\(null.errors)")
            let skipped = try run("$P --on-error skip <bad.jsonl", in: folder)
            #expect(try lines(skipped.output) == [answers[0], answers[2]])
            let table = try run("$P --input bad.jsonl --on-error null --output o.csv; cat o.csv", in: folder)
            let rows = table.output.split(separator: "\n")
            #expect(rows.count == 5 && rows[0] == "text,label,score,error", "\(table.output)\(table.errors)")
            #expect(rows.last?.hasPrefix(",,,") == true)
        }
    }

    // MARK: Resuming and shards

    @Test(
        "killed and resumed, the output has the bytes of an uninterrupted run",
        arguments: ["jsonl", "csv", "parquet"]
    )
    func resume(format: String) throws {
        let told = try outcome(
            """
            $P --input $MANY --output whole.\(format) 2>/dev/null
            for part in 0 1 3; do
                $P --input $MANY --output o.\(format) --resume 2>/dev/null & p=$!
                until test -f o.\(format).parts/part-0000$part.\(format) || ! kill -0 $p; do sleep 0.005; done
                kill -9 $p; wait $p
                test -f o.\(format) && echo complete too early
            done
            ls o.\(format).parts | grep -c part-
            $P --input $MANY --output o.\(format) --resume 2>err || cat err
            grep -o 'resumed: .* were' err
            cmp whole.\(format) o.\(format) && echo same
            ls
            """
        )
        let rows = told.output.split(separator: "\n").map(String.init)
        // The fifth part has 3,616 rows; it may have been finished, too.
        #expect(["4", "5"].contains(rows.first), "\(told.output)")
        #expect(
            rows.contains {
                $0.hasPrefix("resumed: 16,384 rows were") || $0.hasPrefix("resumed: 20,000 rows were")
            }
        )
        #expect(rows.contains("same") && !rows.contains("complete too early"), "\(told.output)")
        #expect(rows.suffix(3) == ["err", "o.\(format)", "whole.\(format)"], "\(told.output)")
    }

    @Test("parts of another prediction are refused, with the field that differs")
    func mismatch() throws {
        let told = try outcome(
            """
            $P --input $MANY --output o.csv --resume 2>/dev/null & p=$!
            until test -f o.csv.parts/part-00000.csv; do sleep 0.005; done
            kill -9 $p; wait $p
            $P --input $MANY --output o.csv --resume --threshold 0.7; echo $?
            head -100 $MANY >less.csv
            $P --input less.csv --output o.csv --resume; echo $?
            """
        )
        #expect(told.output == "65\n65\n", "\(told.output)")
        #expect(told.errors.contains("settings.threshold was null, and is 0.7 now"), "\(told.errors)")
        #expect(told.errors.contains("input was"), "\(told.errors)")
    }

    @Test("merged shards have the bytes of one run", arguments: ["jsonl", "csv", "parquet"])
    func shards(format: String) throws {
        let told = try outcome(
            """
            $P --input $MANY --output whole.\(format) 2>/dev/null
            for i in 0 1 2; do
                $P --input $MANY --output s$i.\(format) --shard $i/3 $(test $i = 1 && echo --resume) 2>err || cat err
            done
            $ATTUNE predict --merge s2.\(format) s0.\(format) s1.\(format) --output all.\(format); echo $?
            cmp whole.\(format) all.\(format) && echo same
            $ATTUNE predict --merge s2.\(format) s0.\(format) --output x.\(format); echo $?
            $ATTUNE predict --merge s2.\(format) s0.\(format) s0.\(format) --output x.\(format); echo $?
            echo >>s1.\(format)
            $ATTUNE predict --merge s0.\(format) s1.\(format) s2.\(format) --output x.\(format); echo $?
            $P --input $FEW --output s1.\(format) --shard 1/3 2>/dev/null
            $ATTUNE predict --merge s0.\(format) s1.\(format) s2.\(format) --output x.\(format); echo $?
            ls x.* 2>/dev/null
            """
        )
        #expect(told.output == "0\nsame\n65\n65\n65\n65\n", "\(told.output)\(told.errors)")
        for part in [
            "joined 20,000 rows", "shard 1/3 is missing", "is shard 0/3, as s0",
            "is not the file that its manifest describes", "has another input",
        ] {
            #expect(told.errors.contains(part), "\(part): \(told.errors)")
        }
    }

    @Test("equal texts get equal answers, wherever they are in the file")
    func equalTexts() throws {
        let told = try outcome("(yes 'sunny day 7' | head -3000) | $P --logits | sort -u | wc -l")
        // Three windows: the last digits may differ between them, but not within one.
        #expect((1...3).contains(Int(told.output.filter(\.isNumber)) ?? 0), "\(told.output)")
    }
}
