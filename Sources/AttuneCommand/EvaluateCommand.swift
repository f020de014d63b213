import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune evaluate`.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measures a saved classifier on labelled texts.",
        usage: "attune evaluate [<options>] --model <model> --dataset <path>",
        discussion: """
            Columns, length and the treatment of empty texts and missing labels are those of the model's training \
            (attune.json in its folder), unless given here. Labels are matched by name. --label-names gives names to the labels of a model \
            that was saved without them:

              attune evaluate --model org/model --dataset test.csv \\
                --text-column body --label-column mood --label-names sad,glad
            """
    )

    @OptionGroup(title: "Model and data") var classifier: ClassifierOptions
    @OptionGroup(title: "Model and data") var data: DatasetOptions
    @OptionGroup(title: "Model and data") var labels: LabelColumnOptions

    @Option(help: "Rows without a label: refuse or drop. Default: as in the model's training, else refuse.")
    var missingLabels: RowPolicy?

    @Option(
        help: ArgumentHelp(
            "Write the numbers here as JSON, those of every label and every confusion of two labels too.",
            valueName: "file"
        )
    )
    var output: OutputPath?

    func validate() throws {
        guard missingLabels != .keep else {
            throw ValidationError(
                "--missing-labels keep: a row without a label cannot be measured; refuse or drop"
            )
        }
    }

    private var told: ClassifierSettings {
        var settings = classifier.told
        settings.labelColumns = labels.columns.isEmpty ? nil : labels.columns
        settings.missingLabels = missingLabels
        return settings
    }

    func run() throws {
        try reportingFailure {
            try requireApart(output, from: [("--dataset", data.dataset)])
            let path = try HubPath.model(classifier.model)
            let reader = try RowReader(model: path, told: told)
            guard reader.settings.labelColumns != nil else {
                throw ValidationError(
                    "Missing expected argument '--label-column <name>': it says what is to be measured"
                )
            }
            // Columns are looked for before the weights are read.
            let rows = try data.read()
            let labelColumns = try reader.labelColumns(of: rows)
            _ = try reader.columns(of: rows)
            let engine = try classifier.engine()
            let model = try classifier.load(path, on: engine)
            let (labelled, notes) = try reader.labelled(rows, problemType: model.problemType)
            for note in notes { writeToStandardError(note + "\n") }
            let examples = model.encode(labelled.inputs, targets: try targets(labelled, model, labelColumns))
            writeToStandardError(note(on: reader, model, examples))
            var line = ProgressLine()
            let record = try Training.evaluate(
                model,
                on: examples,
                loss: model.settings.loss?.loss,
                batchSize: classifier.inference.batchSize,
                maxTokensPerBatch: classifier.inference.maxTokensPerBatch,
                precision: classifier.inference.precision.choice,
                withIntervals: true
            ) { done in
                engine.adaptThreads()
                line.show({ "evaluating \(done)/\(examples.count)" }, isLast: done == examples.count)
                return true
            }
            line.close()
            guard let record else { return }
            var results = record.results.members.map { ($0.name, $0.value) }
            results += record.labelResults(model.labels).members.map { ($0.name, $0.value) }
            // The file is written even if standard output cannot be.
            try output?.write(JSONValue.object(JSONObject(results)).formatted)
            try print("on \(counted(examples.count, "text")): loss \(record.lossText)\n")
            try print(record.metrics.table(labels: model.labels), terminator: "")
        }
    }

    /// The targets among the model's labels; how they were matched goes to standard error.
    private func targets(
        _ rows: LabelledTexts,
        _ model: TextClassifier,
        _ columns: [String]
    ) throws -> Targets {
        do {
            let targets = try rows.targets(among: model.labels)
            if model.problemType != .regression,
                let note = try rows.match(among: model.labels).note(model.labels)
            {
                writeToStandardError(note + "\n")
            }
            return targets
        } catch {
            throw error.located(
                in: try HubPath.dataset(data.dataset),
                split: data.split,
                configuration: data.datasetConfig,
                columns: columns
            )
        }
    }

    /// How the texts were read, for a person.
    private func note(on reader: RowReader, _ model: TextClassifier, _ examples: EncodedExamples) -> String {
        var parts: [String] = []
        if reader.told.textColumn == nil, let column = reader.saved.textColumn {
            parts.append("the texts of column \"\(column)\"")
        }
        if reader.told.maxLength == nil, reader.saved.maxLength != nil {
            parts.append("at most \(counted(model.maxLength, "token")) a text")
        }
        var sentences = parts.isEmpty ? [] : ["as in the model's training: " + parts.joined(separator: ", ")]
        if model.settings.loss == .custom {
            sentences.append(
                "the model was trained with a loss of its own, which no file holds: the loss here is the plain one"
            )
        }
        let cut = examples.encodings.truncatedCount
        if let note = model.length.cutNote(cut, of: examples.count) { sentences.append(note) }
        return sentences.map { $0 + "\n" }.joined()
    }
}
