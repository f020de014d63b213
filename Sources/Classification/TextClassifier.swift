public import Checkpoints
import Files
public import Foundation
import JSON
public import Models
public import NN
public import Tokenization
public import Torch

/// A text classifier: tokenizer, model and labels.
///
/// ```swift
/// let (classifier, _) = try TextClassifier.load("runs/tweets")
/// for prediction in try classifier.classify(["Thank you, Ohio!"]) { … prediction.label … }
/// ```
public final class TextClassifier {
    /// The model, which computes logits from token ids.
    public let model: SequenceClassifier
    /// The tokenizer, which computes token ids from text.
    public let tokenizer: Tokenizer
    /// The most tokens of a text; longer texts are truncated.
    public let maxLength: Int
    /// The same length, and the reason for it.
    public let length: TextLengthLimit
    /// The settings of training, with the current length, labels and problem type.
    ///
    /// They are saved with the classifier.
    public private(set) var settings: ClassifierSettings
    /// Warnings about the model and its settings, one sentence each.
    public let notes: [String]
    /// The decisions about scores and labels, from the folder's `decisions.json`; nil for the model's own scores.
    ///
    /// They are saved with the classifier.
    public var decisions: Decisions?

    /// The label names by id; for regression, the name of the predicted quantity.
    public var labels: [String] { model.labels }

    /// Whether it predicts one label, several labels or a number.
    public var problemType: ProblemType { model.problemType }

    init(
        model: SequenceClassifier,
        tokenizer: Tokenizer,
        maxLength: Int?,
        settings: ClassifierSettings = ClassifierSettings(),
        notes: [String] = [],
        decisions: Decisions? = nil
    ) {
        self.model = model
        self.decisions = decisions
        self.tokenizer = tokenizer
        length = TextLengthLimit(
            requested: maxLength,
            tokenizer: tokenizer.modelMaxLength,
            positions: model.positionLimit
        )
        self.maxLength = length.tokens ?? .max
        self.settings = settings
        let isFit = settings.loss?.fits(model.problemType, labelCount: model.labels.count) ?? true
        self.notes =
            notes + [length.note].compactMap { $0 } + (isFit ? [] : [LossSettings.unfitNote])
        remember(settings)
    }

    /// Replaces ``settings``, which are saved with the classifier.
    ///
    /// - Parameter choices: The settings. Length, label names and problem type stay those of the classifier, and a
    ///     loss for other labels is left out.
    public func remember(_ choices: ClassifierSettings) {
        settings = choices
        settings.maxLength = lengthLimit
        settings.labelNames = labels
        settings.problemType = problemType
        if let loss = settings.loss, !loss.fits(problemType, labelCount: labels.count) { settings.loss = nil }
    }

    /// Loads a model folder in the Hub's layout, a `.gguf` or `.attune` file, or an adapter's folder with its base model.
    ///
    /// - Parameters:
    ///   - path: The folder or file.
    ///   - base: The base model of an adapter; nil takes the one that it names.
    ///   - options: The labels, head and device; the tokenizer's padding token is added.
    ///   - maxLength: The most tokens of a text; nil takes that of `settings`.
    ///   - settings: Settings that override those of training. If no length is set, tokenizer and model determine it.
    ///   - seed: The seed of a fresh head.
    /// - Returns: The classifier and the load report. The report's notes include one if the requested length was reduced.
    /// - Throws: `ModelError`, `CheckpointError`, `TokenizerError` or `TorchError`, naming the file and a remedy.
    public static func load(
        _ path: String,
        base: String? = nil,
        options: SequenceClassifier.LoadOptions = .init(),
        maxLength: Int? = nil,
        settings: ClassifierSettings = ClassifierSettings(),
        seed: UInt64 = 42
    ) throws -> (classifier: TextClassifier, report: LoadReport) {
        try load(
            ModelSource(path: path, base: base, settings: settings),
            options: options,
            maxLength: maxLength,
            settings: settings,
            seed: seed
        )
    }

