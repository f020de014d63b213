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
        usage: "attune errors [<options>] <model> … --dataset <path>",
        discussion: """
            Give labelled rows that the model was not trained on: a model that has learned a wrong label does not doubt it.

            To check all rows of a dataset, train several times, each time with another part of its rows held out, and give all \
            the runs. Then nothing is computed: each row is judged by the runs that held it out, from their eval_predictions.jsonl.

            --output writes the suspects as a table: the row's number, its text and label, the label that the model proposes, and \
            how sure it is. Change labels there, or write no into the column keep, and take the table back with `attune data apply`.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "A folder that `attune train` saved, or an id of the Hub. Several: the output folders of runs.",
            valueName: "model"
        )
    )
    var models: [String]

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
            let checked = try models.count == 1 ? scored(models[0], dataset) : heldOut()
            guard let labelColumn = checked.columns.labels.first, checked.columns.labels.count == 1 else {
                throw ValidationError("give one --label-column: suspects need one label per row")
            }
            if let output, let format, !checked.suspects.isEmpty {
                let table = try SuspectTable(
                    checked.suspects,
                    of: checked.rows,
                    columns: (checked.columns.text, checked.columns.pair, labelColumn),
                    labels: checked.labels
                )
                try table.rows.write(to: output.path, as: format)
            }
            guard !messages.json else {
                return try print(json(checked).formatted, terminator: "")
            }
            try print(text(checked), terminator: "")
        }
    }

    /// The rows of a dataset after checking their labels.
    private struct CheckedRows {
        /// The suspects, with the numbers of the dataset's rows.
        let suspects: [ConfidentLearning.Suspect]
        /// The number of rows with probabilities.
        let count: Int
        /// All rows of the dataset.
        let rows: LabelledTexts
        /// The names of their columns.
        let columns: ScoringOptions.Columns
        /// The label names by id.
        let labels: [String]
    }

    /// Checks the rows with a model that scores them now.
    private func scored(_ model: String, _ dataset: String) throws -> CheckedRows {
        let scored = try scoring.score(model, keepsAllRows: true)
        let trained = TrainedRowsWarning(model: scored.path, dataset: dataset, split: scoring.part.split)
        if trained != nil {
            writeToStandardError(
                "attune: warning: the model was trained on \(dataset) and has learned its labels, wrong ones too: "
                    + "most suspects stay hidden; give rows that it was not trained on, or several runs that held out other rows\n"
            )
        }
        let found = try ConfidentLearning(LabelProbabilities(scored.scored), rule: rule, order: order)
        return CheckedRows(
            suspects: found.suspects,
            count: scored.scored.count,
            rows: scored.rows,
            columns: scored.columns,
            labels: scored.model.labels
        )
    }

    /// Checks the rows with runs that held them out.
    private func heldOut() throws -> CheckedRows {
        let runs = try models.map { name in
            (name: name, rows: try ScoredRows(run: URL(filePath: name, directoryHint: .isDirectory)))
        }
        let labels = runs[0].rows.labels
        let (rows, columns, targets) = try scoring.allRows(models[0], labels: labels)
        guard case .classes(let truth) = targets else {
            throw ValidationError("suspects are found only among rows with exactly one label each")
        }
        let joined = try OutOfSampleRows(joining: runs, textHashes: rows.inputs.hashes, truth: truth)
        let unchecked = truth.count - joined.rows.count
        if unchecked > 0 {
            writeToStandardError(
                "attune: warning: \(counted(unchecked, "row")) of \(grouped(truth.count)) \(unchecked == 1 ? "is" : "are") not "
                    + "checked, because no run evaluated them; hold them out in another run, and give it, too\n"
            )
        }
        let found = try ConfidentLearning(joined.probabilities, rule: rule, order: order)
        return CheckedRows(
            suspects: found.suspects.map { $0.numbered(joined.rows[$0.row]) },
            count: joined.rows.count,
            rows: rows,
            columns: columns,
            labels: labels
        )
    }

    private func text(_ checked: CheckedRows) -> String {
        let (suspects, labels) = (checked.suspects, checked.labels)
        let share = 100 * Double(suspects.count) / Double(max(checked.count, 1))
        var text =
            "\(counted(suspects.count, "suspect")) among \(counted(checked.count, "row")) (\(decimals(share, 1)) %)\n"
        let rows = suspects.prefix(top).map { suspect in
            [
                "\(suspect.row + 1)", labels[suspect.label], labels[suspect.proposed],
                decimals(suspect.confidence, 3),
                checked.rows.texts[suspect.row].replacing(/\s+/, with: " "),
            ]
        }
        if !rows.isEmpty {
            let table = TextTable(
                rows: [["row", "label", "proposed", "confidence", "text"]] + rows,
                rightAligned: [0, 3]
            )
            text += "\n" + table.text(columns: Terminal.outputColumns ?? 100)
        }
        if suspects.count > rows.count { text += "and \(grouped(suspects.count - rows.count)) more\n" }
        guard let output else { return text }
        guard !suspects.isEmpty else {
            return text + "there is nothing to correct, so \(output.name) is not written\n"
        }
        let dataset = shellQuoted(scoring.dataset ?? "<path>")
        return text
            + "\nwritten to \(output.name)\nnext: edit it, then attune data apply \(shellQuoted(output.name)) --dataset "
            + "\(dataset) --output <file>\n"
    }

    private func json(_ checked: CheckedRows) -> JSONValue {
        let suspects = checked.suspects.map { suspect in
            JSONValue.object([
                "row": .int(suspect.row + 1), "label": .string(checked.labels[suspect.label]),
                "proposed_label": .string(checked.labels[suspect.proposed]),
                "confidence": .double(suspect.confidence),
                "quality": .double(suspect.quality),
            ])
        }
        return .object(["rows": .int(checked.count), "suspects": .array(suspects)])
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
