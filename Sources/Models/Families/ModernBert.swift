// ModernBERT: an encoder with rotary positions, gated feed-forward layers, and local attention in most layers.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/modernbert/modeling_modernbert.py

import JSON
import NN
import Torch

extension ModelFamily {
    /// `modernbert`.
    static let modernBert = ModelFamily(
        modelType: "modernbert",
        classifierArchitecture: "ModernBertForSequenceClassification",
        defaultPadTokenID: 50283,
        keys: KeyMap(
            backbonePrefix: "model.",
            headPrefixes: ["classifier."],
            // Masked-language-model checkpoints have it under the same names, and the classifier starts from it.
            optionalPrefixes: ["head."],
            dropped: [
                .init(prefix: "decoder.", reason: "a classifier has no masked-language-model head")
            ]
        )
    ) { scope, reader in
        let config = try ModernBertConfiguration(reader)
        let backbone = try ModernBertModel(scope["model"], config)
        let head = try ModernBertHead(scope, config, labelCount: reader.configuration.labels.count)
        return ClassifierNetwork(backbone: backbone, pooling: config.pooling, head: head)
    }
}

/// ModernBERT's hyperparameters.
struct ModernBertConfiguration {
    let vocabularySize: Int
    let hiddenSize: Int
    let intermediateSize: Int
    let numAttentionHeads: Int
    let headDim: Int
    let positionLimit: PositionLimit?
    let normEps: Double
    let normBias: Bool
    let activation: Activation
    let attentionBias: Bool
    let mlpBias: Bool
    let initializerRange: Double
    let embeddingDropout: Double
    let attentionDropout: Double
    let mlpDropout: Double
    let paddingIndex: Int?
    /// Whether attention is local, per layer.
    let isLocal: [Bool]
    /// The window of a token in a local layer.
    let localWindow: AttentionOptions.Window
    let globalRotary: RotaryEmbedding
    let localRotary: RotaryEmbedding
    let pooling: Pooling
    let classifierActivation: Activation
    let classifierBias: Bool
    let classifierDropout: Double

    /// Standard deviation of fresh weights that write to the residual stream.
    var outputStd: Double { initializerRange / (2 * Double(isLocal.count)).squareRoot() }

    /// Reads and checks the fields.
    init(_ config: ConfigurationReader) throws(ModelError) {
        vocabularySize = try config.integer("vocab_size", default: 50368)
        hiddenSize = try config.integer("hidden_size", default: 768)
        intermediateSize = try config.integer("intermediate_size", default: 1152)
        numAttentionHeads = try config.integer("num_attention_heads", default: 12)
        headDim = try config.headWidth(hiddenSize, heads: numAttentionHeads)
        normEps = try config.epsilon("norm_eps", default: 1e-5)
        normBias = try config.flag("norm_bias", default: false)
        activation = try config.activation("hidden_activation", default: .gelu)
        attentionBias = try config.flag("attention_bias", default: false)
        mlpBias = try config.flag("mlp_bias", default: false)
        initializerRange = try config.initializerRange()
        embeddingDropout = try config.probability("embedding_dropout")
        attentionDropout = try config.probability("attention_dropout")
        mlpDropout = try config.probability("mlp_dropout")
        paddingIndex = config.paddingIndex
        let layers = config.isMissing("num_hidden_layers") ? 22 : try config.layerCount()
        // Configurations from before `layer_types` state the distance between global layers.
        let period = try config.integer("global_attn_every_n_layers", default: 3)
        isLocal = try config.slidingLayers(layers) { !$0.isMultiple(of: period) }
        let side = try config.integer("local_attention", default: 128) / 2
        localWindow = .init(left: side, right: side)
        let global = ConfigurationReader.RotaryFields(
            thetaField: "global_rope_theta",
            defaultTheta: 160_000
        )
        globalRotary = try config.rotary(headWidth: headDim, global, layerType: "full_attention")
        positionLimit = try config.positionLimit(
            config.integer("max_position_embeddings", default: 8192),
            global,
            layerType: "full_attention"
        )
        localRotary = try config.rotary(
            headWidth: headDim,
            .init(thetaField: "local_rope_theta", defaultTheta: 10_000),
            layerType: "sliding_attention"
        )
        switch try config.text("classifier_pooling", default: "cls") {
        case "cls": pooling = .firstToken
        case "mean": pooling = .mean
        case let other:
            throw ModelError(
                .unsupported,
                "\(config.source): `classifier_pooling` is \"\(other)\"; supported are cls and mean"
            )
        }
        classifierActivation = try config.activation("classifier_activation", default: .gelu)
        classifierBias = try config.flag("classifier_bias", default: false)
        classifierDropout = try config.probability("classifier_dropout")
        // For the masked-language model, attention kernels and compilers, and an unused alias of `norm_eps`.
        for name in [
            "decoder_bias", "deterministic_flash_attn", "sparse_prediction", "sparse_pred_ignore_index",
            "reference_compile", "repad_logits_with_grad", "layer_norm_eps",
        ] {
            _ = config[name]
        }
    }

