import Classification
import Evaluation
import Foundation
import Models
import TestSupport
import Testing

@testable import Attune

/// The section of a model card about `decisions.json`.
@Suite("The decisions in a model card")
struct DecisionSectionTests {
    private let card =
        "---\ntags:\n- attune\n---\n\n# weather\n\n## Evaluation\n\nGood.\n\n## Training\n\nBrief.\n"

    private var decisions: Decisions {
        var decisions = Decisions(labels: ["sun", "rain|snow", "fog"], problemType: .singleLabel)
        decisions.scaling = .temperature(0.66666)
        decisions.thresholds = ScoreThresholds([0.75, .infinity, nil])
        decisions.thresholdGoal = "precision:0.9"
        decisions.source = .init(dataset: "data/held-out.csv", rows: 1000, measuredRows: 999)
        decisions.effect = [
            "accuracy_before": 0.5, "accuracy_after": 0.5, "ece_before": 0.174, "ece_after": 0.04512,
            "answered": 0.51, "answered_precision": 0.862,
        ]
        return decisions
    }

    private func put(_ decisions: Decisions?, into card: String) -> String {
        String(decoding: DecisionSection(decisions).put(into: Data(card.utf8)), as: UTF8.self)
    }

    @Test("thresholds, their goal, the rows and the effect are before the section on training")
    func text() {
        let section = """
            <!-- decisions: written by attune calibrate -->
            ## Decisions

            `attune predict`, `attune evaluate` and the Swift API apply the decisions in `decisions.json`. transformers ignores \
            that file: the scores of a pipeline in Python are the model's own, raw ones, and every text gets its most probable \
            label.

            - Scores are calibrated: all logits are divided by the temperature 0.6667, which changes no label.
            - A label is given only if its score reaches its threshold (goal: `precision:0.9`). A text that reaches none gets \
            the most probable label without a threshold.

            | label | threshold |
            |---|---:|
            | sun | 0.75 |
            | rain\\|snow | never given |
            | fog | none |

            Fitted on 1,000 rows of `held-out.csv`, and measured on 999 other rows:

            | | before | after |
            |---|---:|---:|
            | accuracy | 0.5 | 0.5 |
            | calibration error (ECE) | 0.174 | 0.04512 |

            51.0 % of these rows are answered, and 86.2 % of the given labels are right.

            <!-- end of decisions -->
            """
        #expect(
            put(decisions, into: card) == card.replacing("## Training", with: section + "\n\n## Training")
        )
    }

    @Test("vector scaling and sets have their numbers, and a card with many labels refers to the file")
    func otherDecisions() {
        var decisions = Decisions(labels: ["a", "b"], problemType: .singleLabel)
        decisions.scaling = .vector(weights: [1, 0.5], biases: [0, -1])
        decisions.sets = ConformalSets(method: .lac, coverage: 0.9, quantile: 0.5)
        decisions.effect = ["coverage": 0.88, "set_size": 1.5, "answered": 0.5]
        let text = put(decisions, into: "")
        #expect(
            text.contains("| label | weight | bias |\n|---|---:|---:|\n| a | 1 | 0 |\n| b | 0.5 | -1 |\n")
        )
        #expect(text.contains("only if its conformal set (LAC, coverage 0.9) has exactly one"), "\(text)")
        var many = Decisions(labels: (0..<1234).map { "label \($0)" }, problemType: .multiLabel)
        many.thresholds = ScoreThresholds(Array(repeating: 0.5, count: 1234))
        let long = put(many, into: "")
        #expect(long.contains("The numbers of all 1,234 labels are in `decisions.json`."), "\(long)")
        #expect(long.contains("and these thresholds are not applied") && !long.contains("| label 7 |"))
    }

    @Test(
        "a second section replaces the first one, and removing it gives the card that was there",
        arguments: [
            "---\ntags:\n- attune\n---\n\n# weather\n\n## Training\n\nBrief.\n", "# My own card\n\nText.\n",
            "",
            "# CRLF\r\n\r\n## Training\r\n\r\nBrief.\r\n",
        ]
    )
    func replaced(card: String) {
        var other = decisions
        other.thresholds = nil
        let first = put(decisions, into: card)
        #expect(put(decisions, into: first) == first)
        let second = put(other, into: first)
        #expect(second == put(other, into: card))
        #expect(second.contains("temperature 0.6667") && !second.contains("never given"))
        #expect(put(nil, into: second) == (card.isEmpty ? "\n" : card))
        #expect(put(nil, into: card) == card)
        // Decisions that change nothing need no description.
        #expect(put(Decisions(labels: ["a"], problemType: .singleLabel), into: card) == card)
    }

    @Test("text that a person wrote around the section stays, also if one of its comments was removed")
    func edited() {
        let section = put(decisions, into: "")
        let edited = "# Mine\n\n" + section + "\nMy own last words.\n"
        let replaced = put(decisions, into: edited)
        #expect(replaced == edited)
        #expect(put(nil, into: edited).hasPrefix("# Mine\n"))
        #expect(put(nil, into: edited).hasSuffix("My own last words.\n"))
        let begin = "<!-- decisions: written by attune calibrate -->"
        let damaged = "\(begin)\nThese words are mine.\n" + section
        #expect(put(decisions, into: damaged) == damaged)
        #expect(put(nil, into: damaged).contains("These words are mine."))
        // Labels and names of files cannot end the section early.
        for name in ["<!-- end of decisions -->", "<!-- end of decisions --> `x`"] {
            var hostile = decisions
            hostile.source?.dataset = name
            hostile.thresholdGoal = name
            let hidden = put(hostile, into: card)
            #expect(put(nil, into: hidden) == card, "\(hidden)")
        }
    }

    @Test("a folder without a card gets none, and a link is not followed")
    func files() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "README.md")
            #expect(try !DecisionSection(decisions).write(in: folder))
            #expect(!FileManager.default.fileExists(atPath: place.path(percentEncoded: false)))
            let other = folder.appending(path: "blob")
            try Data(card.utf8).write(to: other)
            try FileManager.default.createSymbolicLink(at: place, withDestinationURL: other)
            #expect(try !DecisionSection(decisions).write(in: folder))
            #expect(try Data(contentsOf: other) == Data(card.utf8))
            try FileManager.default.removeItem(at: place)
            try Data(card.utf8).write(to: place)
            #expect(try DecisionSection(decisions).write(in: folder))
            let written = try String(contentsOf: place, encoding: .utf8)
            #expect(written == put(decisions, into: card))
            #expect(try DecisionSection(decisions).write(in: folder))
            #expect(try DecisionSection(nil).write(in: folder) && !DecisionSection(nil).write(in: folder))
            #expect(try Data(contentsOf: place) == Data(card.utf8))
        }
    }
}
