import Files
public import Foundation
import JSON

// Reads peft's `adapter_config.json`.
extension AdapterConfiguration {
    /// The file's name in an adapter's folder.
    public static let fileName = "adapter_config.json"

    /// Larger files are rejected without reading.
    private static let largest = 16 << 20

    /// Reads the configuration of an adapter's folder.
    ///
    /// - Parameter folder: The folder, which links may not leave.
    /// - Returns: The configuration, and notes on fields that were ignored, one sentence each.
    /// - Throws: `.missing` or `.notAllowed`; `.corrupt` for a field with an invalid value; `.unsupported` for another kind of
    ///   adapter.
    public static func read(
        folder: URL
    ) throws(CheckpointError) -> (configuration: AdapterConfiguration, notes: [String]) {
        let file = try asCheckpoint { () throws(FileError) in
            try MappedFile(contentsOf: containedFile(fileName, in: folder))
        }
        guard file.bytes.count <= largest else {
            throw CheckpointError(.corrupt, "\(file.path) is damaged: it has \(file.bytes.count) bytes")
        }
        return try read(parsing: file.bytes, source: file.path)
    }

    /// Parses the text of an `adapter_config.json`.
    ///
    /// - Parameters:
    ///   - bytes: The file's contents.
    ///   - source: Its path, for messages.
    /// - Returns: The configuration, and notes on fields that were ignored, one sentence each.
    /// - Throws: As ``read(folder:)``.
    public static func read(
        parsing bytes: some Collection<UInt8>,
        source: String
    ) throws(CheckpointError) -> (configuration: AdapterConfiguration, notes: [String]) {
        let document: JSONValue
        do throws(JSONError) { document = try JSONValue.parse(bytes) } catch {
            throw CheckpointError(.corrupt, "\(source) is not valid JSON: \(error)")
        }
        guard let object = document.object else {
            throw CheckpointError(.corrupt, "\(source) holds \(document.kind), not an object")
        }
        let reader = AdapterFieldReader(fields: object, source: source)
        try reader.requireSupportedKind()
        let configuration = try reader.configuration()
        if let (setting, reason) = configuration.fault { throw reader.bad(setting.rawValue, reason) }
        return (configuration, reader.notes)
    }
}

/// Reads fields of an `adapter_config.json`; an absent field has peft's default.
private struct AdapterFieldReader {
    let fields: JSONObject
    let source: String

    /// Kinds of adapters that have their own tensors or another computation; null and false switch them off.
    private static let variants = [
        "alora_invocation_tokens", "arrow_config", "corda_config", "eva_config", "kasa_config",
        "lora_ga_config",
        "megatron_config", "monteclora_config", "use_bdlora", "velora_config", "layer_replication",
        "target_parameters", "trainable_token_indices", "use_qalora",
    ]
    /// Fields of peft that do not change the computation.
    private static let ofNoConsequence: Set = [
        "peft_type", "task_type", "auto_mapping", "ensure_weight_tying", "fan_in_fan_out", "inference_mode",
        "loftq_config", "megatron_core", "peft_version", "qalora_group_size", "runtime_config",
    ]

    func bad(_ name: String, _ reason: String) -> CheckpointError {
        CheckpointError(.corrupt, "\(source): \(name) \(reason)")
    }

    func requireSupportedKind() throws(CheckpointError) {
        guard fields.contains("peft_type") else {
            throw bad("peft_type", "is missing, so this is no adapter of peft")
        }
        let kind = fields["peft_type"].string ?? fields["peft_type"].compact
        guard kind == "LORA" else {
            throw CheckpointError(
                .unsupported,
                "\(source): adapters of kind \(quoted(kind)) are not supported; supported are LoRA and DoRA (LORA)"
            )
        }
        for name in Self.variants
        where ![.null, .bool(false), .object([:]), .array([])].contains(fields[name]) {
            throw CheckpointError(.unsupported, "\(source): \(name) is not supported")
        }
    }

    /// Notes on unknown fields.
    var notes: [String] {
        let known = Set(AdapterConfiguration.Setting.allCases.map(\.rawValue)).union(Self.variants)
            .union(Self.ofNoConsequence)
        let unknown = fields.members.map(\.name).filter { !known.contains($0) }
        guard !unknown.isEmpty else { return [] }
        let shown = unknown.prefix(8).map { quoted($0) }.joined(separator: ", ")
        return ["\(source): unknown fields are ignored: \(shown)\(unknown.count > 8 ? ", …" : "")"]
    }

