import Files
public import Foundation
public import JSON
public import Torch

/// A model's `config.json`, with all fields, and typed access to those of the classifier.
///
/// Source: `PretrainedConfig` of transformers 5.23 (configuration_utils.py).
public struct ModelConfiguration: Sendable, Equatable {
    /// The document as read; unknown fields are kept when the model is saved.
    public private(set) var fields: JSONObject
    /// Its origin, for messages.
    public let source: String

    /// Creates a configuration from fields.
    ///
    /// - Parameters:
    ///   - fields: The fields of a `config.json`.
    ///   - source: Their origin, for messages.
    public init(fields: JSONObject, source: String) {
        self.fields = fields
        self.source = source
    }

    /// Reads a `config.json`.
    ///
    /// - Parameters:
    ///   - bytes: The file's content.
    ///   - source: Its path, for messages.
    /// - Throws: `.badConfiguration` if it is not a JSON object.
    public init(parsing bytes: some Collection<UInt8>, source: String) throws(ModelError) {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(bytes)
        } catch {
            throw ModelError(.badConfiguration, "\(source) is not a model's config.json: \(error)")
        }
        guard let fields = document.object else {
            throw ModelError(
                .badConfiguration,
                "\(source) is not a model's config.json: it contains \(document.kind) instead of an object"
            )
        }
        self.init(fields: fields.withoutRepetitions, source: source)
    }

    /// Reads a model folder's `config.json`.
    ///
    /// - Parameter folder: A folder in the Hub's layout. A link in it must not lead out of it.
    /// - Throws: `.missingFile` if the file is missing or unreadable; `.badConfiguration` if it is not a JSON object.
    public init(folder: URL) throws(ModelError) {
        let file: MappedFile
        do throws(FileError) {
            file = try MappedFile(contentsOf: containedFile("config.json", in: folder))
        } catch {
            throw ModelError(
                .missingFile,
                "\(error.message); a model folder needs config.json, weights and tokenizer.json"
            )
        }
        if let standIn = StandIn(file.bytes) {
            throw ModelError(.badConfiguration, standIn.message(at: file.path))
        }
        try self.init(parsing: file.bytes, source: file.path)
    }

    /// A field; null if missing.
    public subscript(name: String) -> JSONValue { fields[name] }

    /// The family's name, for example `llama`.
    public var modelType: String { self["model_type"].string ?? "" }

    /// The id of the padding token, if the model has one.
    public var padTokenID: Int32? { self["pad_token_id"].int.flatMap(Int32.init(exactly:)) }

    /// Whether the checkpoint is a classifier with a head.
    public var isClassifier: Bool {
        self["architectures"].array?.contains { $0.string?.hasSuffix("ForSequenceClassification") == true }
            ?? false
    }

    /// The meaning of the logits: as stated in the file, else single-label.
    ///
    /// Regression must be requested; it is never inferred, although transformers infers it in training. A classifier with one
    /// label and no stated problem type is multi-label (a sigmoid), as in transformers' pipeline.
    public var problemType: ProblemType {
        self["problem_type"].string.flatMap(ProblemType.init(rawValue:))
            ?? (isClassifier && labels.count == 1 ? .multiLabel : .singleLabel)
    }

    /// Returns the same model as a classifier with these labels.
    ///
    /// - Parameters:
    ///   - labels: Label names by id.
    ///   - architecture: transformers' class, for example `LlamaForSequenceClassification`.
    ///   - padTokenID: The tokenizer's padding token, which overrides the file's; nil keeps the file's.
    ///   - problemType: The meaning of the logits.
    ///   - weightsDType: The type of the saved weights.
    /// - Returns: A configuration to save with the weights.
    public func asClassifier(
        labels: [String],
        architecture: String,
        padTokenID: Int32?,
        problemType: ProblemType = .singleLabel,
        weightsDType: DType = .float32
    ) -> ModelConfiguration {
        var result = self
        result.fields["architectures"] = .array([.string(architecture)])
        result.fields["id2label"] = .object(
            JSONObject(labels.enumerated().map { (String($0), .string($1)) })
        )
        result.fields["label2id"] = .object(JSONObject(labels.enumerated().map { ($1, .int($0)) }))
        // transformers invents names if the number contradicts the map.
        if fields.contains("num_labels") { result.fields["num_labels"] = .int(labels.count) }
        result.fields["problem_type"] = .string(problemType.rawValue)
        result.fields["dtype"] = .string(weightsDType.rawValue)
        result.fields["torch_dtype"] = .null
        // The classifier states how its own weights are kept when it is saved.
        result.fields[Self.quantizationField] = .null
        if let padTokenID { result.fields["pad_token_id"] = .int(Int(padTokenID)) }
        return result
    }

    /// The text of `config.json`.
    public var formatted: String { JSONValue.object(fields).formatted }
}

extension JSONObject {
    /// The same members with only the last of equal names, so that saved documents have no duplicates.
    fileprivate var withoutRepetitions: JSONObject {
        var last: [[UInt8]: Int] = [:]
        for (index, member) in members.enumerated() { last[Array(member.name.utf8)] = index }
        guard last.count < members.count else { return self }
        return JSONObject(
            members.enumerated().filter { last[Array($1.name.utf8)] == $0 }.map { ($1.name, $1.value) }
        )
    }
}
