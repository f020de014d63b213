// A Llama-like decoder, with the options in which families differ.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/llama/modeling_llama.py

import NN
import Torch

/// Grouped-query attention with rotary positions.
private final class DecoderAttention {
    /// Projections of queries, keys and values, fused or separate.
    private enum Input {
        case fused(Linear)
        case separate(query: Linear, key: Linear, value: Linear)
    }

    private let config: DecoderConfiguration
    private let options: AttentionOptions
    private let input: Input
    private let output: Linear
    private let queryNorm: RMSNorm?
    private let keyNorm: RMSNorm?

    private var queryWidth: Int { config.numAttentionHeads * config.headDim }
    private var keyValueWidth: Int { config.numKeyValueHeads * config.headDim }

    init(
        _ scope: ParameterScope,
        _ config: DecoderConfiguration,
        _ layer: DecoderConfiguration.Layer
    ) throws(TorchError) {
        self.config = config
        var options = AttentionOptions(
            scale: config.attentionScale,
            window: layer.window,
            softcap: config.attentionSoftcap
        )
        options.dropout = config.attentionDropout
        self.options = options
        let (hidden, std) = (config.hiddenSize, config.initializerRange)
        let queryWidth = config.numAttentionHeads * config.headDim
        let keyValueWidth = config.numKeyValueHeads * config.headDim
        func linear(_ name: String, to output: Int) throws(TorchError) -> Linear {
            try Linear(
                scope[name],
                from: hidden,
                to: output,
                hasBias: config.hasQueryKeyValueBias,
                std: std
            )
        }
        func makeOutput() throws(TorchError) -> Linear {
            try Linear(
                scope["o_proj"],
                from: queryWidth,
                to: hidden,
                hasBias: config.hasOutputBias,
                std: std
            )
        }
        switch config.projections {
        case .separate:
            input = .separate(
                query: try linear("q_proj", to: queryWidth),
                key: try linear("k_proj", to: keyValueWidth),
                value: try linear("v_proj", to: keyValueWidth)
            )
            output = try makeOutput()
        case .fused:
            output = try makeOutput()
            input = .fused(try linear("qkv_proj", to: queryWidth + 2 * keyValueWidth))
        }
        func norm(_ name: String) throws(TorchError) -> RMSNorm? {
            guard config.normalizesQueriesAndKeys else { return nil }
            return try RMSNorm(
                scope[name],
                width: config.headDim,
                epsilon: config.rmsNormEps,
                kind: config.normWeight
            )
        }
        queryNorm = try norm("q_norm")
        keyNorm = try norm("k_norm")
    }

    func callAsFunction(_ x: Tensor, _ rotation: Rotation, _ pass: BlockPass) throws(TorchError) -> Tensor {
        var (q, k, v) = try projected(x, pass)  // [R, N, D], [T, M, D], [T, M, D]
        if let queryNorm, let keyNorm { (q, k) = (try queryNorm(q), try keyNorm(k)) }
        // [R, N, D]
        let attended = try pass.attention(rotation.queries(q, pass), rotation.keys(k), v, options)
        return try output(attended.reshaped([-1, queryWidth]), pass.context)  // [R, H]
    }

    private func projected(
        _ x: Tensor,
        _ pass: BlockPass
    ) throws(TorchError) -> (Tensor, Tensor, Tensor) {
        let context = pass.context
        func heads(_ x: Tensor, _ count: Int) throws(TorchError) -> Tensor {
            try x.reshaped([-1, count, config.headDim])
        }
        let (q, k, v): (Tensor, Tensor, Tensor)
        switch input {
        case .separate(let query, let key, let value):
            if pass.isSelective {
                q = try query(pass.selected(x), context)
                let both = try context.apply([key, value], to: x)
                (k, v) = (both[0], both[1])
            } else {
                let all = try context.apply([query, key, value], to: x)
                (q, k, v) = (all[0], all[1], all[2])
            }
        case .fused(let linear):
            let all = try linear(x, context)  // [T, (N + 2 M) · D]
            q = try pass.selected(all.narrowed(1, to: 0..<queryWidth))
            k = try all.narrowed(1, to: queryWidth..<queryWidth + keyValueWidth)
            v = try all.narrowed(1, to: queryWidth + keyValueWidth..<queryWidth + 2 * keyValueWidth)
        }
        return (
            try heads(q, config.numAttentionHeads), try heads(k, config.numKeyValueHeads),
            try heads(v, config.numKeyValueHeads)
        )
    }

