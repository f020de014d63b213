import Datasets
import Files

extension Recipe {
    /// Sets a setting by its name.
    ///
    /// - Parameters:
    ///   - name: Its name in recipes, or an older one.
    ///   - value: The value.
    /// - Throws: ``SettingError``.
    public mutating func set(_ name: String, to value: SettingValue) throws(SettingError) {
        try Self.setting(name).write(&self, value)
    }

    /// The value of a setting.
    ///
    /// - Parameter name: Its name in recipes, or an older one.
    /// - Returns: The value; nil if it is not set.
    /// - Throws: ``SettingError`` if there is no such setting.
    public func value(of name: String) throws(SettingError) -> SettingValue? {
        try Self.setting(name).read(self)
    }

    /// Creates a recipe from settings, in any order.
    ///
    /// - Parameter values: Values by the names of settings.
    /// - Throws: ``SettingError`` for the first setting, in the order of ``settings``, that is wrong or missing.
    public init(_ values: [String: SettingValue]) throws(SettingError) {
        self = .defaults
        var given: [String: SettingValue] = [:]
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            given[try Self.setting(name).name] = value
        }
        for (name, other) in Self.exclusive where given[name] != nil && given[other] != nil {
            throw SettingError(name, .excludes(other))
        }
        try Self.requireOnePrecision(given)
        Self.complete(&given)
        // In the order of declaration, because a setting may depend on one that is declared before it.
        for setting in Self.settings {
            if let value = given[setting.name] { try setting.write(&self, value) }
        }
        for setting in Self.settings where setting.isRequired && given[setting.name] == nil {
            // The other spelling of the same setting; a teacher needs no labels.
            if setting.name == "label_column", given["label_columns"] != nil || teacher != nil { continue }
            throw SettingError(setting.name, .missing)
        }
        try requireConsistency()
        // The recipe that a run leaves has the default, logging_steps.
        if let steps = evaluates.steps, evaluates.strategy != .steps, steps != logging.steps {
            throw SettingError("eval_steps", .withoutEffect(Setting.Need("eval_strategy", "steps")))
        }
    }

    private func requireConsistency() throws(SettingError) {
        if labels.isEmpty, teacher == nil { throw SettingError("label_column", .missing) }
        if let name = labels.first(where: { name in labels.count { $0 == name } > 1 }) {
            throw SettingError("label_column", .wrongValue(name, expected: "named once"))
        }
        if problemType == .regression, labels.count > 1 {
            throw SettingError(
                "problem_type",
                .contradicts("label_column", reason: "a regression learns the numbers of one column")
            )
        }
        if labels.isEmpty, loss.classWeights != .equal {
            throw SettingError("class_weights", .withoutEffect(Setting.Need("label_column")))
        }
        if adapter != nil, resizesEmbeddings {
            throw SettingError(
                "resize_embeddings",
                .contradicts("adapter", reason: "the new rows would be neither trained nor saved")
            )
        }
        if problemType == .regression, loss.classWeights != .equal {
            throw SettingError(
                "class_weights",
                .contradicts("problem_type", reason: "a regression has no classes")
            )
        }
    }

    private static func requireOnePrecision(_ given: [String: SettingValue]) throws(SettingError) {
        let wanted = ["bf16", "tf32"].filter { given[$0].flatMap(Bool.init) ?? false }
        if wanted.count > 1 { throw SettingError(wanted[0], .excludes(wanted[1])) }
        if let name = wanted.first, let precision = given["precision"], precision != .text(name) {
            throw SettingError(name, .excludes("precision"))
        }
    }

    /// Settings of which only one can be given.
    private static let exclusive = [
        ("test_size", "eval_dataset"), ("test_size", "eval_split"), ("warmup_steps", "warmup_ratio"),
    ]

    /// Settings whose defaults depend on others.
    private static func complete(_ given: inout [String: SettingValue]) {
        if given["eval_strategy"] == nil, given["eval_steps"] != nil {
            given["eval_strategy"] = .text("steps")
        }
        // An adapter starts at no change at all, and is usually trained with a higher rate.
        if given["adapter"] != nil, given["learning_rate"] == nil { given["learning_rate"] = .double(2e-4) }
        // Weights in bfloat16 need bfloat16 products.
        if given["weights_dtype"] == .text("bf16"),
            Set(given.keys).isDisjoint(with: ["precision", "bf16", "tf32"])
        {
            given["precision"] = .text("bf16")
        }
        if let column = given["stratify_by"], given["sample"] != nil {
            given["sample_stratify_by"] = given["sample_stratify_by"] ?? column
            if given["test_size"] == nil { given["stratify_by"] = nil }
        }
    }

    /// A setting by its name in recipes, or an older one.
    package static func setting(_ name: String) throws(SettingError) -> Setting {
        if let setting = settings.first(where: { $0.name == name || $0.aliases.contains(name) }) {
            return setting
        }
        throw SettingError(name, .unknown(nearest: settingName(nearestTo: name)))
    }

    /// The name of the setting that someone probably meant; nil if none is similar.
    ///
    /// - Parameters:
    ///   - typed: An unknown name.
    ///   - others: Other names that are known in the same place.
    /// - Returns: A setting's name in recipes, or one of the other names.
    package static func settingName(nearestTo typed: String, or others: [String] = []) -> String? {
        let names = settings.map(\.name) + others + settings.flatMap(\.aliases)
        return nearest(to: typed, among: names).map { name in
            settings.first { $0.aliases.contains(name) }?.name ?? name
        }
    }

    /// The settings that differ from their defaults, by name and in the order of ``settings``.
    public var givenValues: [(name: String, value: SettingValue)] {
        Self.settings.compactMap { setting in
            guard let value = setting.read(self), value != setting.defaultValue else { return nil }
            return (setting.name, value)
        }
    }
}

