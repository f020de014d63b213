package import Checkpoints
package import NN
package import Torch

/// An adapter on a model: its settings, the layers that it changes, and the parameters that it trains whole.
package struct AttachedAdapter {
    /// The settings; the modules to save are all that are trained whole.
    package var configuration: AdapterConfiguration
    /// The layers with an adapter, in the model's order.
    package let weights: [AdaptedWeight]
    /// The names of the model's own parameters that are trained and saved: the head, what else was new or asked for, biases.
    package var wholeParameters: [String]
    /// A fingerprint of the frozen weights, which a resumed or loaded adapter is compared with.
    package let baseFingerprint: String

    /// The adapter's parameters of all layers.
    package var parameters: [Parameter] { weights.compactMap(\.adapter).flatMap(\.parameters) }
}

/// The options of an adapter's training, which are not part of its file.
package struct AdapterTraining: Sendable, Equatable {
    /// Whether weight decay applies to the magnitudes of DoRA, as in peft.
    package var decaysMagnitude = false
    /// The ratio of the learning rate of B to that of the other weights (LoRA+).
    package var rateRatio = 1.0

    package init() {}
}

/// How an adapter is attached.
package struct AdapterAttachment {
    /// The adapter's settings.
    package var configuration: AdapterConfiguration
    /// The options of its training.
    package var training = AdapterTraining()
    /// The names of parameters that the checkpoint did not provide; they are trained whole.
    package var fresh: [String] = []
    /// Whether a person chose the settings, so that useless ones are refused; false for a file.
    package var isNew = true
    /// Compiles regular expressions.
    package var compile: PatternCompiler

    package init(_ configuration: AdapterConfiguration, compile: @escaping PatternCompiler) {
        (self.configuration, self.compile) = (configuration, compile)
    }
}

extension SequenceClassifier {
    /// Freezes the model and adds an adapter with start values.
    ///
    /// - Parameters:
    ///   - attachment: The adapter's settings, and how they are used.
    ///   - random: The stream to draw from.
    /// - Throws: ``ModelError`` for settings that do not fit the model; `TorchError`.
    package func attach(_ attachment: AdapterAttachment, random: RandomSource) throws {
        precondition(adapter == nil, "the model has an adapter")
        let family = try ModelFamily.of(configuration)
        let settings = attachment.configuration
        let modules = family.wholeModules(settings.modulesToSave, fresh: attachment.fresh)
        try requireModules(attachment)
        let all = parameters.parameters
        let isInWhole = { (name: String) in modules.contains { WholeModule.covers(name, $0) } }
        let targets = try AdapterTargets(
            configuration: settings,
            wholeModules: modules,
            familyDefault: family.adapterTargets,
            compile: attachment.compile,
            isNew: attachment.isNew
        ).choose(among: parameters.adaptedWeights)
        let biases: [Parameter] =
            switch settings.bias {
            case .none: []
            case .loraOnly: targets.compactMap(\.weight.bias)
            case .all: all.filter { $0.name.hasSuffix(".bias") }
            }
        let trained = Set(biases.map(\.name)).union(all.map(\.name).filter(isInWhole))
        for matrix in parameters.adaptedWeights where trained.contains(matrix.weight.name) {
            try dequantize(matrix)
        }
        for parameter in all { parameter.isFrozen = !trained.contains(parameter.name) }
        let fingerprint = try all.filter(\.isFrozen).fingerprint()
        for target in targets { try add(target, attachment, random) }
        var chosen = settings
        chosen.modulesToSave = modules
        adapter = AttachedAdapter(
            configuration: chosen,
            weights: targets.map(\.weight),
            wholeParameters: all.map(\.name).filter(trained.contains),
            baseFingerprint: fingerprint
        )
    }

    private func requireModules(_ attachment: AdapterAttachment) throws(ModelError) {
        guard attachment.isNew else { return }
        for module in attachment.configuration.modulesToSave
        where !ModelFamily.heads.contains(module)
            && !parameters.parameters.contains(where: { WholeModule.covers($0.name, module) })
        {
            throw ModelError(.unsupported, "--modules-to-save \(module) matches no module of the model")
        }
    }

