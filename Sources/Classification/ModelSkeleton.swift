package import Checkpoints
import Foundation
package import Models
import Tokenization
import Torch

/// A model on disk, without its weights: everything needed to create similar classifiers with fewer blocks.
package struct ModelSkeleton {
    private let source: ModelSource
    private let maxLength: Int?
    /// The number of blocks of the real model.
    package let blockCount: Int
    /// The bytes of its largest tensor as stored.
    package let largestTensor: Int

    /// The settings of the model's adapter, if it has one.
    package var adapter: AdapterConfiguration? { source.adapter?.configuration }

    /// Opens a model's folder or a `.gguf` or `.attune` file.
    ///
    /// - Parameters:
    ///   - path: The folder or file.
    ///   - base: The base model of an adapter; nil takes the one that it names.
    ///   - maxLength: The most tokens of a text; nil takes the length of its training, else that allowed by tokenizer and
    ///         model.
    /// - Throws: As ``TextClassifier/load(_:base:options:maxLength:settings:seed:)``.
    package init(_ path: String, base: String? = nil, maxLength: Int?) throws {
        source = try ModelSource(path: path, base: base)
        self.maxLength = maxLength ?? source.settings.maxLength
        blockCount = try source.configuration.blockCount()
        let checkpoint = source.checkpoint
        largestTensor = checkpoint.tensorNames.compactMap { checkpoint.info($0)?.byteCount }.max() ?? 0
    }

    /// Returns the number of weights of the same model with fewer blocks.
    ///
    /// - Parameter blocks: The number of blocks.
    /// - Returns: The number of weights.
    /// - Throws: `ModelError`.
    package func weightCount(blocks: Int) throws -> Int {
        try source.configuration.withBlocks(blocks).weightCount()
    }

    /// Creates a classifier like the model, with random weights.
    ///
    /// - Parameters:
    ///   - blocks: The number of blocks.
    ///   - options: The labels, head, types and device; the tokenizer's padding token is added.
    ///   - seed: The seed of the weights.
    /// - Returns: A classifier that reads texts as the model does.
    /// - Throws: `ModelError`; `TorchError`, with code `.outOfMemory` if it does not fit into memory.
    package func classifier(
        blocks: Int,
        options: SequenceClassifier.LoadOptions,
        seed: UInt64
    ) throws -> TextClassifier {
        var options = options
        options.padTokenID = options.padTokenID ?? source.tokenizer.padTokenID
        if options.resizesEmbeddings { options.embeddingRows = source.tokenizer.vocabularySize }
        if let adapter = source.adapter {
            options.keepFrozen(adapter.frozenStorage, under: adapter.configuration)
        }
        if options.frozenStorage == .asStored { options.frozenStorage = similarStorage }
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

    /// Whether the checkpoint's matrices are blocks of a GGUF file, which stays mapped if they are frozen.
    package var hasMatricesInFile: Bool {
        for name in source.checkpoint.tensorNames {
            // All quantized matrices of a checkpoint are of one kind.
            if let matrix = try? source.checkpoint.quantized(name) { return matrix.isInFile }
        }
        return false
    }

    /// A storage for random weights of about the size of the checkpoint's quantized matrices.
    private var similarStorage: FrozenStorage {
        var (bits, count) = (0, 0)
        for name in source.checkpoint.tensorNames {
            guard let info = source.checkpoint.info(name), (try? source.checkpoint.quantized(name)) != nil
            else { continue }
            bits += 8 * info.byteCount
            count += info.shape.reduce(1, *)
        }
        guard count > 0 else { return .floatingPoint }
        return .quantized(bits < 6 * count ? .nf4 : .int8, isDouble: false)
    }
}
