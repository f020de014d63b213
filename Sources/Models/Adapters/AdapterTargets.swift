import Checkpoints
import Files
import NN

/// The layers of a model that an adapter changes, with the rank and scaling of each.
struct AdapterTargets {
    /// A layer with an adapter.
    struct Target {
        let weight: AdaptedWeight
        let rank: Int
        let scaling: Double
    }

    let configuration: AdapterConfiguration
    /// Modules that are trained and saved whole, which get no adapter.
    let wholeModules: [String]
    /// The family's own choice.
    let familyDefault: [String]
    let compile: PatternCompiler
    /// Whether the configuration was chosen by a person, so that useless settings are refused; false for a file.
    let isNew: Bool

    /// Chooses among the layers of a model.
    ///
    /// - Parameter weights: The model's layers in order.
    /// - Returns: The layers with an adapter, in order.
    /// - Throws: ``ModelError`` if nothing matches, for an invalid pattern, or a rank larger than the layer.
    func choose(among weights: [AdaptedWeight]) throws -> [Target] {
        let isExcluded = try exclusion()
        let isTarget = try selection()
        let inBlocks = weights.filter { weight in
            guard let layers = configuration.layers, !isNamedWhole(weight.path) else { return true }
            return ModulePath.block(of: weight.path, after: configuration.layersPattern).map(layers.contains)
                ?? false
        }
        let chosen = inBlocks.filter { weight in
            !isExcluded(weight.path) && !isWhole(weight) && isTarget(weight)
        }
        try requireUse(chosen, among: weights)
        let ranks = try overrides(configuration.rankPattern, "rank_pattern", among: chosen)
        let alphas = try overrides(configuration.alphaPattern, "alpha_pattern", among: chosen)
        return try chosen.map { weight in
            let rank = ranks[weight.path] ?? configuration.rank
            let (input, output) = weight.kind.widths(of: weight.weight.shape)
            guard rank <= max(input, output), !isNew || rank <= min(input, output) else {
                throw refusal(
                    "\(isNew ? "--lora-r" : "adapter_config.json: r") \(rank) is larger than the layer \(weight.path), which has \(input) inputs and "
                        + "\(output) outputs"
                )
            }
            let alpha = alphas[weight.path] ?? configuration.alpha
            return Target(
                weight: weight,
                rank: rank,
                scaling: configuration.scaling(rank: rank, alpha: alpha)
            )
        }
    }

    private func refusal(_ message: String) -> ModelError { ModelError(.unsupported, message) }

    /// Whether a target's name is the whole path, so that the indices of blocks are not consulted, as in peft.
    private func isNamedWhole(_ path: String) -> Bool {
        if case .names(let names) = configuration.targets { names.contains(path) } else { false }
    }

    private func exclusion() throws -> (String) -> Bool {
        switch configuration.excluded {
        case nil: return { _ in false }
        case .names(let names): return { path in names.contains { ModulePath.ends(path, with: $0) } }
        case .pattern(let pattern): return try compile(pattern)
        }
    }

    private func selection() throws -> (AdaptedWeight) -> Bool {
        func named(_ names: [String]) -> (AdaptedWeight) -> Bool {
            { weight in names.contains { ModulePath.ends(weight.path, with: $0) } }
        }
        switch configuration.targets {
        case .familyDefault: return named(familyDefault)
        case .names(let names): return named(names)
        case .allLinear: return { $0.kind != .table }
        case .pattern(let pattern):
            let matches = try compile(pattern)
            return { matches($0.path) }
        }
    }

    /// Whether a layer belongs to a module that is trained whole.
    private func isWhole(_ weight: AdaptedWeight) -> Bool {
        wholeModules.contains {
            ModulePath.isInside(weight.path, $0) || WholeModule.covers(weight.weight.name, $0)
        }
    }

    /// Throws if nothing matches; for a new adapter also if one of several names matches nothing.
    private func requireUse(_ chosen: [AdaptedWeight], among weights: [AdaptedWeight]) throws {
        var useless: String?
        switch configuration.targets {
        case .names(let names) where isNew || chosen.isEmpty:
            useless = names.first { name in !chosen.contains { ModulePath.ends($0.path, with: name) } }
        case .pattern(let pattern) where chosen.isEmpty: useless = pattern
        case _ where chosen.isEmpty: useless = "all-linear"
        default: break
        }
        guard let useless else { return }
        let isOnlyWhole = weights.contains { ModulePath.ends($0.path, with: useless) && isWhole($0) }
        let names = ModulePath.lastNames(of: weights.filter { !isWhole($0) }.map(\.path))
        throw refusal(
            "\(isNew ? "--lora-target-modules" : "adapter_config.json: target_modules") \(useless) matches no layer"
                + (isOnlyWhole ? ", because that module is trained whole" : "")
                + "; the model's layers are \(names.joined(separator: ", "))"
        )
    }

    /// The value of each layer that a pattern matches: that of the first pattern, as in peft.
    private func overrides<Value: Equatable>(
        _ overrides: [AdapterConfiguration.Override<Value>],
        _ setting: String,
        among weights: [AdaptedWeight]
    ) throws -> [String: Value] {
        var values: [String: (value: Value, pattern: String)] = [:]
        for override in overrides {
            let matches = try compile("(?:.*\\.)?(?:\(override.pattern))")
            for weight in weights where matches(weight.path) {
                guard let first = values[weight.path] else {
                    values[weight.path] = (override.value, override.pattern)
                    continue
                }
                // peft sorts the patterns when it saves, so an overlap would mean something else after loading.
                guard !isNew || first.value == override.value else {
                    throw refusal(
                        "\(setting): \"\(first.pattern)\" and \"\(override.pattern)\" both match \(weight.path); "
                            + "give patterns that do not overlap"
                    )
                }
            }
        }
        return values.mapValues(\.value)
    }
}
