import ArgumentParser
import Attune
import Evaluation
import Files
import Foundation
import JSON

/// `attune errors`.
struct ErrorsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "errors",
        abstract: "Finds rows whose label is probably wrong, by confident learning.",
        usage: "attune errors [<options>] <model> --dataset <path>",
        discussion: """
            Give labelled rows that the model was not trained on: a model that has learned a wrong label does not doubt it. To \
            check all rows of a dataset, train on one half and look at the other, then the reverse.

            --output writes the suspects as a table: the row's number, its text and label, the label that the model proposes, and \
            how sure it is. Change labels there, or write no into the column keep, and take the table back with `attune data apply`.
            """
    )

    @Argument(
        help: ArgumentHelp("A folder that `attune train` saved, or an id of the Hub.", valueName: "model")
    )
    var model: String

    @OptionGroup(title: "Data") var scoring: ScoringOptions

    @Option(
        help:
            "prune-by-noise-rate or confident-learning: the rule that selects suspects. Both are cleanlab's."
    )
    var rule = ConfidentLearning.Rule.pruneByNoiseRate

    @Option(help: "self-confidence or normalized-margin: the order of suspects, the most doubtful first.")
    var order = ConfidentLearning.Order.selfConfidence

    @Option(
        help: ArgumentHelp(
            "Write all suspects to this file; its extension selects the format, for example .csv.",
            valueName: "file"
        )
    )
    var output: OutputPath?

    @Option(help: ArgumentHelp("The number of suspects to print.", valueName: "count"))
    var top = 20

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        _ = try scoring.requireDataset()
        if top < 0 { throw ValidationError("--top must not be negative") }
        if let output, format == nil { throw unknownFormat(output) }
        guard scoring.emptyTexts != .drop, scoring.missingLabels != .drop else {
            throw ValidationError(
                "rows cannot be dropped here, because suspects keep the dataset's row numbers"
            )
        }
    }

    private var format: DatasetFormat? {
        output.flatMap { DatasetFormat(rawValue: URL(filePath: $0.name).pathExtension.lowercased()) }
    }

    func run() throws {
        try reportingFailure(messages) {
            let dataset = try scoring.requireDataset()
            try requireApart(output, from: [("--dataset", dataset)])
            let scored = try scoring.score(model, keepsAllRows: true)
            let trained = TrainedRowsWarning(
                model: scored.path,
                dataset: dataset,
                split: scoring.part.split
            )
            if trained != nil {
                writeToStandardError(
                    "attune: warning: the model was trained on \(dataset) and has learned its labels, wrong ones too: "
                        + "most suspects stay hidden; give rows that it was not trained on\n"
                )
            }
            let found = try ConfidentLearning(
                LabelProbabilities(scored.scored),
                rule: rule,
                order: order
            )
            guard let labelColumn = scored.columns.labels.first, scored.columns.labels.count == 1 else {
                throw ValidationError("give one --label-column: suspects need one label per row")
            }
            if let output, let format, !found.suspects.isEmpty {
                let table = try SuspectTable(
                    found.suspects,
                    of: scored.rows,
                    columns: (scored.columns.text, scored.columns.pair, labelColumn),
                    labels: scored.model.labels
                )
                try table.rows.write(to: output.path, as: format)
            }
            guard !messages.json else {
                return try print(json(found, scored).formatted, terminator: "")
            }
            try print(text(found, scored), terminator: "")
        }
    }

    private func text(_ found: ConfidentLearning, _ scored: ScoringOptions.Scored) -> String {
        let labels = scored.model.labels
        let count = scored.scored.count
        let share = 100 * Double(found.suspects.count) / Double(max(count, 1))
        var text =
            "\(counted(found.suspects.count, "suspect")) among \(counted(count, "row")) (\(decimals(share, 1)) %)\n"
        let rows = found.suspects.prefix(top).map { suspect in
            [
                "\(suspect.row + 1)", labels[suspect.label], labels[suspect.proposed],
                decimals(suspect.confidence, 3),
                scored.rows.texts[suspect.row].replacing(/\s+/, with: " "),
            ]
        }
        if !rows.isEmpty {
            let table = TextTable(
                rows: [["row", "label", "proposed", "confidence", "text"]] + rows,
                rightAligned: [0, 3]
            )
            text += "\n" + table.text(columns: Terminal.outputColumns ?? 100)
        }
        if found.suspects.count > rows.count {
            text += "and \(grouped(found.suspects.count - rows.count)) more\n"
        }
        guard let output else { return text }
        guard !found.suspects.isEmpty else {
            return text + "there is nothing to correct, so \(output.name) is not written\n"
        }
        let dataset = shellQuoted(scoring.dataset ?? "<path>")
        return text
            + "\nwritten to \(output.name)\nnext: edit it, then attune data apply \(shellQuoted(output.name)) --dataset "
            + "\(dataset) --output <file>\n"
    }

    private func json(_ found: ConfidentLearning, _ scored: ScoringOptions.Scored) -> JSONValue {
        let labels = scored.model.labels
        let suspects = found.suspects.map { suspect in
            JSONValue.object([
                "row": .int(suspect.row + 1), "label": .string(labels[suspect.label]),
                "proposed_label": .string(labels[suspect.proposed]),
                "confidence": .double(suspect.confidence),
                "quality": .double(suspect.quality),
            ])
        }
        return .object(["rows": .int(scored.scored.count), "suspects": .array(suspects)])
    }
}

/// The error for an output file whose extension names no format.
///
/// - Parameter output: The file.
/// - Returns: The error.
func unknownFormat(_ output: OutputPath) -> ValidationError {
    let known = DatasetFormat.allCases.map { ".\($0.rawValue)" }.joined(separator: ", ")
    return ValidationError("--output \(output.name): the extension must be one of \(known)")
}
