// A BERT-like encoder, with the options and names in which families differ.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/bert/modeling_bert.py

import NN
import Torch

/// The hyperparameters of BERT-like encoders.
///
/// A family creates one from its `config.json`, and ``Encoder`` builds the network.
struct EncoderConfiguration: Equatable {
    /// The names in a block of the checkpoint, without the block's prefix.
    struct BlockNames: Equatable {
        var query = "attention.self.query"
        var key = "attention.self.key"
        var value = "attention.self.value"
        var attentionOutput = "attention.output.dense"
        var attentionNorm = "attention.output.LayerNorm"
        var up = "intermediate.dense"
        var down = "output.dense"
        var outputNorm = "output.LayerNorm"
    }

    /// Default sizes of transformers' configuration class; these are BERT's.
    struct Defaults {
        var hiddenSize = 768
        var intermediateSize = 3072
        var numAttentionHeads = 12
    }

    var embeddings: EncoderEmbeddings.Configuration
    var hiddenSize: Int
    var intermediateSize: Int
    var numHiddenLayers: Int
    var numAttentionHeads: Int
    var layerNormEps: Double
    var initializerRange: Double
    var activation: Activation
    var hiddenDropout: Double
    var attentionDropout: Double
    /// Dropout of the head.
    var classifierDropout: Double
    /// Name of the list of blocks.
    var blocksName = "encoder.layer"
    var blockNames = BlockNames()

    /// Reads the fields that all these families have, with BERT's names.
    ///
    /// - Parameters:
    ///   - config: The model's configuration.
    ///   - embeddingSize: Width of the embeddings if it is not the hidden size.
    ///   - defaults: Sizes for fields that are missing.
    /// - Throws: `.badConfiguration` for an invalid field.
    init(
        _ config: ConfigurationReader,
        embeddingSize: Int? = nil,
        defaults: Defaults = Defaults()
    ) throws(ModelError) {
        hiddenSize = try config.integer("hidden_size", default: defaults.hiddenSize)
        intermediateSize = try config.integer("intermediate_size", default: defaults.intermediateSize)
        numHiddenLayers =
            config.isMissing("num_hidden_layers") ? 12 : try config.layerCount("num_hidden_layers")
        numAttentionHeads = try config.integer("num_attention_heads", default: defaults.numAttentionHeads)
        _ = try config.headWidth(hiddenSize, heads: numAttentionHeads)
        layerNormEps = try config.epsilon("layer_norm_eps", default: 1e-12)
        initializerRange = try config.initializerRange()
        activation = try config.activation("hidden_act", default: .gelu)
        hiddenDropout = try config.probability("hidden_dropout_prob", default: 0.1)
        attentionDropout = try config.probability("attention_probs_dropout_prob", default: 0.1)
        classifierDropout = try config.probability("classifier_dropout", default: hiddenDropout)
        embeddings = EncoderEmbeddings.Configuration(
            vocabularySize: try config.integer("vocab_size", default: 30522),
            maxPositionEmbeddings: try config.integer("max_position_embeddings", default: 512),
            typeVocabularySize: try config.integer("type_vocab_size", default: 2),
            width: embeddingSize ?? hiddenSize,
            paddingIndex: config.paddingIndex,
            layerNormEps: layerNormEps,
            initializerRange: initializerRange,
            dropout: hiddenDropout
        )
    }
}

/// Attention and feed-forward, each with a residual connection and a norm after it.
private final class EncoderBlock {
    private let config: EncoderConfiguration
    private let query: Linear
    private let key: Linear
    private let value: Linear
    private let attentionOutput: Linear
    private let attentionNorm: LayerNorm
    private let up: Linear
    private let down: Linear
    private let outputNorm: LayerNorm
    private let options: AttentionOptions

    init(_ scope: ParameterScope, _ config: EncoderConfiguration) throws(TorchError) {
        let (names, hidden, inner) = (config.blockNames, config.hiddenSize, config.intermediateSize)
        func linear(_ name: String, from input: Int, to output: Int) throws(TorchError) -> Linear {
            try Linear(scope[name], from: input, to: output, hasBias: true, std: config.initializerRange)
        }
        func norm(_ name: String) throws(TorchError) -> LayerNorm {
            try LayerNorm(scope[name], width: hidden, epsilon: config.layerNormEps)
        }
        self.config = config
        query = try linear(names.query, from: hidden, to: hidden)
        key = try linear(names.key, from: hidden, to: hidden)
        value = try linear(names.value, from: hidden, to: hidden)
        attentionOutput = try linear(names.attentionOutput, from: hidden, to: hidden)
        attentionNorm = try norm(names.attentionNorm)
        up = try linear(names.up, from: hidden, to: inner)
        down = try linear(names.down, from: inner, to: hidden)
        outputNorm = try norm(names.outputNorm)
        let width = Double(hidden / config.numAttentionHeads)
        var options = AttentionOptions(scale: 1 / width.squareRoot(), window: .full)
        options.dropout = config.attentionDropout
        self.options = options
    }

