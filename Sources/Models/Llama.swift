// The Llama family: Llama 1 to 3.2, SmolLM2 and whatever else calls itself `llama`.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/llama/modeling_llama.py

import JSON
import NN
import Torch

/// Llama's hyper-parameters, as `config.json` names them.
struct LlamaConfiguration: Equatable {
    let vocabularySize: Int
    let hiddenSize: Int
    let intermediateSize: Int
    let numHiddenLayers: Int
    let numAttentionHeads: Int
    let numKeyValueHeads: Int
    let headDim: Int
    let rmsNormEps: Double
    let ropeTheta: Double
    let ropeScaling: RotaryScaling
    let attentionBias: Bool
    let mlpBias: Bool
    let initializerRange: Double

    /// Reads and checks the fields.
    init(_ config: ModelConfiguration) throws(ModelError) {
        vocabularySize = try config.integer("vocab_size")
        hiddenSize = try config.integer("hidden_size")
        intermediateSize = try config.integer("intermediate_size")
        numHiddenLayers = try config.integer("num_hidden_layers")
        numAttentionHeads = try config.integer("num_attention_heads")
        numKeyValueHeads = try config.integer("num_key_value_heads", default: numAttentionHeads)
        headDim = try config.integer("head_dim", default: hiddenSize / numAttentionHeads)
        rmsNormEps = try config.number("rms_norm_eps", default: 1e-6)
        (ropeTheta, ropeScaling) = try config.rope(defaultTheta: 10_000)
        attentionBias = try config.flag("attention_bias", default: false)
        mlpBias = try config.flag("mlp_bias", default: false)
        initializerRange = try config.number("initializer_range", default: 0.02)
        guard numAttentionHeads.isMultiple(of: numKeyValueHeads), headDim.isMultiple(of: 2) else {
            throw ModelError(
                .badConfiguration,
                "\(config.source): \(numAttentionHeads) attention heads of width \(headDim) do not go with "
                    + "\(numKeyValueHeads) key/value heads; the first must be a multiple of the last and the width even"
            )
        }
        let activation = config["hidden_act"].string ?? "silu"
        guard activation == "silu" else {
            throw ModelError(
                .unsupported,
                "\(config.source): `hidden_act` is \"\(activation)\"; for llama only \"silu\" is known"
            )
        }
        guard try config.number("attention_dropout", default: 0) == 0 else {
            throw ModelError(
                .unsupported,
                "\(config.source): `attention_dropout` is not 0, which is not supported for llama yet"
            )
        }
    }
}

/// Grouped-query attention with rotary positions.
private final class LlamaAttention {
    private let config: LlamaConfiguration
    private let query: Linear
    private let key: Linear
    private let value: Linear
    private let output: Linear

    init(_ scope: ParameterScope, _ config: LlamaConfiguration) throws(TorchError) {
        self.config = config
        let queryWidth = config.numAttentionHeads * config.headDim
        let keyValueWidth = config.numKeyValueHeads * config.headDim
        func linear(_ name: String, from input: Int, to output: Int) throws(TorchError) -> Linear {
            try Linear(
                scope[name],
                from: input,
                to: output,
                hasBias: config.attentionBias,
                std: config.initializerRange
            )
        }
        query = try linear("q_proj", from: config.hiddenSize, to: queryWidth)
        key = try linear("k_proj", from: config.hiddenSize, to: keyValueWidth)
        value = try linear("v_proj", from: config.hiddenSize, to: keyValueWidth)
        output = try linear("o_proj", from: queryWidth, to: config.hiddenSize)
    }

    func callAsFunction(
        _ x: Tensor,
        _ pass: DecoderPass
    ) throws(TorchError) -> Tensor {
        let width = config.headDim
        let context = pass.context
        let q = try query(x, context).reshaped([-1, config.numAttentionHeads, width])  // [T, N, D]
        let k = try key(x, context).reshaped([-1, config.numKeyValueHeads, width])  // [T, M, D]
        let v = try value(x, context).reshaped([-1, config.numKeyValueHeads, width])  // [T, M, D]
        let attended = try q.rope(cosine: pass.cosine, sine: pass.sine).variableLengthAttention(
            keys: k.rope(cosine: pass.cosine, sine: pass.sine),
            values: v,
            cuSeqlens: pass.cuSeqlens,
            scale: 1 / Double(width).squareRoot(),
            isCausal: true
        )  // [T, N, D]
        return try output(attended.reshaped([-1, config.numAttentionHeads * width]), context)  // [T, H]
    }
}

