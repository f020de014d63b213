// DeBERTa-v2 and -v3.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/deberta_v2/modeling_deberta_v2.py

import NN
import Torch

extension ModelFamily {
    /// `deberta-v2`, which is also the model type of v3.
    static let debertaV2 = ModelFamily(
        modelType: "deberta-v2",
        classifierArchitecture: "DebertaV2ForSequenceClassification",
        defaultPadTokenID: 0,
        keys: KeyMap(
            backbonePrefix: "deberta.",
            headPrefixes: ["classifier."],
            optionalPrefixes: ["pooler."],
            dropped: [
                .init(prefix: "lm_predictions.", reason: "a classifier has no masked-language-model head"),
                .init(prefix: "cls.", reason: "a classifier has no masked-language-model head"),
                .init(
                    prefix: "mask_predictions.",
                    reason: "a classifier has no replaced-token detection head"
                ),
                .init(prefix: "qa_outputs.", reason: "a classifier has no question-answering head"),
            ],
            ignoredSuffixes: ["embeddings.position_embeddings.weight"]
        )
    ) { scope, reader in
        let config = try DebertaV2Configuration(reader)
        let backbone = try DebertaV2Model(scope["deberta"], config)
        let options = DenseHead.Options(
            dense: "pooler.dense",
            activation: config.poolerActivation,
            inputDropout: config.poolerDropout,
            outputDropout: config.classifierDropout
        )
        let head = try DenseHead(scope, hiddenSize: config.hiddenSize, reader, options)
        return ClassifierNetwork(backbone: backbone, pooling: .firstToken, head: head)
    }
}

/// Embeddings of tokens and, if the model has them, positions and token types; projected and normalized.
private final class DebertaV2Embeddings {
    private let config: DebertaV2Configuration
    let words: Embedding
    private let positions: Embedding?
    private let types: Embedding?
    private let projection: Linear?
    private let norm: LayerNorm

    init(_ scope: ParameterScope, _ config: DebertaV2Configuration) throws(TorchError) {
        let (width, std) = (config.embeddingSize, config.initializerRange)
        self.config = config
        func table(_ name: String, _ count: Int, paddingIndex: Int? = nil) throws(TorchError) -> Embedding {
            try Embedding(scope[name], count: count, width: width, paddingIndex: paddingIndex, std: std)
        }
        words = try table("word_embeddings", config.vocabularySize, paddingIndex: config.paddingIndex)
        positions =
            config.hasPositionEmbeddings
            ? try table("position_embeddings", config.maxPositionEmbeddings) : nil
        types =
            config.typeVocabularySize > 0
            ? try table("token_type_embeddings", config.typeVocabularySize) : nil
        projection =
            width == config.hiddenSize
            ? nil : try Linear(scope["embed_proj"], from: width, to: config.hiddenSize, std: std)
        norm = try config.norm(scope["LayerNorm"])
    }

    func callAsFunction(_ batch: PackedBatch, _ context: ForwardContext) throws(TorchError) -> Tensor {
        var x = try context.embedded(words(batch.ids))  // [T, E]
        if let positions { x = try x + positions(batch.positions) }
        if let types {
            // Without type ids all are 0, so one row is added to every token.
            if let ids = batch.typeIDs { x = try x + types(ids) } else { x = try x + types.row(0) }
        }
        if let projection { x = try projection(x, context) }  // [T, H]
        return try context.dropout(config.hiddenDropout, norm(x))
    }

    /// Describes the embeddings, `[B, S, H]`.
    func describe(_ g: inout GraphBuilder, _ inputs: GraphInputs) throws(ModelError) -> Graph.Value {
        var x = try g.lookup(words, inputs.ids)
        if let positions {
            let ids = try g.positions(inputs)
            let places = try g.lookup(positions, ids)
            x = try g.add(x, places, label: "embeddings")
        }
        if let types {
            let added = try g.lookup(types, types: inputs.types)
            x = try g.add(x, added, label: "embeddings")
        }
        if let projection { x = try g.linear(x, projection) }
        return try g.norm(x, norm)
    }
}

/// Attention and feed-forward, each with a residual connection and a norm after it.
private final class DebertaV2Block {
    private let config: DebertaV2Configuration
    private let attention: DisentangledAttention
    private let attentionOutput: Linear
    private let attentionNorm: LayerNorm
    private let up: Linear
    private let down: Linear
    private let outputNorm: LayerNorm
    let isFirst: Bool