    func norm(_ scope: ParameterScope) throws(TorchError) -> LayerNorm {
        try LayerNorm(scope, width: hiddenSize, epsilon: normEps, hasBias: normBias)
    }
}

/// Attention over the whole text or over a window around each token, with rotary positions.
private final class ModernBertAttention {
    private let config: ModernBertConfiguration
    private let input: Linear
    private let output: Linear
    private let options: AttentionOptions

    init(
        _ scope: ParameterScope,
        _ config: ModernBertConfiguration,
        isLocal: Bool
    ) throws(TorchError) {
        let hidden = config.hiddenSize
        self.config = config
        func linear(_ name: String, to width: Int, std: Double) throws(TorchError) -> Linear {
            try Linear(scope[name], from: hidden, to: width, hasBias: config.attentionBias, std: std)
        }
        input = try linear("Wqkv", to: 3 * hidden, std: config.initializerRange)
        output = try linear("Wo", to: hidden, std: config.outputStd)
        var options = AttentionOptions(
            scale: 1 / Double(config.headDim).squareRoot(),
            window: isLocal ? config.localWindow : .full
        )
        options.dropout = config.attentionDropout
        self.options = options
    }

    func callAsFunction(_ x: Tensor, _ rotation: Rotation, _ pass: BlockPass) throws(TorchError) -> Tensor {
        let width = config.hiddenSize
        let all = try input(x, pass.context)  // [T, 3 H]
        func heads(_ index: Int) throws(TorchError) -> Tensor {
            try all.narrowed(1, to: index * width..<(index + 1) * width)
                .reshaped([-1, config.numAttentionHeads, config.headDim])  // [T, N, D]
        }
        let attended = try pass.attention(
            rotation.queries(pass.selected(heads(0)), pass),
            rotation.keys(heads(1)),
            heads(2),
            options
        )  // [R, N, D]
        let y = try output(attended.reshaped([-1, width]), pass.context)  // [R, H]
        return try pass.context.dropout(config.attentionDropout, y)
    }

    /// Describes attention on `[B, S, H]`.
    func describe(
        _ g: inout GraphBuilder,
        _ x: Graph.Value,
        _ rotation: GraphRotation,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let (width, heads) = (config.hiddenSize, config.numAttentionHeads)
        let all = try g.linear(x, input)  // [B, S, 3 H]
        var parts: [Graph.Value] = []
        for part in 0..<3 { parts.append(try g.narrowed(all, to: part * width..<(part + 1) * width)) }
        let q = try g.rotated(parts[0], heads: heads, rotation)
        let k = try g.rotated(parts[1], heads: heads, rotation)
        let both = (queries: heads, keys: heads)
        let attended = try g.attention(q, k, parts[2], options, heads: both, inputs)
        return try g.linear(attended, output)
    }
}

