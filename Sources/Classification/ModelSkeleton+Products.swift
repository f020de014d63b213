package import Models
import Torch

extension ModelSkeleton {
    /// The matrix products of a step of the whole model.
    ///
    /// They are recorded while a model of the same kind with at most two blocks and random weights computes a batch. All blocks but
    /// the last compute the same products; the last one computes most of them only for the rows that the head reads.
    ///
    /// - Parameters:
    ///   - texts: The number of texts in a step.
    ///   - tokens: The number of tokens of each text.
    /// - Returns: The products. With an adapter, those of its base model, trained whole.
    /// - Throws: `ModelError` for more tokens than the model reads; `TorchError`.
    package func stepProducts(texts: Int, tokens: Int) throws -> StepProducts {
        let classifier = try classifier(
            blocks: min(blockCount, 2),
            options: SequenceClassifier.LoadOptions(),
            seed: 0
        )
        guard tokens <= classifier.maxLength else {
            throw ModelError(
                .unsupported,
                "the model reads at most \(classifier.maxLength) tokens of a text, but got \(tokens)"
            )
        }
        return StepProducts(
            try classifier.model.layerUses(texts: texts, tokens: tokens),
            blocks: blockCount,
            texts: texts,
            tokens: tokens
        )
    }
}
