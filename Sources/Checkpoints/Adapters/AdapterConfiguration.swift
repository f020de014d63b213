/// A LoRA or DoRA adapter: which layers of a frozen model it changes, and how.
///
/// ```swift
/// recipe.adapter = AdapterConfiguration(rank: 16, alpha: 32, targets: .allLinear)
/// ```
///
/// The names and defaults are those of peft's `LoraConfig`.
///
/// Source: peft 0.21, tuners/lora/config.py.
public struct AdapterConfiguration: Sendable, Equatable {
    /// The layers that an adapter changes.
    public enum Targets: Sendable, Equatable {
        /// The attention's layers that peft takes for the model's family, or similar ones where it has no choice.
        case familyDefault
        /// All linear layers except the head.
        case allLinear
        /// Layers whose path is one of these names, or ends with a dot and one of them.
        case names([String])
        /// Layers whose whole path matches a regular expression.
        case pattern(String)
    }

    /// The layers that are left out.
    public enum Exclusion: Sendable, Equatable {
        /// Layers whose path is one of these names, or ends with a dot and one of them.
        case names([String])
        /// Layers whose whole path matches a regular expression.
        case pattern(String)
    }

    /// The biases of the model that are trained with the adapter.
    public enum Bias: String, Sendable, Equatable, CaseIterable {
        /// None.
        case none
        /// Those of the layers with an adapter.
        case loraOnly = "lora_only"
        /// All.
        case all
    }

    /// The values of a new adapter.
    public enum Initialization: String, Sendable, Equatable, CaseIterable {
        /// A uniform random A and B = 0, so that the model is unchanged at first.
        case standard = "true"
        /// A normal random A and B = 0.
        case gaussian
        /// The largest singular vectors of the weight, which are subtracted from it.
        case pissa
        /// The QR factors of the weight, which are subtracted from it.
        case olora

        /// Whether it changes the weights of the model, so that the adapter must repeat the decomposition when it is loaded.
        public var changesBase: Bool { self == .pissa || self == .olora }
    }

    /// A rank or alpha for some layers.
    public struct Override<Value: Sendable & Equatable>: Sendable, Equatable {
        /// The end of the layers' paths: a name, or a regular expression.
        public var pattern: String
        /// Their value.
        public var value: Value

        /// Creates an override.
        ///
        /// - Parameters:
        ///   - pattern: The end of the layers' paths.
        ///   - value: Their value.
        public init(_ pattern: String, _ value: Value) { (self.pattern, self.value) = (pattern, value) }
    }

    /// The width of the inner product, r.
    public var rank: Int
    /// The numerator of the scaling alpha / r.
    public var alpha: Double
    /// The probability that an element of an adapter's input is zeroed while training; fraction in `0 ..< 1`.
    public var dropout: Double
    /// The layers with an adapter.
    public var targets: Targets
    /// The layers left out of ``targets``.
    public var excluded: Exclusion?
    /// The zero-based indices of the blocks with adapters; nil for all.
    public var layers: [Int]?
    /// The name before the index of a block, for ``layers``; empty for any.
    public var layersPattern: [String] = []
    /// Other ranks for some layers.
    public var rankPattern: [Override<Int>] = []
    /// Other alphas for some layers.
    public var alphaPattern: [Override<Double>] = []
    /// Whether the scaling is alpha / √r (rsLoRA).
    public var usesRankStabilization = false
    /// Whether rows are scaled to trained magnitudes (DoRA).
    public var usesMagnitudes = false
    /// The biases of the model that are trained.
    public var bias = Bias.none
    /// Whether B has a bias.
    public var hasBiasOfB = false
    /// The modules that are trained and saved whole, besides the head: names as in ``Targets/names(_:)``.
    public var modulesToSave: [String] = []
    /// The values of a new adapter.
    public var initialization = Initialization.standard
    /// The frozen model: its id on the Hub, or a path.
    public var baseModel: String?
    /// The revision of the frozen model on the Hub.
    public var baseRevision: String?

