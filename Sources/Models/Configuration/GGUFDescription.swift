package import Checkpoints
import JSON
import NN
import Torch

/// A classifier in llama.cpp's terms: the hyperparameters to write into a GGUF file, and the place of its head.
///
/// The reverse of ``ModelConfiguration/init(gguf:source:)``.
///
/// Source: llama.cpp's converter (conversion/*.py) for the names, and its program (src/models/*.cpp, src/llama-graph.cpp) for the
/// computation.
package struct GGUFDescription: Sendable {
    /// The place of the classification head.
    package enum Head: Sendable, Equatable {
        /// In tensors that llama.cpp reads.
        case tensors
        /// In the metadata, because llama.cpp reads no head of the architecture and refuses unknown tensors.
        case metadata
    }

    /// llama.cpp's numbers of how it turns a text's states into one (`enum llama_pooling_type`).
    enum PoolingType: Int {
        /// The last token's state.
        case last = 3
        /// The first token's state, or for some architectures another one, through a classification head.
        case rank = 4
    }

    /// `general.architecture`.
    package let architecture: String
    /// The hyperparameters, with their full names.
    package internal(set) var fields: [(name: String, value: GGUFField)] = []
    /// Tables that are tensors in the file, but hyperparameters on the Hub.
    package internal(set) var tables: [(name: String, values: [Float])] = []
    /// The place of the classification head.
    package internal(set) var head = Head.metadata
    /// The number of attention heads.
    package internal(set) var headCount = 1
    /// The number of key heads.
    package internal(set) var keyValueHeadCount = 1
    /// The number of blocks.
    package internal(set) var blockCount = 0
    /// The rows to cut off the front of the table of positions.
    package internal(set) var positionOffset = 0
    /// Whether llama.cpp ignores the token types by which the model tells the two texts of a pair apart.
    package internal(set) var ignoresTokenTypes = false
    /// How llama.cpp's logits may differ, one sentence each.
    package internal(set) var notes: [String] = []

    /// Describes a classifier.
    ///
    /// - Parameter configuration: The classifier's configuration.
    /// - Throws: `.unsupported` for a model that llama.cpp cannot compute, with what opens it instead; `.badConfiguration` for an
    ///   invalid field.
    package init(_ configuration: ModelConfiguration) throws(ModelError) {
        let type = configuration.modelType
        guard let architecture = Self.architectures[type] else {
            throw Self.unsupported(
                configuration,
                "llama.cpp has no models of type \"\(type)\" with a classification head"
            )
        }
        self.architecture = architecture
        let family = try ModelFamily.of(configuration)
        let reader = ConfigurationReader(
            configuration,
            paddingIndex: family.padTokenID(configuration).map(Int.init)
        )
        switch type {
        case "bert": try describe(encoder: reader)
        case "roberta", "xlm-roberta": try describe(roberta: reader)
        case "modernbert": try describe(modernBERT: reader)
        case "gpt2": try describe(gpt2: reader)
        default: try describe(decoder: reader)
        }
        add("classifier.output_labels", .texts(configuration.labels))
        add("pooling_type", .count((head == .tensors ? PoolingType.rank : .last).rawValue))
    }

    private static let architectures = [
        "llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "phi3": "phi3",
        "gemma2": "gemma2", "gemma3_text": "gemma3", "gpt2": "gpt2", "bert": "bert", "roberta": "bert",
        "xlm-roberta": "bert", "modernbert": "modern-bert",
    ]

    /// Adds a hyperparameter of the architecture.
    mutating func add(_ name: String, _ value: GGUFField) {
        fields.append(("\(architecture).\(name)", value))
    }

    /// The error for a model that llama.cpp would compute differently.
    static func unsupported(_ configuration: ModelConfiguration, _ what: String) -> ModelError {
        ModelError(
            .unsupported,
            "\(configuration.source): \(what), so it cannot be exported to GGUF; export it with --format onnx, or with --format "
                + "attune for Attune itself"
        )
    }

    /// Throws ``unsupported(_:_:)`` unless a condition holds.
    func require(_ condition: Bool, _ reader: ConfigurationReader, _ what: String) throws(ModelError) {
        guard condition else { throw Self.unsupported(reader.configuration, what) }
    }

    // MARK: Encoders

    private mutating func describe(encoder reader: ConfigurationReader) throws(ModelError) {
        let encoder = try EncoderConfiguration(reader)
        try require(
            encoder.activation == .gelu || encoder.activation == .geluTanh,
            reader,
            "llama.cpp computes this architecture with GELU, not with \(encoder.activation.rawValue)"
        )
        addSizes(
            blocks: encoder.numHiddenLayers,
            context: encoder.embeddings.maxPositionEmbeddings - positionOffset,
            hidden: encoder.hiddenSize,
            inner: encoder.intermediateSize,
            heads: encoder.numAttentionHeads
        )
        add("vocab_size", .count(encoder.embeddings.vocabularySize))
        add("attention.layer_norm_epsilon", .number(encoder.layerNormEps))
        add("attention.causal", .flag(false))
        fields.append(("tokenizer.ggml.token_type_count", .count(encoder.embeddings.typeVocabularySize ?? 1)))
        ignoresTokenTypes = (encoder.embeddings.typeVocabularySize ?? 1) > 1
        head = .tensors
        noteGELU(encoder.activation)
    }

    private mutating func describe(roberta reader: ConfigurationReader) throws(ModelError) {
        guard let padding = reader.paddingIndex, padding >= 0 else {
            throw reader.bad("pad_token_id", "a token id, because positions start after it")
        }
        positionOffset = padding + 1
        try describe(encoder: reader)
    }

    private mutating func describe(modernBERT reader: ConfigurationReader) throws(ModelError) {
        let model = try ModernBertConfiguration(reader)
        try require(
            model.pooling == .mean,
            reader,
            "llama.cpp pools the mean of ModernBERT's states, but this model (classifier_pooling) the first one"
        )
        try require(
            !model.classifierBias && !model.normBias && !model.attentionBias && !model.mlpBias,
            reader,
            "llama.cpp has no biases in ModernBERT"
        )
        try require(
            [.gelu, .silu].contains(model.activation)
                && [.gelu, .geluTanh].contains(model.classifierActivation),
            reader,
            "llama.cpp has other activations in ModernBERT"
        )
        try require(
            model.globalRotary.scaling == .none && model.localRotary.scaling == .none,
            reader,
            "llama.cpp does not scale ModernBERT's rotary frequencies"
        )
        let blocks = model.isLocal.count
        let period = (1...max(blocks, 1)).first { period in
            model.isLocal.enumerated().allSatisfy { $1 != $0.isMultiple(of: period) }
        }
        guard let period else {
            throw Self.unsupported(
                reader.configuration,
                "llama.cpp repeats the pattern of local layers, and this model's does not repeat"
            )
        }
        addSizes(
            blocks: blocks,
            context: reader.configuration["max_position_embeddings"].int ?? 8192,
            hidden: model.hiddenSize,
            inner: model.intermediateSize,
            heads: model.numAttentionHeads
        )
        add("attention.layer_norm_epsilon", .number(model.normEps))
        add("attention.causal", .flag(false))
        add("attention.sliding_window", .count(2 * (model.localWindow.left ?? 0)))
        add("attention.sliding_window_pattern", .count(period))
        add("rope.scaling.type", .text("none"))
        add("rope.freq_base", .number(model.globalRotary.theta))
        add("rope.freq_base_swa", .number(model.localRotary.theta))
        add("hidden_act", .text(model.activation.rawValue))
        add("vocab_size", .count(model.vocabularySize))
        // llama.cpp computes ModernBERT's GELU exactly: its logits agree to 5.5e-7 of the largest (b11739).
        head = .tensors
    }

    /// Adds a note for GELU with the error function, which llama.cpp computes by tanh's approximation, from a table in float16.
    ///
    /// Measured for BERT in float32, with llama.cpp b11739: differences of up to 6.8e-4 of the largest logit.
    mutating func noteGELU(_ activation: Activation) {
        guard activation == .gelu else { return }
        notes.append(
            "llama.cpp approximates GELU, so its logits differ slightly (by up to 0.0007 of the largest in a small BERT)"
        )
    }

    // MARK: Sizes

    /// Adds the hyperparameters that all architectures have.
    mutating func addSizes(
        blocks: Int,
        context: Int,
        hidden: Int,
        inner: Int,
        heads: Int,
        keyHeads: Int? = nil
    ) {
        add("block_count", .count(blocks))
        add("context_length", .count(max(context, 1)))
        add("embedding_length", .count(hidden))
        add("feed_forward_length", .count(inner))
        add("attention.head_count", .count(heads))
        add("attention.head_count_kv", .count(keyHeads ?? heads))
        (headCount, keyValueHeadCount, blockCount) = (heads, keyHeads ?? heads, blocks)
    }
}
