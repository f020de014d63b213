package import Classification
import Evaluation
package import Files
package import Foundation
import Models

/// The section of a model card about `decisions.json`: the calibration, thresholds and sets that predictions apply.
///
/// It lies between two comments, so that `attune calibrate` replaces or removes it later. Everything else in the card stays.
package struct DecisionSection {
    /// The decisions; nil or empty ones have no section.
    private let decisions: Decisions?

    /// The name of a model folder's card.
    package static let fileName = "README.md"
    private static let begin = "<!-- decisions: written by attune calibrate -->"
    private static let end = "<!-- end of decisions -->"
    /// The heading before which the section is put into a card that has none.
    private static let nextHeading = "\n## Training"
    /// The maximum number of labels for a table with all labels.
    private static let mostLabels = 200

    /// Creates a section.
    ///
    /// - Parameter decisions: The decisions in the model's folder; nil for none.
    package init(_ decisions: Decisions?) { self.decisions = decisions }

    /// Puts the section into the card of a model's folder, or removes it from there without decisions.
    ///
    /// A missing card is not written. A link is not followed: it may lead into the Hub's cache.
    ///
    /// - Parameter folder: The model's folder.
    /// - Returns: Whether there is a card that has the section now, or has lost it.
    /// - Throws: `FileError` if the card cannot be read or written.
    package func write(in folder: URL) throws(FileError) -> Bool {
        let place = folder.appending(path: Self.fileName)
        let attributes = try? FileManager.default.attributesOfItem(atPath: place.path(percentEncoded: false))
        guard let attributes, attributes[.type] as? FileAttributeType == .typeRegular else { return false }
        let card = Data(try MappedFile(contentsOf: place).withBytes { Array($0) })
        let changed = put(into: card)
        guard changed != card else { return text != nil }
        try writeAtomically(changed, to: place)
        return true
    }

    /// Puts the section into a card, or removes it without decisions.
    ///
    /// - Parameter card: The contents of a card, which need not be a run's.
    /// - Returns: The card with the section in the place of the former one, else before the section on training, else at the end.
    func put(into card: Data) -> Data {
        var card = card
        let section = text.map { Data($0.utf8) }
        if let former = Self.range(in: card) {
            let replaced = section == nil ? Self.withSeparators(former, in: card) : former
            card.replaceSubrange(replaced, with: section ?? Data())
        } else if let section {
            if let heading = card.range(of: Data(Self.nextHeading.utf8)) {
                // The heading's own line begins after the line feed.
                card.insert(contentsOf: section + Data("\n\n".utf8), at: heading.lowerBound + 1)
            } else {
                card += Data((card.last == 0x0A ? "\n" : "\n\n").utf8) + section + Data("\n".utf8)
            }
        }
        return card
    }

    /// The section in a card, from its first comment to its last one; nil without both.
    private static func range(in card: Data) -> Range<Data.Index>? {
        let (begin, end) = (Data(Self.begin.utf8), Data(Self.end.utf8))
        var start = card.startIndex
        while let first = card.range(of: begin, in: start..<card.endIndex),
            let last = card.range(of: end, in: first.upperBound..<card.endIndex)
        {
            // If a person removed the last comment of another section, the text between them is theirs.
            guard card.range(of: begin, in: first.upperBound..<last.lowerBound) != nil else {
                return first.lowerBound..<last.upperBound
            }
            start = first.upperBound
        }
        return nil
    }

    /// A section with the line feeds that separate it from the rest.
    private static func withSeparators(_ section: Range<Data.Index>, in card: Data) -> Range<Data.Index> {
        var (start, end) = (section.lowerBound, section.upperBound)
        // Two line feeds follow it before a heading, one at the end of the card.
        for _ in 0..<2 where end < card.endIndex && card[end] == 0x0A { end += 1 }
        if end == card.endIndex, card[..<start].suffix(2).elementsEqual([0x0A, 0x0A]) { start -= 1 }
        return start..<end
    }

    // MARK: Text

    /// The section from its first comment to its last one; nil without decisions.
    private var text: String? {
        guard let decisions, !decisions.isEmpty else { return nil }
        return """
            \(Self.begin)
            ## Decisions

            `attune predict`, `attune evaluate` and the Swift API apply the decisions in `decisions.json`. transformers ignores \
            that file: \(Self.elsewhere(decisions))

            \(Self.items(decisions))\(Self.table(decisions))\(Self.effect(decisions))
            \(Self.end)
            """
    }

    /// The difference for people who load the model with transformers.
    private static func elsewhere(_ decisions: Decisions) -> String {
        let scores = "the scores of a pipeline in Python are the model's own, raw ones"
        guard decisions.rejects else { return scores + "." }
        return decisions.problemType == .multiLabel
            ? "\(scores), and these thresholds are not applied."
            : "\(scores), and every text gets its most probable label."
    }

    /// The decisions as a list.
    private static func items(_ decisions: Decisions) -> String {
        let isMultiLabel = decisions.problemType == .multiLabel
        var items: [String] = []
        switch decisions.scaling {
        case .temperature(let temperature):
            items.append(
                "Scores are calibrated: all logits are divided by the temperature \(number(temperature)), which changes no label."
            )
        case .vector:
            items.append(
                "Scores are calibrated by vector scaling: each label's logit is multiplied by a weight, and a bias is added, "
                    + "which may change labels."
            )
        case nil: items.append("Scores are the model's own.")
        }
        if let thresholds = decisions.thresholds {
            let goal = decisions.thresholdGoal.map { " (goal: \(Markdown.code($0)))" } ?? ""
            let rest =
                thresholds.values.contains(nil)
                ? "gets the most probable label without a threshold" : "is rejected and gets no label"
            items.append(
                isMultiLabel
                    ? "A text gets each label that reaches its threshold\(goal), or 0.5 without one."
                    : "A label is given only if its score reaches its threshold\(goal). A text that reaches none \(rest)."
            )
        }
        if let sets = decisions.sets {
            items.append(
                "A text gets a label only if its conformal set (\(sets.method.rawValue.uppercased()), coverage "
                    + "\(number(sets.coverage))) has exactly one. Any other text is rejected."
            )
        }
        return items.map { "- \($0)\n" }.joined()
    }

    /// The numbers of each label; empty if labels have none.
    private static func table(_ decisions: Decisions) -> String {
        var columns: [(title: String, values: [String])] = []
        if let thresholds = decisions.thresholds {
            let values = thresholds.values.map {
                $0.map { $0.isFinite ? number($0) : "never given" } ?? "none"
            }
            columns.append(("threshold", values))
        }
        if case .vector(let weights, let biases) = decisions.scaling {
            columns.append(("weight", weights.map(number)))
            columns.append(("bias", biases.map(number)))
        }
        guard !columns.isEmpty else { return "" }
        guard decisions.labels.count <= mostLabels else {
            return "\nThe numbers of all \(grouped(decisions.labels.count)) labels are in `decisions.json`.\n"
        }
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
        let rows = decisions.labels.indices.map { id in
            line([Markdown.escaped(decisions.labels[id])] + columns.map { $0.values[id] })
        }
        return "\n" + line(["label"] + columns.map(\.title)) + "|---|" + columns.map { _ in "---:|" }.joined()
            + "\n" + rows.joined()
    }

    /// The rows and the measured effect; empty if they are not known.
    private static func effect(_ decisions: Decisions) -> String {
        var text = ""
        if let source = decisions.source {
            let name = URL(filePath: source.dataset).lastPathComponent
            text +=
                "\nFitted on \(counted(source.rows, "row")) of \(Markdown.code(name)), and measured on "
                + "\(counted(source.measuredRows, "other row"))"
        }
        let effect = decisions.effect
        let rows = CalibrationMeasures.names.compactMap { name, title -> String? in
            guard let before = effect[name + "_before"], let after = effect[name + "_after"] else {
                return nil
            }
            return "| \(title) | \(number(before)) | \(number(after)) |\n"
        }
        guard !rows.isEmpty else { return text.isEmpty ? "" : text + ".\n" }
        text +=
            (text.isEmpty ? "\nMeasured" : "") + ":\n\n| | before | after |\n|---|---:|---:|\n"
            + rows.joined()
        var answers: [String] = []
        func share(_ name: String) -> String? { effect[name].map { String(format: "%.1f %%", 100 * $0) } }
        if let answered = share("answered") {
            let right = share("answered_precision").map { ", and \($0) of the given labels are right" } ?? ""
            answers.append("\(answered) of these rows are answered\(right).")
        }
        if let covered = share("coverage"), let size = effect["set_size"] {
            answers.append(
                "\(covered) of the sets hold the true label; a set has \(String(format: "%.2f", size)) labels on average."
            )
        }
        return text + (answers.isEmpty ? "" : "\n\(answers.joined(separator: " "))\n")
    }

    /// A number with four significant digits.
    private static func number(_ value: Double) -> String { String(format: "%.4g", value) }
}
