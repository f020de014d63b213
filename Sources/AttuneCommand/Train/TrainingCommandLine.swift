import ArgumentParser
import Attune
import Files
import Foundation
import Yams

/// The arguments of `attune train`, with the settings of a recipe file that no flag overrides.
///
/// Flags of a recipe's settings are read here; they come from ``Recipe/settings``. The parser gets the command's own flags.
struct TrainingCommandLine {
    /// The arguments after the command's name.
    let typed: [String]
    /// The arguments for the parser.
    private(set) var arguments: [String]
    /// The dataset that was typed instead of a recipe file: the settings that are not given are to be chosen.
    let dataset: String?
    private let file: RecipeFile?
    private let own: FlagCatalog
    /// Values of settings by name, of all sources.
    private(set) var values: [String: SettingValue]
    /// Values of the command's own flags by their names, of both sources.
    private(set) var given: [String: [String]]
    /// The settings and own flags that were typed, by their names in recipes.
    private let typedNames: Set<String>

    /// Reads what was typed, and the recipe file that it names.
    ///
    /// - Parameters:
    ///   - typed: The arguments after the command's name.
    ///   - command: `attune train`, or a command with its flags.
    /// - Throws: ``RecipeError``.
    init(_ typed: [String], for command: any RecipeCommand.Type = TrainCommand.self) throws {
        self.typed = typed
        own = try FlagCatalog(of: command).addingForeignNames(of: "attune train")
        let words = try TypedSettings(typed, own)
        var arguments = words.others
        var values = words.values
        var given = words.given
        let path = words.paths.count == 1 ? words.paths[0] : nil
        dataset = path.flatMap { DataSource.canBeNamed($0) ? $0 : nil }
        if let path, dataset == nil { file = try RecipeFile(contentsOf: path, own) } else { file = nil }
        if let dataset {
            guard values["dataset"] == nil else {
                throw RecipeError(
                    .validationFailure,
                    "\(dataset) and --dataset name two datasets; leave one of them out"
                )
            }
            values["dataset"] = .text(dataset)
        }
        for entry in file?.entries ?? [] where !words.names.contains(entry.name) {
            if (try? Recipe.setting(entry.name)) != nil {
                values[entry.name] = entry.value
            } else if let flag = own[entry.name.replacing("_", with: "-")] {
                let texts = Self.texts(entry.value)
                if flag.takesValue {
                    arguments += texts.map { "--\(flag.name)=\($0)" }
                    given[flag.name] = texts
                } else if texts == ["true"] {
                    arguments.append("--\(flag.name)")
                    given[flag.name] = []
                }
            }
        }
        (self.arguments, self.values, self.given, typedNames) = (arguments, values, given, words.names)
        guard given["output-dir"] == nil else { return }
        if dataset != nil {
            chooseOutputFolder()
        } else if !command.needsOutputFolder {
            // The parser requires one.
            self.arguments.append("--output-dir=.")
        }
    }

    private static func texts(_ value: SettingValue) -> [String] {
        if case .list(let names) = value { names } else { [value.text] }
    }

    // MARK: A dataset instead of a recipe

    /// The output folder of an earlier run on the same dataset that was stopped; nil if there is none.
    private(set) var unfinished: String?

    /// Chooses the folder of a run: a new one, or the latest to resume or to overwrite.
    private mutating func chooseOutputFolder() {
        let plain = RecipeDraft.outputFolder(for: DataSource(dataset ?? ""))
        func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
        let all = [plain] + (2...999).map { "\(plain)-\($0)" }
        let free = all.firstIndex { !exists($0) } ?? 0
        let isAgain = given["resume-from-checkpoint"] != nil || given["overwrite-output-dir"] != nil
        let folder = all[isAgain ? max(0, free - 1) : free]
        if !isAgain, free > 0 {
            let former = all[free - 1]
            let isFinished = ["config.json", "adapter_config.json"].contains { exists("\(former)/\($0)") }
            let hasCheckpoint = RunFolder(URL(filePath: former)).latestCheckpoint != nil
            unfinished = !isFinished && hasCheckpoint && exists("\(former)/recipe.yaml") ? former : nil
        }
        given["output-dir"] = [folder]
        arguments.append("--output-dir=\(folder)")
    }

