/// One setting of a ``Recipe``, declared in one place: its name, default, documentation and check.
///
/// Flags, `recipe.yaml`, the coded form of a recipe and help are made from this declaration.
public struct Setting: Sendable {
    /// A group of settings, under which help lists them.
    public enum Section: String, Sendable, CaseIterable {
        case modelAndData = "Model and data"
        case evaluation = "Held-out data"
        case rows = "Rows"
        case training = "Training"
        case memory = "Memory"
        case times = "Logging, evaluation and saving"
    }

    /// How a value is written after a flag.
    public enum Form: Sendable, Equatable {
        /// The flag alone means true.
        case flag
        /// One value follows.
        case value
        /// A list with commas follows; or the flag is repeated, with one name each.
        case list
        /// One or several names follow, whatever they contain, and the flag may be repeated.
        case names
    }

    /// The name in recipes and in transformers' `TrainingArguments`: `learning_rate`.
    public let name: String
    /// Other names that are understood.
    public let aliases: [String]
    /// The group that help lists it under.
    public let section: Section
    /// How a value is written after its flag.
    public let form: Form
    /// A sentence that says what it does.
    public let help: String
    /// What stands for its value in help: `steps`.
    public let placeholder: String
    /// What a value must be: `a whole number`.
    public let expectation: String
    let read: @Sendable (Recipe) -> SettingValue?
    let write: @Sendable (inout Recipe, SettingValue) throws(SettingError) -> Void

    /// The value that holds if none is given; nil if that means "not set".
    public var defaultValue: SettingValue? { read(.defaults) }

    /// The flag's name, without dashes.
    public var flag: String { name.replacing("_", with: "-") }

    /// Declares a setting.
    ///
    /// - Parameters:
    ///   - name: The name in recipes.
    ///   - section: The group that help lists it under.
    ///   - path: The property that holds it.
    ///   - help: A sentence that says what it does.
    ///   - placeholder: What stands for its value in help.
    ///   - aliases: Other names that are understood.
    ///   - need: The setting without which it has no effect in this recipe; nil if it has an effect.
    ///   - allowed: The values that are allowed, in words, and the test for them; nil allows all.
    init<Value: SettingConvertible>(
        _ name: String,
        _ section: Section,
        _ path: WritableKeyPath<Recipe, Value> & Sendable,
        _ help: String,
        placeholder: String = "value",
        aliases: [String] = [],
        unless need: @escaping @Sendable (Recipe) -> Need? = { _ in nil },
        allowed: (words: String, test: @Sendable (Value) -> Bool)? = nil
    ) {
        self.name = name
        self.aliases = aliases
        self.section = section
        self.help = help
        self.placeholder = placeholder
        form = Value.form
        expectation = Value.expectation
        read = { $0[keyPath: path].settingValue }
        write = { recipe, given throws(SettingError) in
            guard let value = Value(given) else {
                throw SettingError(
                    name,
                    .wrongValue(given.text, expected: allowed?.words ?? Value.expectation)
                )
            }
            guard allowed?.test(value) ?? true else {
                throw SettingError(
                    name,
                    .wrongValue(given.text, expected: allowed?.words ?? Value.expectation)
                )
            }
            if let need = need(recipe) {
                // A value that says nothing new may stay: the recipe that a run leaves lists every setting.
                guard value == recipe[keyPath: path] || value == Recipe.defaults[keyPath: path] else {
                    throw SettingError(name, .withoutEffect(need))
                }
                return
            }
            recipe[keyPath: path] = value
        }
    }

    /// Another setting, without which one has no effect.
    public struct Need: Sendable, Equatable {
        /// The other setting's name.
        public var setting: String
        /// What it must be given, if it takes a value.
        public var value: String?

        init(_ setting: String, _ value: String? = nil) { (self.setting, self.value) = (setting, value) }
    }
}

/// A setting that cannot be as it is given.
public struct SettingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    public enum Fault: Sendable, Equatable {
        /// No setting has this name; perhaps another one is meant.
        case unknown(nearest: String?)
        /// The value is not of the setting's type or not in its range.
        case wrongValue(String, expected: String)
        /// It has no effect without another setting.
        case withoutEffect(Setting.Need)
        /// It excludes another setting.
        case excludes(String)
        /// It contradicts another setting.
        case contradicts(String, reason: String)
        /// It is not given and must be.
        case missing
    }

    /// The setting's name in recipes.
    public var setting: String
    /// What is wrong.
    public var fault: Fault

    init(_ setting: String, _ fault: Fault) { (self.setting, self.fault) = (setting, fault) }

    /// The settings that the message names.
    public var settings: [String] {
        switch fault {
        case .withoutEffect(let need): [setting, need.setting]
        case .excludes(let other), .contradicts(let other, _): [setting, other]
        case .unknown, .wrongValue, .missing: [setting]
        }
    }

    /// The message, with settings named as recipes name them.
    public var description: String { message { $0 } }

    /// The message.
    ///
    /// - Parameter spelled: The spelling of a setting's name, which is a flag on a command line: `--learning-rate`.
    /// - Returns: What is wrong and what to do.
    public func message(_ spelled: (String) -> String) -> String {
        let name = spelled(setting)
        return switch fault {
        case .unknown(let nearest):
            "unknown setting \"\(name)\"" + (nearest.map { "; did you mean \(spelled($0))?" } ?? "")
        case .wrongValue(let value, let expected): "\(name) must be \(expected), not \"\(value)\""
        case .withoutEffect(let need):
            "\(name) has no effect without \(spelled(need.setting))\(need.value.map { " " + $0 } ?? ""); add that, or leave it out"
        case .excludes(let other): "\(name) and \(spelled(other)) exclude each other; leave one of them out"
        case .contradicts(let other, let reason): "\(name) contradicts \(spelled(other)): \(reason)"
        case .missing: "\(name) is missing"
        }
    }
}
