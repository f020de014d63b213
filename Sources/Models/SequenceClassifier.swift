import Checkpoints
import Files
public import Foundation
import JSON
public import NN
public import Torch

/// A language model with a classification head: packed token ids in, one row of logits per example out.
///
/// It works on token ids; `Classification` handles text. It holds tensors, so it has one owner.
public final class SequenceClassifier {
    /// The model's `config.json`.
    public let configuration: ModelConfiguration
    /// The weights by their name in the checkpoint.
    public let parameters: ParameterStore
    /// The device of the model.
    public let device: Device
    /// The routes of linear layers' products on a CPU, which override those of a ``ForwardContext``.
    public package(set) var productRoutes: ProductRoutes
    let network: ClassifierNetwork
    /// The form in which matrices were to be kept while they are frozen.
    package let frozenStorage: FrozenStorage
    /// The integers in which linear layers are multiplied; nil multiplies in floating point.
    public let productQuantization: ProductQuantization?
    /// The states after the frozen first blocks that are kept between epochs; nil keeps none.
    package var frozenStates: FrozenStates?
    /// The place of the blocks' weights; nil if they are in memory.
    package var blockWeights: (any BlockWeights)?
    /// The file with the blocks' weights and moments; nil if there is none.
    package var offload: BlockOffload? { blockWeights as? BlockOffload }
    /// The adapter on the frozen model; nil if the model is whole.
    package var adapter: AttachedAdapter?

    /// The meaning of the logits.
    public var problemType: ProblemType { configuration.problemType }

    /// The longest text, in tokens, that the model's positions support; nil if unknown.
    public var maxLength: Int? { positionLimit?.tokens }

    /// The text length that the model's positions support, and its origin; nil if unknown.
    public var positionLimit: PositionLimit? { network.backbone.positionLimit }

    /// The number of rows of the token embedding: one more than the highest valid token id.
    public var embeddingRows: Int { network.backbone.limits.tokens }

    /// The token embedding, from which every family only looks up rows.
    package var tokenTable: Parameter { network.backbone.tokenEmbedding.weight }

    /// The model's use of token types.
    public var tokenTypes: TokenTypes { network.backbone.limits.types }

    /// The labels by id, read from ``configuration`` once because there may be a hundred thousand.
    public let labels: [String]

    init(
        configuration: ModelConfiguration,
        parameters: ParameterStore,
        network: ClassifierNetwork,
        options: LoadOptions
    ) {
        self.configuration = configuration
        labels = configuration.labels
        self.parameters = parameters
        self.network = network
        device = options.device
        productRoutes = options.productRoutes
        frozenStorage = options.frozenStorage
        productQuantization = options.productQuantization
    }

    /// Returns the logits of every example for every label.
    ///
    /// - Parameters:
    ///   - batch: B examples on ``device``.
    ///   - context: The settings of the forward pass.
    /// - Returns: `[B, K]`, float32.
    /// - Throws: `.indexOutOfRange` for a token id, token type or length beyond the model's; `.outOfMemory`.
    public func logits(
        _ batch: PackedBatch,
        _ context: ForwardContext = ForwardContext()
    ) throws(TorchError) -> Tensor {
        try network.backbone.limits.check(batch)
        var context = routed(context)
        // The kept states belong to the model's own embeddings.
        context.frozenStates = context.replaceEmbeddings == nil ? frozenStates : nil
        return try network.logits(batch, context)
    }

    /// Returns the language model's final states for every token.
    ///
    /// - Parameters:
    ///   - batch: T tokens on ``device``.
    ///   - context: The settings of the forward pass.
    /// - Returns: `[T, H]`, float32.
    /// - Throws: `.indexOutOfRange` for a token id, token type or length beyond the model's; `.outOfMemory`.
    public func hiddenStates(
        _ batch: PackedBatch,
        _ context: ForwardContext = ForwardContext()
    ) throws(TorchError) -> Tensor {
        try network.backbone.limits.check(batch)
        return try network.backbone.states(batch, rows: nil, routed(context))
    }

