import Evaluation
import Files
import JSON
import Training

/// The effect of thresholds or conformal sets, for people and for programs.
struct DecisionText {
    private let effect: DecisionEffect
    private let labels: [String]
    private let thresholds: ScoreThresholds?

    /// Creates the texts.
    ///
    /// - Parameters:
    ///   - effect: The measured effect.
    ///   - labels: The label names by id.
    ///   - thresholds: The thresholds to show; nil without them.
    init(_ effect: DecisionEffect, labels: [String], thresholds: ScoreThresholds? = nil) {
        self.effect = effect
        self.labels = labels
        self.thresholds = thresholds
    }

    /// The lines of a table, and a sentence about the answered texts.
    var text: String {
        let answers = effect.answers
        let share = 100 * Double(answers.answered) / Double(max(answers.rows, 1))
        return TextTable(numbers: effect.sets.map(setRows) ?? answerRows).text
            + "answered: \(grouped(answers.answered)) of \(grouped(answers.rows)) (\(decimals(share, 1)) %), of which "
            + "\(decimals(answers.precision.map { 100 * $0 }, 1)) % right\n"
    }

    private var answerRows: [[String]] {
        let rows = zip(labels, effect.answers.byLabel).enumerated().map { id, row in
            let (label, part) = row
            let threshold = thresholds.map { thresholds in
                thresholds.values[id].map { $0.isFinite ? decimals($0, 4) : "never" } ?? "-"
            }
            return [label] + (threshold.map { [$0] } ?? []) + [
                decimals(part.precision, 3), decimals(part.recall, 3), grouped(part.answers),
                grouped(part.rows),
            ]
        }
        return [
            ["label"] + (thresholds == nil ? [] : ["threshold"]) + ["precision", "recall", "answers", "rows"]
        ]
            + rows
    }

    private func setRows(_ sets: SetEffect) -> [[String]] {
        func row(_ name: String, _ part: SetEffect.Part) -> [String] {
            [
                name, decimals(part.coverage, 3), decimals(part.meanSize, 2), grouped(part.answered),
                decimals(part.accuracy, 3), grouped(part.rows),
            ]
        }
        return [["label", "coverage", "set size", "answered", "right", "rows"]]
            + zip(labels, sets.byLabel).map(row) + [row("all", sets.all)]
    }

    /// The effect as JSON.
    var object: JSONValue {
        func number(_ value: Double?) -> JSONValue { value.map(JSONValue.double) ?? .null }
        var object: JSONObject = [
            "rows": .int(effect.answers.rows), "answered": .int(effect.answers.answered),
            "precision": number(effect.answers.precision),
        ]
        let parts = zip(labels, effect.answers.byLabel).enumerated().map { id, row -> JSONValue in
            let (label, part) = row
            var object: JSONObject = [
                "label": .string(label), "precision": number(part.precision), "recall": number(part.recall),
                "answers": .int(part.answers), "rows": .int(part.rows),
            ]
            // Null for a label that is never given.
            if let threshold = thresholds?.values[id] { object["threshold"] = number(threshold) }
            if let set = effect.sets?.byLabel[id] {
                object["coverage"] = number(set.coverage)
                object["set_size"] = number(set.meanSize)
            }
            return .object(object)
        }
        if let sets = effect.sets {
            object["coverage"] = number(sets.all.coverage)
            object["set_size"] = number(sets.all.meanSize)
        }
        object["labels"] = .array(parts)
        return .object(object)
    }
}
