public import JSON

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
        self.init(fields: fields, source: source)
    }

    /// A field; null where there is none.
    public subscript(name: String) -> JSONValue { fields[name] }

    /// The family's name, `llama` say.
    public var modelType: String { self["model_type"].string ?? "" }

    /// The id of the padding token, if the model has one.
    public var padTokenID: Int32? { self["pad_token_id"].int.flatMap(Int32.init(exactly:)) }

    /// Label names by id; the reference's `LABEL_0`, `LABEL_1` where the file names none.
    public var labels: [String] {
        let names = self["id2label"].object ?? ["0": .string("LABEL_0"), "1": .string("LABEL_1")]
        return names.members.indices.map { names[String($0)].string ?? "LABEL_\($0)" }
    }

    /// Whether the checkpoint is a classifier's, with a head of its own.
    public var isClassifier: Bool {
        self["architectures"].array?.contains { $0.string?.hasSuffix("ForSequenceClassification") == true }
            ?? false
    }

    /// What the logits mean: the file's word, else one of several labels.
    ///
    /// Regression is never guessed from a single label, as the reference does: it must be asked for.
    public var problemType: ProblemType {
        self["problem_type"].string.flatMap(ProblemType.init(rawValue:)) ?? .singleLabel
    }

    /// Standard deviation of fresh weights.
    public var initializerRange: Double { self["initializer_range"].double ?? 0.02 }

    /// The same model as a classifier of these labels.
    ///
    /// - Parameters:
    ///   - labels: Names by id.
    ///   - architecture: The reference's class, `LlamaForSequenceClassification` say.
    ///   - padTokenID: The tokenizer's padding token, which overrides the file's where there is one.
    ///   - problemType: What the logits mean.
    /// - Returns: A configuration to save beside the weights.
    public func asClassifier(
        labels: [String],
        architecture: String,
        padTokenID: Int32?,
        problemType: ProblemType = .singleLabel
    ) -> ModelConfiguration {
        var result = self
        result.fields["architectures"] = .array([.string(architecture)])
        result.fields["id2label"] = .object(
            JSONObject(labels.enumerated().map { (String($0), .string($1)) })
        )
        result.fields["label2id"] = .object(JSONObject(labels.enumerated().map { ($1, .int($0)) }))
        result.fields["problem_type"] = .string(problemType.rawValue)
        result.fields["dtype"] = .string("float32")
        result.fields["torch_dtype"] = .null
        if let padTokenID { result.fields["pad_token_id"] = .int(Int(padTokenID)) }
        return result
    }

    /// `config.json`'s text.
    public var formatted: String { JSONValue.object(fields).formatted }
}

/// Reads typed fields with messages that name the field.
extension ModelConfiguration {
    func integer(_ name: String, default fallback: Int? = nil) throws(ModelError) -> Int {
        if self[name] == .null, let fallback { return fallback }
        guard let value = self[name].int, value > 0 else { throw bad(name, "a positive whole number") }
        return value
    }

    func number(_ name: String, default fallback: Double) throws(ModelError) -> Double {
        if self[name] == .null { return fallback }
        guard let value = self[name].double else { throw bad(name, "a number") }
        return value
    }

    func flag(_ name: String, default fallback: Bool) throws(ModelError) -> Bool {
        if self[name] == .null { return fallback }
        guard let value = self[name].bool else { throw bad(name, "true or false") }
        return value
    }

    func bad(_ name: String, _ expected: String) -> ModelError {
        let found = self[name] == .null ? "is missing" : "is \(self[name].kind)"
        return ModelError(.badConfiguration, "\(source): `\(name)` \(found); expected \(expected)")
    }
}
