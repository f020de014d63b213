// GPT-NeoX and Pythia: parallel attention and feed-forward, and partially rotated heads.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/gpt_neox/modeling_gpt_neox.py

import NN
import Torch

/// GPT-NeoX' hyperparameters.
struct GPTNeoXConfiguration: Equatable {
    let vocabularySize: Int
    let hiddenSize: Int
    let intermediateSize: Int
    let numHiddenLayers: Int
    let numAttentionHeads: Int
    let headDim: Int
    let layerNormEps: Double
    let initializerRange: Double
    let activation: Activation
    let attentionBias: Bool
    let usesParallelResidual: Bool
    let rotary: RotaryEmbedding
    let positionLimit: PositionLimit?
    let attentionDropout: Double
    let hiddenDropout: Double

    /// Reads and checks the fields.
    init(_ config: ConfigurationReader) throws(ModelError) {
        vocabularySize = try config.integer("vocab_size")
        hiddenSize = try config.integer("hidden_size")
        intermediateSize = try config.integer("intermediate_size")
        numHiddenLayers = try config.layerCount()
        numAttentionHeads = try config.integer("num_attention_heads")
        headDim = try config.headWidth(hiddenSize, heads: numAttentionHeads)
        layerNormEps = try config.epsilon("layer_norm_eps", default: 1e-5)
        initializerRange = try config.initializerRange()
        activation = try config.activation("hidden_act", default: .gelu)
        attentionBias = try config.flag("attention_bias", default: true)
        usesParallelResidual = try config.flag("use_parallel_residual", default: true)
        var fields = ConfigurationReader.RotaryFields()
        fields.thetaField = "rotary_emb_base"
        fields.partialField = "rotary_pct"
        fields.defaultPartial = 0.25
        rotary = try config.rotary(headWidth: headDim, fields)
        positionLimit = try config.positionLimit(
            config.optionalInteger("max_position_embeddings"),
            fields
        )
        attentionDropout = try config.probability("attention_dropout")
        hiddenDropout = try config.probability("hidden_dropout")
        // For the token head.
        _ = config["classifier_dropout"]
    }
}

/// Multi-head causal attention; each head's query, key and value are stored next to each other.
private final class GPTNeoXAttention {
    private let config: GPTNeoXConfiguration
    private let input: Linear
    private let output: Linear
    private let options: AttentionOptions

    init(_ scope: ParameterScope, _ config: GPTNeoXConfiguration) throws(TorchError) {
        self.config = config
        func linear(_ name: String, to width: Int) throws(TorchError) -> Linear {
            try Linear(
                scope[name],
                from: config.hiddenSize,
                to: width,
                hasBias: config.attentionBias,
                std: config.initializerRange
            )
        }
        input = try linear("query_key_value", to: 3 * config.hiddenSize)
        output = try linear("dense", to: config.hiddenSize)
        var options = AttentionOptions(scale: 1 / Double(config.headDim).squareRoot(), window: .causal)
        options.dropout = config.attentionDropout
        self.options = options
    }

    func callAsFunction(_ x: Tensor, _ rotation: Rotation, _ pass: BlockPass) throws(TorchError) -> Tensor {
        let width = config.headDim
        let all = try input(x, pass.context).reshaped([-1, config.numAttentionHeads, 3 * width])
        let q = try pass.selected(all.narrowed(2, to: 0..<width))  // [R, N, D]
        let k = try all.narrowed(2, to: width..<2 * width)  // [T, N, D]
        let v = try all.narrowed(2, to: 2 * width..<3 * width)  // [T, N, D]
        let attended = try pass.attention(rotation.queries(q, pass), rotation.keys(k), v, options)
        return try output(attended.reshaped([-1, config.hiddenSize]), pass.context)  // [R, H]
    }

    /// Describes attention on `[B, S, H]`.
    func describe(
        _ g: inout GraphBuilder,
        _ x: Graph.Value,
        _ rotation: GraphRotation,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let (width, heads) = (config.headDim, config.numAttentionHeads)
        let joined = try g.linear(x, input)
        let all = try g.split(joined, heads: heads)  // [B, S, N, 3 D]
        var parts: [Graph.Value] = []
        for part in 0..<3 {
            let own = try g.narrowed(all, to: part * width..<(part + 1) * width)
            parts.append(try g.joined(own))  // [B, S, N · D]
        }
        let q = try g.rotated(parts[0], heads: heads, rotation)
        let k = try g.rotated(parts[1], heads: heads, rotation)
        let attended = try g.attention(
            q,
            k,
            parts[2],
            options,
            heads: (queries: heads, keys: heads),
            inputs
        )
        return try g.linear(attended, output)
    }
}

