import Evaluation
import Files
import Foundation
import Reporting
import TestSupport
import Testing

@testable import Attune

/// The report is made from the files that a run leaves in its folder, and from nothing else.
@Suite("The report of a run's folder")
struct RunReportPageTests {
    private let state = """
        {"global_step": 20, "epoch": 1.5, "best_global_step": 10, "log_history": [
        {"step": 10, "epoch": 0.75, "loss": 0.5, "learning_rate": 1e-5, "grad_norm": 2.0},
        {"step": 10, "epoch": 0.75, "eval_loss": 0.4, "eval_accuracy": 0.5, "eval_note": "no number"},
        {"step": 20, "epoch": 1.5, "loss": 0.25, "learning_rate": 0.0, "grad_norm": 1.0}],
        "run": {"batch_size": 8, "examples": 160, "settings": {"load_best_model_at_end": true,
        "metric_for_best_model": "accuracy", "learning_rate": 1e-5}}}
        """
    private let configuration = #"{"id2label": {"1": "sun", "0": "rain", "10": "x", "2": "snow"}}"#

    private let settings = #"{"version": 1, "label_names": ["rain", "sun", "snow", "x"]}"#

    /// Writes a run's files.
    private func write(_ files: [String: String], to folder: URL) throws {
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
    }

    @Test("training and evaluation of a step are one row; the best step is that of the saved weights")
    func log() throws {
        try withTemporaryFolder { folder in
            try write(["trainer_state.json": state, "config.json": configuration], to: folder)
            let content = try RunReportPage(of: folder).content()
            #expect(content.log.map(\.step) == [10, 20])
            #expect(content.log[0].loss == 0.5)
            #expect(content.log[0].metrics == ["loss": 0.4, "accuracy": 0.5])
            #expect(content.log[1].gradientNorm == 1)
            #expect(content.bestStep == 10 && content.bestMetric == "accuracy")
            #expect(content.rows == nil)
            let facts = content.facts.flatMap(\.facts)
            #expect(facts.contains(.init("Training texts", "160")) && facts.contains(.init("Labels", "4")))
        }
    }

    @Test("rows of every problem type are read, with labels by their names")
    func rows() throws {
        let rest = #""tokens": 7, "truncated": true, "text_hash": "ab"}"#
        for (line, truth) in [
            (#"{"row": 0, "label": "snow", "logits": [1, 2, 3, -0.5], "#, ScoredRows.Truth.classes([2])),
            (#"{"row": 0, "labels": ["x", "rain"], "logits": [1, 2, 3, -0.5], "#, .labelSets([[0, 3]])),
            (#"{"row": 0, "labels": [], "logits": [1, 2, 3, -0.5], "#, .labelSets([[]])),
            (#"{"row": 0, "target": 2.5, "logits": [1, 2, 3, -0.5], "#, .numbers([2.5])),
        ] {
            try withTemporaryFolder { folder in
                try write(
                    [
                        "trainer_state.json": state, "config.json": configuration,
                        "attune.json": settings,
                        ScoredRows.fileName: line + rest + "\n",
                    ],
                    to: folder
                )
                let rows = try #require(try RunReportPage(of: folder).content().rows)
                #expect(rows.labels == ["rain", "sun", "snow", "x"])
                #expect(rows.truth == truth)
                #expect(rows.logits == [1, 2, 3, -0.5])
                #expect(rows.tokenCounts == [7] && rows.isTruncated == [true])
            }
        }
    }

    @Test("a folder without a finished run, and a damaged file, are refused by name")
    func refused() throws {
        try withTemporaryFolder { folder in
            #expect(throws: FileError.self) { try RunReportPage(of: folder).content() }
            #expect(throws: FileError.self) { try RunReportPage(of: folder.appending(path: "no")).content() }
            try write(
                [
                    "trainer_state.json": state, "config.json": configuration,
                    "attune.json": settings,
                    ScoredRows.fileName: #"{"label": "hail", "logits": [1, 2, 3, 4]}"# + "\n",
                ],
                to: folder
            )
            let error = #expect(throws: RunReportError.self) { try RunReportPage.write(in: folder) }
            #expect(error?.message.contains("eval_predictions.jsonl, line 1 is not a row") == true)
            try write(["trainer_state.json": "{"], to: folder)
            #expect(throws: RunReportError.self) { try RunReportPage.write(in: folder) }
        }
    }

    @Test("the page is written next to the model, and shows texts only if they are given")
    func page() throws {
        try withTemporaryFolder { folder in
            let line =
                #"{"label": "snow", "logits": [1, 2, 3, -0.5], "tokens": 7, "truncated": false, "text_hash": "ab"}"#
            try write(
                [
                    "trainer_state.json": state, "config.json": configuration,
                    "attune.json": settings,
                    ScoredRows.fileName: line + "\n",
                ],
                to: folder
            )
            func page() throws -> String {
                try String(contentsOf: folder.appending(path: "report.html"), encoding: .utf8)
            }
            try RunReportPage.write(in: folder)
            let first = try page()
            try RunReportPage.write(in: folder)
            #expect(try page() == first)
            #expect(!first.contains("a white morning"))
            try RunReportPage.write(in: folder, texts: ["a white morning"])
            #expect(try page().contains("a white morning"))
        }
    }

    @Test("a duration has its two largest units")
    func durations() {
        #expect(ReportedNumber.duration(4.26) == "4.26 s")
        #expect(ReportedNumber.duration(449.6) == "7 min 30 s")
        #expect(ReportedNumber.duration(7322) == "2 h 2 min")
        #expect(ReportedNumber.grouped(1_234_567) == "1,234,567")
    }
}
