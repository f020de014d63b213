import Foundation
import TestSupport
import Testing

/// `attune report` and the page that every run writes.
@Suite(.hangGuard)
struct ReportCommandTests {
    @Test func `a run writes its report, which can be printed, written elsewhere and written again`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcome = try shell(
                """
                $ATTUNE train --model $BASE --dataset d.csv --text-column text --label-column label --threads 1 \
                --test-size 0.2 --save-strategy no --max-steps 4 --logging-steps 2 --output-dir out >/dev/null 2>&1
                cp out/report.html first.html
                $ATTUNE report out; echo $?
                cmp first.html out/report.html; echo $?
                $ATTUNE report out --output other.html --json
                cmp first.html other.html; echo $?
                $ATTUNE report out --text >text; echo $?
                grep -c TRAINING text
                $ATTUNE report out --text --dataset d.csv | grep -c 'y day'
                $ATTUNE report nowhere; echo $?
                mkdir empty; $ATTUNE report empty; echo $?
                echo '{' >out/eval_predictions.jsonl; $ATTUNE report out; echo $?
                """,
                in: folder
            )
            let text = outcome.output
            #expect(
                text.hasPrefix("wrote out/report.html\n0\n0\n{\n  \"report\": \"other.html\"\n}\n0\n0\n1\n"),
                "\(text)"
            )
            #expect(text.hasSuffix("66\n66\n65\n"), "\(text)\(outcome.errors)")
            #expect(outcome.errors.contains("/nowhere/; give the --output-dir of a run"))
            #expect(
                outcome.errors.contains("out/eval_predictions.jsonl, line 1 is not a row"),
                "\(outcome.errors)"
            )
            let page = try String(contentsOf: folder.appending(path: "first.html"), encoding: .utf8)
            #expect(page.contains("<h3>Loss</h3>") && !page.contains("sunny day"))
        }
    }
}
