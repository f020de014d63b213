import ArgumentParser
import Attune
import Evaluation
import Foundation

/// The labelled rows that a saved classifier scores, for `attune calibrate` and `attune errors`.
struct ScoringOptions: ParsableArguments {
    @Option(help: .fileOfRows)
    var dataset: String?

    @OptionGroup var part: SplitOptions

    @OptionGroup var texts: TextOptions
    @OptionGroup var labels: LabelColumnOptions

    @Option(
        help: ArgumentHelp(
            "The base model of an adapter, if the one that it names is elsewhere.",
            valueName: "model"
        )
    )
    var adapterBase: String?

    @Option(help: "Empty texts: keep, drop or refuse. Default: as in training, else keep.")
    var emptyTexts: RowPolicy?

    @Option(help: "Rows without a label: refuse or drop. Default: as in training, else refuse.")
    var missingLabels: RowPolicy?

    @OptionGroup var inference: InferenceOptions

    func validate() throws {
        guard missingLabels != .keep else {
            throw ValidationError(
                "--missing-labels keep: a row without a label cannot be used; use refuse or drop"
            )
        }
    }

    /// The dataset, as it was given.
    ///
    /// - Throws: `ValidationError` without `--dataset`.
    func requireDataset() throws -> String {
        guard let dataset else {
            throw ValidationError("Missing expected argument '--dataset <path>': the labelled rows to score")
        }
        return dataset
    }

    /// The names of the columns with texts, second texts and labels.
    typealias Columns = (text: String, pair: String?, labels: [String])

    /// A classifier with the rows that it scored.
    struct Scored {
        /// The model's folder or file.
        let path: String
        /// The classifier.
        let model: TextClassifier
        /// The rows with their labels.
        let rows: LabelledTexts
        /// The names of their columns.
        let columns: Columns
        /// The logits.
        let scored: ScoredRows
    }

    /// The settings given on the command line.
    ///
    /// - Parameter keepsAllRows: Whether to keep every row, so that rows have the numbers of the dataset.
    /// - Returns: The settings.
    private func told(keepsAllRows: Bool) -> ClassifierSettings {
        var settings = ClassifierSettings()
        texts.apply(to: &settings)
        settings.labelColumns = labels.columns.isEmpty ? nil : labels.columns
        settings.emptyTexts = keepsAllRows ? .keep : emptyTexts
        settings.missingLabels = keepsAllRows ? .refuse : missingLabels
        return settings
    }

    /// Loads a classifier and scores the rows.
    ///
    /// - Parameters:
    ///   - name: The model, as it was given.
    ///   - keepsAllRows: Whether to keep every row, so that rows have the numbers of the dataset.
    /// - Returns: The classifier and the scored rows. Notes go to standard error.
    /// - Throws: `ModelError` for a base model or a regression; the errors of reading and loading.
    func score(_ name: String, keepsAllRows: Bool = false) throws -> Scored {
        let path = try HubPath.model(name)
        let told = told(keepsAllRows: keepsAllRows)
        // Check the columns before reading the weights.
        let (reader, rows, columns) = try openDataset(RowReader(model: path, told: told))
        let engine = try Engine(inference.device, threads: inference.threads)
        let model = try load(path, name, told, engine)
        let labelled = try labelled(rows, reader, model.problemType)
        let targets = try targets(of: labelled, columns, among: model.labels)
        let examples = model.encode(labelled.inputs, targets: targets)
        let console = Console.current
        console.begin(.evaluate)
        let scored = try model.scored(
            examples,
            texts: labelled.inputs,
            batchSize: inference.batchSize,
            maxTokensPerBatch: inference.maxTokensPerBatch,
            precision: inference.precision.choice
        ) { done in
            engine.adaptThreads()
            console.show(.evaluate, done, of: examples.count)
        }
        return Scored(path: path, model: model, rows: labelled, columns: columns, scored: scored)
    }

    /// Reads all rows with their labels, without a classifier.
    ///
    /// - Parameters:
    ///   - path: The model's folder or file, for the settings of its training.
    ///   - labels: The label names by id.
    /// - Returns: The rows with the numbers of the dataset, their columns, and their targets. Notes go to standard error.
    /// - Throws: The errors of reading; an error that names a label that is not among the names.
    func allRows(
        _ path: String,
        labels: [String]
    ) throws -> (rows: LabelledTexts, columns: Columns, targets: Targets) {
        let (reader, rows, columns) = try openDataset(RowReader(model: path, told: told(keepsAllRows: true)))
        let labelled = try labelled(rows, reader, .singleLabel)
        return (labelled, columns, try targets(of: labelled, columns, among: labels))
    }

    /// Opens the dataset and checks its columns.
    private func openDataset(
        _ reader: RowReader
    ) throws -> (reader: RowReader, rows: Dataset, columns: Columns) {
        guard reader.settings.labelColumns != nil else {
            throw ValidationError(
                "Missing expected argument '--label-column <name>': the column of the true labels"
            )
        }
        let dataset = try requireDataset()
        let rows = try Dataset(HubPath.dataset(dataset), split: part.split, configuration: part.datasetConfig)
        for warning in rows.warnings { writeToStandardError("attune: warning: \(warning)\n") }
        let columns: Columns = (
            text: try reader.textColumn(of: rows), pair: try reader.textPairColumn(of: rows),
            labels: try reader.labelColumns(of: rows)
        )
        _ = try reader.columns(of: rows)
        return (reader, rows, columns)
    }

    /// The rows with their labels; notes go to standard error.
    private func labelled(
        _ rows: Dataset,
        _ reader: RowReader,
        _ problemType: ProblemType
    ) throws -> LabelledTexts {
        let (labelled, notes) = try reader.labelled(rows, problemType: problemType)
        for note in notes { writeToStandardError(note + "\n") }
        return labelled
    }

    private func load(
        _ path: String,
        _ name: String,
        _ told: ClassifierSettings,
        _ engine: Engine
    ) throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        (options.device, options.productRoutes) = (engine.device, engine.productRoutes)
        options.weightsDType = inference.weights.dtype
        options.mapsWeights = true
        let (model, report) = try TextClassifier.load(
            path,
            base: try HubPath.base(ofModelAt: path, named: adapterBase),
            options: options,
            settings: told
        )
        guard report.fresh.isEmpty else { throw ModelError.untrained(name, report) }
        for note in model.notes { writeToStandardError("attune: warning: \(note)\n") }
        return model
    }

    /// The targets as ids among some labels.
    private func targets(
        of rows: LabelledTexts,
        _ columns: Columns,
        among labels: [String]
    ) throws -> Targets {
        do {
            return try rows.targets(among: labels)
        } catch {
            throw error.located(
                in: try HubPath.dataset(requireDataset()),
                split: part.split,
                configuration: part.datasetConfig,
                columns: columns.labels
            )
        }
    }
}