/// The gated feed-forward layer.
private final class LlamaMLP {
    private let gate: Linear
    private let up: Linear
    private let down: Linear

    init(_ scope: ParameterScope, _ config: LlamaConfiguration) throws(TorchError) {
        func linear(_ name: String, from input: Int, to output: Int) throws(TorchError) -> Linear {
            try Linear(
                scope[name],
                from: input,
                to: output,
                hasBias: config.mlpBias,
                std: config.initializerRange
            )
        }
        gate = try linear("gate_proj", from: config.hiddenSize, to: config.intermediateSize)
        up = try linear("up_proj", from: config.hiddenSize, to: config.intermediateSize)
        down = try linear("down_proj", from: config.intermediateSize, to: config.hiddenSize)
    }

    func callAsFunction(_ x: Tensor, _ context: ForwardContext) throws(TorchError) -> Tensor {
        try down(gate(x, context).swiglu(up(x, context)), context)  // [T, H]
    }
}

/// Attention and feed-forward, each normalised before and added after.
private final class LlamaBlock {
    private let attention: LlamaAttention
    private let feedForward: LlamaMLP
    private let attentionNorm: RMSNorm
    private let feedForwardNorm: RMSNorm

    init(_ scope: ParameterScope, _ config: LlamaConfiguration) throws(TorchError) {
        attention = try LlamaAttention(scope["self_attn"], config)
        feedForward = try LlamaMLP(scope["mlp"], config)
        attentionNorm = try RMSNorm(
            scope["input_layernorm"],
            width: config.hiddenSize,
            epsilon: config.rmsNormEps
        )
        feedForwardNorm = try RMSNorm(
            scope["post_attention_layernorm"],
            width: config.hiddenSize,
            epsilon: config.rmsNormEps
        )
    }

    func callAsFunction(_ x: Tensor, _ pass: DecoderPass) throws(TorchError) -> Tensor {
        let x = try x + attention(attentionNorm(x), pass)  // [T, H]
        return try x + feedForward(feedForwardNorm(x), pass.context)  // [T, H]
    }
}

/// The decoder without its language-model head.
final class LlamaModel: DecoderBackbone {
    let hiddenSize: Int
    private let embeddings: Embedding
    private let blocks: [LlamaBlock]
    private let norm: RMSNorm
    private let rotary: RotaryEmbedding

    /// Makes the parameters `embed_tokens`, `layers.N` and `norm` at a place.
    init(_ scope: ParameterScope, _ configuration: ModelConfiguration) throws {
        let config = try LlamaConfiguration(configuration)
        hiddenSize = config.hiddenSize
        embeddings = try Embedding(
            scope["embed_tokens"],
            count: config.vocabularySize,
            width: config.hiddenSize,
            std: config.initializerRange
        )
        var blocks: [LlamaBlock] = []
        for index in 0..<config.numHiddenLayers {
            blocks.append(try LlamaBlock(scope["layers"][index], config))
        }
        self.blocks = blocks
        norm = try RMSNorm(scope["norm"], width: config.hiddenSize, epsilon: config.rmsNormEps)
        rotary = RotaryEmbedding(width: config.headDim, theta: config.ropeTheta, scaling: config.ropeScaling)
    }

    func lastTokenStates(_ batch: PackedBatch, _ context: ForwardContext) throws(TorchError) -> Tensor {
        let (cosine, sine) = try rotary(batch.positions)
        let pass = DecoderPass(cosine: cosine, sine: sine, cuSeqlens: batch.cuSeqlens, context: context)
        var x = try embeddings(batch.ids)  // [T, H]
        for block in blocks { x = try block(x, pass) }
        // The norm looks at one row at a time: picking first gives the same and spares T - B rows.
        return try norm(x.gatheringRows(batch.lastTokenRows))  // [B, H]
    }
}
