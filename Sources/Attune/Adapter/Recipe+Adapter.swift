public import Checkpoints
public import Models
import Torch

extension Recipe {
    /// The training of an adapter instead of all weights.
    ///
    /// ```swift
    /// recipe.adapter = .lora(rank: 16, alpha: 32, targets: .allLinear)
    /// ```
    public struct Adapter: Sendable, Equatable {
        /// The layers and the values of the adapter.
        public var configuration: AdapterConfiguration
        /// Whether weight decay applies to the magnitudes of DoRA, as in peft; it pulls the rows of the weights toward zero.
        public var decaysMagnitudes = false
        /// The ratio of the learning rate of B to that of the other weights (LoRA+).
        public var learningRateRatio = 1.0
        /// The form in which the frozen matrices are kept: as the checkpoint stores them, or quantized while loading (QLoRA).
        public var frozenStorage = FrozenStorage.asStored

        /// Creates an adapter.
        ///
        /// - Parameter configuration: The layers and the values of the adapter.
        public init(_ configuration: AdapterConfiguration) { self.configuration = configuration }

        /// LoRA.
        ///
        /// - Parameters:
        ///   - rank: The width of the inner product, r.
        ///   - alpha: The numerator of the scaling alpha / r.
        ///   - dropout: The probability that an element of an adapter's input is zeroed while training.
        ///   - targets: The layers with an adapter.
        /// - Returns: The adapter.
        public static func lora(
            rank: Int = 8,
            alpha: Double = 8,
            dropout: Double = 0,
            targets: AdapterConfiguration.Targets = .familyDefault
        ) -> Adapter {
            Adapter(AdapterConfiguration(rank: rank, alpha: alpha, dropout: dropout, targets: targets))
        }

        /// DoRA: LoRA with trained magnitudes of the rows.
        ///
        /// - Parameters:
        ///   - rank: The width of the inner product, r.
        ///   - alpha: The numerator of the scaling alpha / r.
        ///   - dropout: The probability that an element of an adapter's input is zeroed while training.
        ///   - targets: The layers with an adapter.
        /// - Returns: The adapter.
        public static func dora(
            rank: Int = 8,
            alpha: Double = 8,
            dropout: Double = 0,
            targets: AdapterConfiguration.Targets = .familyDefault
        ) -> Adapter {
            var adapter = lora(rank: rank, alpha: alpha, dropout: dropout, targets: targets)
            adapter.configuration.usesMagnitudes = true
            return adapter
        }
    }

