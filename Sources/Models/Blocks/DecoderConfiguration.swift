import Files
import JSON
import NN
import Torch

/// The hyperparameters of Llama-like decoders.
///
/// A family creates one from its `config.json`, and ``Decoder`` builds the network.
struct DecoderConfiguration: Equatable {
    /// The options of one layer.
    struct Layer: Equatable {
        /// The keys that a token sees.
        var window = AttentionOptions.Window.causal
        /// Index of its frequencies in ``DecoderConfiguration/rotaries``.
        var rotary = 0
    }

    /// How a family stores its projections.
    enum Projections: Equatable {
        /// `q_proj`, `k_proj`, `v_proj`; `gate_proj`, `up_proj`.
        case separate
        /// `qkv_proj`; `gate_up_proj`.
        case fused
    }

    /// The positions of a block's norms.
    enum Norms: Equatable {
        /// Before attention and before feed-forward.
        case before
        /// Before and after each.
        case beforeAndAfter
    }

    var vocabularySize: Int
    var paddingIndex: Int?
    /// The text length that the positions support.
    var positionLimit: PositionLimit?
    var hiddenSize: Int
    var intermediateSize: Int
    var numAttentionHeads: Int
    var numKeyValueHeads: Int
    var headDim: Int
    var rmsNormEps: Double
    var initializerRange: Double
    var activation = Activation.silu
    var layers: [Layer]
    var rotaries: [RotaryEmbedding]

    var projections = Projections.separate
    var hasQueryKeyValueBias = false
    var hasOutputBias = false
    var hasMLPBias = false
    /// Whether queries and keys are normalized per head.
    var normalizesQueriesAndKeys = false
    var norms = Norms.before
    var normWeight = RMSNorm.Weight.factor
    /// Factor on the embeddings.
    var embeddingScale = 1.0
    /// Factor on attention's scores.
    var attentionScale: Double
    /// The soft-cap of attention's scores.
    var attentionSoftcap: Double?
    var attentionDropout = 0.0
    /// Dropout on the residual branches of a block.
    var residualDropout = 0.0

    /// Reads the fields that all these families have, with Llama's names.
    ///
    /// - Parameters:
    ///   - config: The model's configuration.
    ///   - headDim: The default of `head_dim`; nil divides the hidden size by the heads.
    ///   - rotary: The family's names of rotary fields.
    ///   - rmsNormEps: The default of `rms_norm_eps`.
    ///   - numKeyValueHeads: The default of `num_key_value_heads`; nil takes the number of heads.
    /// - Throws: `.badConfiguration` or `.unsupported` for an invalid field.
    init(
        _ config: ConfigurationReader,
        headDim: Int? = nil,
        rotary: ConfigurationReader.RotaryFields? = .init(),
        rmsNormEps: Double = 1e-6,
        numKeyValueHeads: Int? = nil
    ) throws(ModelError) {
        vocabularySize = try config.integer("vocab_size")
        paddingIndex = config.paddingIndex
        let stated = try config.optionalInteger("max_position_embeddings")
        hiddenSize = try config.integer("hidden_size")
        intermediateSize = try config.integer("intermediate_size")
        let heads = try config.integer("num_attention_heads")
        numAttentionHeads = heads
        self.numKeyValueHeads =
            try config.optionalInteger("num_key_value_heads", missing: numKeyValueHeads) ?? heads
        if let width = try config.optionalInteger("head_dim") ?? headDim {
            self.headDim = width
        } else {
            self.headDim = try config.headWidth(hiddenSize, heads: heads)
        }
        try config.requireHeads(
            heads,
            keyValueHeads: self.numKeyValueHeads,
            width: self.headDim,
            isRotary: true
        )
        self.rmsNormEps = try config.epsilon("rms_norm_eps", default: rmsNormEps)
        initializerRange = try config.initializerRange()
        attentionScale = 1 / Double(self.headDim).squareRoot()
        attentionDropout = try config.probability("attention_dropout")
        rotaries = []
        if let rotary {
            rotaries = [try config.rotary(headWidth: self.headDim, rotary)]
            positionLimit = try config.positionLimit(stated, rotary)
        }
        layers = Array(repeating: Layer(), count: try config.layerCount())
    }

    /// Sets the same window for every layer.
    mutating func setWindow(_ window: AttentionOptions.Window) {
        for index in layers.indices { layers[index].window = window }
    }
}

extension ConfigurationReader {
    /// The number of blocks.
    func layerCount(_ name: String = "num_hidden_layers") throws(ModelError) -> Int {
        let count = try integer(name)
        guard count <= 10_000 else { throw bad(name, "at most 10,000") }
        return count
    }

    /// Returns the causal window of `sliding_window` keys: the token's own and those before it.
    func slidingWindow(_ size: Int) -> AttentionOptions.Window { .init(left: size - 1, right: 0) }

    /// Returns for each layer whether it has a sliding window: from `layer_types` if given, else by a rule.
    func slidingLayers(
        _ count: Int,
        otherwise rule: (Int) -> Bool
    ) throws(ModelError) -> [Bool] {
        guard let types = self["layer_types"].array else { return (0..<count).map(rule) }
        guard types.count >= count else {
            throw bad("layer_types", "one type for each of \(counted(count, "layer"))")
        }
        var slides: [Bool] = []
        for type in types.prefix(count) {
            switch type.string {
            case "sliding_attention": slides.append(true)
            case "full_attention": slides.append(false)
            default:
                throw ModelError(
                    .unsupported,
                    "\(source): `layer_types` contains \(type.kind); supported are sliding_attention and full_attention"
                )
            }
        }
        return slides
    }
}
