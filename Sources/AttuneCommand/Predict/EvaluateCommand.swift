import ArgumentParser
import Attune
import Evaluation
import Foundation
import JSON

/// `attune evaluate`.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Evaluates a saved classifier on labelled texts.",
        usage: "attune evaluate [<options>] --model <model> --dataset <path>",
        discussion: """
            Columns, maximum length and the treatment of empty texts and missing labels are as in training (attune.json in the \
            model's folder), unless given here. Labels are matched by name. --label-names sad,glad names the labels of a model \
            that was saved without names, in the order of their ids.
            """
    )

    @OptionGroup(title: "Model and data") var classifier: ClassifierOptions
    @OptionGroup(title: "Model and data") var data: DatasetOptions
    @OptionGroup(title: "Model and data") var labels: LabelColumnOptions

    @Option(help: "Rows without a label: refuse or drop. Default: as in training, else refuse.")
    var missingLabels: RowPolicy?

    @Option(
        help: ArgumentHelp(
            "Write all metrics to this file as JSON, including each label's and the confusion matrix.",
            valueName: "file"
        )
    )
    var output: OutputPath?

    @Option(
        help: ArgumentHelp(
            "Write each row's label, prediction and logits into this folder, as \(ScoredRows.fileName), for reports and comparisons.",
            valueName: "folder"
        )
    )
    var predictions: String?

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        guard missingLabels != .keep else {
            throw ValidationError(
                "--missing-labels keep: a row without a label cannot be evaluated; use refuse or drop"
            )
        }
        guard classifier.adapterName.count < 2 else {
            throw ValidationError("--adapter-name: give one adapter to evaluate")
        }
    }

    private var told: ClassifierSettings {
        var settings = classifier.told
        settings.labelColumns = labels.columns.isEmpty ? nil : labels.columns
        settings.missingLabels = missingLabels
        return settings
    }

    func run() throws {
        try reportingFailure(messages) {
            try requireApart(output, from: [("--dataset", data.dataset)])
            let place = try classifier.place()
            let reader = try RowReader(model: place.first, told: told)
            guard reader.settings.labelColumns != nil else {
                throw ValidationError(
                    "Missing expected argument '--label-column <name>': the column of labels to compare with"
                )
            }
            // Check the columns before reading the weights.
            let rows = try data.read()
            let labelColumns = try reader.labelColumns(of: rows)
            _ = try reader.columns(of: rows)
            let engine = try classifier.engine()
            let model = try classifier.load(place, on: engine)
            let effect = try classifier.quantizationEffect(on: model, place)
            let (labelled, notes) = try reader.labelled(rows, problemType: model.problemType)
            for note in notes { writeToStandardError(note + "\n") }
            let trained = TrainedRowsWarning(model: place.first, dataset: data.dataset, split: data.split)
            if let trained { writeToStandardError("attune: warning: \(trained.text)\n") }
            let examples = model.encode(labelled.inputs, targets: try targets(labelled, model, labelColumns))
            writeToStandardError(note(on: reader, model, examples))
            let console = Console.current
            console.begin(.evaluate)
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
                console.show(.evaluate, done, of: examples.count)
                return true
            }
            guard let record else { return }
            var results = record.results.members.map { ($0.name, $0.value) }
            results += record.labelResults(model.labels).members.map { ($0.name, $0.value) }
            if let predictions {
                let folder = URL(filePath: predictions, directoryHint: .isDirectory)
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try ScoredRows(record, labels: model.labels, examples, labelled.inputs)?.save(to: folder)
            }
            if let effect { results.append(("quantization", effect.object)) }
            if let effect = record.decisions {
                results.append(("decisions", DecisionText(effect, labels: model.labels).object))
            }
            // Write the file even if printing fails.
            try output?.write(JSONValue.object(JSONObject(results)).formatted)
            guard !messages.json else {
                return try print(JSONValue.object(JSONObject(results)).formatted, terminator: "")
            }
            try print("on \(counted(examples.count, "text")): loss \(record.lossText)\n")
            try printFolded(record.metrics.table(labels: model.labels, columns: Terminal.outputColumns))
            if let effect = record.decisions, model.decisions?.rejects == true {
                try printFolded("\n" + DecisionText(effect, labels: model.labels).text)
            }
        }
    }

    /// The targets as ids of the model's labels.
    ///
    /// Prints a note on how labels were matched to standard error.
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

    /// A note on how the texts were read.
    private func note(on reader: RowReader, _ model: TextClassifier, _ examples: EncodedExamples) -> String {
        var parts: [String] = []
        if reader.told.textColumn == nil, let column = reader.saved.textColumn {
            parts.append("texts from column \"\(column)\"")
        }
        if reader.told.maxLength == nil, reader.saved.maxLength != nil {
            parts.append("at most \(counted(model.maxLength, "token")) per text")
        }
        var sentences = parts.isEmpty ? [] : ["as in training: " + parts.joined(separator: ", ")]
        if model.settings.loss == .custom {
            sentences.append(
                "the model was trained with a custom loss, which is not saved; this evaluation uses the plain loss"
            )
        }
        let cut = examples.encodings.truncatedCount
        if let note = model.length.cutNote(cut, of: examples.count) { sentences.append(note) }
        return sentences.map { $0 + "\n" }.joined()
    }
}
