import Checkpoints
import Foundation
package import Models
import Tokenization
import Torch

/// A model on disk of which no weight is read: what it takes to make classifiers of its kind with fewer blocks.
package struct ModelSkeleton {
    private let source: ModelSource
    private let maxLength: Int?
    /// The blocks of the real model.
    package let blockCount: Int
    /// Bytes of its files of weights.
    package let checkpointBytes: Int

    /// Opens a model's folder or `.gguf` file.
    ///
    /// - Parameters:
    ///   - path: The folder or file.
    ///   - maxLength: Tokens of a text at the most; nil takes the length of its training, else what tokenizer and model
    ///     allow.
    /// - Throws: As ``TextClassifier/load(_:options:maxLength:seed:)``.
    package init(_ path: String, maxLength: Int?) throws {
        source = try ModelSource(path: path)
        self.maxLength = maxLength ?? source.settings.maxLength
        blockCount = try source.configuration.blockCount()
        checkpointBytes = source.checkpoint.byteCount
    }

    /// The weights of such a model with fewer blocks.
    ///
    /// - Parameter blocks: How many.
    /// - Returns: Their number.
    /// - Throws: `ModelError`.
    package func weightCount(blocks: Int) throws -> Int {
        try source.configuration.withBlocks(blocks).weightCount()
    }

    /// A classifier like the model's, with fresh weights.
    ///
    /// - Parameters:
    ///   - blocks: How many blocks it is to have.
    ///   - options: Labels wanted, head, types and device; the tokenizer's padding token is added.
    ///   - seed: Of the weights.
    /// - Returns: A classifier that reads texts as the model does.
    /// - Throws: `ModelError`; `TorchError`, where it does not fit into memory with code `.outOfMemory`.
    package func classifier(
        blocks: Int,
        options: SequenceClassifier.LoadOptions,
        seed: UInt64
    ) throws -> TextClassifier {
        var options = options
        options.padTokenID = options.padTokenID ?? source.tokenizer.padTokenID
        if options.resizesEmbeddings { options.embeddingRows = source.tokenizer.vocabularySize }
        try source.requireFit(addingRows: options.resizesEmbeddings)
        let configuration = options.settlingSingleLogit(of: source.configuration)
        let model = try SequenceClassifier.fresh(
            configuration: blocks == blockCount ? configuration : configuration.withBlocks(blocks),
            options: options,
            random: RandomSource(seed: seed)
        )
        return TextClassifier(
            model: model,
            tokenizer: source.tokenizer,
            maxLength: maxLength ?? source.settings.maxLength
        )
    }
}