    init(_ scope: ParameterScope, _ config: DebertaV2Configuration, index: Int) throws(TorchError) {
        let (hidden, inner) = (config.hiddenSize, config.intermediateSize)
        self.config = config
        isFirst = index == 0
        func linear(_ scope: ParameterScope, from input: Int, to output: Int) throws(TorchError) -> Linear {
            try Linear(scope, from: input, to: output, hasBias: true, std: config.initializerRange)
        }
        attention = try DisentangledAttention(scope["attention"]["self"], config)
        attentionOutput = try linear(scope["attention"]["output"]["dense"], from: hidden, to: hidden)
        attentionNorm = try config.norm(scope["attention"]["output"]["LayerNorm"])
        up = try linear(scope["intermediate"]["dense"], from: hidden, to: inner)
        down = try linear(scope["output"]["dense"], from: inner, to: hidden)
        outputNorm = try config.norm(scope["output"]["LayerNorm"])
    }

    func callAsFunction(_ x: Tensor, _ distances: Tensor?, _ pass: BlockPass) throws(TorchError) -> Tensor {
        let (context, p) = (pass.context, config.hiddenDropout)
        let attended = try attentionOutput(attention(x, distances, pass), context)  // [R, H]
        let y = try attentionNorm(context.dropout(p, attended), adding: pass.selected(x))  // [R, H]
        let fed = try context.feedForward([up], isGated: false, config.activation, down, y)  // [R, H]
        return try outputNorm(context.dropout(p, fed), adding: y)  // [R, H]
    }

    /// Describes the block on `[B, S, H]`.
    func describe(
        _ g: inout GraphBuilder,
        _ x: Graph.Value,
        _ distances: Graph.Value?,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let values = try attention.describe(&g, x, distances, inputs)
        let attended = try g.linear(values, attentionOutput)
        let y = try g.norm(attended, adding: x, attentionNorm)
        let wide = try g.linear(y, up)
        let inner = try g.activated(wide, config.activation)
        let added = try g.linear(inner, down)
        return try g.norm(added, adding: y, outputNorm)
    }
}

/// A convolution of the embeddings, added to the first block's result.
private final class DebertaV2Convolution {
    private let config: DebertaV2Configuration
    private let options: DebertaV2Configuration.Convolution
    private let weight: Parameter
    private let bias: Parameter
    private let norm: LayerNorm

    init(
        _ scope: ParameterScope,
        _ config: DebertaV2Configuration,
        _ options: DebertaV2Configuration.Convolution
    ) throws(TorchError) {
        self.config = config
        self.options = options
        weight = try scope["conv"].parameter(
            "weight",
            [config.hiddenSize, config.hiddenSize / options.groups, options.kernelSize],
            initialization: .normal(std: config.initializerRange)
        )
        bias = try scope["conv"].parameter("bias", [config.hiddenSize], initialization: .zeros)
        norm = try config.norm(scope["LayerNorm"])
    }

    /// - Parameters:
    ///   - embedded: `[T, H]`.
    ///   - output: The first block's output, `[R, H]`.
    ///   - pass: The rows to return.
    /// - Returns: `[R, H]`.
    /// - Throws: `.outOfMemory`.
    func callAsFunction(
        _ embedded: Tensor,
        _ output: Tensor,
        _ pass: BlockPass
    ) throws(TorchError) -> Tensor {
        let y = try embedded.packedConvolution(
            weight.value.to(dtype: .float32),
            bias: bias.value,
            cuSeqlens: pass.cuSeqlens,
            groups: options.groups
        )
        let dropped = try pass.context.dropout(config.hiddenDropout, pass.selected(y))
        return try norm(output + options.activation(dropped))
    }

    /// Describes the convolution of `[B, S, H]`, in which padding counts as zeros.
    func describe(
        _ g: inout GraphBuilder,
        _ embedded: Graph.Value,
        _ output: Graph.Value,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let isToken = try g.isToken(inputs)
        return try g.scoped("convolution") { g throws(ModelError) in
            let column = try g.reshaped(isToken, [.batch, .sequence, .fixed(1)])
            let zero = try g.number(0)
            let own = try g(.choose, column, embedded, zero)
            let channels = try g(.transpose([0, 2, 1]), own)  // [B, H, S]
            let (kernel, offset) = (g.weight(weight), g.weight(bias))
            let convolved = try g(.conv1d(groups: options.groups), channels, kernel, offset)
            let rows = try g(.transpose([0, 2, 1]), convolved)  // [B, S, H]
            let activated = try g.activated(rows, options.activation)
            return try g.norm(output, adding: activated, norm)
        }
    }
}

