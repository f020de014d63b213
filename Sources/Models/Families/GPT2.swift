// GPT-2 and DistilGPT-2: learned positions and transposed weights.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/gpt2/modeling_gpt2.py

import JSON
import NN
import Torch

/// GPT-2's hyperparameters.
struct GPT2Configuration: Equatable {
    let vocabularySize: Int
    let maxPositionEmbeddings: Int
    let hiddenSize: Int
    let intermediateSize: Int
    let numHiddenLayers: Int
    let numAttentionHeads: Int
    let headDim: Int
    let layerNormEpsilon: Double
    let initializerRange: Double
    let activation: Activation
    let scalesAttention: Bool
    let scalesAttentionByLayer: Bool
    let embeddingDropout: Double
    let attentionDropout: Double
    let residualDropout: Double

    /// Reads and checks the fields.
    init(_ config: ConfigurationReader) throws(ModelError) {
        vocabularySize = try config.integer("vocab_size", default: 50257)
        maxPositionEmbeddings = try config.integer("n_positions", default: 1024)
        hiddenSize = try config.integer("n_embd", default: 768)
        intermediateSize = try config.optionalInteger("n_inner") ?? 4 * hiddenSize
        numHiddenLayers = config.isMissing("n_layer") ? 12 : try config.layerCount("n_layer")
        numAttentionHeads = try config.integer("n_head", default: 12)
        headDim = try config.headWidth(hiddenSize, heads: numAttentionHeads)
        layerNormEpsilon = try config.epsilon("layer_norm_epsilon", default: 1e-5)
        initializerRange = try config.initializerRange()
        activation = try config.activation("activation_function", default: .geluTanh)
        scalesAttention = try config.flag("scale_attn_weights", default: true)
        scalesAttentionByLayer = try config.flag("scale_attn_by_inverse_layer_idx", default: false)
        embeddingDropout = try config.probability("embd_pdrop", default: 0.1)
        attentionDropout = try config.probability("attn_pdrop", default: 0.1)
        residualDropout = try config.probability("resid_pdrop", default: 0.1)
        // For other heads, the old spelling of n_positions, and half precision, which is always computed in float32.
        for name in ["summary_type", "summary_use_proj", "summary_activation", "summary_proj_to_labels"] {
            _ = config[name]
        }
        _ = (config["summary_first_dropout"], config["n_ctx"], config["reorder_and_upcast_attn"])
    }

    /// Returns the factor on the scores of a layer.
    func attentionScale(layer: Int) -> Double {
        let scale = scalesAttention ? 1 / Double(headDim).squareRoot() : 1
        return scalesAttentionByLayer ? scale / Double(layer + 1) : scale
    }
}

/// Multi-head causal attention.
private final class GPT2Attention {
    private let config: GPT2Configuration
    private let input: Conv1D
    private let output: Conv1D
    private let options: AttentionOptions

    init(_ scope: ParameterScope, _ config: GPT2Configuration, layer: Int) throws(TorchError) {
        let (hidden, std) = (config.hiddenSize, config.initializerRange)
        self.config = config
        input = try Conv1D(scope["c_attn"], from: hidden, to: 3 * hidden, std: std)
        output = try Conv1D(scope["c_proj"], from: hidden, to: hidden, std: std)
        var options = AttentionOptions(scale: config.attentionScale(layer: layer), window: .causal)
        options.dropout = config.attentionDropout
        self.options = options
    }

    func callAsFunction(_ x: Tensor, _ pass: BlockPass) throws(TorchError) -> Tensor {
        let hidden = config.hiddenSize
        let all = try input(x, pass.context)  // [T, 3 H]
        func heads(_ part: Int) throws(TorchError) -> Tensor {
            try all.narrowed(1, to: part * hidden..<(part + 1) * hidden)
                .reshaped([-1, config.numAttentionHeads, config.headDim])  // [T, N, D]
        }
        let attended = try pass.attention(pass.selected(heads(0)), heads(1), heads(2), options)  // [R, N, D]
        return try output(attended.reshaped([-1, hidden]), pass.context)  // [R, H]
    }

    /// Describes attention on `[B, S, H]`.
    func describe(
        _ g: inout GraphBuilder,
        _ x: Graph.Value,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let (hidden, heads) = (config.hiddenSize, config.numAttentionHeads)
        let all = try g.linear(x, input)  // [B, S, 3 H]
        let q = try g.narrowed(all, to: 0..<hidden)
        let k = try g.narrowed(all, to: hidden..<2 * hidden)
        let v = try g.narrowed(all, to: 2 * hidden..<3 * hidden)
        let attended = try g.attention(q, k, v, options, heads: (queries: heads, keys: heads), inputs)
        return try g.linear(attended, output)
    }
}

/// Attention and feed-forward, each with a norm before it and a residual connection.
private final class GPT2Block {
    private let config: GPT2Configuration
    private let attentionNorm: LayerNorm
    private let attention: GPT2Attention
    private let feedForwardNorm: LayerNorm
    private let up: Conv1D
    private let down: Conv1D

