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

    /// A classifier with the rows that it scored.
    struct Scored {
        /// The model's folder or file.
        let path: String
        /// The classifier.
        let model: TextClassifier
        /// The rows with their labels.
        let rows: LabelledTexts
        /// The names of the columns with texts, second texts and labels.
        let columns: (text: String, pair: String?, labels: [String])
        /// The logits.
        let scored: ScoredRows
    }

    /// The settings given on the command line.
    private var told: ClassifierSettings {
        var settings = ClassifierSettings()
        texts.apply(to: &settings)
        settings.labelColumns = labels.columns.isEmpty ? nil : labels.columns
        settings.emptyTexts = emptyTexts
        settings.missingLabels = missingLabels
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
        var told = told
        if keepsAllRows { (told.emptyTexts, told.missingLabels) = (.keep, .refuse) }
        let reader = try RowReader(model: path, told: told)
        guard reader.settings.labelColumns != nil else {
            throw ValidationError(
                "Missing expected argument '--label-column <name>': the column of the true labels"
            )
        }
        // Check the columns before reading the weights.
        let dataset = try requireDataset()
        let rows = try Dataset(HubPath.dataset(dataset), split: part.split, configuration: part.datasetConfig)
        for warning in rows.warnings { writeToStandardError("attune: warning: \(warning)\n") }
        let columns = (
            text: try reader.textColumn(of: rows), pair: try reader.textPairColumn(of: rows),
            labels: try reader.labelColumns(of: rows)
        )
        _ = try reader.columns(of: rows)
        let engine = try Engine(inference.device, threads: inference.threads)
        let model = try load(path, name, told, engine)
        let (labelled, notes) = try reader.labelled(rows, problemType: model.problemType)
        for note in notes { writeToStandardError(note + "\n") }
        let examples = model.encode(labelled.inputs, targets: try targets(labelled, model, columns.labels))
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

    /// The targets as ids of the model's labels.
    private func targets(
        _ rows: LabelledTexts,
        _ model: TextClassifier,
        _ columns: [String]
    ) throws -> Targets {
        do {
            return try rows.targets(among: model.labels)
        } catch {
            throw error.located(
                in: try HubPath.dataset(requireDataset()),
                split: part.split,
                configuration: part.datasetConfig,
                columns: columns
            )
        }
    }
}
