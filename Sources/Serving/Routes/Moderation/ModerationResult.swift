import Classification
import JSON
import Models

/// The verdict about one text in the form of OpenAI's moderation.
struct ModerationResult: Sendable, Equatable {
    /// Whether each label applies, by id.
    var categories: [Bool]
    /// The score of each label, by id.
    var scores: [Double]
    /// The label names by id.
    var names: [String]

    /// Whether any label applies.
    var isFlagged: Bool { categories.contains(true) }

    /// Decides which labels apply.
    ///
    /// A multi-label model gives the labels whose score reaches the model's threshold, or exceeds 0.5 without one. A
    /// single-label model gives its predicted label, or none if its decisions reject the text; without decisions that reject
    /// texts, it flags every text.
    ///
    /// - Parameter prediction: The prediction.
    init(_ prediction: Prediction) {
        let given = Set(prediction.labels.map { Array($0.utf8) })
        names = prediction.names
        scores = prediction.scores
        categories = names.map { given.contains(Array($0.utf8)) }
    }

    /// The verdict in JSON.
    var json: JSONValue {
        func byName(_ values: [JSONValue]) -> JSONValue { .object(JSONObject(Array(zip(names, values)))) }
        return .object([
            "flagged": .bool(isFlagged),
            "categories": byName(categories.map(JSONValue.bool)),
            "category_scores": byName(scores.map(JSONValue.double)),
            "category_applied_input_types": byName(names.map { _ in .array([.string("text")]) }),
        ])
    }
}