/// Attention and gated feed-forward, each with a norm before it and a residual connection.
private final class ModernBertBlock {
    private let config: ModernBertConfiguration
    /// Nil in the first block, because the embeddings are already normalized.
    private let attentionNorm: LayerNorm?
    private let attention: ModernBertAttention
    private let feedForwardNorm: LayerNorm
    private let up: Linear
    private let down: Linear
    let isLocal: Bool

    init(_ scope: ParameterScope, _ config: ModernBertConfiguration, index: Int) throws(TorchError) {
        let (hidden, inner) = (config.hiddenSize, config.intermediateSize)
        self.config = config
        isLocal = config.isLocal[index]
        attentionNorm = index == 0 ? nil : try config.norm(scope["attn_norm"])
        attention = try ModernBertAttention(scope["attn"], config, isLocal: isLocal)
        feedForwardNorm = try config.norm(scope["mlp_norm"])
        func linear(_ name: String, from input: Int, to output: Int, std: Double) throws(TorchError) -> Linear
        {
            try Linear(scope["mlp"][name], from: input, to: output, hasBias: config.mlpBias, std: std)
        }
        up = try linear("Wi", from: hidden, to: 2 * inner, std: config.initializerRange)
        down = try linear("Wo", from: inner, to: hidden, std: config.outputStd)
    }

    func callAsFunction(_ x: Tensor, _ rotation: Rotation, _ pass: BlockPass) throws(TorchError) -> Tensor {
        let context = pass.context
        let normalised = try attentionNorm.map { norm throws(TorchError) in try norm(x) } ?? x  // [T, H]
        let y = try pass.selected(x) + attention(normalised, rotation, pass)  // [R, H]
        return try y + feedForward(feedForwardNorm(y), context)  // [R, H]
    }

    private func feedForward(_ x: Tensor, _ context: ForwardContext) throws(TorchError) -> Tensor {
        guard context.dropout != nil, config.mlpDropout > 0 else {
            return try context.feedForward([up], isGated: true, config.activation, down, x)
        }
        let both = try up(x, context)  // [R, 2 I]
        let inner = config.intermediateSize
        let gated = try config.activation.gated(
            both.narrowed(1, to: 0..<inner),
            both.narrowed(1, to: inner..<2 * inner)
        )  // [R, I]
        return try down(context.dropout(config.mlpDropout, gated), context)  // [R, H]
    }

    /// Describes the block on `[B, S, H]`.
    func describe(
        _ g: inout GraphBuilder,
        _ x: Graph.Value,
        _ rotation: GraphRotation,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let normalized = if let attentionNorm { try g.norm(x, attentionNorm) } else { x }
        let attended = try attention.describe(&g, normalized, rotation, inputs)
        let y = try g.add(x, attended, label: "residual")
        let input = try g.norm(y, feedForwardNorm)
        let both = try g.linear(input, up)  // [B, S, 2 I]
        let inner = config.intermediateSize
        let gate = try g.narrowed(both, to: 0..<inner)
        let factor = try g.narrowed(both, to: inner..<2 * inner)
        let gated = try g.gated(gate, factor, config.activation)
        let added = try g.linear(gated, down)
        return try g.add(y, added, label: "residual")
    }
}

/// ModernBERT without a head.
final class ModernBertModel: Backbone {
    let hiddenSize: Int
    let positionLimit: PositionLimit?
    let tokenEmbedding: Embedding
    var limits: InputLimits { InputLimits(tokens: config.vocabularySize) }
    private let config: ModernBertConfiguration
    private let embeddingNorm: LayerNorm
    private let blocks: [ModernBertBlock]
    private let norm: LayerNorm