/// The name of a setting as a key of a coded recipe.
private struct SettingKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Recipe: Codable {
    /// Reads settings by name; settings that are missing or null have their defaults.
    ///
    /// - Parameter decoder: A decoder of JSON, YAML or another format with names and values.
    /// - Throws: `DecodingError` whose underlying error is a ``SettingError``.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: SettingKey.self)
        var values: [String: SettingValue] = [:]
        for key in container.allKeys where try !container.decodeNil(forKey: key) {
            values[key.stringValue] = try container.decode(SettingValue.self, forKey: key)
        }
        do { try self.init(values) } catch {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: error.description,
                    underlyingError: error
                )
            )
        }
    }

    /// Writes the settings that differ from their defaults.
    ///
    /// - Parameter encoder: An encoder of JSON, YAML or another format with names and values.
    /// - Throws: The encoder's errors.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: SettingKey.self)
        for (name, value) in givenValues {
            try container.encode(value, forKey: SettingKey(stringValue: name))
        }
    }
}

extension SettingValue: Codable {
    /// Reads a scalar, a list of names, or numbers by name.
    ///
    /// - Parameter decoder: A decoder of JSON, YAML or another format.
    /// - Throws: `DecodingError` for other values.
    public init(from decoder: any Decoder) throws {
        if let names = try? [String](from: decoder) {
            self = .list(names)
        } else if let container = try? decoder.container(keyedBy: SettingKey.self) {
            self = .numbers(
                try container.allKeys.map {
                    NamedNumber($0.stringValue, try container.decode(Double.self, forKey: $0))
                }
                .sorted { $0.name < $1.name }
            )
        } else {
            let container = try decoder.singleValueContainer()
            if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Int.self) {
                self = .int(value)
            } else if let value = try? container.decode(Double.self) {
                self = .double(value)
            } else {
                self = .text(try container.decode(String.self))
            }
        }
    }

    /// Writes the value with its own type.
    ///
    /// - Parameter encoder: An encoder of JSON, YAML or another format.
    /// - Throws: The encoder's errors.
    public func encode(to encoder: any Encoder) throws {
        if case .numbers(let numbers) = self {
            var container = encoder.container(keyedBy: SettingKey.self)
            for value in numbers {
                try container.encode(value.number, forKey: SettingKey(stringValue: value.name))
            }
            return
        }
        var container = encoder.singleValueContainer()
        switch self {
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let names): try container.encode(names)
        case .numbers: break
        }
    }
}
