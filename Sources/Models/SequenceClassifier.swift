import Checkpoints
import Files
public import Foundation
import JSON
public import NN
public import Torch

/// A language model with a classification head: packed token ids in, one row of logits per example out.
///
/// It never sees text; `Classification` does. It holds tensors, so it has one owner.
public final class SequenceClassifier {
    /// Its `config.json`.
    public let configuration: ModelConfiguration
    /// Its weights by checkpoint name.
    public let parameters: ParameterStore
    /// Where it runs.
    public let device: Device
    /// How a CPU computes its linear layers' products, whatever a ``ForwardContext`` says.
    public package(set) var productRoutes: ProductRoutes
    private let network: ClassifierNetwork

    /// What the logits mean.
    public var problemType: ProblemType { configuration.problemType }

    /// Tokens of a text that the model has positions for; nil if nothing says so.
    public var maxLength: Int? { positionLimit?.tokens }

    /// How long a text the model's positions are made for, and what says so; nil if nothing does.
    public var positionLimit: PositionLimit? { network.backbone.positionLimit }

    /// Rows of the token embedding: one more than the highest token id that the model takes.
    public var embeddingRows: Int { network.backbone.limits.tokens }

    /// What the model makes of token types.
    public var tokenTypes: TokenTypes { network.backbone.limits.types }

    /// The label names by id, read from ``configuration`` once: there may be a hundred thousand.
    public let labels: [String]

    init(
        configuration: ModelConfiguration,
        parameters: ParameterStore,
        network: ClassifierNetwork,
        device: Device,
        productRoutes: ProductRoutes
    ) {
        self.configuration = configuration
        labels = configuration.labels
        self.parameters = parameters
        self.network = network
        self.device = device
        self.productRoutes = productRoutes
    }

    /// Scores every example for every label.
    ///
    /// - Parameters:
    ///   - batch: B examples on ``device``.
    ///   - context: How to run.
    /// - Returns: `[B, K]`, float32.
    /// - Throws: `.indexOutOfRange` for a token id, token type or length beyond the model's; `.outOfMemory`.
    public func logits(
        _ batch: PackedBatch,
        _ context: ForwardContext = ForwardContext()
    ) throws(TorchError) -> Tensor {
        try network.backbone.limits.check(batch)
        return try network.logits(batch, routed(context))
    }

    /// The language model's final states, of every token.
    ///
    /// - Parameters:
    ///   - batch: T tokens on ``device``.
    ///   - context: How to run.
    /// - Returns: `[T, H]`, float32.
    /// - Throws: `.indexOutOfRange` for a token id, token type or length beyond the model's; `.outOfMemory`.
    public func hiddenStates(
        _ batch: PackedBatch,
        _ context: ForwardContext = ForwardContext()
    ) throws(TorchError) -> Tensor {
        try network.backbone.limits.check(batch)
        return try network.backbone.states(batch, rows: nil, routed(context))
    }

    private func routed(_ context: ForwardContext) -> ForwardContext {
        var context = context
        context.productRoutes = productRoutes
        return context
    }

    /// What a saved model is for.
    public enum SavingPurpose: Sendable {
        /// To be used and shared: norms, biases and head, which are float32 always, are written in the type of `config.json`
        /// as transformers writes them.
        case use
        /// To go on training from: every bit is kept, and written past the system's cache, as it is seldom read.
        case resumption
    }

    /// Writes `config.json` and the weights in the Hub's layout, each file whole or not at all.
    ///
    /// - Parameters:
    ///   - folder: Made if need be.
    ///   - maxShardSize: Bytes of tensors in one file at the most.
    ///   - purpose: What it is for.
    /// - Throws: `CheckpointError` or `FileError` where it cannot be written.
    public func save(
        to folder: URL,
        maxShardSize: Int = 50_000_000_000,
        for purpose: SavingPurpose = .use
    ) throws {
        let dtype = configuration["dtype"].string.flatMap(DType.init(rawValue:)) ?? .float32
        try saveSafetensors(
            parameters.parameters.map {
                ($0.name, purpose == .use ? try $0.value.to(dtype: dtype) : $0.value)
            },
            toFolder: folder,
            maxShardSize: maxShardSize,
            bypassesCache: purpose == .resumption
        )
        try writeAtomically(Data(configuration.formatted.utf8), to: folder.appending(path: "config.json"))
    }
}