    /// Loads an opened model.
    ///
    /// - Parameters:
    ///   - source: The opened model.
    ///   - options: The labels, head and device.
    ///   - maxLength: The most tokens of a text.
    ///   - settings: Settings that override those of training.
    ///   - seed: The seed of a fresh head.
    ///   - other: A classifier with another adapter on the same base, whose frozen weights are shared.
    /// - Returns: The classifier and the load report.
    /// - Throws: As ``load(_:base:options:maxLength:settings:seed:)``.
    static func load(
        _ source: ModelSource,
        options: SequenceClassifier.LoadOptions,
        maxLength: Int? = nil,
        settings: ClassifierSettings,
        seed: UInt64 = 42,
        sharing other: TextClassifier? = nil
    ) throws -> (classifier: TextClassifier, report: LoadReport) {
        var options = options
        options.problemType = options.problemType ?? settings.problemType
        options.padTokenID =
            options.padTokenID ?? source.adapter?.record.padTokenID ?? source.tokenizer.padTokenID
        if options.resizesEmbeddings { options.embeddingRows = source.tokenizer.vocabularySize }
        let fit = try source.requireFit(addingRows: options.resizesEmbeddings)
        let configuration = options.settlingSingleLogit(of: source.configuration)
        if let adapter = source.adapter {
            options.headComesLater = true
            options.keepFrozen(adapter.frozenStorage, under: adapter.configuration)
        }
        var (model, report) = try SequenceClassifier.load(
            source.checkpoint,
            configuration: configuration,
            options: options,
            random: RandomSource(seed: seed),
            sharing: other.map { SharedBase($0.model, except: source.adapter?.parameterNames ?? []) }
        )
        try source.adapter?.attach(to: model, &report, options)
        if source.adapter != nil { try model.packProducts(options) }
        report.notes += fit.typeNotes
        let classifier = TextClassifier(
            model: model,
            tokenizer: source.tokenizer,
            maxLength: maxLength ?? source.settings.maxLength,
            settings: source.settings,
            notes: source.notes + report.notes,
            // A head for other labels is about to be trained.
            decisions: source.decisions?.labels.count == model.labels.count ? source.decisions : nil
        )
        if let limit = classifier.lengthLimit { try requireRoom(limit, for: source.tokenizer) }
        report.notes = classifier.notes
        return (classifier, report)
    }

    /// Tokenizes texts, truncated to ``maxLength``.
    ///
    /// - Parameters:
    ///   - texts: The texts. A text without tokens becomes a single padding token, as in a padded batch.
    ///   - targets: The targets, one per text, if known.
    /// - Returns: The encoded texts.
    public func encode(_ texts: [String], targets: Targets? = nil) -> EncodedExamples {
        encode(.texts(texts), targets: targets)
    }

    /// Tokenizes texts or pairs, truncated to ``maxLength``.
    ///
    /// - Parameters:
    ///   - inputs: The texts or pairs. One without tokens becomes a single padding token, as in a padded batch.
    ///   - targets: The targets, one per example, if known.
    /// - Returns: The encoded examples.
    public func encode(_ inputs: TextInputs, targets: Targets? = nil) -> EncodedExamples {
        examples(
            inputs.encoded(by: tokenizer, maxLength: lengthLimit, longText: settings.longText),
            targets: targets
        )
    }

    /// ``maxLength``, or nil if there is no limit.
    public var lengthLimit: Int? { maxLength == .max ? nil : maxLength }

    /// Creates examples from texts that were tokenized before, for this model.
    ///
    /// - Parameters:
    ///   - encodings: The ids from ``tokenizer``, truncated to ``maxLength``. A text without ids becomes a single padding
    ///         token, as in a padded batch. Type ids are adapted to the model.
    ///   - targets: The targets, one per text, if known.
    /// - Returns: The encoded texts.
    public func examples(_ encodings: PackedEncodings, targets: Targets? = nil) -> EncodedExamples {
        guard zip(encodings.cuSeqlens, encodings.cuSeqlens.dropFirst()).contains(where: ==) else {
            return EncodedExamples(encodings: typed(encodings), targets: targets)
        }
        let filler = tokenizer.padTokenID ?? tokenizer.eosTokenID ?? 0
        let hasTypes = !encodings.typeIDs.isEmpty
        var filled = PackedEncodings(isTruncated: encodings.isTruncated)
        filled.windowStarts = encodings.windowStarts
        for index in 0..<encodings.count {
            let range = encodings.range(of: index)
            filled.ids += range.isEmpty ? [filler] : encodings.ids[range]
            if hasTypes { filled.typeIDs += range.isEmpty ? [0] : encodings.typeIDs[range] }
            filled.cuSeqlens.append(Int32(filled.ids.count))
        }
        return EncodedExamples(encodings: typed(filled), targets: targets)
    }

