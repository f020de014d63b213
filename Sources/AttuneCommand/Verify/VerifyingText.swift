import Attune
import Foundation
import JSON

/// The result of `attune verify`, for people and for programs.
enum VerifyingText {
    /// The most texts to list.
    private static let mostRows = 10

    /// The result as text.
    ///
    /// - Parameter report: The differences.
    /// - Returns: The lines, each ending in a line feed.
    static func text(_ report: ParityReport) -> String {
        let tolerance = report.tolerance
        var lines = ["compared \(counted(report.rows.count, "text")) with the logits after training"]
        if let worst = report.worst {
            lines.append(
                "largest difference of a logit: \(number(worst.logitDifference))"
                    + (tolerance.logits.map { " (allowed: \(number($0)))" } ?? "")
                    + ", for the text \"\(shortened(worst.text))\""
            )
        }
        lines.append(
            "largest difference of a score: \(number(report.scoreDifference)) (allowed: \(number(tolerance.scores)))"
        )
        if report.otherTokens > 0 {
            lines.append(
                "\(counted(report.otherTokens, "text")) gave another number of tokens: the tokenizer's files or the "
                    + "maximum length changed"
            )
        }
        let changed = report.changed
        lines.append("labels that changed: \(changed.isEmpty ? "none" : "\(changed.count)")")
        for row in changed.prefix(mostRows) {
            lines.append("  \(answer(row.recorded)) → \(answer(row.now)): \"\(shortened(row.text))\"")
        }
        lines.append(
            report.isWithinTolerance
                ? "the model answers as after training"
                : "the model does NOT answer as after training"
        )
        return lines.map { $0 + "\n" }.joined()
    }

    /// The result as JSON.
    ///
    /// - Parameter report: The differences.
    /// - Returns: An object.
    static func json(_ report: ParityReport) -> JSONValue {
        func number(_ value: Double) -> JSONValue { value.isFinite ? .double(value) : .null }
        let changed = report.changed.map { row -> JSONValue in
            .object([
                "text": .string(row.text), "recorded": .string(answer(row.recorded)),
                "now": .string(answer(row.now)), "score_difference": number(row.scoreDifference),
            ])
        }
        return .object([
            "texts": .int(report.rows.count),
            "logit_difference": number(report.worst?.logitDifference ?? 0),
            "score_difference": number(report.scoreDifference),
            "allowed_logit_difference": report.tolerance.logits.map(JSONValue.double) ?? .null,
            "allowed_score_difference": .double(report.tolerance.scores),
            "other_tokens": .int(report.otherTokens), "changed": .array(changed),
            "within_tolerance": .bool(report.isWithinTolerance),
        ])
    }

    /// The predicted labels, or the number of a regression.
    private static func answer(_ prediction: Prediction) -> String {
        switch prediction.problemType {
        case .singleLabel, .multiLabel:
            prediction.labels.isEmpty ? "no label" : prediction.labels.joined(separator: ", ")
        case .regression: number(prediction.score)
        }
    }

    private static func number(_ value: Double) -> String {
        value == 0 || !value.isFinite ? "\(value)" : String(format: value < 0.001 ? "%.1e" : "%.4f", value)
    }

    private static func shortened(_ text: String) -> String {
        let line = text.map { $0.isNewline || $0 == "\t" ? " " : $0 }
        return line.count > 40 ? String(line.prefix(39)) + "…" : String(line)
    }
}