    /// Takes the settings that a draft chose.
    mutating func take(_ draft: RecipeDraft) {
        for choice in draft.choices { values[choice.setting] = choice.value }
    }

    /// Takes settings that were chosen to fit into memory.
    mutating func take(_ chosen: [(setting: String, value: SettingValue)]) {
        for (name, value) in chosen { values[name] = value }
    }

    /// The recipe of the run.
    ///
    /// - Returns: The settings that were typed, those of the file, and defaults.
    /// - Throws: ``RecipeError`` that names the flag, or the line of the file.
    func recipe() throws(RecipeError) -> Recipe {
        var values = values
        while true {
            do throws(SettingError) { return try Recipe(values) } catch {
                guard let name = overridden(by: error), values[name] != nil else { throw located(error) }
                values[name] = nil
            }
        }
    }

    /// The recipe of a dataset alone before the settings that are not given have been chosen.
    ///
    /// - Returns: The given settings, defaults, and placeholders for the model and the columns; nil if these do not fit together.
    func recipeBeforeDraft() -> Recipe? {
        var line = self
        for setting in Recipe.settings where setting.isRequired && line.values[setting.name] == nil {
            if setting.name == "label_column", line.values["label_columns"] != nil { continue }
            line.values[setting.name] = .text("-")
        }
        return try? line.recipe()
    }

    /// The setting of the file that a typed one excludes or leaves without effect; nil if the error has another cause.
    private func overridden(by error: SettingError) -> String? {
        switch error.fault {
        case .withoutEffect(let need) where typedNames.contains(need.setting): untyped(error.setting)
        case .excludes(let other) where typedNames.contains(other): untyped(error.setting)
        case .excludes(let other) where typedNames.contains(error.setting): untyped(other)
        default: nil
        }
    }

    private func untyped(_ name: String) -> String? { typedNames.contains(name) ? nil : name }

    /// Whether a setting or one of the command's own flags is given.
    ///
    /// - Parameter name: Its name in recipes.
    /// - Returns: Whether it was typed or is in the file.
    func gives(_ name: String) -> Bool {
        values[name] != nil || given[name.replacing("_", with: "-")] != nil
    }

    /// Whether a number is given that is not 0.
    func isNotZero(_ name: String) -> Bool {
        values[name].flatMap { Double($0.text) }.map { $0 != 0 } ?? false
    }

    // MARK: Errors

    /// The error with the place of its setting: its flag, or the line of the file.
    func located(_ error: SettingError) -> RecipeError {
        if error.fault == .missing, let setting = try? Recipe.setting(error.setting) {
            let reason = setting.name == "label_column" ? ": it holds the labels to learn" : ""
            return RecipeError(
                .validationFailure,
                "Missing expected argument '--\(setting.flag) <\(setting.placeholder)>'\(reason)"
            )
        }
        let lines = lines(of: error.settings)
        guard let file, !lines.isEmpty else {
            return RecipeError(.validationFailure, error.message { "--" + $0.replacing("_", with: "-") })
        }
        return RecipeError(.validationFailure, "\(file.path): \(Self.shown(lines)): \(error.message { $0 })")
    }

    /// The lines of settings that the file gives, and no flag.
    private func lines(of names: [String]) -> [Int] {
        (file?.entries ?? []).filter { names.contains($0.name) && !typedNames.contains($0.name) }.map(\.line)
    }

    private static func shown(_ lines: [Int]) -> String {
        (lines.count == 1 ? "line " : "lines ") + lines.map { "\($0)" }.joined(separator: " and ")
    }