    /// The same texts with token types that the model supports.
    private func typed(_ encodings: PackedEncodings) -> PackedEncodings {
        var result = encodings
        result.typeIDs = model.tokenTypes.taken(
            encodings.typeIDs,
            count: encodings.ids.count,
            areGiven: tokenizer.givesTokenTypes
        )
        return result
    }

    /// Computes logits in evaluation mode, batch by batch.
    ///
    /// - Parameters:
    ///   - examples: Examples from ``encode(_:targets:)-(TextInputs,_)``.
    ///   - batchSize: The texts per batch; nil fills batches by tokens.
    ///   - maxTokensPerBatch: The most tokens of a batch without a `batchSize`; at least one text. Nil takes 4,096.
    ///   - matmulDType: The type of matrix products.
    ///   - progress: Receives the number of finished texts; returns whether to continue.
    /// - Returns: The logits `[count][K]` in order; fewer if `progress` stopped the computation.
    /// - Throws: `TorchError`.
    public func logits(
        _ examples: EncodedExamples,
        batchSize: Int? = nil,
        maxTokensPerBatch: Int? = nil,
        matmulDType: DType = .float32,
        progress: (Int) -> Bool = { _ in true }
    ) throws(TorchError) -> [[Float]] {
        let context = ForwardContext(matmulDType: matmulDType)
        let width = labels.count
        var rows: [[Float]] = []
        rows.reserveCapacity(examples.count)
        for range in batches(of: examples, batchSize, maxTokensPerBatch) {
            let values = try logits(examples, range, maxTokensPerBatch, context)
            for row in 0..<range.count { rows.append(Array(values[row * width..<(row + 1) * width])) }
            if !progress(rows.count) { break }
        }
        return rows
    }

    /// Passes logits in evaluation mode to a closure batch by batch, so that the scores of thousands of labels for thousands of
    /// texts need not be stored.
    ///
    /// - Parameters:
    ///   - examples: Examples from ``encode(_:targets:)-(TextInputs,_)``.
    ///   - batchSize: The texts per batch; nil fills batches by tokens.
    ///   - maxTokensPerBatch: The most tokens of a batch without a `batchSize`; at least one text. Nil takes 4,096.
    ///   - matmulDType: The type of matrix products.
    ///   - body: Receives the batch's texts and its logits `[B · K]`, row by row; returns whether to continue.
    /// - Throws: `TorchError`; the errors of `body`.
    public func forEachBatch(
        of examples: EncodedExamples,
        batchSize: Int? = nil,
        maxTokensPerBatch: Int? = nil,
        matmulDType: DType = .float32,
        _ body: (_ texts: Range<Int>, _ logits: [Float]) throws -> Bool
    ) throws {
        let context = ForwardContext(matmulDType: matmulDType)
        for range in batches(of: examples, batchSize, maxTokensPerBatch) {
            guard try body(range, logits(examples, range, maxTokensPerBatch, context)) else { return }
        }
    }

    /// The most logits of a batch if batches are filled by tokens: 64 MB.
    private static let mostLogits = 1 << 24

    private func batches(of examples: EncodedExamples, _ size: Int?, _ maxTokens: Int?) -> [Range<Int>] {
        let maxTexts = max(Self.mostLogits / max(labels.count, 1), 1)
        return examples.batches(of: size, maxTokens: maxTokens, maxTexts: maxTexts)
    }

