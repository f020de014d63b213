// RoBERTa and XLM-RoBERTa: BERT's encoder with positions that start after the padding token, and another head.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/roberta/modeling_roberta.py

import NN

extension ModelFamily {
    /// `roberta`.
    static let roberta = roberta("roberta", "RobertaForSequenceClassification", headComesFirst: false)
    /// `xlm-roberta`, which registers its head before its encoder.
    static let xlmRoberta = roberta(
        "xlm-roberta",
        "XLMRobertaForSequenceClassification",
        headComesFirst: true
    )

    private static func roberta(
        _ modelType: String,
        _ architecture: String,
        headComesFirst: Bool
    ) -> ModelFamily {
        ModelFamily(
            modelType: modelType,
            classifierArchitecture: architecture,
            defaultPadTokenID: 1,
            keys: KeyMap(
                backbonePrefix: "roberta.",
                headPrefixes: ["classifier."],
                renamedSuffixes: KeyMap.tensorFlowNames,
                dropped: [
                    .init(prefix: "lm_head.", reason: "a classifier has no masked-language-model head"),
                    .init(
                        prefix: "roberta.pooler.",
                        reason: "RoBERTa's classifier has a head instead of a pooler"
                    ),
                    .init(prefix: "pooler.", reason: "RoBERTa's classifier has a head instead of a pooler"),
                ]
            )
        ) { scope, config in
            var encoder = try EncoderConfiguration(config)
            guard let padding = config.paddingIndex, padding >= 0 else {
                throw config.bad("pad_token_id", "a token id, because positions start after it")
            }
            guard encoder.embeddings.maxPositionEmbeddings > padding + 1 else {
                throw config.bad(
                    "max_position_embeddings",
                    "more than \(padding + 1), because positions start after the padding token \(padding)"
                )
            }
            encoder.embeddings.positions = .afterPadding(id: padding)
            let options = DenseHead.Options(
                dense: "classifier.dense",
                output: "classifier.out_proj",
                inputDropout: encoder.classifierDropout,
                outputDropout: encoder.classifierDropout
            )
            func head() throws -> DenseHead {
                try DenseHead(scope, hiddenSize: encoder.hiddenSize, config, options)
            }
            if headComesFirst {
                let head = try head()
                let backbone = try Encoder(scope["roberta"], encoder)
                return ClassifierNetwork(backbone: backbone, pooling: .firstToken, head: head)
            }
            let backbone = try Encoder(scope["roberta"], encoder)
            return ClassifierNetwork(backbone: backbone, pooling: .firstToken, head: try head())
        }
    }
}