    /// The settings of adapters, with peft's names.
    static let adapterSettings: [Setting] = [
        Setting(
            "adapter",
            .adapter,
            isCommon: true,
            \.adapterKind,
            """
            Train a small adapter on the frozen model: lora or dora. The saved folder holds the adapter only. The default of \
            learning_rate becomes 2e-4.
            """,
            placeholder: "kind"
        ),
        Setting(
            "lora_r",
            .adapter,
            isCommon: true,
            \.adapterConfiguration.rank,
            "The rank of the adapter's matrices.",
            placeholder: "rank",
            aliases: ["lora_rank"],
            unless: adapting,
            allowed: ("a whole number above 0", { $0 > 0 })
        ),
        Setting(
            "lora_alpha",
            .adapter,
            \.adapterConfiguration.alpha,
            "The adapter's product is scaled by alpha / r.",
            placeholder: "alpha",
            unless: adapting
        ),
        Setting(
            "lora_dropout",
            .adapter,
            \.adapterConfiguration.dropout,
            "The probability that an element of an adapter's input is zeroed while training.",
            placeholder: "probability",
            unless: adapting,
            allowed: belowOne
        ),
        Setting(
            "lora_target_modules",
            .adapter,
            isCommon: true,
            \.adapterTargets,
            """
            The layers with an adapter: ends of their names, all-linear, or a regular expression for whole names. Default: \
            the layers of attention that peft takes.
            """,
            placeholder: "a,b,c",
            aliases: ["target_modules"],
            unless: adapting
        ),
        Setting(
            "lora_exclude_modules",
            .adapter,
            \.adapterExclusions,
            "The layers to leave out: ends of their names, or a regular expression for whole names.",
            placeholder: "a,b,c",
            aliases: ["exclude_modules"],
            unless: adapting
        ),
        Setting(
            "layers_to_transform",
            .adapter,
            \.adapterLayers,
            "The zero-based indices of the blocks with adapters. Default: all.",
            placeholder: "0,1,2",
            unless: adapting,
            allowed: ("a list of whole numbers from 0", { $0.allSatisfy { (Int($0) ?? -1) >= 0 } })
        ),
        Setting(
            "layers_pattern",
            .adapter,
            \.adapterConfiguration.layersPattern,
            "The name before the index of a block, if layers_to_transform needs it: layers.",
            placeholder: "name",
            unless: { $0.adapter?.configuration.layers == nil ? Setting.Need("layers_to_transform") : nil }
        ),
        Setting(
            "rank_pattern",
            .adapter,
            \.adapterRanks,
            "Other ranks for some layers: down_proj=16,layers.0.mlp.up_proj=4.",
            placeholder: "name=rank,…",
            unless: adapting,
            allowed: (
                "NAME=RANK,NAME=RANK with ranks above 0",
                { $0.numbers?.allSatisfy { $0.value >= 1 } ?? false }
            )
        ),
        Setting(
            "alpha_pattern",
            .adapter,
            \.adapterAlphas,
            "Other alphas for some layers: down_proj=32.",
            placeholder: "name=alpha,…",
            unless: adapting,
            allowed: ("NAME=ALPHA,NAME=ALPHA", { $0.numbers != nil })
        ),
        Setting(
            "use_rslora",
            .adapter,
            \.adapterConfiguration.usesRankStabilization,
            "Scale by alpha / √r, which suits large ranks (rsLoRA).",
            unless: adapting
        ),
        Setting(
            "modules_to_save",
            .adapter,
            \.adapterConfiguration.modulesToSave,
            "Modules to train whole, besides the head.",
            placeholder: "a,b,c",
            aliases: ["lora_modules_to_save"],
            unless: adapting
        ),
        Setting(
            "train_bias",
            .adapter,
            \.adapterConfiguration.bias,
            "The biases of the model to train: none, lora_only (of the layers with an adapter) or all.",
            placeholder: "which",
            aliases: ["bias"],
            unless: adapting
        ),
        Setting(
            "lora_bias",
            .adapter,
            \.adapterConfiguration.hasBiasOfB,
            "Add a bias to each adapter. Not with dora.",
            unless: {
                $0.adapter?.configuration.usesMagnitudes == false ? nil : Setting.Need("adapter", "lora")
            }
        ),
        Setting(
            "init_lora_weights",
            .adapter,
            \.adapterConfiguration.initialization,
            """
            The adapter's start values: true (no change of the model), gaussian, or pissa or olora, which take them from the \
            weights.
            """,
            placeholder: "name",
            unless: adapting
        ),
        Setting(
            "loraplus_lr_ratio",
            .adapter,
            \.adapterRateRatio,
            "Multiply the learning rate of the matrices B by this (LoRA+).",
            placeholder: "ratio",
            unless: adapting,
            allowed: ("a number above 0", { $0 > 0 })
        ),
        Setting(
            "decay_magnitudes",
            .adapter,
            \.adapterDecaysMagnitudes,
            "Apply weight decay to the magnitudes of DoRA, as peft does.",
            unless: {
                $0.adapter?.configuration.usesMagnitudes == true ? nil : Setting.Need("adapter", "dora")
            }
        ),
        Setting(
            "quantize",
            .adapter,
            \.adapterQuantization,
            """
            Keep the frozen matrices in 4 or 8 bits, quantized while loading (QLoRA): nf4, fp4 or int8, as bitsandbytes does. A \
            model that is stored quantized, such as a .gguf file, is kept as it is stored without this setting.
            """,
            placeholder: "type",
            aliases: ["bnb_4bit_quant_type"],
            unless: { recipe in
                guard let adapter = recipe.adapter else { return Setting.Need("adapter", "lora") }
                return adapter.configuration.initialization.changesBase
                    ? Setting.Need("init_lora_weights", "true") : nil
            }
        ),
        Setting(
            "double_quant",
            .adapter,
            \.adapterIsDoubleQuantized,
            "With quantize nf4 or fp4: quantize the scales of the 4-bit blocks, too, which saves 8 % of their memory.",
            aliases: ["bnb_4bit_use_double_quant"],
            unless: { recipe in
                switch recipe.adapter?.frozenStorage {
                case .quantized(.nf4, _), .quantized(.fp4, _): nil
                default: Setting.Need("quantize", "nf4")
                }
            }
        ),
        Setting(
            "adapter_base",
            .adapter,
            \.adapterBase,
            "The base model of an adapter given as the model, if the one that it names is elsewhere.",
            placeholder: "model"
        ),
    ]