    /// The logits of a batch, row by row; of a text with several windows, the mean over them.
    private func logits(
        _ examples: EncodedExamples,
        _ range: Range<Int>,
        _ maxTokens: Int?,
        _ context: ForwardContext
    ) throws(TorchError) -> [Float] {
        let encodings = examples.encodings
        guard !encodings.windowStarts.isEmpty else { return try logits(examples, range, context) }
        // A single text may have hundreds of windows.
        let part = encodings.selecting(range)
        let windows = EncodedExamples(encodings: part.asSequences)
        var values: [Float] = []
        for range in windows.batches(of: nil, maxTokens: maxTokens) {
            values += try logits(windows, range, context)
        }
        let width = labels.count
        return (0..<part.textCount).flatMap { text in
            let sequences = part.sequences(of: text)
            return (0..<width).map { label in
                let sum = sequences.reduce(0.0) { $0 + Double(values[$1 * width + label]) }
                return Float(sum / Double(sequences.count))
            }
        }
    }

    private func logits(
        _ examples: EncodedExamples,
        _ range: Range<Int>,
        _ context: ForwardContext
    ) throws(TorchError) -> [Float] {
        let padTokenID = model.configuration.padTokenID
        let batch = try examples.batch(range, padTokenID: padTokenID, device: model.device)
        return try withNoGradient { () throws(TorchError) in
            try model.logits(batch, context).array(of: Float.self)
        }
    }

    /// Classifies texts.
    ///
    /// - Parameter texts: The texts.
    /// - Returns: One prediction per text, in order.
    /// - Throws: `TorchError`.
    public func classify(_ texts: [String]) throws(TorchError) -> [Prediction] {
        try predictions(of: logits(encode(texts)))
    }

    /// Converts logits into predictions, as ``decisions`` say.
    ///
    /// - Parameter logits: Logits `[count][K]` from ``logits(_:batchSize:maxTokensPerBatch:matmulDType:progress:)``.
    /// - Returns: One prediction per row, in order.
    public func predictions(of logits: [[Float]]) -> [Prediction] {
        logits.map {
            Prediction(logits: $0, labels: labels, problemType: problemType, decisions: decisions)
        }
    }

    /// Writes `config.json`, the weights, the tokenizer's files, ``settings`` and ``decisions`` in the Hub's layout, each
    /// file atomically.
    ///
    /// With an adapter, only the adapter is written, in peft's form and without a `config.json`, which would make transformers
    /// take the folder for a whole model.
    ///
    /// - Parameters:
    ///   - folder: The folder; it is created if necessary.
    ///   - purpose: The purpose of the saved model.
    /// - Throws: `CheckpointError` or `FileError` if it cannot be written.
    public func save(to folder: URL, for purpose: SequenceClassifier.SavingPurpose = .use) throws {
        if model.adapter == nil {
            try model.save(to: folder, for: purpose)
        } else {
            try model.saveAdapter(to: folder, metadata: adapterRecord.metadata, for: purpose)
        }
        try saveCompanions(to: folder)
    }

    /// Writes the files next to the weights: the tokenizer's, the settings and the decisions.
    ///
    /// - Parameter folder: The folder; it is created if necessary.
    /// - Throws: `FileError` if a file cannot be written.
    package func saveCompanions(to folder: URL) throws {
        for file in tokenizer.files {
            try writeAtomically(Data(file.contents), to: folder.appending(path: file.name))
        }
        try settings.save(to: folder)
        try decisions?.save(to: folder)
    }
}

extension SequenceClassifier.LoadOptions {
    /// Decides the meaning of a head with one logit.
    ///
    /// The label's name does not reveal it, so if `config.json` does not state the problem type, the caller's choice is used.
    ///
    /// - Parameter configuration: The checkpoint's configuration.
    /// - Returns: The configuration, with the caller's choice.
    mutating func settlingSingleLogit(of configuration: ModelConfiguration) -> ModelConfiguration {
        guard configuration.isClassifier, configuration.labels.count == 1, !reinitializesHead else {
            return configuration
        }
        var settled = configuration
        if let problemType, configuration["problem_type"] == .null {
            var fields = configuration.fields
            fields["problem_type"] = .string(problemType.rawValue)
            settled = ModelConfiguration(fields: fields, source: configuration.source)
        }
        if problemType ?? settled.problemType == .regression { labels = configuration.labels }
        return settled
    }
}