    /// Describes attention on `[B, S, H]`.
    func describe(
        _ g: inout GraphBuilder,
        _ x: Graph.Value,
        _ rotation: GraphRotation,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let heads = (queries: config.numAttentionHeads, keys: config.numKeyValueHeads)
        var (q, k, v) = try describeProjections(&g, x)
        if let queryNorm, let keyNorm {
            q = try g.norm(q, heads: heads.queries, queryNorm)
            k = try g.norm(k, heads: heads.keys, keyNorm)
        }
        q = try g.rotated(q, heads: heads.queries, rotation)
        k = try g.rotated(k, heads: heads.keys, rotation)
        let attended = try g.attention(q, k, v, options, heads: heads, inputs)
        return try g.linear(attended, output)
    }

    /// Describes queries `[B, S, N · D]`, keys and values `[B, S, M · D]`.
    private func describeProjections(
        _ g: inout GraphBuilder,
        _ x: Graph.Value
    ) throws(ModelError) -> (Graph.Value, Graph.Value, Graph.Value) {
        switch input {
        case .separate(let query, let key, let value):
            return (try g.linear(x, query), try g.linear(x, key), try g.linear(x, value))
        case .fused(let linear):
            let all = try g.linear(x, linear)
            let (keys, values) = (queryWidth, queryWidth + keyValueWidth)
            return (
                try g.narrowed(all, to: 0..<keys), try g.narrowed(all, to: keys..<values),
                try g.narrowed(all, to: values..<values + keyValueWidth)
            )
        }
    }
}

/// The cosines and sines `[T, R]` of a batch.
struct Rotation {
    let cosine: Tensor
    let sine: Tensor

    /// Rotates keys `[T, M, D]`.
    func keys(_ k: Tensor) throws(TorchError) -> Tensor { try k.rope(cosine: cosine, sine: sine) }

    /// Rotates the queries `[R, N, D]` of the rows that a pass returns.
    func queries(_ q: Tensor, _ pass: BlockPass) throws(TorchError) -> Tensor {
        try q.rope(cosine: pass.selected(cosine), sine: pass.selected(sine))
    }
}

/// The gated feed-forward layer.
private final class DecoderMLP {
    /// Projections of gate and up, fused or separate.
    private enum Input {
        case fused(Linear)
        case separate(gate: Linear, up: Linear)
    }

    private let activation: Activation
    private let intermediateSize: Int
    private let input: Input
    private let down: Linear

    init(_ scope: ParameterScope, _ config: DecoderConfiguration) throws(TorchError) {
        func linear(_ name: String, from input: Int, to output: Int) throws(TorchError) -> Linear {
            try Linear(
                scope[name],
                from: input,
                to: output,
                hasBias: config.hasMLPBias,
                std: config.initializerRange
            )
        }
        activation = config.activation
        intermediateSize = config.intermediateSize
        switch config.projections {
        case .separate:
            input = .separate(
                gate: try linear("gate_proj", from: config.hiddenSize, to: config.intermediateSize),
                up: try linear("up_proj", from: config.hiddenSize, to: config.intermediateSize)
            )
        case .fused:
            input = .fused(
                try linear("gate_up_proj", from: config.hiddenSize, to: 2 * config.intermediateSize)
            )
        }
        down = try linear("down_proj", from: config.intermediateSize, to: config.hiddenSize)
    }

    func callAsFunction(_ x: Tensor, _ context: ForwardContext) throws(TorchError) -> Tensor {
        let first =
            switch input {
            case .separate(let gate, let up): [gate, up]
            case .fused(let both): [both]
            }
        return try context.feedForward(first, isGated: true, activation, down, x)  // [R, H]
    }

    /// Describes the layer on `[B, S, H]`.
    func describe(_ g: inout GraphBuilder, _ x: Graph.Value) throws(ModelError) -> Graph.Value {
        let (gate, up): (Graph.Value, Graph.Value)
        switch input {
        case .separate(let gateLayer, let upLayer):
            (gate, up) = (try g.linear(x, gateLayer), try g.linear(x, upLayer))
        case .fused(let linear):
            let both = try g.linear(x, linear)
            gate = try g.narrowed(both, to: 0..<intermediateSize)
            up = try g.narrowed(both, to: intermediateSize..<2 * intermediateSize)
        }
        let gated = try g.gated(gate, up, activation)
        return try g.linear(gated, down)
    }
}

/// Attention and feed-forward, each with a norm before (in Gemma also after) and a residual connection.
private final class DecoderBlock {
    private let config: DecoderConfiguration
    private let attention: DecoderAttention
    private let feedForward: DecoderMLP
    private let attentionNorm: RMSNorm
    private let feedForwardNorm: RMSNorm
    private let afterAttention: RMSNorm?
    private let afterFeedForward: RMSNorm?
    let layer: DecoderConfiguration.Layer