    private func add(
        _ target: AdapterTargets.Target,
        _ attachment: AdapterAttachment,
        _ random: RandomSource
    ) throws(TorchError) {
        let (settings, weight) = (attachment.configuration, target.weight)
        // The rows of a quantized table are not those of the matrix that an adapter sees.
        if weight.kind == .table { try dequantize(weight) }
        var options = AdapterOptions(rank: target.rank, scaling: target.scaling)
        options.dropout = settings.dropout
        options.hasMagnitude = settings.usesMagnitudes
        options.hasBias = settings.hasBiasOfB && weight.kind != .table
        options.decaysMagnitude = attachment.training.decaysMagnitude
        options.rateFactorOfB = attachment.training.rateRatio
        let adapter = try LowRankAdapter(weight.path, of: weight.kind, weight: weight.weight.shape, options)
        let readsWeight = settings.usesMagnitudes || settings.initialization.changesBase
        if readsWeight { try receive(weight) }
        try adapter.initialize(weight, settings.initialization.start, random: random)
        weight.adapter = adapter
        parameters.insert(adapter.parameters, after: weight.bias ?? weight.weight)
    }

    /// Gets the values of a matrix into memory if they are elsewhere.
    private func receive(_ matrix: AdaptedWeight) throws(TorchError) {
        if let block = matrix.weight.block { try blockWeights?.begin(block) }
    }

    /// Replaces a quantized matrix by its values in float32.
    private func dequantize(_ matrix: AdaptedWeight) throws(TorchError) {
        guard matrix.weight.quantized != nil else { return }
        try receive(matrix)
        try matrix.dequantize()
    }

    /// Adds the adapters' changes to the weights and removes the adapter; the model computes the same.
    ///
    /// - Throws: `.unsupported` for a bias of B on a layer without a bias, and for integer products; `.outOfMemory`.
    package func mergeAdapter() throws {
        guard let adapter else { return }
        try requireFloatProducts(toBe: "merged")
        for weight in adapter.weights where weight.bias == nil && weight.adapter?.bias != nil {
            throw ModelError(
                .unsupported,
                "the adapter has a bias (lora_bias) on \(weight.path), which has none, so it cannot be merged; use it as an "
                    + "adapter"
            )
        }
        for weight in adapter.weights {
            try weight.weight.set(weight.merged())
            if let scaled = try weight.adapter?.scaledBias(), let bias = weight.bias {
                try bias.set((bias.value.detached() + scaled).to(dtype: bias.value.dtype))
            }
            weight.adapter = nil
        }
        for matrix in parameters.adaptedWeights { try matrix.dequantize() }
        parameters.remove(Set(adapter.parameters.map(\.name)))
        for parameter in parameters.parameters { parameter.isFrozen = false }
        self.adapter = nil
    }
}

/// Modules that are trained and saved whole next to an adapter.
enum WholeModule {
    /// Whether a parameter belongs to a module whose path ends with an entry.
    ///
    /// peft compares without a dot, so that `classifier` covers DistilBERT's `pre_classifier`, too.
    static func covers(_ parameter: String, _ entry: String) -> Bool {
        var path = Substring(parameter)
        while let dot = path.lastIndex(of: ".") {
            path = path[..<dot]
            if path.hasSuffix(entry) { return true }
        }
        return false
    }
}

extension ModelFamily {
    /// The names that peft always saves for classifiers.
    fileprivate static let heads = ["classifier", "score"]

    /// The modules that are trained and saved whole: the head, all that the checkpoint lacked, and those asked for.
    func wholeModules(_ asked: [String], fresh: [String]) -> [String] {
        var modules = Self.heads
        for name in asked where !modules.contains(name) { modules.append(name) }
        for parameter in fresh where !modules.contains(where: { WholeModule.covers(parameter, $0) }) {
            guard let dot = parameter.lastIndex(of: ".") else { continue }
            modules.append(String(parameter[..<dot]))
        }
        return modules
    }
}

extension AdapterConfiguration.Initialization {
    /// The start values that it names.
    fileprivate var start: AdapterStart {
        switch self {
        case .standard: .standard
        case .gaussian: .gaussian
        case .pissa: .singularVectors
        case .olora: .orthogonalFactors
        }
    }
}
