import ArgumentParser
import Attune
import Export
import Files
import Foundation
import JSON

/// `attune export`.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a trained classifier in a format for other programs, or in a smaller form.",
        discussion: """
            An adapter is merged first, and a quantized base is dequantized. Labels, thresholds and the temperature of \
            `attune calibrate` are written too, as far as the format has a place for them.

            With --dataset, the loss of accuracy is measured: the metrics in float32 before, and with the weights of the format. \
            That says nothing about formats that also compute in fewer bits (fp16, int8 and int4 of onnx, fp16 of coreml): run them in \
            their own programs.

            --keep-tokens suits models with a large vocabulary: give texts like those to come. Words that they lack are split \
            into smaller tokens, so their scores change.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "A folder that `attune train` saved, a .gguf or .attune file, or an id of the Hub: org/name[@revision].",
            valueName: "model"
        )
    )
    var model: String

    @OptionGroup var options: ExportOptions

    @Option(
        help: ArgumentHelp(
            "The base model of an adapter, if the one that it names is elsewhere.",
            valueName: "model"
        )
    )
    var adapterBase: String?

    @Option(
        help: ArgumentHelp(
            "Measure the loss of accuracy on these labelled rows: a file, a folder or an id of the Hub.",
            valueName: "path"
        )
    )
    var dataset: String?

    @OptionGroup var part: SplitOptions
    @OptionGroup var texts: TextOptions
    @OptionGroup var labels: LabelColumnOptions
    @OptionGroup var names: LabelNameOptions

    @Option(
        help: ArgumentHelp(
            "CPU threads. Default: all cores, or the container's share of them.",
            valueName: "count"
        )
    )
    var threads: Int?

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
    }

    func run() throws {
        try reportingFailure(messages) {
            var request = options.request
            let place = options.place(for: model)
            try request.requireFree(place)
            let path = try HubPath.model(model)
            let base = try HubPath.base(ofModelAt: path, named: adapterBase)
            let reader = try RowReader(model: path, told: told)
            // Read the rows before the weights, because they may be refused.
            request.keptTexts = try keptTexts(reader)
            let rows = try labelledRows(reader, path)
            try prepareEngine()
            let classifier = try load(path, base)
            let labelled = try rows.map { try labelledTexts(of: $0, reader, classifier) }
            let before = try labelled.map { try answers(of: classifier, on: $0) }
            let report = try request.write(classifier, to: place)
            let summary = ExportSummary(
                request: request,
                place: place,
                report: report,
                storedBytes: TextClassifier.weightBytes(ofModelAt: path)
                    + (base.map(TextClassifier.weightBytes(ofModelAt:)) ?? 0),
                accuracy: try accuracy(request, place, before, labelled)
            )
            try show(summary)
        }
    }

    /// Prints the result; `--quiet` leaves out the files, notes and next steps.
    private func show(_ summary: ExportSummary) throws {
        guard !messages.json else { return try print(summary.json.formatted, terminator: "") }
        try printFolded(messages.quiet ? summary.result : summary.text)
        if !messages.quiet { try print(summary.nextStep, terminator: "") }
    }

    // MARK: Reading

    /// The settings for reading rows.
    private var told: ClassifierSettings {
        var settings = ClassifierSettings()
        texts.apply(to: &settings)
        settings.labelNames = names.names
        settings.labelColumns = labels.columns.isEmpty ? nil : labels.columns
        return settings
    }

    private func keptTexts(_ reader: RowReader) throws -> [TextInputs] {
        guard let file = options.keepTokens else { return [] }
        return [try reader.inputs(of: openRows(file))]
    }

    /// Opens the labelled rows and checks their columns; nil without `--dataset`.
    private func labelledRows(_ reader: RowReader, _ path: String) throws -> Dataset? {
        guard let dataset else { return nil }
        let rows = try openRows(dataset, split: part.split, configuration: part.datasetConfig)
        _ = try reader.columns(of: rows)
        if let trained = TrainedRowsWarning(model: path, dataset: dataset, split: part.split) {
            writeToStandardError("attune: warning: \(trained.text)\n")
        }
        return rows
    }

    private func openRows(
        _ name: String,
        split: String? = nil,
        configuration: String? = nil
    ) throws -> Dataset {
        let rows = try Dataset(HubPath.dataset(name), split: split, configuration: configuration)
        for warning in rows.warnings { writeToStandardError("attune: warning: \(warning)\n") }
        return rows
    }

    /// The labelled rows, whose labels the classifier must have.
    private func labelledTexts(
        of rows: Dataset,
        _ reader: RowReader,
        _ classifier: TextClassifier
    ) throws -> LabelledTexts {
        let (labelled, notes) = try reader.labelled(rows, problemType: classifier.problemType)
        for note in notes { writeToStandardError(note + "\n") }
        do {
            _ = try labelled.targets(among: classifier.labels)
        } catch {
            throw error.located(
                in: try HubPath.dataset(dataset ?? ""),
                split: part.split,
                configuration: part.datasetConfig,
                columns: try reader.labelColumns(of: rows)
            )
        }
        return labelled
    }

    // MARK: Computing

    private func prepareEngine() throws {
        TensorHeap.adopt()
        try TorchRuntime.setThreadCount(threads ?? Engine.usefulThreads())
    }

    /// Loads the classifier in float32, with the labels and the length to export.
    private func load(_ path: String, _ base: String?) throws -> TextClassifier {
        var settings = ClassifierSettings()
        settings.labelNames = names.names
        (settings.maxLength, settings.longText) = (texts.maxLength, texts.longText)
        var options = SequenceClassifier.LoadOptions()
        options.mapsWeights = true
        let (classifier, report) = try TextClassifier.load(
            path,
            base: base,
            options: options,
            settings: settings
        )
        guard report.fresh.isEmpty else { throw ModelError.untrained(model, report) }
        for note in classifier.notes { writeToStandardError("attune: warning: \(note)\n") }
        return classifier
    }

    private func answers(
        of classifier: TextClassifier,
        on rows: LabelledTexts
    ) throws -> ExportAccuracy.Answers {
        let console = Console.current
        console.begin(.evaluate)
        return try ExportAccuracy.Answers(of: classifier, on: rows) { done in
            console.show(.evaluate, done, of: rows.inputs.count)
        }
    }

    /// The loss of accuracy; nil without `--dataset`.
    private func accuracy(
        _ request: ExportRequest,
        _ place: URL,
        _ before: ExportAccuracy.Answers?,
        _ rows: LabelledTexts?
    ) throws -> ExportSummary.Accuracy? {
        guard let before, let rows else { return nil }
        switch request.weights(at: place) {
        case .unchanged: return .unchanged
        case .elsewhere(let reason): return .notMeasured(reason)
        case .opened(let copy):
            let after = try answers(of: load(copy.path(percentEncoded: false), nil), on: rows)
            return .measured(ExportAccuracy(before: before, after: after))
        }
    }
}
