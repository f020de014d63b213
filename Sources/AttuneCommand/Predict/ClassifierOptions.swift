import ArgumentParser
import Attune
import Tokenization

// The options of commands that use a saved model. Each overrides the setting that was saved in training.

/// The columns and the maximum length of texts.
struct TextOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The column that holds the texts. Default: as in training, else \"text\".",
            valueName: "name"
        )
    )
    var textColumn: String?

    @Option(
        help: ArgumentHelp(
            "The column of second texts, to classify pairs. Default: as in training; \"\" for single texts.",
            valueName: "name"
        )
    )
    var textPairColumn: String?

    @Option(
        help: ArgumentHelp(
            "The maximum number of tokens of a text; longer texts are cut. Default: as in training, else the model's limit.",
            valueName: "tokens"
        )
    )
    var maxLength: Int?

    @Option(
        help: ArgumentHelp(
            "The part of a longer text that is read: \(LongText.words). Default: as in training, else the head.",
            valueName: "part"
        )
    )
    var longText: LongText?

    func validate() throws {
        if let maxLength, maxLength < 1 { throw ValidationError("--max-length must be at least 1") }
    }

    func apply(to settings: inout ClassifierSettings) {
        settings.textColumn = textColumn
        settings.textPairColumn = textPairColumn
        settings.maxLength = maxLength
        settings.longText = longText
    }
}

/// `--label-names`.
struct LabelNameOptions: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Names for the model's labels, in the order of their ids. If given several times, one name each.",
            discussion: "Put a name with a comma in double quotes.",
            valueName: "a,b,c"
        )
    )
    var labelNames: [String] = []

    /// The names; nil if none are given.
    var names: [String]? {
        switch labelNames.count {
        case 0: nil
        case 1: listed(labelNames[0])
        default: labelNames.map { $0.hasPrefix("\"") && listed($0).count == 1 ? listed($0)[0] : $0 }
        }
    }

    func validate() throws {
        if let names, names.isEmpty {
            throw ValidationError("--label-names needs one name for each label of the model")
        }
    }
}

/// Batch size, threads, device and number types for inference.
struct InferenceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Texts per batch. Default: as many as fit into 4,096 tokens.", valueName: "count")
    )
    var batchSize: Int?

    @Option(
        help: ArgumentHelp(
            "Maximum tokens per batch, instead of --batch-size. A batch has at least one text.",
            valueName: "tokens"
        )
    )
    var maxTokensPerBatch: Int?

    @Option(
        help: ArgumentHelp(
            "CPU threads. Default: all cores, or the container's share of them.",
            valueName: "count"
        )
    )
    var threads: Int?

    @OptionGroup var precision: PrecisionOptions
    @OptionGroup var device: DeviceOptions
    @OptionGroup var weights: WeightsOptions

    func validate() throws {
        for (flag, value) in [
            ("--batch-size", batchSize), ("--max-tokens-per-batch", maxTokensPerBatch),
            ("--threads", threads),
        ] {
            if let value, value < 1 { throw ValidationError("\(flag) must be at least 1") }
        }
        if batchSize != nil, maxTokensPerBatch != nil {
            throw ValidationError("--batch-size and --max-tokens-per-batch exclude each other")
        }
    }
}