/// DeBERTa-v2 without a head.
final class DebertaV2Model: Backbone {
    let hiddenSize: Int
    let positionLimit: PositionLimit?
    var tokenEmbedding: Embedding { embeddings.words }
    var limits: InputLimits {
        InputLimits(
            tokens: config.vocabularySize,
            types: config.typeVocabularySize > 0 ? .table(config.typeVocabularySize) : .ignored,
            positions: config.hasPositionEmbeddings ? config.maxPositionEmbeddings : nil
        )
    }
    private let config: DebertaV2Configuration
    private let embeddings: DebertaV2Embeddings
    private let blocks: [DebertaV2Block]
    private let distances: Embedding?
    private let distanceNorm: LayerNorm?
    private let convolution: DebertaV2Convolution?

    /// Creates the parameters `embeddings` and `encoder` in a scope.
    init(_ scope: ParameterScope, _ config: DebertaV2Configuration) throws(TorchError) {
        self.config = config
        hiddenSize = config.hiddenSize
        positionLimit = PositionLimit(
            tokens: config.maxPositionEmbeddings,
            kind: config.hasPositionEmbeddings ? .table : .stated
        )
        embeddings = try DebertaV2Embeddings(scope["embeddings"], config)
        let encoder = scope["encoder"]
        var blocks: [DebertaV2Block] = []
        for index in 0..<config.numHiddenLayers {
            blocks.append(try DebertaV2Block(encoder["layer"][index], config, index: index))
        }
        self.blocks = blocks
        distances = try config.positions.options.map { options throws(TorchError) in
            try Embedding(
                encoder["rel_embeddings"],
                count: options.positionCount,
                width: config.hiddenSize,
                std: config.initializerRange
            )
        }
        distanceNorm = config.positions.isNormalized ? try config.norm(encoder["LayerNorm"]) : nil
        convolution = try config.convolution.map { options throws(TorchError) in
            try DebertaV2Convolution(encoder["conv"], config, options)
        }
    }

    func states(
        _ batch: PackedBatch,
        rows: PackedRows?,
        _ context: ForwardContext
    ) throws(TorchError) -> Tensor {
        // A checkpointed block must not share tensors that gradients pass through, so it creates its own.
        let shared = context.checkpointsBlocks ? nil : try distanceEmbeddings(batch)
        let pass = BlockPass(batch: batch, rows: rows, context: context)
        return try blocks.run(embeddings(batch, context), pass) { [self] block, x, pass throws(TorchError) in
            let distances = if let shared { shared } else { try distanceEmbeddings(batch) }
            let y = try block(x, distances, pass)  // [R, H]
            guard block.isFirst, let convolution else { return y }
            return try convolution(x, y, pass)
        }
    }

    /// Returns the embeddings of the batch's distances, `[P, H]`.
    private func distanceEmbeddings(_ batch: PackedBatch) throws(TorchError) -> Tensor? {
        guard let distances, let options = config.positions.options else { return nil }
        let rows = try distances.rows(options.neededPositions(batch.cuSeqlens))
        return try distanceNorm.map { norm throws(TorchError) in try norm(rows) } ?? rows
    }

    func describe(_ g: inout GraphBuilder, _ inputs: GraphInputs) throws(ModelError) -> Graph.Value {
        let distances = try describeDistances(&g)
        var x = try embeddings.describe(&g, inputs)
        for (index, block) in blocks.enumerated() {
            x = try g.scoped("layer.\(index)") { g throws(ModelError) in
                let y = try block.describe(&g, x, distances, inputs)
                guard block.isFirst, let convolution else { return y }
                return try convolution.describe(&g, x, y, inputs)
            }
        }
        return x
    }

    /// Describes the embeddings of all distances, `[P, H]`.
    private func describeDistances(_ g: inout GraphBuilder) throws(ModelError) -> Graph.Value? {
        guard let distances, !config.positions.terms.isEmpty else { return nil }
        let rows = g.weight(distances.weight)
        guard let distanceNorm else { return rows }
        return try g.norm(rows, distanceNorm)
    }
}
