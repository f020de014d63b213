import Classification
import JSON
import Models

/// The answer for one item of our own API.
struct ClassifyResult: Sendable {
    /// The item's identification; null for none.
    let id: JSONValue
    /// The answer with its prediction, or the reason why there is none.
    let content: Result<(answer: ServedAnswer, prediction: Prediction), ClassifyInput.Fault>

    /// Creates the answer for an item.
    ///
    /// - Parameters:
    ///   - input: The item.
    ///   - result: The service's result; nil if the item was not sent to the service.
    ///   - model: The model that answered.
    ///   - isRaw: Whether the model's decisions are ignored.
    init(_ input: ClassifyInput, _ result: ItemResult?, model: ServedModel, isRaw: Bool) {
        id = input.id
        switch (input.content, result) {
        case (.failure(let fault), _): content = .failure(fault)
        case (.success, .failure(let fault)?): content = .failure(ClassifyInput.Fault(fault))
        case (.success, .success(let answer)?):
            content = .success((answer, model.prediction(answer, raw: isRaw)))
        case (.success, nil):
            content = .failure(ClassifyInput.Fault(.failed("the item was not computed; send it again")))
        }
    }

    /// The answer in JSON.
    ///
    /// - Parameters:
    ///   - options: The number of scores, and whether logits are included.
    ///   - first: The members that come first, such as `index`.
    /// - Returns: The object.
    func json(_ options: ClassifyOptions, first: [(String, JSONValue)] = []) -> JSONValue {
        var members = first
        if id != .null { members.append(("id", id)) }
        switch content {
        case .failure(let fault): members.append(("error", fault.json))
        case .success(let (answer, prediction)):
            members += Self.members(prediction, topK: options.topK)
            members.append(("tokens", .int(answer.tokens)))
            members.append(("truncated", .bool(answer.isTruncated)))
            members.append(("windows", .int(answer.windows)))
            if options.hasLogits { members.append(("logits", WireNumber.floats(answer.logits))) }
        }
        return .object(JSONObject(members))
    }

    /// The members for a prediction.
    ///
    /// - Parameters:
    ///   - prediction: The prediction.
    ///   - topK: The number of labels in `scores`; nil for all.
    /// - Returns: The members, in order.
    static func members(_ prediction: Prediction, topK: Int?) -> [(String, JSONValue)] {
        var members: [(String, JSONValue)] = [
            ("label", .string(prediction.label)), ("score", .double(prediction.score)),
        ]
        if prediction.problemType == .multiLabel {
            members.append(("labels", .array(prediction.labels.map(JSONValue.string))))
        }
        let scores = Self.ranked(prediction, topK: topK).map { place in
            JSONValue.object([
                "label": .string(prediction.names[place]), "score": .double(prediction.scores[place]),
            ])
        }
        members.append(("scores", .array(scores)))
        // JSON has no infinity.
        if let threshold = prediction.threshold, threshold.isFinite {
            members.append(("threshold", .double(threshold)))
        }
        members.append(("rejected", .bool(prediction.isRejected)))
        if let set = prediction.set { members.append(("set", .array(set.map(JSONValue.string)))) }
        return members
    }

    /// The ids of labels by score, the highest first; equal scores in the order of ids.
    ///
    /// - Parameters:
    ///   - prediction: The prediction.
    ///   - topK: The number of labels; nil for all.
    /// - Returns: The ids.
    static func ranked(_ prediction: Prediction, topK: Int?) -> [Int] {
        let scores = prediction.scores
        let sorted = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        return Array(sorted.prefix(topK ?? sorted.count))
    }
}