    func callAsFunction(_ x: Tensor, _ pass: BlockPass) throws(TorchError) -> Tensor {
        let context = pass.context
        func heads(_ x: Tensor) throws(TorchError) -> Tensor {
            try x.reshaped([-1, config.numAttentionHeads, config.hiddenSize / config.numAttentionHeads])
        }
        let input = try pass.selected(x)  // [R, H]
        let (q, k, v) = try projected(x, pass)
        let attended = try pass.attention(heads(q), heads(k), heads(v), options)  // [R, N, D]
        let output = try attentionOutput(attended.reshaped([-1, config.hiddenSize]), context)  // [R, H]
        let y = try attentionNorm(context.dropout(config.hiddenDropout, output), adding: input)  // [R, H]
        let fed = try context.feedForward([up], isGated: false, config.activation, down, y)  // [R, H]
        let added = try context.dropout(config.hiddenDropout, fed)  // [R, H]
        return try outputNorm(added, adding: y)  // [R, H]
    }

    /// Queries `[R, H]`, keys and values `[T, H]`.
    private func projected(_ x: Tensor, _ pass: BlockPass) throws(TorchError) -> (Tensor, Tensor, Tensor) {
        let context = pass.context
        guard pass.isSelective else {
            let all = try context.apply([query, key, value], to: x)
            return (all[0], all[1], all[2])
        }
        let both = try context.apply([key, value], to: x)
        return (try query(pass.selected(x), context), both[0], both[1])
    }

    /// Describes the block on `[B, S, H]`.
    func describe(
        _ g: inout GraphBuilder,
        _ x: Graph.Value,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let (q, k, v) = (try g.linear(x, query), try g.linear(x, key), try g.linear(x, value))
        let heads = (queries: config.numAttentionHeads, keys: config.numAttentionHeads)
        let attended = try g.attention(q, k, v, options, heads: heads, inputs)
        let output = try g.linear(attended, attentionOutput)
        let y = try g.norm(output, adding: x, attentionNorm)
        let wide = try g.linear(y, up)
        let inner = try g.activated(wide, config.activation)
        let added = try g.linear(inner, down)
        return try g.norm(added, adding: y, outputNorm)
    }
}

/// An encoder without a head.
final class Encoder: Backbone {
    let hiddenSize: Int
    let positionLimit: PositionLimit?
    let limits: InputLimits
    var tokenEmbedding: Embedding { embeddings.words }
    private let embeddings: EncoderEmbeddings
    private let projection: Linear?
    private let blocks: [EncoderBlock]

    /// Creates the parameters of embeddings and blocks in a scope.
    init(_ scope: ParameterScope, _ config: EncoderConfiguration) throws(TorchError) {
        hiddenSize = config.hiddenSize
        positionLimit = PositionLimit(tokens: config.embeddings.maxLength, kind: .table)
        limits = config.embeddings.limits
        embeddings = try EncoderEmbeddings(scope["embeddings"], config.embeddings)
        projection =
            config.embeddings.width == config.hiddenSize
            ? nil
            : try Linear(
                scope["embeddings_project"],
                from: config.embeddings.width,
                to: config.hiddenSize,
                hasBias: true,
                std: config.initializerRange
            )
        var blocks: [EncoderBlock] = []
        for index in 0..<config.numHiddenLayers {
            blocks.append(try EncoderBlock(scope[config.blocksName][index], config))
        }
        self.blocks = blocks
    }

    func states(
        _ batch: PackedBatch,
        rows: PackedRows?,
        _ context: ForwardContext
    ) throws(TorchError) -> Tensor {
        var x = try embeddings(batch, context)  // [T, E]
        if let projection { x = try projection(x, context) }  // [T, H]
        let pass = BlockPass(batch: batch, rows: rows, context: context)
        return try blocks.run(x, pass) { block, x, pass throws(TorchError) in try block(x, pass) }
    }

    func describe(_ g: inout GraphBuilder, _ inputs: GraphInputs) throws(ModelError) -> Graph.Value {
        var x = try embeddings.describe(&g, inputs)
        if let projection { x = try g.linear(x, projection) }
        for (index, block) in blocks.enumerated() {
            x = try g.scoped("layer.\(index)") { g throws(ModelError) in
                try block.describe(&g, x, inputs)
            }
        }
        return x
    }
}
