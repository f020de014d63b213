import Files
import JSON
import NN
import Torch

/// What the decoders of Llama's kind differ in.
///
/// A family fills one in from its `config.json`; ``Decoder`` builds what it says.
struct DecoderConfiguration: Equatable {
    /// One layer's own choices.
    struct Layer: Equatable {
        /// The keys that a token sees.
        var window = AttentionOptions.Window.causal
        /// Which of ``DecoderConfiguration/rotaries`` it turns by.
        var rotary = 0
    }

    /// How a family writes its projections.
    enum Projections: Equatable {
        /// `q_proj`, `k_proj`, `v_proj`; `gate_proj`, `up_proj`.
        case separate
        /// `qkv_proj`; `gate_up_proj`.
        case fused
    }

    /// Where a block normalises.
    enum Norms: Equatable {
        /// Before attention and before feed-forward.
        case before
        /// Before and after each.
        case beforeAndAfter
    }

    var vocabularySize: Int
    var paddingIndex: Int?
    /// How long a text the positions are made for.
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
    /// Whether queries and keys are normalised head by head.
    var normalizesQueriesAndKeys = false
    var norms = Norms.before
    var normWeight = RMSNorm.Weight.factor
    /// Factor on the embeddings.
    var embeddingScale = 1.0
    /// Factor on attention's scores.
    var attentionScale: Double
    /// Where attention's scores saturate.
    var attentionSoftcap: Double?
    var attentionDropout = 0.0
    /// Dropout of what a block adds to its input.
    var residualDropout = 0.0

    /// Reads the fields that all of these families have, under Llama's names.
    ///
    /// - Parameters:
    ///   - config: The model's.
    ///   - headDim: Where `head_dim` is missing; nil divides the hidden size by the heads.
    ///   - rotary: Where the family keeps its rotary fields.
    ///   - rmsNormEps: Where `rms_norm_eps` is missing.
    ///   - numKeyValueHeads: Where `num_key_value_heads` is missing; nil takes the number of heads.
    /// - Throws: `.badConfiguration` or `.unsupported` for a field that cannot be.
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

    /// Gives every layer the same window.
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

    /// The window of causal attention that `sliding_window` keys give: a token's own and those before it.
    func slidingWindow(_ size: Int) -> AttentionOptions.Window { .init(left: size - 1, right: 0) }

    /// For each layer whether it slides: by `layer_types` where it is given, else by a rule.
    func slidingLayers(
        _ count: Int,
        otherwise rule: (Int) -> Bool
    ) throws(ModelError) -> [Bool] {
        guard let types = self["layer_types"].array else { return (0..<count).map(rule) }
        guard types.count >= count else {
            throw bad("layer_types", "a type for each of \(counted(count, "layer"))")
        }
        var slides: [Bool] = []
        for type in types.prefix(count) {
            switch type.string {
            case "sliding_attention": slides.append(true)
            case "full_attention": slides.append(false)
            default:
                throw ModelError(
                    .unsupported,
                    "\(source): `layer_types` names \(type.kind); known are sliding_attention and full_attention"
                )
            }
        }
        return slides
    }
}