    func configuration() throws(CheckpointError) -> AdapterConfiguration {
        var result = AdapterConfiguration()
        result.rank = try integer(.rank) ?? 8
        result.alpha = try number(.alpha) ?? 8
        result.dropout = try number(.dropout) ?? 0
        result.targets = try targets()
        result.excluded = try excluded()
        result.layers = try layers()
        result.layersPattern = try names(.layersPattern) ?? []
        result.rankPattern = try overrides(.rankPattern, "a whole number", \.int)
        result.alphaPattern = try overrides(.alphaPattern, "a number", \.double)
        result.usesRankStabilization = try flag(.usesRankStabilization)
        result.usesMagnitudes = try flag(.usesMagnitudes)
        result.hasBiasOfB = try flag(.biasOfB)
        result.bias = try choice(.bias) ?? .none
        // peft appends the head's names at every save.
        var seen: Set<String> = []
        result.modulesToSave = (try names(.modulesToSave) ?? []).filter { seen.insert($0).inserted }
        result.initialization = try initialization()
        result.baseModel = try text(.baseModel)
        result.baseRevision = try text(.baseRevision)
        return result
    }

    private func value(_ setting: AdapterConfiguration.Setting) -> JSONValue { fields[setting.rawValue] }

    private func wrong(_ setting: AdapterConfiguration.Setting, _ expected: String) -> CheckpointError {
        bad(setting.rawValue, "must be \(expected), but is \(value(setting).kind)")
    }

    private func read<Value>(
        _ setting: AdapterConfiguration.Setting,
        _ expected: String,
        _ convert: (JSONValue) -> Value?
    ) throws(CheckpointError) -> Value? {
        let value = value(setting)
        if value == .null { return nil }
        guard let result = convert(value) else { throw wrong(setting, expected) }
        return result
    }

    private func integer(_ setting: AdapterConfiguration.Setting) throws(CheckpointError) -> Int? {
        try read(setting, "a whole number", \.int)
    }

    private func number(_ setting: AdapterConfiguration.Setting) throws(CheckpointError) -> Double? {
        try read(setting, "a number", \.double)
    }

    private func flag(_ setting: AdapterConfiguration.Setting) throws(CheckpointError) -> Bool {
        try read(setting, "true or false", \.bool) ?? false
    }

    private func text(_ setting: AdapterConfiguration.Setting) throws(CheckpointError) -> String? {
        try read(setting, "a text", \.string).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A name, or a list of names.
    private func names(_ setting: AdapterConfiguration.Setting) throws(CheckpointError) -> [String]? {
        try read(setting, "a list of names") { value in
            if let name = value.string { return [name] }
            guard let items = value.array else { return nil }
            let names = items.compactMap(\.string)
            return names.count == items.count ? names : nil
        }
    }

    private func targets() throws(CheckpointError) -> AdapterConfiguration.Targets {
        if let text = value(.targets).string { return text == "all-linear" ? .allLinear : .pattern(text) }
        return try names(.targets).map { .names($0) } ?? .familyDefault
    }

    private func excluded() throws(CheckpointError) -> AdapterConfiguration.Exclusion? {
        if let text = value(.excluded).string { return .pattern(text) }
        return try names(.excluded).map { .names($0) }
    }

    private func layers() throws(CheckpointError) -> [Int]? {
        try read(.layers, "a whole number or a list of them") { value in
            if let index = value.int { return [index] }
            guard let items = value.array else { return nil }
            let indices = items.compactMap(\.int)
            return indices.count == items.count ? indices : nil
        }
    }

    private func overrides<Value>(
        _ setting: AdapterConfiguration.Setting,
        _ expected: String,
        _ convert: (JSONValue) -> Value?
    ) throws(CheckpointError) -> [AdapterConfiguration.Override<Value>] {
        guard let object = try read(setting, "an object", \.object) else { return [] }
        var result: [AdapterConfiguration.Override<Value>] = []
        for member in object.members {
            guard let value = convert(member.value) else {
                throw bad(setting.rawValue, "\(quoted(member.name)) must be \(expected)")
            }
            result.append(.init(member.name, value))
        }
        return result
    }

    private func choice<Value: RawRepresentable & CaseIterable>(
        _ setting: AdapterConfiguration.Setting
    ) throws(CheckpointError) -> Value? where Value.RawValue == String {
        let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return try read(setting, "one of \(known)") { $0.string.flatMap(Value.init(rawValue:)) }
    }

    private func initialization() throws(CheckpointError) -> AdapterConfiguration.Initialization {
        switch value(.initialization) {
        // The values of `false` are in the file, too.
        case .null, .bool: return .standard
        case .string(let name):
            if let known = AdapterConfiguration.Initialization(rawValue: name) { return known }
            throw CheckpointError(
                .unsupported,
                "\(source): init_lora_weights \(quoted(name)) is not supported, because it has changed the model's own "
                    + "weights; convert the adapter with peft (save_pretrained with "
                    + "path_initial_model_for_weight_conversion)"
            )
        default: throw wrong(.initialization, "true, false or a name")
        }
    }
}