    /// Creates the parameters `embeddings`, `layers.N` and `final_norm` in a scope.
    init(_ scope: ParameterScope, _ config: ModernBertConfiguration) throws(TorchError) {
        self.config = config
        hiddenSize = config.hiddenSize
        positionLimit = config.positionLimit
        tokenEmbedding = try Embedding(
            scope["embeddings"]["tok_embeddings"],
            count: config.vocabularySize,
            width: config.hiddenSize,
            paddingIndex: config.paddingIndex,
            std: config.initializerRange
        )
        embeddingNorm = try config.norm(scope["embeddings"]["norm"])
        var blocks: [ModernBertBlock] = []
        for index in config.isLocal.indices {
            blocks.append(try ModernBertBlock(scope["layers"][index], config, index: index))
        }
        self.blocks = blocks
        norm = try config.norm(scope["final_norm"])
    }

    func states(
        _ batch: PackedBatch,
        rows: PackedRows?,
        _ context: ForwardContext
    ) throws(TorchError) -> Tensor {
        func rotation(_ rotary: RotaryEmbedding) throws(TorchError) -> Rotation {
            let (cosine, sine) = try rotary(batch.positions, cuSeqlens: batch.cuSeqlens)
            return Rotation(cosine: cosine, sine: sine)
        }
        let (global, local) = (try rotation(config.globalRotary), try rotation(config.localRotary))
        // The product of a gradient and the input of a norm is zero, because a norm ignores its input's scale.
        let embedded = try context.embedded(embeddingNorm(tokenEmbedding(batch.ids)))  // [T, H]
        let x = try context.dropout(config.embeddingDropout, embedded)
        let pass = BlockPass(batch: batch, rows: rows, context: context)
        return try norm(
            blocks.run(x, pass) { block, x, pass throws(TorchError) in
                try block(x, block.isLocal ? local : global, pass)
            }
        )  // [R, H]
    }

    func describe(_ g: inout GraphBuilder, _ inputs: GraphInputs) throws(ModelError) -> Graph.Value {
        let words = try g.lookup(tokenEmbedding, inputs.ids)
        var x = try g.norm(words, embeddingNorm)
        for (index, block) in blocks.enumerated() {
            let rotary = block.isLocal ? config.localRotary : config.globalRotary
            let rotation = try g.rotation(rotary, inputs)
            x = try g.scoped("layer.\(index)") { g throws(ModelError) in
                try block.describe(&g, x, rotation, inputs)
            }
        }
        return try g.norm(x, norm)
    }
}

/// ModernBERT's head: a dense layer, an activation, a norm, and an output layer.
///
/// Fresh weights have transformers' standard deviations; transformers also truncates at `initializer_cutoff_factor` of them.
private struct ModernBertHead: ClassificationHead {
    private let config: ModernBertConfiguration
    private let dense: Linear
    private let norm: LayerNorm
    private let output: Linear

    init(_ root: ParameterScope, _ config: ModernBertConfiguration, labelCount: Int) throws(TorchError) {
        let hidden = config.hiddenSize
        self.config = config
        dense = try Linear(
            root["head"]["dense"],
            from: hidden,
            to: hidden,
            hasBias: config.classifierBias,
            std: config.outputStd
        )
        norm = try config.norm(root["head"]["norm"])
        output = try Linear(
            root["classifier"],
            from: hidden,
            to: labelCount,
            hasBias: true,
            std: 1 / Double(hidden).squareRoot()
        )
    }

    func logits(_ pooled: Tensor, _ context: ForwardContext) throws(TorchError) -> Tensor {
        let inner = try norm(config.classifierActivation(dense(pooled, context)))  // [B, H]
        return try output(context.dropout(config.classifierDropout, inner), context)  // [B, K]
    }

    func describe(_ g: inout GraphBuilder, _ pooled: Graph.Value) throws(ModelError) -> Graph.Value {
        let projected = try g.linear(pooled, dense)
        let activated = try g.activated(projected, config.classifierActivation)
        let inner = try g.norm(activated, norm)
        return try g.linear(inner, output)
    }
}
