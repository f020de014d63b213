import ArgumentParser
import Attune

/// The arguments of `attune train`, taken apart: settings of the recipe, the command's own flags, and paths.
struct TypedSettings {
    /// Values of settings by name.
    private(set) var values: [String: SettingValue] = [:]
    /// Values of the command's own flags by name, without dashes.
    private(set) var given: [String: [String]] = [:]
    /// The settings and own flags that were typed, by their names in recipes; those that were denied too.
    private(set) var names: Set<String> = []
    /// Words without a flag.
    private(set) var paths: [String] = []
    /// The words for the parser: all but settings.
    private(set) var others: [String] = []

    private var typed: [String: [String]] = [:]

    /// Takes words apart.
    ///
    /// - Parameters:
    ///   - words: After the command's name.
    ///   - own: The command's own flags.
    /// - Throws: ``RecipeError`` for a flag that does not exist, or one without its value.
    init(_ words: [String], _ own: FlagCatalog) throws(RecipeError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word != "-" else {
                paths.append(word)
                others.append(word)
                continue
            }
            let parts = word.drop { $0 == "-" }
                .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let name = parts.first ?? ""
            let value = parts.count > 1 ? parts[1] : nil
            if word.hasPrefix("--"), let setting = try? Recipe.setting(name.replacing("-", with: "_")) {
                try take(setting, value, &rest)
            } else if let flag = own[name] ?? own[name.replacing("_", with: "-")] {
                take(flag, word, value, &rest)
            } else {
                try refuse(name, word, own)
                // The parser says what is wrong, or knows it.
                others += [word] + rest
                break
            }
        }
        for (name, texts) in typed {
            guard let setting = try? Recipe.setting(name) else { continue }
            switch setting.form {
            case .flag: values[name] = .text(texts.last ?? "true")
            case .value: values[name] = .text(texts.last ?? "")
            case .list: values[name] = texts.count == 1 ? .text(texts[0]) : .list(texts)
            case .names: values[name] = .list(texts)
            }
        }
    }

    private mutating func take(
        _ setting: Setting,
        _ value: String?,
        _ rest: inout ArraySlice<String>
    ) throws(RecipeError) {
        names.insert(setting.name)
        var texts: [String] = []
        if let value {
            texts = [value]
        } else if setting.form == .flag {
            // transformers' scripts write true or false after such a flag.
            texts = [rest.first.flatMap { Bool($0.lowercased()) } != nil ? rest.removeFirst() : "true"]
        } else if let next = rest.first, !next.hasPrefix("--") {
            texts = [rest.removeFirst()]
            if setting.name == "freeze" {
                while let next = rest.first, !next.hasPrefix("-") { texts.append(rest.removeFirst()) }
            }
        } else {
            throw RecipeError(
                .validationFailure,
                "Missing value for '--\(setting.flag) <\(setting.placeholder)>'"
            )
        }
        typed[setting.name, default: []] += texts
    }

    private mutating func take(
        _ flag: FlagCatalog.Flag,
        _ word: String,
        _ value: String?,
        _ rest: inout ArraySlice<String>
    ) {
        names.insert(recipeName(flag.name))
        if flag.takesValue {
            others.append(word)
            var values = value.map { [$0] } ?? []
            if value == nil, let next = rest.popFirst() {
                others.append(next)
                values = [next]
            }
            given[flag.name] = flag.isRepeating ? (given[flag.name] ?? []) + values : values
        } else {
            if let next = rest.first, let truth = Bool(next.lowercased()) {
                rest.removeFirst()
                guard truth else { return }
            }
            others.append(word)
            given[flag.name] = []
        }
    }

    private func refuse(_ name: String, _ word: String, _ own: FlagCatalog) throws(RecipeError) {
        let flag = name.replacing("_", with: "-")
        if let advice = ReferenceArguments.advice(on: flag) {
            throw RecipeError(.validationFailure, "--\(flag) \(advice)")
        }
        guard word.hasPrefix("--"), !Self.ofEveryCommand.contains(name) else { return }
        let known = Recipe.settings.map(\.flag) + own.flags.flatMap(\.names)
        let hint = nearest(to: flag, among: known).map { "did you mean --\($0)?" } ?? "--help lists the flags"
        throw RecipeError(.validationFailure, "unknown flag --\(name); \(hint)")
    }

    /// Flags that the parser adds to those of a command.
    private static let ofEveryCommand: Set = [
        "help", "help-hidden", "version", "experimental-dump-help", "generate-completion-script",
    ]
}
