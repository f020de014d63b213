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

    /// Takes words apart.
    ///
    /// - Parameters:
    ///   - words: After the command's name.
    ///   - own: The command's own flags.
    /// - Throws: ``RecipeError`` for a flag that does not exist, or one without its value.
    init(_ words: [String], _ own: FlagCatalog) throws(RecipeError) {
        let catalog = own.adding(Recipe.settings).addingForeignNames(of: "attune train")
        var typed: [String: [String]] = [:]
        for entry in try FlagWords(words, catalog, command: "attune train").entries {
            switch entry {
            case .text(let path, _):
                paths.append(path)
                others.append(path)
            case .flag(let flag, let texts):
                names.insert(recipeName(flag.name))
                if let setting = flag.setting {
                    typed[setting.name, default: []] += texts
                } else if flag.takesValue {
                    others += texts.map { "--\(flag.name)=\($0)" }
                    given[flag.name] = flag.isRepeating ? (given[flag.name] ?? []) + texts : texts
                } else if texts == ["true"] {
                    others.append("--" + flag.name)
                    given[flag.name] = []
                }
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
}
