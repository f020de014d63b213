import Foundation
import Models
import TestSupport
import Tokenization

@testable import Serving

extension ServedModel {
    /// A description without weights, for tests of the parts around a model.
    ///
    /// - Parameters:
    ///   - key: The key of the model.
    ///   - name: The name in requests.
    ///   - labels: The labels.
    ///   - problemType: Whether a text has one label, several or a number.
    ///   - training: Facts of its evaluation.
    /// - Returns: The model.
    /// - Throws: The errors of reading the tokenizer's fixture.
    static func forTests(
        key: Int = 0,
        name: String = "tiny",
        labels: [String] = ["ham", "spam"],
        problemType: ProblemType = .singleLabel,
        training: TrainingReference? = nil
    ) throws -> ServedModel {
        ServedModel(
            name: name,
            source: name,
            revision: nil,
            base: nil,
            architecture: "BertForSequenceClassification",
            dtype: "float32",
            labels: labels,
            problemType: problemType,
            decisions: nil,
            tokenizer: try Tokenizer(folder: Fixture.folder.appending(path: "models/tiny-base")),
            maxTokens: 64,
            longText: nil,
            readsPairs: false,
            training: training,
            handle: ModelHandle(key: key) { _ in },
            embeddingRows: 100
        )
    }
}
