import JSON
import NN
import Torch

/// A decoder without a head, as the generic classifier needs it.
protocol DecoderBackbone {
    /// Width of its states, H.
    var hiddenSize: Int { get }

    /// The final states at the last token of each example that is not padding.
    ///
    /// - Parameters:
    ///   - batch: B examples.
    ///   - context: How to run.
    /// - Returns: `[B, H]`, float32.
    /// - Throws: `.indexOutOfRange` or `.outOfMemory`.
    func lastTokenStates(_ batch: PackedBatch, _ context: ForwardContext) throws(TorchError) -> Tensor
}

/// What every block of a decoder needs to know of the batch.
struct DecoderPass {
    /// Rotary cosines `[T, D]`.
    let cosine: Tensor
    /// Rotary sines `[T, D]`.
    let sine: Tensor
    /// B + 1 offsets.
    let cuSeqlens: [Int32]
    let context: ForwardContext
}

/// Text classification by a network: packed examples to one row of logits each.
protocol ClassifierNetwork {
    /// - Returns: `[B, K]`, float32.
    func logits(_ batch: PackedBatch, _ context: ForwardContext) throws(TorchError) -> Tensor
}

/// Any decoder as a classifier: a linear layer without bias over the last token's state.
///
/// Source: `GenericForSequenceClassification` of transformers 5.23 (modeling_layers.py:127-197).
struct DecoderClassifier: ClassifierNetwork {
    private let backbone: any DecoderBackbone
    private let score: Linear

    /// Adds the head `score` to a backbone.
    init(
        _ scope: ParameterScope,
        backbone: any DecoderBackbone,
        configuration: ModelConfiguration
    ) throws(TorchError) {
        self.backbone = backbone
        score = try Linear(
            scope["score"],
            from: backbone.hiddenSize,
            to: configuration.labels.count,
            std: configuration.initializerRange
        )
    }

    func logits(_ batch: PackedBatch, _ context: ForwardContext) throws(TorchError) -> Tensor {
        var headContext = context
        headContext.matmulDType = .float32  // the head is float32 always
        return try score(backbone.lastTokenStates(batch, context), headContext)  // [B, K]
    }
}

extension ModelConfiguration {
    /// Rotary base and scaling, in the spelling of transformers 5 (`rope_parameters`) or before (`rope_theta`,
    /// `rope_scaling`).
    func rope(defaultTheta: Double) throws(ModelError) -> (theta: Double, scaling: RotaryScaling) {
        let isNew = self["rope_parameters"] != .null
        let parameters = isNew ? self["rope_parameters"] : self["rope_scaling"]
        let theta = parameters["rope_theta"].double ?? self["rope_theta"].double ?? defaultTheta
        let type = (parameters["rope_type"].string ?? parameters["type"].string) ?? "default"
        func value(_ name: String) throws(ModelError) -> Double {
            if let value = parameters[name].double, value > 0 { return value }
            throw ModelError(
                .badConfiguration,
                "\(source): rope scaling of type \"\(type)\" needs a positive `\(name)`"
            )
        }
        switch type {
        case "default": return (theta, .none)
        case "linear": return (theta, .linear(factor: try value("factor")))
        case "llama3":
            let scaling = RotaryScaling.llama3(
                factor: try value("factor"),
                lowFrequencyFactor: try value("low_freq_factor"),
                highFrequencyFactor: try value("high_freq_factor"),
                originalLength: Int(try value("original_max_position_embeddings"))
            )
            return (theta, scaling)
        default:
            throw ModelError(
                .unsupported,
                "\(source): rope scaling of type \"\(type)\" is not known; known are default, linear and llama3"
            )
        }
    }
}
