import Files
public import Foundation
public import JSON
public import Torch

/// A model's `config.json`: every field kept, those of the classifier typed.
///
/// Source: `PretrainedConfig` of transformers 5.23 (configuration_utils.py).
public struct ModelConfiguration: Sendable, Equatable {
    /// The document as it was read; fields that nothing here reads stay in it when the model is saved.
    public private(set) var fields: JSONObject
    /// Where it came from, for messages.
    public let source: String

    /// A configuration of given fields.
    ///
    /// - Parameters:
    ///   - fields: As in `config.json`.
    ///   - source: Where they came from, for messages.
    public init(fields: JSONObject, source: String) {
        self.fields = fields
        self.source = source
    }

    /// Reads a `config.json`.
    ///
    /// - Parameters:
    ///   - bytes: The file's.
    ///   - source: Its path, for messages.
    /// - Throws: `.badConfiguration` where it is not a JSON object.
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
                "\(source) is not a model's config.json: it holds \(document.kind), not an object"
            )
        }
        self.init(fields: fields.withoutRepetitions, source: source)
    }

    /// Reads a model folder's `config.json`.
    ///
    /// - Parameter folder: In the Hub's layout; a link in it may not lead out of it.
    /// - Throws: `.missingFile` where there is none or it cannot be read; `.badConfiguration` where it is not a JSON object.
    public init(folder: URL) throws(ModelError) {
        let file: MappedFile
        do throws(FileError) {
            file = try MappedFile(contentsOf: containedFile("config.json", in: folder))
        } catch {
            throw ModelError(
                .missingFile,
                "\(error.message); a model's folder needs config.json, weights and tokenizer.json"
            )
        }
        if let standIn = StandIn(file.bytes) {
            throw ModelError(.badConfiguration, standIn.message(at: file.path))
        }
        try self.init(parsing: file.bytes, source: file.path)
    }

    /// A field; null where there is none.
    public subscript(name: String) -> JSONValue { fields[name] }

    /// The family's name, `llama` say.
    public var modelType: String { self["model_type"].string ?? "" }

    /// The id of the padding token, if the model has one.
    public var padTokenID: Int32? { self["pad_token_id"].int.flatMap(Int32.init(exactly:)) }

    /// Whether the checkpoint is a classifier's, with a head of its own.
    public var isClassifier: Bool {
        self["architectures"].array?.contains { $0.string?.hasSuffix("ForSequenceClassification") == true }
            ?? false
    }

    /// What the logits mean: the file's word, else one of several labels.
    ///
    /// Regression is never guessed, as transformers does in training: it must be asked for. A classifier with one label and
    /// no word on it is a yes or no by a sigmoid, as in transformers' pipeline.
    public var problemType: ProblemType {
        self["problem_type"].string.flatMap(ProblemType.init(rawValue:))
            ?? (isClassifier && labels.count == 1 ? .multiLabel : .singleLabel)
    }

    /// The same model as a classifier of these labels.
    ///
    /// - Parameters:
    ///   - labels: Names by id.
    ///   - architecture: transformers' class, `LlamaForSequenceClassification` say.
    ///   - padTokenID: The tokenizer's padding token, which overrides the file's where there is one.
    ///   - problemType: What the logits mean.
    ///   - weightsDType: The type in which the weights are saved.
    /// - Returns: A configuration to save beside the weights.
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
        // transformers makes up names if the number contradicts the map.
        if fields.contains("num_labels") { result.fields["num_labels"] = .int(labels.count) }
        result.fields["problem_type"] = .string(problemType.rawValue)
        result.fields["dtype"] = .string(weightsDType.rawValue)
        result.fields["torch_dtype"] = .null
        if let padTokenID { result.fields["pad_token_id"] = .int(Int(padTokenID)) }
        return result
    }

    /// `config.json`'s text.
    public var formatted: String { JSONValue.object(fields).formatted }
}

extension JSONObject {
    /// The same members, of equal names the last one alone: a document that repeats a name must not be saved so.
    fileprivate var withoutRepetitions: JSONObject {
        var last: [[UInt8]: Int] = [:]
        for (index, member) in members.enumerated() { last[Array(member.name.utf8)] = index }
        guard last.count < members.count else { return self }
        return JSONObject(
            members.enumerated().filter { last[Array($1.name.utf8)] == $0 }.map { ($1.name, $1.value) }
        )
    }
}