    /// Replaces the values of a parameter, wherever they are.
    ///
    /// - Parameters:
    ///   - values: The values, in the parameter's shape.
    ///   - parameter: A parameter of the model.
    /// - Throws: `.failed` if the shapes differ.
    package func assign(_ values: Tensor, to parameter: Parameter) throws(TorchError) {
        if let blockWeights {
            try blockWeights.assign(values, to: parameter)
        } else {
            try parameter.value.assign(values)
        }
    }

    private func routed(_ context: ForwardContext) -> ForwardContext {
        var context = context
        context.productRoutes = productRoutes
        context.blockWeights = blockWeights
        return context
    }

    /// The purpose of a saved model.
    public enum SavingPurpose: Sendable {
        /// For use and sharing: norms, biases and the head, which are always float32 in memory, are written in the type of
        /// `config.json`, as in transformers.
        case use
        /// For resuming training: every bit is kept. Files bypass the system's page cache, because they are rarely read.
        case resumption
    }

    /// Writes `config.json` and the weights in the Hub's layout, each file atomically; quantized matrices in bitsandbytes' form.
    ///
    /// - Parameters:
    ///   - folder: The destination, created if needed.
    ///   - maxShardSize: The largest number of tensor bytes in one file.
    ///   - purpose: The purpose of the saved model.
    /// - Throws: `CheckpointError` or `FileError` if a file cannot be written; `.unsupported` for matrices in GGUF's blocks, and
    ///   for a model with integer products.
    public func save(
        to folder: URL,
        maxShardSize: Int = 50_000_000_000,
        for purpose: SavingPurpose = .use
    ) throws {
        try requireFloatProducts(toBe: "saved")
        var tensors: [(name: String, tensor: Tensor)] = []
        // The parameters of the tensors, which are several for a quantized matrix.
        var owners: [String: String] = [:]
        for parameter in parameters.parameters {
            let saved = try savedTensors(of: parameter, for: purpose)
            for (name, _) in saved { owners[name] = parameter.name }
            tensors += saved
        }
        try saveSafetensors(
            tensors,
            toFolder: folder,
            maxShardSize: maxShardSize,
            bypassesCache: purpose == .resumption,
            written: { [blockWeights] in blockWeights?.release($0) },
            writing: { [blockWeights, owners] (name) throws(CheckpointError) in
                do throws(TorchError) {
                    try blockWeights?.prepare(owners[name] ?? name)
                } catch {
                    throw CheckpointError(.inputOutput, "cannot write tensor \"\(name)\": \(error)")
                }
            }
        )
        try saveConfiguration(to: folder)
    }

    /// Writes `config.json`.
    ///
    /// - Parameter folder: The destination.
    /// - Throws: `FileError` if it cannot be written.
    package func saveConfiguration(to folder: URL) throws {
        try writeAtomically(
            Data(configuration.quantized(parameters).formatted.utf8),
            to: folder.appending(path: "config.json")
        )
    }

    /// Returns a parameter as it is saved: one tensor, or several for a quantized matrix.
    func savedTensors(
        of parameter: Parameter,
        for purpose: SavingPurpose
    ) throws -> [(name: String, tensor: Tensor)] {
        if let matrix = parameter.quantized { return try bitsAndBytesTensors(parameter.name, matrix) }
        let dtype = savedDType(of: parameter, for: purpose)
        return [(parameter.name, purpose == .use ? try parameter.value.to(dtype: dtype) : parameter.value)]
    }

    /// Returns the type in which a parameter is saved, unless it is quantized.
    func savedDType(of parameter: Parameter, for purpose: SavingPurpose) -> DType {
        switch purpose {
        case .use: configuration["dtype"].string.flatMap(DType.init(rawValue:)) ?? .float32
        case .resumption: parameter.value.dtype
        }
    }
}
