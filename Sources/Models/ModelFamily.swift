import JSON
import NN
import Torch

/// A family of models: its name in `config.json`, its network, and the tensor names of its checkpoints.
struct ModelFamily: Sendable {
    /// `model_type` in `config.json`.
    let modelType: String
    /// transformers' class for classifiers.
    let classifierArchitecture: String
    /// The padding token if `config.json` has none: the default of transformers' configuration class.
    var defaultPadTokenID: Int32?
    /// The names of the classifier's tensors in checkpoints, and of others that are not loaded.
    let keys: KeyMap
    /// Builds the network with its parameters in PyTorch's order.
    let make: @Sendable (ParameterScope, ConfigurationReader) throws -> ClassifierNetwork

    /// All supported families.
    ///
    /// A new family needs a file and an entry here.
    static let all: [ModelFamily] = [
        .decoder("llama", "LlamaForSequenceClassification", DecoderConfiguration.llama),
        .decoder("mistral", "MistralForSequenceClassification", DecoderConfiguration.mistral),
        .decoder("qwen2", "Qwen2ForSequenceClassification", DecoderConfiguration.qwen2),
        .decoder("qwen3", "Qwen3ForSequenceClassification", DecoderConfiguration.qwen3),
        .decoder("phi3", "Phi3ForSequenceClassification", padTokenID: 32000, DecoderConfiguration.phi3),
        .decoder("gemma2", "Gemma2ForSequenceClassification", padTokenID: 0, DecoderConfiguration.gemma2),
        .decoder(
            "gemma3_text",
            "Gemma3TextForSequenceClassification",
            padTokenID: 0,
            DecoderConfiguration.gemma3
        ),
        .decoder("gpt2", "GPT2ForSequenceClassification", place: "transformer") { try GPT2Model($0, $1) },
        .decoder("gpt_neox", "GPTNeoXForSequenceClassification", place: "gpt_neox") {
            try GPTNeoXModel($0, $1)
        },
        .bert, .roberta, .xlmRoberta, .distilBert, .electra, .modernBert, .debertaV2,
    ]

    /// The family of a configuration.
    static func of(_ configuration: ModelConfiguration) throws(ModelError) -> ModelFamily {
        if let family = all.first(where: { $0.modelType == configuration.modelType }) { return family }
        let known = all.map(\.modelType).joined(separator: ", ")
        throw ModelError(
            .unsupported,
            "\(configuration.source): models of type \"\(configuration.modelType)\" are not supported; supported are: \(known)"
        )
    }

    /// The padding token of a configuration.
    func padTokenID(_ configuration: ModelConfiguration) -> Int32? {
        configuration.fields.contains("pad_token_id") ? configuration.padTokenID : defaultPadTokenID
    }

    /// A Llama-like decoder with the generic head.
    private static func decoder(
        _ modelType: String,
        _ architecture: String,
        padTokenID: Int32? = nil,
        _ configuration: @escaping @Sendable (ConfigurationReader) throws(ModelError) -> DecoderConfiguration
    ) -> ModelFamily {
        decoder(modelType, architecture, place: "model", padTokenID: padTokenID) { scope, reader in
            try Decoder(scope, configuration(reader))
        }
    }

    /// A decoder under `place.` with the generic head.
    private static func decoder(
        _ modelType: String,
        _ architecture: String,
        place: String,
        padTokenID: Int32? = nil,
        _ make: @escaping @Sendable (ParameterScope, ConfigurationReader) throws -> any Backbone
    ) -> ModelFamily {
        ModelFamily(
            modelType: modelType,
            classifierArchitecture: architecture,
            defaultPadTokenID: padTokenID,
            keys: .decoder(place: place)
        ) { scope, reader in
            let backbone = try make(scope[place], reader)
            let head = try ScoreHead(scope, hiddenSize: backbone.hiddenSize, reader)
            return ClassifierNetwork(backbone: backbone, pooling: .lastToken, head: head)
        }
    }
}