    private static let adapting: @Sendable (Recipe) -> Setting.Need? = {
        $0.adapter == nil ? Setting.Need("adapter", "lora") : nil
    }
}

// The properties that the settings read and write.
extension Recipe {
    private var adapterKind: AdapterKind? {
        get { adapter.map { $0.configuration.usesMagnitudes ? .dora : .lora } }
        set {
            guard let newValue else { return adapter = nil }
            var changed = adapter ?? Adapter(AdapterConfiguration())
            changed.configuration.usesMagnitudes = newValue == .dora
            adapter = changed
        }
    }

    private var adapterConfiguration: AdapterConfiguration {
        get { adapter?.configuration ?? AdapterConfiguration() }
        set { adapter?.configuration = newValue }
    }

    private var adapterTargets: LayerNames? {
        get {
            switch adapterConfiguration.targets {
            case .familyDefault: nil
            case .allLinear: .names([LayerNames.allLinear])
            case .names(let names): .names(names)
            case .pattern(let pattern): .pattern(pattern)
            }
        }
        set {
            adapterConfiguration.targets =
                switch newValue {
                case nil: .familyDefault
                case .names([LayerNames.allLinear]): .allLinear
                case .names(let names): .names(names)
                case .pattern(let pattern): .pattern(pattern)
                }
        }
    }

    private var adapterExclusions: LayerNames? {
        get {
            switch adapterConfiguration.excluded {
            case nil: nil
            case .names(let names): .names(names)
            case .pattern(let pattern): .pattern(pattern)
            }
        }
        set {
            adapterConfiguration.excluded =
                switch newValue {
                case nil: nil
                case .names(let names): .names(names)
                case .pattern(let pattern): .pattern(pattern)
                }
        }
    }

    private var adapterLayers: [String] {
        get { (adapterConfiguration.layers ?? []).map(String.init) }
        set { adapterConfiguration.layers = newValue.isEmpty ? nil : newValue.compactMap { Int($0) } }
    }

    private var adapterRanks: Assignments {
        get { Assignments(adapterConfiguration.rankPattern.map { ($0.pattern, Double($0.value)) }) }
        set {
            adapterConfiguration.rankPattern = (newValue.numbers ?? []).map { .init($0.name, Int($0.value)) }
        }
    }

    private var adapterAlphas: Assignments {
        get { Assignments(adapterConfiguration.alphaPattern.map { ($0.pattern, $0.value) }) }
        set { adapterConfiguration.alphaPattern = (newValue.numbers ?? []).map { .init($0.name, $0.value) } }
    }

    private var adapterRateRatio: Double {
        get { adapter?.learningRateRatio ?? 1 }
        set { adapter?.learningRateRatio = newValue }
    }

    private var adapterDecaysMagnitudes: Bool {
        get { adapter?.decaysMagnitudes ?? false }
        set { adapter?.decaysMagnitudes = newValue }
    }

    private var adapterQuantization: Quantization? {
        get {
            guard case .quantized(let kind, _) = adapter?.frozenStorage else { return nil }
            return kind
        }
        set {
            let isDouble = adapterIsDoubleQuantized
            adapter?.frozenStorage = newValue.map { .quantized($0, isDouble: isDouble) } ?? .asStored
        }
    }

    private var adapterIsDoubleQuantized: Bool {
        get {
            guard case .quantized(_, let isDouble) = adapter?.frozenStorage else { return false }
            return isDouble
        }
        set {
            guard case .quantized(let kind, _) = adapter?.frozenStorage else { return }
            adapter?.frozenStorage = .quantized(kind, isDouble: newValue)
        }
    }
}
