import NN
import Torch

/// A family of models: what `config.json` calls it and how to build it.
struct ModelFamily: Sendable {
    /// `model_type` in `config.json`.
    let modelType: String
    /// The reference's class for classifiers.
    let classifierArchitecture: String
    /// Where the backbone's names stand in a classifier's checkpoint; bare base models lack it.
    let backbonePrefix: String
    /// Names of the head.
    let headNames: Set<String>
    /// Names that other heads' checkpoints carry and a classifier has no use for, with the reason.
    let dropped: [String: String]
    /// Builds the network, its parameters in PyTorch's order.
    let make: @Sendable (ParameterScope, ModelConfiguration) throws -> any ClassifierNetwork

    /// Every family there is: a new one is its file and its line here.
    static let all: [ModelFamily] = [
        .decoder("llama", "LlamaForSequenceClassification") { try LlamaModel($0, $1) }
    ]

    /// The family of a configuration.
    static func of(_ configuration: ModelConfiguration) throws(ModelError) -> ModelFamily {
        if let family = all.first(where: { $0.modelType == configuration.modelType }) { return family }
        let known = all.map(\.modelType).joined(separator: ", ")
        throw ModelError(
            .unsupported,
            "\(configuration.source): models of type \"\(configuration.modelType)\" are not known; known are: \(known)"
        )
    }

    /// A decoder under `model.` with the generic head.
    private static func decoder(
        _ modelType: String,
        _ architecture: String,
        _ make: @escaping @Sendable (ParameterScope, ModelConfiguration) throws -> any DecoderBackbone
    ) -> ModelFamily {
        ModelFamily(
            modelType: modelType,
            classifierArchitecture: architecture,
            backbonePrefix: "model.",
            headNames: ["score.weight"],
            dropped: ["lm_head.weight": "a classifier has no language-model head"]
        ) { scope, configuration in
            let backbone = try make(scope["model"], configuration)
            return try DecoderClassifier(scope, backbone: backbone, configuration: configuration)
        }
    }
}
