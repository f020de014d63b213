// BERT and models derived from it: MiniLM, sentence-transformers.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/bert/modeling_bert.py

import NN

extension ModelFamily {
    /// `bert`.
    static let bert = ModelFamily(
        modelType: "bert",
        classifierArchitecture: "BertForSequenceClassification",
        defaultPadTokenID: 0,
        keys: KeyMap(
            backbonePrefix: "bert.",
            headPrefixes: ["classifier."],
            optionalPrefixes: ["bert.pooler."],
            renamedSuffixes: KeyMap.tensorFlowNames,
            dropped: [
                .init(prefix: "cls.", reason: "a classifier has no masked-language-model head")
            ]
        )
    ) { scope, config in
        let encoder = try EncoderConfiguration(config)
        let backbone = try Encoder(scope["bert"], encoder)
        let options = DenseHead.Options(dense: "bert.pooler.dense", outputDropout: encoder.classifierDropout)
        let head = try DenseHead(scope, hiddenSize: encoder.hiddenSize, config, options)
        return ClassifierNetwork(backbone: backbone, pooling: .firstToken, head: head)
    }
}

extension KeyMap {
    /// Suffixes in checkpoints that were converted from TensorFlow.
    static let tensorFlowNames = [
        (old: "LayerNorm.gamma", new: "LayerNorm.weight"), (old: "LayerNorm.beta", new: "LayerNorm.bias"),
    ]
}
