public import Checkpoints
import Files
public import Foundation
import JSON
public import Models
import NN
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

    /// The label names by id.
    public var labels: [String] { model.labels }

    private init(model: SequenceClassifier, tokenizer: Tokenizer, maxLength: Int) {
        self.model = model
        self.tokenizer = tokenizer
        self.maxLength = maxLength
    }

    /// Loads a model folder in the Hub's layout or a `.gguf` file.
    ///
    /// - Parameters:
    ///   - path: The folder or file.
    ///   - options: Labels wanted, head and device; the tokenizer's padding token is added.
    ///   - maxLength: Tokens of a text at the most; nil takes what tokenizer and model allow.
    ///   - seed: Of a fresh head.
    /// - Returns: The classifier and what was loaded.
    /// - Throws: `ModelError`, `CheckpointError`, `TokenizerError` or `TorchError`, naming file and remedy.
    public static func load(
        _ path: String,
        options: SequenceClassifier.LoadOptions = .init(),
        maxLength: Int? = nil,
        seed: UInt64 = 42
    ) throws -> (classifier: TextClassifier, report: LoadReport) {
        let source = try ModelSource(path: path)
        var options = options
        options.padTokenID = options.padTokenID ?? source.tokenizer.padTokenID
        let (model, report) = try SequenceClassifier.load(
            source.checkpoint,
            configuration: source.configuration,
            options: options,
            random: RandomSource(seed: seed)
        )
        let limits = [source.tokenizer.modelMaxLength, model.maxLength]
        let limit = limits.compactMap { $0 }.min() ?? .max
        let classifier = TextClassifier(
            model: model,
            tokenizer: source.tokenizer,
            maxLength: min(maxLength ?? limit, limit)
        )
        return (classifier, report)
    }

    /// Tokenizes texts, cut to ``maxLength``.
    ///
    /// - Parameters:
    ///   - texts: Any texts; one that gives no tokens becomes a single padding token, as in a padded batch.
    ///   - labels: Their class ids, as many or none.
    /// - Returns: As many encoded texts.
    public func encode(_ texts: [String], labels: [Int] = []) -> EncodedExamples {
        encode(.texts(texts), labels: labels)
    }

    /// Tokenizes texts or pairs, cut to ``maxLength``.
    ///
    /// - Parameters:
    ///   - inputs: Any texts; one that gives no tokens becomes a single padding token, as in a padded batch.
    ///   - labels: Their class ids, as many or none.
    /// - Returns: As many encoded examples.
    public func encode(_ inputs: TextInputs, labels: [Int] = []) -> EncodedExamples {
        examples(inputs.encoded(by: tokenizer, maxLength: lengthLimit), labels: labels)
    }

    /// ``maxLength``, or nil where nothing limits it.
    public var lengthLimit: Int? { maxLength == .max ? nil : maxLength }

    /// Texts that were tokenized before, for this model.
    ///
    /// - Parameters:
    ///   - encodings: Their ids, by ``tokenizer`` and cut to ``maxLength``; a text without any becomes a single padding
    ///     token, as in a padded batch.
    ///   - labels: Their class ids, as many or none.
    /// - Returns: As many encoded texts.
    public func examples(_ encodings: PackedEncodings, labels: [Int] = []) -> EncodedExamples {
        guard zip(encodings.cuSeqlens, encodings.cuSeqlens.dropFirst()).contains(where: ==) else {
            return EncodedExamples(encodings: encodings, labels: labels)
        }
        let filler = tokenizer.padTokenID ?? tokenizer.eosTokenID ?? 0
        var filled = PackedEncodings(truncatedCount: encodings.truncatedCount)
        for index in 0..<encodings.count {
            filled.ids += encodings[index].isEmpty ? [filler] : encodings[index]
            filled.cuSeqlens.append(Int32(filled.ids.count))
        }
        return EncodedExamples(encodings: filled, labels: labels)
    }

    /// Scores encoded texts in evaluation mode, in flat memory.
    ///
    /// - Parameters:
    ///   - examples: Tokenized by ``encode(_:labels:)``.
    ///   - batchSize: Texts of a batch; nil fills batches by tokens.
    ///   - matmulDType: Type of matrix products.
    ///   - progress: Told how many texts are done; returns whether to go on.
    /// - Returns: Logits `[count][K]` in order; fewer where `progress` stopped it.
    /// - Throws: `TorchError`.
    public func logits(
        _ examples: EncodedExamples,
        batchSize: Int? = nil,
        matmulDType: DType = .float32,
        progress: (Int) -> Bool = { _ in true }
    ) throws(TorchError) -> [[Float]] {
        let context = ForwardContext(matmulDType: matmulDType)
        var rows: [[Float]] = []
        rows.reserveCapacity(examples.count)
        for range in examples.batches(of: batchSize) {
            let batch = try examples.batch(
                range,
                padTokenID: model.configuration.padTokenID,
                device: model.device
            )
            let values = try withNoGradient { () throws(TorchError) in
                try model.logits(batch, context).array(of: Float.self)
            }
            for row in 0..<range.count {
                rows.append(Array(values[row * labels.count..<(row + 1) * labels.count]))
            }
            if !progress(rows.count) { break }
        }
        return rows
    }

    /// Classifies texts.
    ///
    /// - Parameter texts: Any texts.
    /// - Returns: A prediction each, in order.
    /// - Throws: `TorchError`.
    public func classify(_ texts: [String]) throws(TorchError) -> [Prediction] {
        try logits(encode(texts)).map { Prediction(logits: $0, labels: labels) }
    }

    /// Writes `config.json`, the weights and the tokenizer's files in the Hub's layout, each whole or not at all.
    ///
    /// - Parameter folder: Made if need be.
    /// - Throws: `CheckpointError` or `FileError` where it cannot be written.
    public func save(to folder: URL) throws {
        try model.save(to: folder)
        for file in tokenizer.files {
            try writeAtomically(Data(file.contents), to: folder.appending(path: file.name))
        }
    }
}
