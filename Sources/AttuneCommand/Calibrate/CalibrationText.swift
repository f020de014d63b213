import Attune
import Evaluation
import Files
import Foundation
import JSON
import Training

/// The result of `attune calibrate`, for people and for programs.
struct CalibrationText {
    private let outcome: Calibration.Outcome
    private let place: String?
    private let card: String?
    private let model: String
    private let isElsewhere: Bool

    /// Creates the result.
    ///
    /// - Parameters:
    ///   - outcome: The decisions and their effect.
    ///   - place: The file that was written; nil if nothing was decided.
    ///   - card: The model card that got a section on the decisions; nil if none did.
    ///   - model: The model, as it was given.
    ///   - isElsewhere: Whether the file is not in the model's folder.
    init(
        _ outcome: Calibration.Outcome,
        place: String?,
        card: String?,
        model: String,
        isElsewhere: Bool
    ) {
        self.outcome = outcome
        self.place = place
        self.card = card
        self.model = model
        self.isElsewhere = isElsewhere
    }

    private var labels: [String] { outcome.decisions.labels }

    private var decisions: DecisionText? {
        guard let answers = outcome.answers else { return nil }
        let effect = DecisionEffect(answers: answers, sets: outcome.sets)
        return DecisionText(effect, labels: labels, thresholds: outcome.decisions.thresholds)
    }

    /// The lines of the result.
    var text: String {
        let source = outcome.decisions.source
        var text =
            "fitted on \(counted(source?.rows ?? 0, "row")), measured on \(counted(source?.measuredRows ?? 0, "other row")): "
            + "\(outcome.decisions.summary)\n\n"
        let titles = CalibrationMeasures.names.map(\.title)
        let measures = zip(titles, zip(outcome.before.values, outcome.after.values)).map { title, values in
            [title, decimals(values.0.value, 4), decimals(values.1.value, 4)]
        }
        text += TextTable(numbers: [["", "before", "after"]] + measures).text
        text += decisions.map { "\n" + $0.text } ?? ""
        guard let place else { return text + "\nnothing is decided, so no file is written\n" }
        text += "\nwritten to \(place)" + (card.map { ", and described in \($0)" } ?? "") + "\n"
        text +=
            isElsewhere
            ? "next: copy it into the model's folder as decisions.json; predict and evaluate apply it from there\n"
            : "next: attune evaluate --model \(shellQuoted(model)) --dataset <other rows>; predict and evaluate apply the decisions, "
                + "and --raw ignores them\n"
        return text
    }

    /// The result as JSON.
    var object: JSONValue {
        func measures(_ measures: CalibrationMeasures) -> JSONValue {
            .object(JSONObject(measures.values.map { ($0.name, .double($0.value)) }))
        }
        var object: JSONObject = [
            "output": place.map(JSONValue.string) ?? .null,
            "model_card": card.map(JSONValue.string) ?? .null,
            "rows": .int(outcome.decisions.source?.rows ?? 0),
            "measured_rows": .int(outcome.decisions.source?.measuredRows ?? 0),
            "before": measures(outcome.before),
            "after": measures(outcome.after),
        ]
        if case .temperature(let value) = outcome.decisions.scaling { object["temperature"] = .double(value) }
        if let decisions { object["decisions"] = decisions.object }
        object["notes"] = .array(outcome.notes.map(JSONValue.string))
        return .object(object)
    }
}

/// A number with a fixed number of decimals; a dash for nil.
func decimals(_ value: Double?, _ count: Int) -> String {
    value.map { String(format: "%.\(count)f", $0) } ?? "-"
}
