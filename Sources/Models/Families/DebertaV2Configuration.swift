// The configuration of DeBERTa-v2 and -v3.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/deberta_v2/configuration_deberta_v2.py

import JSON
import NN
import Torch

/// DeBERTa-v2's hyperparameters.
struct DebertaV2Configuration {
    /// The convolution parallel to the first block.
    struct Convolution {
        let kernelSize: Int
        let groups: Int
        let activation: Activation
    }

    let vocabularySize: Int
    let embeddingSize: Int
    let hiddenSize: Int
    let intermediateSize: Int
    let numHiddenLayers: Int
    let numAttentionHeads: Int
    let headDim: Int
    let maxPositionEmbeddings: Int
    /// Whether positions are added to the embeddings.
    let hasPositionEmbeddings: Bool
    /// The number of token types; 0 for none.
    let typeVocabularySize: Int
    let paddingIndex: Int?
    let layerNormEps: Double
    let initializerRange: Double
    let activation: Activation
    let hiddenDropout: Double
    let attentionDropout: Double
    let positions: RelativePositions
    let convolution: Convolution?
    let poolerActivation: Activation
    let poolerDropout: Double
    let classifierDropout: Double

    /// Reads and checks the fields.
    init(_ config: ConfigurationReader) throws(ModelError) {
        vocabularySize = try config.integer("vocab_size", default: 128_100)
        hiddenSize = try config.integer("hidden_size", default: 1536)
        embeddingSize = try config.integer("embedding_size", default: hiddenSize)
        intermediateSize = try config.integer("intermediate_size", default: 6144)
        numHiddenLayers = config.isMissing("num_hidden_layers") ? 24 : try config.layerCount()
        numAttentionHeads = try config.integer("num_attention_heads", default: 24)
        headDim = try config.headWidth(hiddenSize, heads: numAttentionHeads)
        try config.require("attention_head_size", toBe: headDim, "`hidden_size` over `num_attention_heads`")
        maxPositionEmbeddings = try config.integer("max_position_embeddings", default: 512)
        hasPositionEmbeddings = try config.flag("position_biased_input", default: true)
        typeVocabularySize = max(0, try config.wholeNumber("type_vocab_size", default: 0))
        paddingIndex = config.paddingIndex
        layerNormEps = try config.epsilon("layer_norm_eps", default: 1e-7)
        initializerRange = try config.initializerRange()
        activation = try config.activation("hidden_act", default: .gelu)
        hiddenDropout = try config.probability("hidden_dropout_prob", default: 0.1)
        attentionDropout = try config.probability("attention_probs_dropout_prob", default: 0.1)
        positions = try RelativePositions(
            config,
            headDim: headDim,
            dropout: attentionDropout,
            maxPositionEmbeddings: maxPositionEmbeddings
        )
        convolution = try Self.convolution(config, hiddenSize: hiddenSize)
        try config.require("pooler_hidden_size", toBe: hiddenSize, "`hidden_size`")
        poolerActivation = try config.activation("pooler_hidden_act", default: .gelu)
        poolerDropout = try config.probability("pooler_dropout")
        classifierDropout = try config.probability("cls_dropout", default: hiddenDropout)
        // The kind of masked-language-model head in a checkpoint.
        _ = config["legacy"]
    }

    private static func convolution(
        _ config: ConfigurationReader,
        hiddenSize: Int
    ) throws(ModelError) -> Convolution? {
        let size = try config.wholeNumber("conv_kernel_size", default: 0)
        let groups = try config.integer("conv_groups", default: 1)
        let activation = try config.activation("conv_act", default: .tanh)
        guard size > 0 else { return nil }
        guard !size.isMultiple(of: 2), hiddenSize.isMultiple(of: groups) else {
            throw ModelError(
                .badConfiguration,
                "\(config.source): a convolution over \(size) tokens in \(groups) groups does not fit hidden size \(hiddenSize); "
                    + "`conv_kernel_size` must be odd, and `conv_groups` a divisor of `hidden_size`"
            )
        }
        return Convolution(kernelSize: size, groups: groups, activation: activation)
    }

    func norm(_ scope: ParameterScope) throws(TorchError) -> LayerNorm {
        try LayerNorm(scope, width: hiddenSize, epsilon: layerNormEps)
    }
}

extension ConfigurationReader {
    /// Checks an optional field with only one valid value.
    fileprivate func require(_ name: String, toBe value: Int, _ meaning: String) throws(ModelError) {
        let found = try integer(name, default: value)
        guard found == value else {
            throw ModelError(
                .badConfiguration,
                "\(source): `\(name)` is \(found), but must be \(meaning), \(value)"
            )
        }
    }
}
