import NN
import Torch

/// The state of an example that the head reads.
enum Pooling: Sendable {
    /// The state of its last token that is not padding, as in decoders.
    case lastToken
    /// The state of its first token, as in encoders.
    case firstToken
    /// The mean over the states of all its tokens.
    case mean
}

/// A head, which turns an example's state into logits.
protocol ClassificationHead {
    /// - Parameters:
    ///   - pooled: `[B, H]`, float32.
    ///   - context: The settings of the forward pass; the head always multiplies in float32.
    /// - Returns: `[B, K]`, float32.
    /// - Throws: `.outOfMemory`.
    func logits(_ pooled: Tensor, _ context: ForwardContext) throws(TorchError) -> Tensor

    /// Describes the same computation, in evaluation.
    ///
    /// - Parameters:
    ///   - g: Collects the operations.
    ///   - pooled: `[B, H]`.
    /// - Returns: `[B, K]`.
    /// - Throws: ``ModelError`` if an operation cannot be described.
    func describe(_ g: inout GraphBuilder, _ pooled: Graph.Value) throws(ModelError) -> Graph.Value
}

/// The network of a text classifier: a language model, pooling and a head.
struct ClassifierNetwork {
    let backbone: any Backbone
    let pooling: Pooling
    let head: any ClassificationHead

    /// - Returns: `[B, K]`, float32.
    func logits(_ batch: PackedBatch, _ context: ForwardContext) throws(TorchError) -> Tensor {
        var headContext = context
        headContext.matmulDType = .float32
        return try head.logits(pooled(batch, context), headContext)
    }

    private func pooled(_ batch: PackedBatch, _ context: ForwardContext) throws(TorchError) -> Tensor {
        switch pooling {
        case .lastToken: try backbone.states(batch, rows: batch.lastTokens, context)
        case .firstToken: try backbone.states(batch, rows: batch.firstTokens, context)
        case .mean: try mean(of: backbone.states(batch, rows: nil, context), batch)
        }
    }

    /// Returns the mean over each example's tokens, from `[T, H]` to `[B, H]`.
    private func mean(of states: Tensor, _ batch: PackedBatch) throws(TorchError) -> Tensor {
        var means: [Tensor] = []
        for (start, end) in zip(batch.cuSeqlens, batch.cuSeqlens.dropFirst()) {
            means.append(try states.narrowed(0, to: Int(start)..<Int(end)).mean(along: 0).unsqueezed(0))
        }
        return try Tensor.concatenated(means)
    }

    /// Describes the computation of the logits on a padded batch.
    ///
    /// - Parameters:
    ///   - g: Collects the operations.
    ///   - inputs: The inputs of the classifier.
    ///   - padTokenID: The padding token; nil if the model has none.
    /// - Returns: `[B, K]`.
    /// - Throws: ``ModelError`` if an operation cannot be described.
    func describe(
        _ g: inout GraphBuilder,
        _ inputs: GraphInputs,
        padTokenID: Int32?
    ) throws(ModelError) -> Graph.Value {
        let states = try backbone.describe(&g, inputs)
        let pooled = try g.pooled(states, pooling, padTokenID: padTokenID, inputs)
        return try head.describe(&g, pooled)
    }
}

/// The generic head of decoders: a linear layer `score` without bias.
///
/// Source: `GenericForSequenceClassification` of transformers 5.23 (modeling_layers.py:127-197).
struct ScoreHead: ClassificationHead {
    private let score: Linear

    init(_ scope: ParameterScope, hiddenSize: Int, _ config: ConfigurationReader) throws {
        score = try Linear(
            scope["score"],
            from: hiddenSize,
            to: config.configuration.labels.count,
            std: config.initializerRange()
        )
    }

    func logits(_ pooled: Tensor, _ context: ForwardContext) throws(TorchError) -> Tensor {
        try score(pooled, context)
    }

    func describe(_ g: inout GraphBuilder, _ pooled: Graph.Value) throws(ModelError) -> Graph.Value {
        try g.linear(pooled, score)
    }
}