    init(
        _ scope: ParameterScope,
        _ config: DecoderConfiguration,
        _ layer: DecoderConfiguration.Layer
    ) throws(TorchError) {
        self.config = config
        self.layer = layer
        attention = try DecoderAttention(scope["self_attn"], config, layer)
        feedForward = try DecoderMLP(scope["mlp"], config)
        func norm(_ name: String) throws(TorchError) -> RMSNorm {
            try RMSNorm(
                scope[name],
                width: config.hiddenSize,
                epsilon: config.rmsNormEps,
                kind: config.normWeight
            )
        }
        attentionNorm = try norm("input_layernorm")
        switch config.norms {
        case .before:
            feedForwardNorm = try norm("post_attention_layernorm")
            (afterAttention, afterFeedForward) = (nil, nil)
        case .beforeAndAfter:
            afterAttention = try norm("post_attention_layernorm")
            feedForwardNorm = try norm("pre_feedforward_layernorm")
            afterFeedForward = try norm("post_feedforward_layernorm")
        }
    }

    func callAsFunction(_ x: Tensor, _ rotation: Rotation, _ pass: BlockPass) throws(TorchError) -> Tensor {
        let context = pass.context
        var added = try attention(attentionNorm(x), rotation, pass)  // [R, H]
        if let afterAttention { added = try afterAttention(added) }
        let x = try pass.selected(x) + context.dropout(config.residualDropout, added)  // [R, H]
        added = try feedForward(feedForwardNorm(x), context)
        if let afterFeedForward { added = try afterFeedForward(added) }
        return try x + context.dropout(config.residualDropout, added)  // [R, H]
    }

    /// Describes the block on `[B, S, H]`.
    func describe(
        _ g: inout GraphBuilder,
        _ x: Graph.Value,
        _ rotation: GraphRotation,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let normalized = try g.norm(x, attentionNorm)
        var added = try attention.describe(&g, normalized, rotation, inputs)
        if let afterAttention { added = try g.norm(added, afterAttention) }
        let y = try g.add(x, added, label: "residual")
        let input = try g.norm(y, feedForwardNorm)
        added = try feedForward.describe(&g, input)
        if let afterFeedForward { added = try g.norm(added, afterFeedForward) }
        return try g.add(y, added, label: "residual")
    }
}

/// A decoder without its language-model head.
final class Decoder: Backbone {
    let hiddenSize: Int
    let positionLimit: PositionLimit?
    let tokenEmbedding: Embedding
    var limits: InputLimits { InputLimits(tokens: config.vocabularySize) }
    private let config: DecoderConfiguration
    private let blocks: [DecoderBlock]
    private let norm: RMSNorm

    /// Creates the parameters `embed_tokens`, `layers.N` and `norm` in a scope.
    init(_ scope: ParameterScope, _ config: DecoderConfiguration) throws(TorchError) {
        self.config = config
        hiddenSize = config.hiddenSize
        positionLimit = config.positionLimit
        tokenEmbedding = try Embedding(
            scope["embed_tokens"],
            count: config.vocabularySize,
            width: config.hiddenSize,
            paddingIndex: config.paddingIndex,
            std: config.initializerRange
        )
        var blocks: [DecoderBlock] = []
        for (index, layer) in config.layers.enumerated() {
            blocks.append(try DecoderBlock(scope["layers"][index], config, layer))
        }
        self.blocks = blocks
        norm = try RMSNorm(
            scope["norm"],
            width: config.hiddenSize,
            epsilon: config.rmsNormEps,
            kind: config.normWeight
        )
    }

    func states(
        _ batch: PackedBatch,
        rows: PackedRows?,
        _ context: ForwardContext
    ) throws(TorchError) -> Tensor {
        var rotations: [Rotation] = []
        for rotary in config.rotaries {
            let (cosine, sine) = try rotary(batch.positions, cuSeqlens: batch.cuSeqlens)
            rotations.append(Rotation(cosine: cosine, sine: sine))
        }
        var x = try context.embedded(tokenEmbedding(batch.ids))  // [T, H]
        if config.embeddingScale != 1 { x = try x * config.embeddingScale }
        let pass = BlockPass(batch: batch, rows: rows, context: context)
        x = try blocks.run(x, pass) { block, x, pass throws(TorchError) in
            try block(x, rotations[block.layer.rotary], pass)
        }
        return try norm(x)  // [R, H]
    }

    func describe(_ g: inout GraphBuilder, _ inputs: GraphInputs) throws(ModelError) -> Graph.Value {
        var x = try g.lookup(tokenEmbedding, inputs.ids)
        if config.embeddingScale != 1 { x = try g.multiply(x, by: config.embeddingScale) }
        for (index, block) in blocks.enumerated() {
            let rotation = try g.rotation(config.rotaries[block.layer.rotary], inputs)
            x = try g.scoped("layer.\(index)") { g throws(ModelError) in
                try block.describe(&g, x, rotation, inputs)
            }
        }
        return try g.norm(x, norm)
    }
}