    /// A message with the place in the file of the settings whose flags it names.
    ///
    /// - Parameter message: Names flags.
    /// - Returns: Nil if it names no setting of the file.
    func located(_ message: String) -> String? {
        guard let file else { return nil }
        let lines = lines(of: settingsNamed(in: message))
        return lines.isEmpty ? nil : "\(file.path): \(Self.shown(lines)): \(message)"
    }

    // MARK: The recipe that a run leaves

    /// Flags of one call, which the recipe of the run does not repeat.
    private static let ofOneCall: Set = [
        "dry-run", "fit", "overwrite-output-dir", "resume-from-checkpoint", "quiet", "verbose", "json",
        "log-ranks", "trace", "trace-steps",
    ]

    /// Every setting and flag with its value, those with defaults too, as a recipe file that repeats the run.
    ///
    /// - Parameters:
    ///   - recipe: The settings.
    ///   - replaced: By the names of own flags, other values than those given.
    /// - Returns: YAML.
    /// - Throws: What the YAML library throws.
    func yaml(_ recipe: Recipe, replacing replaced: [String: String] = [:]) throws -> String {
        let pairs: [(Node, Node)] = own.flags.filter { !Self.ofOneCall.contains($0.name) }.map { flag in
            (Node(recipeName(flag.name)), replaced[flag.name].map(Self.scalar) ?? value(of: flag))
        }
        return try recipe.yaml()
            + Yams.serialize(node: .mapping(.init(pairs)), width: -1, allowUnicode: true)
    }

    private func value(of flag: FlagCatalog.Flag) -> Node {
        guard flag.takesValue else { return Node(given[flag.name] == nil ? "false" : "true") }
        guard let values = given[flag.name] else { return flag.defaultValue.map(Self.scalar) ?? Node("null") }
        if flag.isRepeating { return Node(values.map(Self.scalar), .implicit, .flow) }
        return Self.scalar(values.last ?? "")
    }

    private static func scalar(_ text: String) -> Node {
        // Unquoted, these would be read as nothing.
        Node(text, .implicit, ["", "~", "null"].contains(text.lowercased()) ? .singleQuoted : .any)
    }

    // MARK: Resuming

    /// The command that resumes an interrupted run, to be pasted into a shell.
    ///
    /// It has the same arguments, and `--resume-from-checkpoint latest`, without `--overwrite-output-dir`. A token is not repeated:
    /// readers of the log would have it.
    ///
    /// - Parameter program: As it was called.
    /// - Returns: One line.
    func continuation(of program: String) -> String {
        Self.continuation(of: program, hasChosenSettings ? [recipeOfRun] : typed)
    }

    static func continuation(of program: String, _ typed: [String]) -> String {
        ([program, "train"] + resuming(typed)).map(shellQuoted).joined(separator: " ")
    }

    /// Whether settings were chosen that were not typed; the folder's recipe has them.
    var hasChosenSettings: Bool { dataset != nil || given["fit"] != nil }

    /// The path of the recipe that the run leaves.
    var recipeOfRun: String { (given["output-dir"]?.last ?? ".") + "/recipe.yaml" }

    /// The arguments that resume a run, without a token.
    ///
    /// - Parameter typed: The arguments of the run.
    /// - Returns: The arguments after the command's name.
    static func resuming(_ typed: [String]) -> [String] {
        var words: [String] = []
        var rest = typed[...]
        while let word = rest.popFirst() {
            let name = word.hasPrefix("--") ? word.dropFirst(2).prefix { $0 != "=" } : ""
            if name.replacing("_", with: "-") == "overwrite-output-dir" {
                if let next = rest.first, Bool(next.lowercased()) != nil { _ = rest.popFirst() }
                continue
            }
            guard name == "resume-from-checkpoint" || name.hasSuffix("token") else {
                words.append(word)
                continue
            }
            if !word.contains("=") { _ = rest.popFirst() }
        }
        return words + ["--resume-from-checkpoint", "latest"]
    }
}
