import Files
public import Foundation
import JSON
public import Models
import NN
public import Torch

/// The logits of a saved classifier for neutral texts, as the file `parity.json` in its folder.
///
/// With it, a model can be checked in another place, in another number type, quantized or merged: with
/// ``compare(_:matmulDType:tolerance:)``, or with transformers.
public struct ParityRecord: Sendable, Equatable {
    /// A text and its logits.
    public struct Row: Sendable, Equatable {
        /// The text.
        public var text: String
        /// The second text, for a model of pairs.
        public var textPair: String?
        /// The number of tokens, after truncation.
        public var tokens: Int
        /// The logits, by label id.
        public var logits: [Float]
    }

    /// The label names by id.
    public var labels: [String]
    /// Whether a text has one label, several labels or a number.
    public var problemType: ProblemType
    /// The most tokens of a text; nil if there is no limit.
    public var maxLength: Int?
    /// Whether the logits are those of a quantized model.
    public var isQuantized: Bool
    /// The texts.
    public var rows: [Row]

    /// The name of the file in a model's folder.
    public static let fileName = "parity.json"
}

extension ParityRecord {
    /// The most logits, so that the file of a model with very many labels stays small.
    private static let mostLogits = 100_000

    /// The neutral texts, as a classifier reads them: alone or in pairs.
    ///
    /// - Parameter classifier: A classifier.
    /// - Returns: The texts.
    package static func neutralTexts(for classifier: TextClassifier) -> TextInputs {
        let readsPairs = classifier.settings.textPairColumn?.isEmpty == false
        return TextInputs(ParityTexts.all, pairedTexts: readsPairs ? ParityTexts.second : nil)
    }

    /// Records the logits of a classifier in float32.
    ///
    /// - Parameter classifier: A trained classifier.
    /// - Throws: `TorchError`.
    public init(_ classifier: TextClassifier) throws(TorchError) {
        let readsPairs = classifier.settings.textPairColumn?.isEmpty == false
        let count = min(ParityTexts.all.count, max(Self.mostLogits / max(classifier.labels.count, 1), 1))
        labels = classifier.labels
        problemType = classifier.problemType
        maxLength = classifier.lengthLimit
        isQuantized = classifier.isQuantized
        rows = zip(ParityTexts.all, ParityTexts.second).prefix(count).map { text, second in
            Row(text: text, textPair: readsPairs ? second : nil, tokens: 0, logits: [])
        }
        let found = try answers(of: classifier, .float32)
        for (index, answer) in found.enumerated() {
            (rows[index].tokens, rows[index].logits) = (answer.tokens, answer.logits)
        }
    }

    /// The token counts and logits of a classifier for the recorded texts.
    func answers(
        of classifier: TextClassifier,
        _ matmulDType: DType
    ) throws(TorchError) -> [(tokens: Int, logits: [Float])] {
        let pairs = rows.compactMap(\.textPair)
        let inputs = TextInputs(rows.map(\.text), pairedTexts: pairs.count == rows.count ? pairs : nil)
        let examples = classifier.examples(inputs.encoded(by: classifier.tokenizer, maxLength: maxLength))
        let logits = try classifier.logits(examples, matmulDType: matmulDType)
        return logits.enumerated().map { (examples.length(of: $0.offset), $0.element) }
    }

    /// Whether every recorded logit is a finite number.
    public var isFinite: Bool { rows.allSatisfy { $0.logits.allSatisfy(\.isFinite) } }
}

extension TextClassifier {
    /// Whether some matrices are kept quantized.
    public var isQuantized: Bool { model.parameters.parameters.contains { $0.quantized != nil } }
}

// `parity.json`.
extension ParityRecord {
    private static let largest = 64 << 20

    /// Writes the file atomically.
    ///
    /// - Parameter folder: The model's folder.
    /// - Throws: `FileError`.
    public func save(to folder: URL) throws {
        try writeAtomically(Data(formatted.utf8), to: folder.appending(path: Self.fileName))
    }

    /// The text of the file.
    package var formatted: String {
        let texts = rows.map { row -> JSONValue in
            var object: JSONObject = ["text": .string(row.text)]
            if let second = row.textPair { object["text_pair"] = .string(second) }
            object["tokens"] = .int(row.tokens)
            object["logits"] = .array(row.logits.map { .double(Double($0)) })
            return .object(object)
        }
        let document = JSONValue.object([
            "format": .string(Self.format), "version": .int(1), "problem_type": .string(problemType.rawValue),
            "labels": .array(labels.map(JSONValue.string)),
            "max_length": maxLength.map(JSONValue.int) ?? .null,
            "quantized": .bool(isQuantized), "texts": .array(texts),
        ])
        return document.formatted
    }

    /// Reads the record of a model.
    ///
    /// - Parameter path: The model's folder, which links may not leave, or a single file or `.gguf` file that Attune wrote.
    /// - Throws: ``ModelError`` if there is no record, or if it is damaged; `CheckpointError` for a damaged file.
    public init(model path: String) throws {
        guard let files = try EmbeddedFiles(at: path) else {
            try self.init(folder: URL(filePath: path, directoryHint: .isDirectory))
            return
        }
        guard let record = try files.parity() else { throw Self.missing(path) }
        self = record
    }

    private static func missing(_ path: String) -> ModelError {
        ModelError(
            .missingFile,
            "\(path) has no \(fileName), which `attune train` writes; name a folder that has one with --against"
        )
    }

    /// Reads the file.
    ///
    /// - Parameter folder: The model's folder, which links may not leave.
    /// - Throws: ``ModelError`` if the file is missing or damaged.
    public init(folder: URL) throws(ModelError) {
        let file: MappedFile
        do throws(FileError) {
            file = try MappedFile(contentsOf: containedFile(Self.fileName, in: folder))
        } catch {
            throw error.code == .missing
                ? Self.missing(folder.path(percentEncoded: false)) : ModelError(.missingFile, error.message)
        }
        try self.init(parsing: file.bytes, path: file.path)
    }

    /// Parses the text of the file.
    ///
    /// - Parameters:
    ///   - bytes: The file's contents.
    ///   - path: Its path, for messages.
    /// - Throws: ``ModelError`` if it is damaged.
    init(parsing bytes: some Collection<UInt8>, path: String) throws(ModelError) {
        guard bytes.count <= Self.largest, let document = try? JSONValue.parse(bytes),
            document["format"].string == Self.format, let record = Self(document)
        else {
            throw ModelError(
                .badConfiguration,
                "\(path) is damaged; copy it again from where the model was trained"
            )
        }
        self = record
    }

    private init?(_ document: JSONValue) {
        guard let labels = document["labels"].array?.compactMap(\.string), !labels.isEmpty,
            let type = document["problem_type"].string.flatMap(ProblemType.init),
            let texts = document["texts"].array, !texts.isEmpty
        else { return nil }
        (self.labels, problemType) = (labels, type)
        maxLength = document["max_length"].int
        isQuantized = document["quantized"].bool ?? false
        rows = texts.compactMap { row in
            let logits = (row["logits"].array ?? []).compactMap { $0.double.map(Float.init) }
            guard let text = row["text"].string, let tokens = row["tokens"].int, logits.count == labels.count
            else {
                return nil
            }
            return Row(text: text, textPair: row["text_pair"].string, tokens: tokens, logits: logits)
        }
        guard rows.count == texts.count, maxLength ?? 1 > 0 else { return nil }
    }

    private static let format = "attune-parity"
}