    init(_ scope: ParameterScope, _ config: GPT2Configuration, layer: Int) throws(TorchError) {
        let (hidden, std) = (config.hiddenSize, config.initializerRange)
        self.config = config
        attentionNorm = try LayerNorm(scope["ln_1"], width: hidden, epsilon: config.layerNormEpsilon)
        attention = try GPT2Attention(scope["attn"], config, layer: layer)
        feedForwardNorm = try LayerNorm(scope["ln_2"], width: hidden, epsilon: config.layerNormEpsilon)
        up = try Conv1D(scope["mlp"]["c_fc"], from: hidden, to: config.intermediateSize, std: std)
        down = try Conv1D(scope["mlp"]["c_proj"], from: config.intermediateSize, to: hidden, std: std)
    }

    func callAsFunction(_ x: Tensor, _ pass: BlockPass) throws(TorchError) -> Tensor {
        let context = pass.context
        let attended = try context.dropout(config.residualDropout, attention(attentionNorm(x), pass))
        let x = try pass.selected(x) + attended  // [R, H]
        let inner = try config.activation(up(feedForwardNorm(x), context))  // [R, I]
        return try x + context.dropout(config.residualDropout, down(inner, context))  // [R, H]
    }

    /// Describes the block on `[B, S, H]`.
    func describe(
        _ g: inout GraphBuilder,
        _ x: Graph.Value,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let normalized = try g.norm(x, attentionNorm)
        let attended = try attention.describe(&g, normalized, inputs)
        let y = try g.add(x, attended, label: "residual")
        let input = try g.norm(y, feedForwardNorm)
        let wide = try g.linear(input, up)
        let inner = try g.activated(wide, config.activation)
        let added = try g.linear(inner, down)
        return try g.add(y, added, label: "residual")
    }
}

/// GPT-2 without its language-model head.
final class GPT2Model: Backbone {
    let hiddenSize: Int
    let positionLimit: PositionLimit?
    let tokenEmbedding: Embedding
    var limits: InputLimits {
        let vocabulary = config.vocabularySize
        return InputLimits(
            tokens: vocabulary,
            types: .tokens(vocabulary),
            positions: config.maxPositionEmbeddings
        )
    }
    private let config: GPT2Configuration
    private let positions: Embedding
    private let blocks: [GPT2Block]
    private let norm: LayerNorm

    /// Creates the parameters `wte`, `wpe`, `h.N` and `ln_f` in a scope.
    init(_ scope: ParameterScope, _ reader: ConfigurationReader) throws {
        let config = try GPT2Configuration(reader)
        self.config = config
        let (hidden, std) = (config.hiddenSize, config.initializerRange)
        hiddenSize = hidden
        positionLimit = PositionLimit(tokens: config.maxPositionEmbeddings, kind: .table)
        tokenEmbedding = try Embedding(
            scope["wte"],
            count: config.vocabularySize,
            width: hidden,
            std: std
        )
        positions = try Embedding(scope["wpe"], count: config.maxPositionEmbeddings, width: hidden, std: std)
        var blocks: [GPT2Block] = []
        for layer in 0..<config.numHiddenLayers {
            blocks.append(try GPT2Block(scope["h"][layer], config, layer: layer))
        }
        self.blocks = blocks
        norm = try LayerNorm(scope["ln_f"], width: hidden, epsilon: config.layerNormEpsilon)
    }

    func states(
        _ batch: PackedBatch,
        rows: PackedRows?,
        _ context: ForwardContext
    ) throws(TorchError) -> Tensor {
        let words = try context.embedded(tokenEmbedding(batch.ids))
        var embedded = try words + positions(batch.positions)  // [T, H]
        if let types = batch.typeIDs { embedded = try embedded + tokenEmbedding(types) }
        let x = try context.dropout(config.embeddingDropout, embedded)
        let pass = BlockPass(batch: batch, rows: rows, context: context)
        return try norm(
            blocks.run(x, pass) { block, x, pass throws(TorchError) in try block(x, pass) }
        )  // [R, H]
    }

    func describe(_ g: inout GraphBuilder, _ inputs: GraphInputs) throws(ModelError) -> Graph.Value {
        let words = try g.lookup(tokenEmbedding, inputs.ids)
        let places = try g.positions(inputs)
        let added = try g.lookup(positions, places)
        var x = try g.add(words, added, label: "embeddings")
        if let ids = inputs.types {
            let types = try g.lookup(tokenEmbedding, ids)
            x = try g.add(x, types, label: "embeddings")
        }
        for (index, block) in blocks.enumerated() {
            x = try g.scoped("layer.\(index)") { g throws(ModelError) in
                try block.describe(&g, x, inputs)
            }
        }
        return try g.norm(x, norm)
    }
}
