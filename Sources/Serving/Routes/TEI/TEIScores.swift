import Classification
import JSON
import Models

/// The scores of the labels in answers of text-embeddings-inference's routes.
enum TEIActivation: Sendable, Equatable {
    /// As the model's problem type and its decisions say; a sigmoid for a single logit.
    case model
    /// As text-embeddings-inference computes them: a softmax whatever the problem type, or a sigmoid for a single logit.
    ///
    /// Source: `predict` of text-embeddings-inference 1.9.3 (core/src/infer.rs:462).
    case tei
    /// The logits.
    case raw

    /// The score of each label.
    ///
    /// - Parameter prediction: The model's prediction.
    /// - Returns: The scores, by id.
    func scores(of prediction: Prediction) -> [Float] {
        switch self {
        case .raw: prediction.logits
        case .tei:
            HuggingFaceFunction(labelCount: prediction.logits.count).scores(of: prediction.logits)
                .map { Float($0) }
        case .model: prediction.servedScores.map { Float($0) }
        }
    }
}

extension Prediction {
    /// The score of each label, by id, as transformers' pipeline computes it: a single logit gets a sigmoid.
    ///
    /// Source: `TextClassificationPipeline.postprocess` of transformers 5.23 (pipelines/text_classification.py:183).
    var servedScores: [Double] {
        problemType == .singleLabel && logits.count == 1
            ? HuggingFaceFunction.sigmoid.scores(of: logits) : scores
    }
}

/// Writes the labels and scores of texts as text-embeddings-inference does.
///
/// Each text gets all labels, the highest score first. Equal scores are in reverse order of ids. Scores have the fewest
/// digits that distinguish them from other 32-bit numbers.
struct TEIAnswerWriter {
    /// The end of each label's object, by id.
    private let ends: [[UInt8]]

    /// Creates a writer.
    ///
    /// - Parameter labels: The label names by id.
    init(labels: [String]) {
        ends = labels.map { Array((",\"label\":" + JSONValue.string($0).compact + "}").utf8) }
    }

    /// The answer to a request.
    ///
    /// - Parameters:
    ///   - scores: The scores of each text's labels, finite.
    ///   - isBatch: Whether the answer is a list of lists.
    /// - Returns: The JSON text.
    func body(_ scores: [[Float]], isBatch: Bool) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(scores.count * ends.reduce(2) { $0 + $1.count + 24 } + 2)
        if isBatch { body.append(UInt8(ascii: "[")) }
        for (index, scores) in scores.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            append(scores, to: &body)
        }
        if isBatch { body.append(UInt8(ascii: "]")) }
        return body
    }

    private func append(_ scores: [Float], to body: inout [UInt8]) {
        body.append(UInt8(ascii: "["))
        for (place, id) in Self.order(scores).enumerated() where id < ends.count {
            if place > 0 { body.append(UInt8(ascii: ",")) }
            body += "{\"score\":".utf8
            body += scores[id].description.utf8
            body += ends[id]
        }
        body.append(UInt8(ascii: "]"))
    }

    /// The ids, the highest score first; those of equal scores in reverse order.
    ///
    /// - Parameter scores: The scores by id.
    /// - Returns: The ids.
    static func order(_ scores: [Float]) -> [Int] {
        scores.indices.sorted {
            scores[$0] == scores[$1] ? $0 > $1 : scores[$0] > scores[$1]
        }
    }
}
