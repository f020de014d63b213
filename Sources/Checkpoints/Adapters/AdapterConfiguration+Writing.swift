import JSON

// Writes peft's `adapter_config.json`.
extension AdapterConfiguration {
    /// The version of peft whose fields are written.
    package static let peftVersion = "0.21.2"

    /// The text of `adapter_config.json`: all fields of peft's `LoraConfig`.
    ///
    /// - Parameters:
    ///   - targets: The names that ``targets`` stand for in the model, or the regular expression.
    ///   - isTransposed: Whether the layers with an adapter are GPT-2's.
    /// - Returns: The text of the file.
    package func formatted(targets: Targets, isTransposed: Bool) -> String {
        JSONValue.object(fields(targets: targets, isTransposed: isTransposed)).formatted
    }

    /// The fields that differ from peft's defaults, on one line: `{"lora_dropout": 0.1, "r": 4}`.
    ///
    /// The base model's name is left out, because the same model may be in another place.
    package var summary: String {
        var plain = AdapterConfiguration()
        (plain.baseModel, plain.baseRevision) = (baseModel, baseRevision)
        let defaults = plain.fields(targets: plain.targets, isTransposed: false)
        let changed = fields(targets: targets, isTransposed: false).members.filter {
            defaults[$0.name] != $0.value
        }
        return JSONValue.object(JSONObject(changed.map { ($0.name, $0.value) })).oneLine
    }

    private func fields(targets: Targets, isTransposed: Bool) -> JSONObject {
        func list(_ names: [String]) -> JSONValue { .array(names.map(JSONValue.string)) }
        func number(_ value: Double) -> JSONValue { Int(exactly: value).map(JSONValue.int) ?? .double(value) }
        let chosen: JSONValue =
            switch targets {
            case .familyDefault: .null
            case .allLinear: .string("all-linear")
            case .names(let names): list(names.sorted())
            case .pattern(let pattern): .string(pattern)
            }
        let leftOut: JSONValue =
            switch excluded {
            case nil: .null
            case .names(let names): list(names.sorted())
            case .pattern(let pattern): .string(pattern)
            }
        var fields: [(String, JSONValue)] = [
            "alora_invocation_tokens", "arrow_config", "auto_mapping", "corda_config", "eva_config",
            "kasa_config",
            "layer_replication", "lora_ga_config", "megatron_config", "monteclora_config",
            "target_parameters",
            "trainable_token_indices", "use_bdlora", "velora_config",
        ].map { ($0, .null) }
        fields += [
            ("alpha_pattern", .object(JSONObject(alphaPattern.map { ($0.pattern, number($0.value)) }))),
            ("base_model_name_or_path", baseModel.map(JSONValue.string) ?? .null),
            ("bias", .string(bias.rawValue)),
            ("ensure_weight_tying", .bool(false)),
            ("exclude_modules", leftOut),
            ("fan_in_fan_out", .bool(isTransposed)),
            ("inference_mode", .bool(true)),
            (
                "init_lora_weights",
                initialization == .standard ? .bool(true) : .string(initialization.rawValue)
            ),
            ("layers_pattern", layersPattern.isEmpty ? .null : list(layersPattern)),
            ("layers_to_transform", layers.map { .array($0.map(JSONValue.int)) } ?? .null),
            ("loftq_config", .object([:])),
            ("lora_alpha", number(alpha)),
            ("lora_bias", .bool(hasBiasOfB)),
            ("lora_dropout", .double(dropout)),
            ("megatron_core", .string("megatron.core")),
            ("modules_to_save", list(modulesToSave)),
            ("peft_type", .string("LORA")),
            ("peft_version", .string(Self.peftVersion)),
            ("qalora_group_size", .int(16)),
            ("r", .int(rank)),
            ("rank_pattern", .object(JSONObject(rankPattern.map { ($0.pattern, .int($0.value)) }))),
            ("revision", baseRevision.map(JSONValue.string) ?? .null),
            ("target_modules", chosen),
            ("task_type", .string("SEQ_CLS")),
            ("use_dora", .bool(usesMagnitudes)),
            ("use_qalora", .bool(false)),
            ("use_rslora", .bool(usesRankStabilization)),
        ]
        return JSONObject(fields)
    }
}