/// Attention and feed-forward, in parallel on the block's input or in sequence.
private final class GPTNeoXBlock {
    private let config: GPTNeoXConfiguration
    private let attentionNorm: LayerNorm
    private let feedForwardNorm: LayerNorm
    private let attention: GPTNeoXAttention
    private let up: Linear
    private let down: Linear

    init(_ scope: ParameterScope, _ config: GPTNeoXConfiguration) throws(TorchError) {
        let (hidden, std) = (config.hiddenSize, config.initializerRange)
        self.config = config
        func norm(_ name: String) throws(TorchError) -> LayerNorm {
            try LayerNorm(scope[name], width: hidden, epsilon: config.layerNormEps)
        }
        attentionNorm = try norm("input_layernorm")
        feedForwardNorm = try norm("post_attention_layernorm")
        attention = try GPTNeoXAttention(scope["attention"], config)
        let mlp = scope["mlp"]
        let inner = config.intermediateSize
        up = try Linear(mlp["dense_h_to_4h"], from: hidden, to: inner, hasBias: true, std: std)
        down = try Linear(mlp["dense_4h_to_h"], from: inner, to: hidden, hasBias: true, std: std)
    }

    func callAsFunction(_ x: Tensor, _ rotation: Rotation, _ pass: BlockPass) throws(TorchError) -> Tensor {
        let context = pass.context
        let attended = try context.dropout(config.hiddenDropout, attention(attentionNorm(x), rotation, pass))
        let input = try pass.selected(x)  // [R, H]
        let sum = try input + attended
        let normalised = try feedForwardNorm(config.usesParallelResidual ? input : sum)
        let added = try context.feedForward([up], isGated: false, config.activation, down, normalised)
        return try sum + context.dropout(config.hiddenDropout, added)  // [R, H]
    }

    /// Describes the block on `[B, S, H]`.
    func describe(
        _ g: inout GraphBuilder,
        _ x: Graph.Value,
        _ rotation: GraphRotation,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let normalized = try g.norm(x, attentionNorm)
        let attended = try attention.describe(&g, normalized, rotation, inputs)
        let sum = try g.add(x, attended, label: "residual")
        let input = try g.norm(config.usesParallelResidual ? x : sum, feedForwardNorm)
        let wide = try g.linear(input, up)
        let inner = try g.activated(wide, config.activation)
        let added = try g.linear(inner, down)
        return try g.add(sum, added, label: "residual")
    }
}

/// GPT-NeoX without its language-model head.
final class GPTNeoXModel: Backbone {
    let hiddenSize: Int
    let positionLimit: PositionLimit?
    let tokenEmbedding: Embedding
    var limits: InputLimits { InputLimits(tokens: config.vocabularySize) }
    private let config: GPTNeoXConfiguration
    private let blocks: [GPTNeoXBlock]
    private let norm: LayerNorm

    /// Creates the parameters `embed_in`, `layers.N` and `final_layer_norm` in a scope.
    init(_ scope: ParameterScope, _ reader: ConfigurationReader) throws {
        let config = try GPTNeoXConfiguration(reader)
        self.config = config
        hiddenSize = config.hiddenSize
        positionLimit = config.positionLimit
        tokenEmbedding = try Embedding(
            scope["embed_in"],
            count: config.vocabularySize,
            width: config.hiddenSize,
            std: config.initializerRange
        )
        var blocks: [GPTNeoXBlock] = []
        for index in 0..<config.numHiddenLayers {
            blocks.append(try GPTNeoXBlock(scope["layers"][index], config))
        }
        self.blocks = blocks
        norm = try LayerNorm(
            scope["final_layer_norm"],
            width: config.hiddenSize,
            epsilon: config.layerNormEps
        )
    }

    func states(
        _ batch: PackedBatch,
        rows: PackedRows?,
        _ context: ForwardContext
    ) throws(TorchError) -> Tensor {
        let (cosine, sine) = try config.rotary(batch.positions, cuSeqlens: batch.cuSeqlens)
        let rotation = Rotation(cosine: cosine, sine: sine)
        let embedded = try context.embedded(tokenEmbedding(batch.ids))  // [T, H]
        let x = try context.dropout(config.hiddenDropout, embedded)
        let pass = BlockPass(batch: batch, rows: rows, context: context)
        return try norm(
            blocks.run(x, pass) { block, x, pass throws(TorchError) in try block(x, rotation, pass) }
        )  // [R, H]
    }

    func describe(_ g: inout GraphBuilder, _ inputs: GraphInputs) throws(ModelError) -> Graph.Value {
        let rotation = try g.rotation(config.rotary, inputs)
        var x = try g.lookup(tokenEmbedding, inputs.ids)
        for (index, block) in blocks.enumerated() {
            x = try g.scoped("layer.\(index)") { g throws(ModelError) in
                try block.describe(&g, x, rotation, inputs)
            }
        }
        return try g.norm(x, norm)
    }
}