/// A saved classifier and the options for reading and classifying texts.
struct ClassifierOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A folder that `attune train` saved, a .gguf or .attune file, or an id of the Hub: org/name[@revision].",
            valueName: "model"
        )
    )
    var model: String

    @Option(
        help: ArgumentHelp(
            "The base model of an adapter, if the one that it names is elsewhere.",
            valueName: "model"
        )
    )
    var adapterBase: String?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "An adapter in the model's folder, by the name of its subfolder, as peft saves several; name=folder takes one from "
                + "elsewhere, for the model as its base. Give it several times to predict with several adapters at once.",
            valueName: "name"
        )
    )
    var adapterName: [String] = []

    @OptionGroup var texts: TextOptions
    @OptionGroup var names: LabelNameOptions

    @Option(
        help: ArgumentHelp(
            "single-label, multi-label or regression. Needed only if the model's config.json lacks it or is wrong.",
            valueName: "type"
        )
    )
    var problemType: ProblemType?

    @Option(help: "Empty texts: keep, drop or refuse. Default: as in training, else keep.")
    var emptyTexts: RowPolicy?

    @Flag(
        help:
            "Ignore decisions.json in the model's folder: the model's own scores, without thresholds or sets."
    )
    var raw = false

    @OptionGroup var inference: InferenceOptions

    @Option(
        help: ArgumentHelp(
            "int8: multiply linear layers in 8-bit integers on the CPU: faster, in a quarter of the memory, and less exact. The weights are quantized while they are read; the model's files do not change.",
            valueName: "type"
        )
    )
    var quantize: ProductQuantization?

    /// The settings given on the command line.
    var told: ClassifierSettings {
        var settings = ClassifierSettings()
        texts.apply(to: &settings)
        settings.labelNames = names.names
        settings.problemType = problemType
        settings.emptyTexts = emptyTexts
        return settings
    }

    /// The engine that computes.
    ///
    /// - Throws: The errors of ``Engine``.
    func engine() throws -> Engine {
        try Engine(inference.device.fit(for: quantize), threads: inference.threads)
    }

    /// Finds the model and its chosen adapters, downloading what is on the Hub.
    ///
    /// - Returns: The place of the model.
    /// - Throws: `ModelError` for an unknown adapter; the errors of downloading.
    func place() throws -> ClassifierPlace {
        let path = try HubPath.model(model)
        var place = ClassifierPlace(path: path, base: nil, adapters: [])
        for entry in adapterName {
            guard let sign = entry.firstIndex(of: "="), sign != entry.startIndex else {
                place.adapters.append(try AdapterPlace(entry, in: path))
                continue
            }
            let folder = try HubPath.model(String(entry[entry.index(after: sign)...]))
            place.adapters.append(AdapterPlace(name: String(entry[..<sign]), path: folder))
            if AdapterPlace.all(in: path).isEmpty { place.base = path }
        }
        if place.base == nil || adapterBase != nil {
            place.base = try HubPath.base(ofModelAt: place.first, named: adapterBase)
        }
        return place
    }

    private func options(_ engine: Engine) -> SequenceClassifier.LoadOptions {
        var options = SequenceClassifier.LoadOptions()
        (options.device, options.productRoutes) = (engine.device, engine.productRoutes)
        options.weightsDType = inference.weights.dtype
        options.mapsWeights = true
        options.productQuantization = quantize
        return options
    }

    /// Loads the classifier.
    ///
    /// - Parameters:
    ///   - place: The place of the model, with at most one adapter.
    ///   - engine: The engine that computes.
    /// - Returns: A trained classifier; notes about it go to standard error.
    /// - Throws: `ModelError` for a base model; the errors of loading.
    func load(_ place: ClassifierPlace, on engine: Engine) throws -> TextClassifier {
        let (classifier, report) = try TextClassifier.load(
            place.first,
            base: place.base,
            options: options(engine),
            settings: told
        )
        guard report.fresh.isEmpty else { throw ModelError.untrained(model, report) }
        for note in classifier.notes { writeToStandardError("attune: warning: \(note)\n") }
        if let note = classifier.model.productQuantizationNote { writeToStandardError(note + "\n") }
        if raw { classifier.decisions = nil }
        if let decisions = classifier.decisions {
            writeToStandardError("as calibrated: \(decisions.summary) (decisions.json; --raw ignores it)\n")
        }
        return classifier
    }

    /// Compares a model with integer products with the logits in its folder, and prints the differences to standard error.
    ///
    /// - Parameters:
    ///   - model: The classifier.
    ///   - place: The place of the model.
    /// - Returns: The differences; nil for other products, and without such logits.
    /// - Throws: `TorchError`.
    func quantizationEffect(
        on model: TextClassifier,
        _ place: ClassifierPlace
    ) throws -> QuantizationEffect? {
        let effect = try QuantizationEffect(
            on: model,
            folder: place.first,
            matmulDType: inference.precision.choice.matmulDType
        )
        if let effect { writeToStandardError(effect.text + "\n") }
        return effect
    }

    /// Loads several adapters over one base model.
    ///
    /// - Parameters:
    ///   - place: The place of the model and its adapters.
    ///   - engine: The engine that computes.
    /// - Returns: The classifiers; notes about them go to standard error.
    /// - Throws: `ModelError` for a name that is given twice; the errors of loading.
    func loadAdapters(_ place: ClassifierPlace, on engine: Engine) throws -> NamedAdapters {
        var adapters = NamedAdapters(base: place.base, options: options(engine))
        for adapter in place.adapters {
            let report = try adapters.load(adapter.path, as: adapter.name, settings: told)
            if raw { try adapters.classifier(adapter.name).decisions = nil }
            for note in report.notes {
                writeToStandardError("attune: warning: adapter \(adapter.name): \(note)\n")
            }
        }
        if let name = adapters.names.first,
            let note = try adapters.classifier(name).model.productQuantizationNote
        {
            writeToStandardError(note + "\n")
        }
        return adapters
    }
}

/// The place of a model on disk, and of its chosen adapters.
struct ClassifierPlace {
    /// The folder, `.gguf` or `.attune` file.
    let path: String
    /// The base model of the adapters; nil takes the one that they name.
    var base: String?
    /// The chosen adapters; empty for the model as it is.
    var adapters: [AdapterPlace]

    /// The model, or the first chosen adapter: its settings are those of the data.
    var first: String { adapters.first?.path ?? path }
}
