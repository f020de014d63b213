// DistilBERT: BERT's encoder without token types, with other names.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/distilbert/modeling_distilbert.py

import NN

extension ModelFamily {
    /// `distilbert`.
    static let distilBert = ModelFamily(
        modelType: "distilbert",
        classifierArchitecture: "DistilBertForSequenceClassification",
        defaultPadTokenID: 0,
        keys: KeyMap(
            backbonePrefix: "distilbert.",
            headPrefixes: ["pre_classifier.", "classifier."],
            renamedSuffixes: KeyMap.tensorFlowNames,
            dropped: [
                .init(prefix: "vocab_", reason: "a classifier has no masked-language-model head"),
                .init(prefix: "qa_outputs.", reason: "a classifier has no question-answering head"),
            ]
        )
    ) { scope, config in
        let encoder = try EncoderConfiguration(distilBert: config)
        let backbone = try Encoder(scope["distilbert"], encoder)
        let options = DenseHead.Options(
            dense: "pre_classifier",
            activation: .relu,
            outputDropout: encoder.classifierDropout
        )
        let head = try DenseHead(scope, hiddenSize: encoder.hiddenSize, config, options)
        return ClassifierNetwork(backbone: backbone, pooling: .firstToken, head: head)
    }
}

extension EncoderConfiguration {
    /// Reads a `distilbert` configuration.
    init(distilBert config: ConfigurationReader) throws(ModelError) {
        hiddenSize = try config.integer("dim", default: 768)
        intermediateSize = try config.integer("hidden_dim", default: 3072)
        numHiddenLayers = config.isMissing("n_layers") ? 6 : try config.layerCount("n_layers")
        numAttentionHeads = try config.integer("n_heads", default: 12)
        _ = try config.headWidth(hiddenSize, heads: numAttentionHeads)
        layerNormEps = 1e-12
        initializerRange = try config.initializerRange()
        activation = try config.activation("activation", default: .gelu)
        hiddenDropout = try config.probability("dropout", default: 0.1)
        attentionDropout = try config.probability("attention_dropout", default: 0.1)
        classifierDropout = try config.probability("seq_classif_dropout", default: 0.2)
        // For another head, and for how positions were created before they were saved.
        _ = (config["qa_dropout"], config["sinusoidal_pos_embds"])
        embeddings = EncoderEmbeddings.Configuration(
            vocabularySize: try config.integer("vocab_size", default: 30522),
            maxPositionEmbeddings: try config.integer("max_position_embeddings", default: 512),
            typeVocabularySize: nil,
            width: hiddenSize,
            paddingIndex: config.paddingIndex,
            layerNormEps: layerNormEps,
            initializerRange: initializerRange,
            dropout: hiddenDropout
        )
        blocksName = "transformer.layer"
        blockNames = BlockNames(
            query: "attention.q_lin",
            key: "attention.k_lin",
            value: "attention.v_lin",
            attentionOutput: "attention.out_lin",
            attentionNorm: "sa_layer_norm",
            up: "ffn.lin1",
            down: "ffn.lin2",
            outputNorm: "output_layer_norm"
        )
    }
}
