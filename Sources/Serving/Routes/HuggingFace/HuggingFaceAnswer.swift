import Classification
import JSON

/// Writes labels and scores as transformers' pipeline does: a list for each text, the highest score first.
///
/// Equal scores are in order of ids.
///
/// Source: `TextClassificationPipeline.postprocess` of transformers 5.23 (pipelines/text_classification.py:183).
struct HuggingFaceAnswer {
    /// The beginning of each label's object, by id.
    private let starts: [[UInt8]]

    /// Creates a writer.
    ///
    /// - Parameter labels: The label names by id.
    init(labels: [String]) {
        starts = labels.map { Array(("{\"label\":" + JSONValue.string($0).compact + ",\"score\":").utf8) }
    }

    /// The scores of a prediction.
    ///
    /// - Parameters:
    ///   - prediction: The model's prediction.
    ///   - function: The function to apply to logits, without the model's decisions; nil for the model's own scores.
    /// - Returns: The scores, by id.
    static func scores(of prediction: Prediction, _ function: HuggingFaceFunction?) -> [Double] {
        function?.scores(of: prediction.logits) ?? prediction.servedScores
    }

    /// The answer to a request.
    ///
    /// - Parameters:
    ///   - scores: The scores of each text's labels, finite.
    ///   - topK: The most labels of a text; nil for all.
    /// - Returns: The JSON text, a list of lists.
    func body(_ scores: [[Double]], topK: Int?) -> [UInt8] {
        var body: [UInt8] = [UInt8(ascii: "[")]
        for (index, scores) in scores.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body.append(UInt8(ascii: "["))
            for (place, id) in Self.order(scores).prefix(topK ?? scores.count).enumerated()
            where id < starts.count {
                if place > 0 { body.append(UInt8(ascii: ",")) }
                body += starts[id]
                body += scores[id].description.utf8
                body.append(UInt8(ascii: "}"))
            }
            body.append(UInt8(ascii: "]"))
        }
        body.append(UInt8(ascii: "]"))
        return body
    }

    /// The ids, the highest score first; those of equal scores in order.
    ///
    /// - Parameter scores: The scores by id.
    /// - Returns: The ids.
    static func order(_ scores: [Double]) -> [Int] {
        scores.indices.sorted {
            scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1]
        }
    }
}
