package import Classification
package import Evaluation
import Foundation
import NN
import Torch
import Training

extension TextClassifier {
    /// Computes the logits of labelled examples, for calibration and comparison.
    ///
    /// - Parameters:
    ///   - examples: The examples, with targets.
    ///   - texts: The texts of the examples, which identify them.
    ///   - batchSize: Texts per batch; nil fills batches by tokens.
    ///   - maxTokensPerBatch: The most tokens of a batch without a `batchSize`; nil takes 4,096.
    ///   - precision: The type of matrix products.
    ///   - progress: Called with the number of finished examples.
    /// - Returns: The rows, with the model's own logits, whatever its ``decisions``.
    /// - Throws: `TrainingError` for examples without targets or with logits that are NaN or infinite; `TorchError`.
    package func scored(
        _ examples: EncodedExamples,
        texts: TextInputs,
        batchSize: Int? = nil,
        maxTokensPerBatch: Int? = nil,
        precision: Precision = .fp32,
        progress: (Int) throws -> Void = { _ in }
    ) throws -> ScoredRows {
        guard let targets = examples.targets else {
            throw TrainingError(.badData, "the examples have no targets")
        }
        var logits: [Float] = []
        logits.reserveCapacity(examples.count * labels.count)
        try forEachBatch(
            of: examples,
            batchSize: batchSize,
            maxTokensPerBatch: maxTokensPerBatch,
            matmulDType: precision.matmulDType
        ) { range, values in
            logits += values
            try progress(range.upperBound)
            return true
        }
        if let place = logits.firstIndex(where: { !$0.isFinite }) {
            throw TrainingError(
                .notFinite,
                "the logits of text \(place / labels.count + 1) are NaN or infinite, so nothing can be fitted on them"
            )
        }
        let cut = examples.encodings.isTruncated
        return ScoredRows(
            labels: labels,
            logits: logits,
            truth: ScoredRows.Truth(targets),
            tokenCounts: (0..<examples.count).map(examples.length),
            isTruncated: cut.isEmpty ? Array(repeating: false, count: examples.count) : cut,
            textHashes: texts.hashes
        )
    }
}
