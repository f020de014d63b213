import Datasets

/// One setting of a ``Recipe``, declared in one place: its name, default, documentation and check.
///
/// Flags, their help, `recipe.yaml` and the coded form of a recipe are all derived from this declaration.
public struct Setting: Sendable {
    /// A heading in help, in the order of help.
    public enum Section: String, Sendable, CaseIterable {
        case data = "Data"
        case model = "Model"
        case adapter = "Adapter"
        case optimizer = "Optimizer"
        case schedule = "Schedule and length"
        case batches = "Batches and seeds"
        case loss = "Loss"
        case distillation = "Distillation"
        case memory = "Memory and speed"
        case processes = "Several processes"
        case evaluation = "Evaluation"
        case saving = "Saving"
        case reporting = "Reporting"
        case hub = "Hub"
    }

    /// The form of a flag on the command line.
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
    /// Other accepted names.
    public let aliases: [String]
    /// Its heading in help.
    public let section: Section
    /// Whether most runs need it, so that short help explains it.
    public let isCommon: Bool
    /// Whether a recipe without it is an error.
    public let isRequired: Bool
    /// The form of its flag on the command line.
    public let form: Form
    /// A sentence about its effect.
    public let help: String
    /// The name of its value in help: `steps`.
    public let placeholder: String
    /// A description of valid values: `a whole number`.
    public let expectation: String
    /// The valid values, if they are names; empty for numbers, paths and other values.
    public let choices: [String]
    let read: @Sendable (Recipe) -> SettingValue?
    let write: @Sendable (inout Recipe, SettingValue) throws(SettingError) -> Void

    /// The default; nil if the setting has no value by default.
    public var defaultValue: SettingValue? { read(.defaults) }

    /// The flag's name, without dashes.
    public var flag: String { name.replacing("_", with: "-") }

    /// Declares a setting.
    ///
    /// - Parameters:
    ///   - name: The name in recipes.
    ///   - section: Its heading in help.
    ///   - isCommon: Whether most runs need it.
    ///   - isRequired: Whether a recipe without it is an error.
    ///   - path: The property of the recipe.
    ///   - help: A sentence about its effect.
    ///   - placeholder: The name of its value in help.
    ///   - aliases: Other accepted names.
    ///   - need: Returns the setting that is missing for it to have an effect in a recipe; nil if it has an effect.
    ///   - allowed: A description of valid values, and their test; nil allows all.
    ///   - reason: Says what is wrong with a value that has a form; nil if nothing is.
    init<Value: SettingConvertible>(
        _ name: String,
        _ section: Section,
        isCommon: Bool = false,
        isRequired: Bool = false,
        _ path: any WritableKeyPath<Recipe, Value> & Sendable,
        _ help: String,
        placeholder: String = "value",
        aliases: [String] = [],
        unless need: @escaping @Sendable (Recipe) -> Need? = { _ in nil },
        allowed: (words: String, test: @Sendable (Value) -> Bool)? = nil,
        whyInvalid reason: @escaping @Sendable (Recipe, SettingValue) -> String? = { _, _ in nil }
    ) {
        self.name = name
        self.aliases = aliases
        self.section = section
        self.isCommon = isCommon
        self.isRequired = isRequired
        self.help = help
        self.placeholder = placeholder
        form = Value.form
        expectation = Value.expectation
        choices = Value.choices.filter { choice in
            Value(.text(choice)).map { allowed?.test($0) ?? true } ?? false
        }
        read = { $0[keyPath: path].settingValue }
        write = { recipe, given throws(SettingError) in
            if let reason = reason(recipe, given) { throw SettingError(name, .invalid(reason)) }
            guard let value = Value(given), allowed?.test(value) ?? true else {
                throw SettingError(
                    name,
                    .wrongValue(given.text, expected: allowed?.words ?? Value.expectation)
                )
            }
            if let need = need(recipe) {
                // The current value and the default are accepted, because the recipe that a run saves lists every setting.
                guard value == recipe[keyPath: path] || value == Recipe.defaults[keyPath: path] else {
                    throw SettingError(name, .withoutEffect(need))
                }
                return
            }
            recipe[keyPath: path] = value
        }
    }

    /// A setting without which another one has no effect.
    public struct Need: Sendable, Equatable {
        /// The needed setting's name.
        public var setting: String
        /// The value that it needs, if it takes one.
        public var value: String?

        init(_ setting: String, _ value: String? = nil) { (self.setting, self.value) = (setting, value) }
    }
}

/// The error for a wrong setting.
public struct SettingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of problem.
    public enum Fault: Sendable, Equatable {
        /// No setting has this name. `nearest` is a similar name, if there is one.
        case unknown(nearest: String?)
        /// The value is not of the setting's type or not in its range.
        case wrongValue(String, expected: String)
        /// The value is wrong for a reason that follows the setting's name: `gives "a" two weights`.
        case invalid(String)
        /// It has no effect without another setting.
        case withoutEffect(Setting.Need)
        /// It excludes another setting.
        case excludes(String)
        /// It contradicts another setting.
        case contradicts(String, reason: String)
        /// It is required but not given.
        case missing
    }

    /// The setting's name in recipes.
    public var setting: String
    /// The problem.
    public var fault: Fault

    init(_ setting: String, _ fault: Fault) { (self.setting, self.fault) = (setting, fault) }

    /// The settings that the message names.
    public var settings: [String] {
        switch fault {
        case .withoutEffect(let need): [setting, need.setting]
        case .excludes(let other), .contradicts(let other, _): [setting, other]
        case .unknown, .wrongValue, .invalid, .missing: [setting]
        }
    }

    /// The message, with the settings' names in recipes.
    public var description: String { message { $0 } }

    /// Returns the message.
    ///
    /// - Parameter spelled: Returns the spelling of a setting's name, for example its flag: `--learning-rate`.
    /// - Returns: The problem and its remedy.
    public func message(_ spelled: (String) -> String) -> String {
        let name = spelled(setting)
        return switch fault {
        case .unknown(let nearest):
            "unknown setting \"\(name)\"" + (nearest.map { "; did you mean \(spelled($0))?" } ?? "")
        case .wrongValue(let value, let expected):
            "\(name) must be \(expected), not \"\(value)\"" + suggestion(for: value)
        case .invalid(let reason): "\(name) \(reason)"
        case .withoutEffect(let need):
            "\(name) has no effect without \(spelled(need.setting))\(need.value.map { " " + $0 } ?? ""); add that, or leave it out"
        case .excludes(let other): "\(name) and \(spelled(other)) exclude each other; leave one of them out"
        case .contradicts(let other, let reason): "\(name) contradicts \(spelled(other)): \(reason)"
        case .missing: "\(name) is missing"
        }
    }
    /// A suggestion for a misspelt value of a setting with named values; empty without any.
    private func suggestion(for value: String) -> String {
        let choices = (try? Recipe.setting(setting))?.choices ?? []
        return nearest(to: value, among: choices).map { "; did you mean \"\($0)\"?" } ?? ""
    }
}
