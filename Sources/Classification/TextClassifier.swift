public import Checkpoints
import Files
public import Foundation
import JSON
public import Models
public import NN
public import Tokenization
public import Torch

/// A fine-tuned or fresh classifier of texts: tokenizer, model and labels together.
///
/// ```swift
/// let (classifier, _) = try TextClassifier.load("runs/tweets")
/// for prediction in try classifier.classify(["Thank you, Ohio!"]) { … prediction.label … }
/// ```
public final class TextClassifier {
    /// Ids in, logits out.
    public let model: SequenceClassifier
    /// Text to ids.
    public let tokenizer: Tokenizer
    /// Tokens of a text at the most; what is longer is cut.
    public let maxLength: Int
    /// The same length, and what decides it.
    public let length: TextLengthLimit
    /// How its texts were read in training, with the length, labels and problem type that it has now; saved with it.
    public private(set) var settings: ClassifierSettings
    /// What a person should know of the model and its settings although it was loaded, a sentence each.
    public let notes: [String]

    /// The label names by id; of a regression the name of what is predicted.
    public var labels: [String] { model.labels }

    /// Whether it gives a text one label, several or a number.
    public var problemType: ProblemType { model.problemType }

    init(
        model: SequenceClassifier,
        tokenizer: Tokenizer,
        maxLength: Int?,
        settings: ClassifierSettings = ClassifierSettings(),
        notes: [String] = []
    ) {
        self.model = model
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
    /// - Parameter choices: How its texts are read; length, label names and problem type stay those of the classifier. A
    ///   loss for other labels is left out.
    public func remember(_ choices: ClassifierSettings) {
        settings = choices
        settings.maxLength = lengthLimit
        settings.labelNames = labels
        settings.problemType = problemType
        if let loss = settings.loss, !loss.fits(problemType, labelCount: labels.count) { settings.loss = nil }
    }

    /// Loads a model folder in the Hub's layout or a `.gguf` file.
    ///
    /// - Parameters:
    ///   - path: The folder or file.
    ///   - options: Labels wanted, head and device; the tokenizer's padding token is added.
    ///   - maxLength: Tokens of a text at the most; nil takes that of `settings`.
    ///   - settings: Choices that override those of training; of length, nil takes what tokenizer and model allow.
    ///   - seed: Of a fresh head.
    /// - Returns: The classifier and what was loaded; the report's notes are for a person, a length that was cut down included.
    /// - Throws: `ModelError`, `CheckpointError`, `TokenizerError` or `TorchError`, naming file and remedy.
    public static func load(
        _ path: String,
        options: SequenceClassifier.LoadOptions = .init(),
        maxLength: Int? = nil,
        settings: ClassifierSettings = ClassifierSettings(),
        seed: UInt64 = 42
    ) throws -> (classifier: TextClassifier, report: LoadReport) {
        let source = try ModelSource(path: path, settings: settings)
        var options = options
        options.problemType = options.problemType ?? settings.problemType
        options.padTokenID = options.padTokenID ?? source.tokenizer.padTokenID
        if options.resizesEmbeddings { options.embeddingRows = source.tokenizer.vocabularySize }
        let fit = try source.requireFit(addingRows: options.resizesEmbeddings)
        let configuration = options.settlingSingleLogit(of: source.configuration)
        var (model, report) = try SequenceClassifier.load(
            source.checkpoint,
            configuration: configuration,
            options: options,
            random: RandomSource(seed: seed)
        )
        report.notes += fit.typeNotes
        let classifier = TextClassifier(
            model: model,
            tokenizer: source.tokenizer,
            maxLength: maxLength ?? source.settings.maxLength,
            settings: source.settings,
            notes: source.notes + report.notes
        )
        if let limit = classifier.lengthLimit { try requireRoom(limit, for: source.tokenizer) }
        report.notes = classifier.notes
        return (classifier, report)
    }

    /// Tokenizes texts, cut to ``maxLength``.
    ///
    /// - Parameters:
    ///   - texts: Any texts; one that gives no tokens becomes a single padding token, as in a padded batch.
    ///   - targets: As many, where they are known.
    /// - Returns: As many encoded texts.
    public func encode(_ texts: [String], targets: Targets? = nil) -> EncodedExamples {
        encode(.texts(texts), targets: targets)
    }

    /// Tokenizes texts or pairs, cut to ``maxLength``.
    ///
    /// - Parameters:
    ///   - inputs: Any texts; one that gives no tokens becomes a single padding token, as in a padded batch.
    ///   - targets: As many, where they are known.
    /// - Returns: As many encoded examples.
    public func encode(_ inputs: TextInputs, targets: Targets? = nil) -> EncodedExamples {
        examples(inputs.encoded(by: tokenizer, maxLength: lengthLimit), targets: targets)
    }

    /// ``maxLength``, or nil where nothing limits it.
    public var lengthLimit: Int? { maxLength == .max ? nil : maxLength }

    /// Texts that were tokenized before, for this model.
    ///
    /// - Parameters:
    ///   - encodings: Their ids, by ``tokenizer`` and cut to ``maxLength``; a text without any becomes a single padding
    ///     token, as in a padded batch. Type ids become those that the model takes.
    ///   - targets: As many, where they are known.
    /// - Returns: As many encoded texts.
    public func examples(_ encodings: PackedEncodings, targets: Targets? = nil) -> EncodedExamples {
        guard zip(encodings.cuSeqlens, encodings.cuSeqlens.dropFirst()).contains(where: ==) else {
            return EncodedExamples(encodings: typed(encodings), targets: targets)
        }
        let filler = tokenizer.padTokenID ?? tokenizer.eosTokenID ?? 0
        let hasTypes = !encodings.typeIDs.isEmpty
        var filled = PackedEncodings(truncatedCount: encodings.truncatedCount)
        for index in 0..<encodings.count {
            let range = encodings.range(of: index)
            filled.ids += range.isEmpty ? [filler] : encodings.ids[range]
            if hasTypes { filled.typeIDs += range.isEmpty ? [0] : encodings.typeIDs[range] }
            filled.cuSeqlens.append(Int32(filled.ids.count))
        }
        return EncodedExamples(encodings: typed(filled), targets: targets)
    }

    /// The same texts with the token types that the model takes.
    private func typed(_ encodings: PackedEncodings) -> PackedEncodings {
        var result = encodings
        result.typeIDs = model.tokenTypes.taken(
            encodings.typeIDs,
            count: encodings.ids.count,
            areGiven: tokenizer.givesTokenTypes
        )
        return result
    }

    /// Scores encoded texts in evaluation mode, in flat memory.
    ///
    /// - Parameters:
    ///   - examples: Tokenized by ``encode(_:targets:)``.
    ///   - batchSize: Texts of a batch; nil fills batches by tokens.
    ///   - maxTokensPerBatch: Tokens of a batch without a `batchSize`, one text at least; nil takes 4,096.
    ///   - matmulDType: Type of matrix products.
    ///   - progress: Told how many texts are done; returns whether to go on.
    /// - Returns: Logits `[count][K]` in order; fewer where `progress` stopped it.
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
            let values = try logits(examples, range, context)
            for row in 0..<range.count { rows.append(Array(values[row * width..<(row + 1) * width])) }
            if !progress(rows.count) { break }
        }
        return rows
    }

    /// Scores encoded texts in evaluation mode, batch by batch: the scores of thousands of labels for thousands of texts
    /// need not be kept.
    ///
    /// - Parameters:
    ///   - examples: Tokenized by ``encode(_:targets:)``.
    ///   - batchSize: Texts of a batch; nil fills batches by tokens.
    ///   - maxTokensPerBatch: Tokens of a batch without a `batchSize`, one text at least; nil takes 4,096.
    ///   - matmulDType: Type of matrix products.
    ///   - body: Takes the batch's texts and its logits `[B · K]`, text by text; returns whether to continue.
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
            guard try body(range, logits(examples, range, context)) else { return }
        }
    }

    /// Logits of a batch at the most, if batches are filled by tokens: 64 MB of them.
    private static let mostLogits = 1 << 24

    private func batches(of examples: EncodedExamples, _ size: Int?, _ maxTokens: Int?) -> [Range<Int>] {
        let maxTexts = max(Self.mostLogits / max(labels.count, 1), 1)
        return examples.batches(of: size, maxTokens: maxTokens, maxTexts: maxTexts)
    }

    /// The logits of a batch, text by text.
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
    /// - Parameter texts: Any texts.
    /// - Returns: A prediction each, in order.
    /// - Throws: `TorchError`.
    public func classify(_ texts: [String]) throws(TorchError) -> [Prediction] {
        try predictions(of: logits(encode(texts)))
    }

    /// What the classifier's logits say.
    ///
    /// - Parameter logits: `[count][K]`, by ``logits(_:batchSize:maxTokensPerBatch:matmulDType:progress:)``.
    /// - Returns: A prediction each, in order.
    public func predictions(of logits: [[Float]]) -> [Prediction] {
        logits.map { Prediction(logits: $0, labels: labels, problemType: problemType) }
    }

    /// Writes `config.json`, the weights, the tokenizer's files and ``settings`` in the Hub's layout, each whole or not at
    /// all.
    ///
    /// - Parameters:
    ///   - folder: Made if need be.
    ///   - purpose: What it is for.
    /// - Throws: `CheckpointError` or `FileError` where it cannot be written.
    public func save(to folder: URL, for purpose: SequenceClassifier.SavingPurpose = .use) throws {
        try model.save(to: folder, for: purpose)
        for file in tokenizer.files {
            try writeAtomically(Data(file.contents), to: folder.appending(path: file.name))
        }
        try settings.save(to: folder)
    }
}

extension SequenceClassifier.LoadOptions {
    /// A head of one logit: its label's name tells nothing, and where its `config.json` does not say what the logit means,
    /// the caller's word counts.
    ///
    /// - Parameter configuration: The checkpoint's.
    /// - Returns: The same, with the caller's word.
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
