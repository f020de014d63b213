import Attune
import Evaluation
import Files
import Foundation
import JSON

/// The result of `attune calibrate`, for people and for programs.
struct CalibrationText {
    private let outcome: Calibration.Outcome
    private let place: String
    private let model: String
    private let isElsewhere: Bool

    /// Creates the result.
    ///
    /// - Parameters:
    ///   - outcome: The decisions and their effect.
    ///   - place: The file that was written.
    ///   - model: The model, as it was given.
    ///   - isElsewhere: Whether the file is not in the model's folder.
    init(_ outcome: Calibration.Outcome, place: String, model: String, isElsewhere: Bool) {
        self.outcome = outcome
        self.place = place
        self.model = model
        self.isElsewhere = isElsewhere
    }

    private var labels: [String] { outcome.decisions.labels }

    /// The lines of the result.
    var text: String {
        let source = outcome.decisions.source
        var text =
            "fitted on \(counted(source?.rows ?? 0, "row")), measured on \(counted(source?.measuredRows ?? 0, "other row")): "
            + "\(outcome.decisions.summary)\n\n"
        let names = ["accuracy", "negative log-likelihood", "calibration error (ECE)", "Brier score"]
        let measures = zip(names, zip(outcome.before.values, outcome.after.values)).map { name, values in
            [name, decimals(values.0.value, 4), decimals(values.1.value, 4)]
        }
        text += TextTable(numbers: [["", "before", "after"]] + measures).text
        if let answers = outcome.answers { text += "\n" + thresholdTable(answers) }
        if let sets = outcome.sets { text += "\n" + setTable(sets) }
        text += "\nwritten to \(place)\n"
        text +=
            isElsewhere
            ? "next: copy it into the model's folder as decisions.json; predict and evaluate apply it from there\n"
            : "next: attune evaluate --model \(shellQuoted(model)) --dataset <other rows>; predict and evaluate apply the decisions, "
                + "and --raw ignores them\n"
        return text
    }

    private func thresholdTable(_ answers: AnswerEffect) -> String {
        var rows = [["label", "threshold", "precision", "recall", "answers", "rows"]]
        for (label, (found, part)) in zip(labels, zip(outcome.thresholds, answers.byLabel)) {
            rows.append([
                label, found.map { $0.value.isFinite ? decimals($0.value, 4) : "never" } ?? "-",
                decimals(part.precision, 3), decimals(part.recall, 3), grouped(part.answers),
                grouped(part.rows),
            ])
        }
        let share = 100 * Double(answers.answered) / Double(max(answers.rows, 1))
        return TextTable(numbers: rows).text
            + "answered: \(grouped(answers.answered)) of \(grouped(answers.rows)) (\(decimals(share, 1)) %), of which "
            + "\(decimals(answers.precision.map { 100 * $0 }, 1)) % right\n"
    }

    private func setTable(_ effect: SetEffect) -> String {
        func row(_ name: String, _ part: SetEffect.Part) -> [String] {
            [
                name, decimals(part.coverage, 3), decimals(part.meanSize, 2), grouped(part.answered),
                decimals(part.accuracy, 3), grouped(part.rows),
            ]
        }
        var rows = [["label", "coverage", "set size", "answered", "right", "rows"]]
        rows += zip(labels, effect.byLabel).map(row)
        rows.append(row("all", effect.all))
        return TextTable(numbers: rows).text
    }

    /// The result as JSON.
    var object: JSONValue {
        func number(_ value: Double?) -> JSONValue { value.map(JSONValue.double) ?? .null }
        func measures(_ measures: CalibrationMeasures) -> JSONValue {
            .object(JSONObject(measures.values.map { ($0.name, .double($0.value)) }))
        }
        var object: JSONObject = [
            "output": .string(place),
            "rows": .int(outcome.decisions.source?.rows ?? 0),
            "measured_rows": .int(outcome.decisions.source?.measuredRows ?? 0),
            "before": measures(outcome.before),
            "after": measures(outcome.after),
        ]
        if case .temperature(let value) = outcome.decisions.scaling { object["temperature"] = .double(value) }
        if let answers = outcome.answers {
            let parts = zip(labels, zip(outcome.thresholds, answers.byLabel)).map { label, values in
                JSONValue.object([
                    "label": .string(label), "threshold": number(values.0?.value),
                    "precision": number(values.1.precision), "recall": number(values.1.recall),
                    "answers": .int(values.1.answers), "rows": .int(values.1.rows),
                ])
            }
            object["thresholds"] = .array(parts)
            object["answered"] = .int(answers.answered)
            object["answered_precision"] = number(answers.precision)
        }
        if let sets = outcome.sets {
            func part(_ name: String, _ part: SetEffect.Part) -> JSONValue {
                .object([
                    "label": .string(name), "coverage": number(part.coverage),
                    "set_size": number(part.meanSize),
                    "answered": .int(part.answered), "accuracy": number(part.accuracy),
                    "rows": .int(part.rows),
                ])
            }
            object["conformal"] = .object([
                "quantile": number(outcome.decisions.sets?.quantile), "coverage": number(sets.all.coverage),
                "set_size": number(sets.all.meanSize), "answered": .int(sets.all.answered),
                "accuracy": number(sets.all.accuracy),
                "labels": .array(zip(labels, sets.byLabel).map(part)),
            ])
        }
        object["notes"] = .array(outcome.notes.map(JSONValue.string))
        return .object(object)
    }
}

/// A number with a fixed number of decimals; a dash for nil.
func decimals(_ value: Double?, _ count: Int) -> String {
    value.map { String(format: "%.\(count)f", $0) } ?? "-"
}
