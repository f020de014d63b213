import Classification
import JSON

/// A label that the model lacks.
struct UnknownLabel: Error, Sendable, Equatable, CustomStringConvertible {
    /// The label.
    let label: String
    /// The model's labels.
    let known: [String]

    var description: String {
        let some = known.prefix(10).map { "\"\($0)\"" }.joined(separator: ", ")
        let names = known.count > 10 ? some + " and \(known.count - 10) more" : some
        return "there is no label \"\(label)\"; the model's labels are \(names)"
    }
}

/// The body of `POST /v1/explain`.
struct ExplainRequest: Sendable, Equatable {
    /// The text.
    var text: String
    /// The name of the label whose logit is explained; nil for the most likely one.
    var label: String?
    /// The name of the model; nil for the default one.
    var model: String?

    /// The names of all accepted members.
    static let names = ["text", "label", "model"]

    /// Reads a body.
    ///
    /// - Parameter json: The body.
    /// - Throws: `.wrongShape` naming the member.
    init(_ json: JSONValue) throws(ServingFault) {
        let fields = try BodyFields(json, known: Self.names)
        guard let text = try fields.text("text") else { throw fields.fault("text", "a string") }
        self.text = text
        label = try fields.text("label")
        model = try fields.text("model")
    }

    /// The id of the label.
    ///
    /// - Parameter labels: The model's labels.
    /// - Returns: The id; nil for the most likely label.
    /// - Throws: ``UnknownLabel``.
    func id(among labels: [String]) throws(UnknownLabel) -> Int? {
        guard let label else { return nil }
        guard let id = labels.firstIndex(where: { $0.utf8.elementsEqual(label.utf8) }) else {
            throw UnknownLabel(label: label, known: labels)
        }
        return id
    }

    /// The answer.
    ///
    /// - Parameters:
    ///   - attribution: The share of each token.
    ///   - model: The name of the model.
    ///   - labels: The model's labels.
    /// - Returns: The label and its logit, and each token with its place in the text's UTF-8 and its score.
    /// - Throws: ``RefusedItem`` if a score is NaN or infinite.
    static func answer(
        _ attribution: Attribution,
        model: String,
        labels: [String]
    ) throws(RefusedItem) -> JSONValue {
        guard attribution.logit.isFinite, attribution.tokens.allSatisfy({ $0.score.isFinite }) else {
            throw RefusedItem(fault: .nonFinite, index: nil)
        }
        let tokens = attribution.tokens.map { token in
            JSONValue.object([
                "text": .string(token.text), "start": .int(token.start), "end": .int(token.end),
                "special": .bool(token.isSpecial), "score": .double(token.score),
            ])
        }
        let hasLabel = labels.indices.contains(attribution.label)
        return .object([
            "model": .string(model),
            "label": hasLabel ? .string(labels[attribution.label]) : .null,
            "logit": .double(attribution.logit),
            "tokens": .array(tokens),
            "truncated": .bool(attribution.isTruncated),
        ])
    }
}