    /// Creates an adapter with peft's defaults.
    ///
    /// - Parameters:
    ///   - rank: The width of the inner product, r.
    ///   - alpha: The numerator of the scaling alpha / r.
    ///   - dropout: The probability that an element of an adapter's input is zeroed while training.
    ///   - targets: The layers with an adapter.
    public init(rank: Int = 8, alpha: Double = 8, dropout: Double = 0, targets: Targets = .familyDefault) {
        (self.rank, self.alpha, self.dropout, self.targets) = (rank, alpha, dropout, targets)
    }

    /// Returns the scaling of a product, alpha / r or alpha / √r.
    ///
    /// - Parameters:
    ///   - rank: The rank r of a layer.
    ///   - alpha: The alpha of the layer.
    /// - Returns: The factor on B · A.
    package func scaling(rank: Int, alpha: Double) -> Double {
        alpha / (usesRankStabilization ? Double(rank).squareRoot() : Double(rank))
    }

    /// The same adapter with twice the rank and the same scaling, which leaves the model's weights unchanged.
    package var asPlain: AdapterConfiguration {
        let factor = usesRankStabilization ? 2.0.squareRoot() : 2
        var result = self
        result.initialization = .standard
        (result.rank, result.alpha) = (rank * 2, alpha * factor)
        result.rankPattern = rankPattern.map { Override($0.pattern, $0.value * 2) }
        result.alphaPattern = alphaPattern.map { Override($0.pattern, $0.value * factor) }
        return result
    }

    /// The problem of the first setting that cannot be used, in words that name it; nil if there is none.
    package var fault: (setting: Setting, reason: String)? {
        func limit(_ value: Int, _ setting: Setting) -> (Setting, String)? {
            value < 1 ? (setting, "is \(value), but must be at least 1") : nil
        }
        if let fault = limit(rank, .rank) { return fault }
        if !alpha.isFinite { return (.alpha, "must be a number") }
        if !(dropout >= 0 && dropout < 1) {
            return (.dropout, "is \(dropout), but must be at least 0 and below 1")
        }
        for override in rankPattern {
            if let (setting, reason) = limit(override.value, .rankPattern) {
                return (setting, "\"\(override.pattern)\" \(reason)")
            }
        }
        for override in alphaPattern where !override.value.isFinite {
            return (.alphaPattern, "\"\(override.pattern)\" must be a number")
        }
        switch targets {
        case .names(let names) where names.isEmpty: return (.targets, "names no layer")
        case .pattern where layers != nil:
            return (.layers, "cannot be used with a regular expression in \(Setting.targets.rawValue)")
        default: break
        }
        if layers == nil, !layersPattern.isEmpty {
            return (.layersPattern, "needs \(Setting.layers.rawValue)")
        }
        if let layers, layers.isEmpty || layers.contains(where: { $0 < 0 }) {
            return (.layers, "must be indices of blocks from 0")
        }
        if hasBiasOfB, usesMagnitudes { return (.biasOfB, "cannot be used with DoRA") }
        return nil
    }

    /// A setting of `adapter_config.json`.
    package enum Setting: String, Sendable, CaseIterable {
        case rank = "r"
        case alpha = "lora_alpha"
        case dropout = "lora_dropout"
        case targets = "target_modules"
        case excluded = "exclude_modules"
        case layers = "layers_to_transform"
        case layersPattern = "layers_pattern"
        case rankPattern = "rank_pattern"
        case alphaPattern = "alpha_pattern"
        case usesRankStabilization = "use_rslora"
        case usesMagnitudes = "use_dora"
        case bias
        case biasOfB = "lora_bias"
        case modulesToSave = "modules_to_save"
        case initialization = "init_lora_weights"
        case baseModel = "base_model_name_or_path"
        case baseRevision = "revision"
    }
}
