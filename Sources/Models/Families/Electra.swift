// ELECTRA: BERT's encoder with possibly narrower embeddings and another head.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/electra/modeling_electra.py

import NN

extension ModelFamily {
    /// `electra`.
    static let electra = ModelFamily(
        modelType: "electra",
        classifierArchitecture: "ElectraForSequenceClassification",
        defaultPadTokenID: 0,
        keys: KeyMap(
            backbonePrefix: "electra.",
            headPrefixes: ["classifier."],
            renamedSuffixes: KeyMap.tensorFlowNames,
            dropped: [
                .init(
                    prefix: "discriminator_predictions.",
                    reason: "a classifier has no discriminator head"
                ),
                .init(prefix: "generator_predictions.", reason: "a classifier has no generator head"),
                .init(prefix: "generator_lm_head.", reason: "a classifier has no generator head"),
            ]
        )
    ) { scope, config in
        var defaults = EncoderConfiguration.Defaults()
        defaults.hiddenSize = 256
        defaults.intermediateSize = 1024
        defaults.numAttentionHeads = 4
        let width = try config.integer("embedding_size", default: 128)
        let encoder = try EncoderConfiguration(config, embeddingSize: width, defaults: defaults)
        // For heads of other tasks.
        for name in ["summary_type", "summary_use_proj", "summary_activation", "summary_last_dropout"] {
            _ = config[name]
        }
        let backbone = try Encoder(scope["electra"], encoder)
        let options = DenseHead.Options(
            dense: "classifier.dense",
            output: "classifier.out_proj",
            activation: .gelu,
            inputDropout: encoder.classifierDropout,
            outputDropout: encoder.classifierDropout
        )
        let head = try DenseHead(scope, hiddenSize: encoder.hiddenSize, config, options)
        return ClassifierNetwork(backbone: backbone, pooling: .firstToken, head: head)
    }
}
