import Foundation

/// A function from logits to scores: the values of `function_to_apply`.
///
/// Source: `TextClassificationPipeline.postprocess` of transformers 5.23 (pipelines/text_classification.py:183).
enum HuggingFaceFunction: String, Sendable, Equatable, CaseIterable {
    case sigmoid, softmax, none

    /// The function of labels of which one is true; a single label gets a sigmoid.
    ///
    /// - Parameter labelCount: The number of labels.
    init(labelCount: Int) { self = labelCount > 1 ? .softmax : .sigmoid }

    /// The scores of logits.
    ///
    /// - Parameter logits: The logits, one per label.
    /// - Returns: The scores, by id.
    func scores(of logits: [Float]) -> [Double] {
        switch self {
        case .none: return logits.map { Double($0) }
        case .sigmoid: return logits.map { 1 / (1 + exp(-Double($0))) }
        case .softmax:
            let highest = logits.max() ?? 0
            let exponentials = logits.map { exp(Double($0) - Double(highest)) }
            let total = exponentials.reduce(0, +)
            return exponentials.map { $0 / total }
        }
    }
}
