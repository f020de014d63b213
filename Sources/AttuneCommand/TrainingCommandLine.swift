import ArgumentParser
import Attune
import Foundation
import Yams

/// The arguments of `attune train`, and the recipe's settings that no flag overrides.
struct TrainingCommandLine {
    /// The arguments after `attune train`.
    let typed: [String]
    /// The arguments for the parser.
    let arguments: [String]
    /// The recipe, if one is given.
    let recipe: Recipe?
    private let catalog: FlagCatalog
    /// The given values by flag.
    private let given: [String: [String]]
    /// The flags on the command line, including those given as `false`.
    private let typedFlags: Set<String>

    /// Reads the recipe that the arguments name.
    ///
    /// - Parameters:
    ///   - typed: The arguments after the command's name.
    ///   - command: The command, which has at least the flags of `attune train`.
    /// - Throws: ``RecipeError``.
    init(_ typed: [String], for command: any ParsableCommand.Type = TrainCommand.self) throws {
        self.typed = typed
        catalog = try FlagCatalog(of: command)
        let (typed, denied) = Self.withoutTruthValues(typed, catalog)
        var given: [String: [String]] = [:]
        var paths: [String] = []
        var rest = typed[...]
        var isUnderstood = true
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word != "-" else {
                paths.append(word)
                continue
            }
            let parts = word.drop { $0 == "-" }
                .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let flag = catalog[parts.first ?? ""] else {
                if let name = parts.first?.replacing("_", with: "-"),
                    let advice = ReferenceArguments.advice(on: name)
                {
                    throw RecipeError(.validationFailure, "--\(name) \(advice)")
                }
                // The parser would report a missing flag first, even if the unknown flag is that one, misspelled.
                if word.hasPrefix("--"), let name = parts.first, !Self.ofEveryCommand.contains(name),
                    let meant = nearest(to: name, among: catalog.flags.flatMap(\.names))
                {
                    throw RecipeError(
                        .validationFailure,
                        "unknown flag --\(name); did you mean --\(meant)?"
                    )
                }
                // The parser reports the unknown flag; its value must not be taken for a recipe.
                isUnderstood = false
                break
            }
            var values: [String] = []
            if flag.takesValue {
                values = [word.contains("=") ? parts.dropFirst().first ?? "" : rest.popFirst() ?? ""]
            }
            given[flag.name] = flag.isRepeating ? (given[flag.name] ?? []) + values : values
        }
        typedFlags = denied.union(given.keys)
        guard isUnderstood, paths.count == 1 else {
            (arguments, recipe, self.given) = (typed, nil, given)
            return
        }
        let recipe = try Recipe(contentsOf: paths[0], catalog)
        var arguments = typed
        for entry in recipe.entries where given[entry.flag] == nil && !denied.contains(entry.flag) {
            given[entry.flag] = entry.values
            arguments +=
                entry.values.isEmpty ? ["--\(entry.flag)"] : entry.values.map { "--\(entry.flag)=\($0)" }
        }
        (self.arguments, self.recipe, self.given) = (arguments, recipe, given)
    }

    /// Whether the command line overrides a setting on which a setting of the recipe depends.
    ///
    /// - Parameters:
    ///   - flag: The overridden flag, without dashes.
    ///   - other: The dependent flag in the recipe, without dashes.
    /// - Returns: True if `flag` is typed, and `other` is in the recipe and not typed.
    func overrides(_ flag: String, neededBy other: String) -> Bool {
        typedFlags.contains(flag) && !typedFlags.contains(other)
            && recipe?.entries.contains { $0.flag == other } ?? false
    }

    /// Whether a flag is given on the command line or in the recipe.
    ///
    /// - Parameter flag: The flag without dashes.
    /// - Returns: True if the flag is given.
    func gives(_ flag: String) -> Bool { given[flag] != nil }

    /// Accepts `true` or `false` after a flag without a value, as transformers' scripts do.
    private static func withoutTruthValues(
        _ typed: [String],
        _ catalog: FlagCatalog
    ) -> (words: [String], denied: Set<String>) {
        var words: [String] = []
        var denied: Set<String> = []
        for word in typed {
            let truth = Bool(word.lowercased())
            if let truth, let last = words.last, last.hasPrefix("--"),
                let flag = catalog[String(last.dropFirst(2))], !flag.takesValue
            {
                if !truth {
                    words.removeLast()
                    denied.insert(flag.name)
                }
            } else {
                words.append(word)
            }
        }
        return (words, denied)
    }

    /// Flags of every command, which the parser adds.
    private static let ofEveryCommand: Set = [
        "help", "help-hidden", "version", "experimental-dump-help", "generate-completion-script",
    ]

    /// Settings of a single call, which are left out of the run's recipe.
    private static let ofOneCall: Set = ["dry-run", "overwrite-output-dir", "resume-from-checkpoint"]

    /// A recipe that repeats the run: every setting with its value, including defaults.
    ///
    /// - Parameters:
    ///   - resolved: By flag, the values that the run determined for settings that were not given.
    ///   - replaced: By flag, the values that replace given ones.
    /// - Returns: The recipe in YAML.
    /// - Throws: The YAML library's errors.
    func resolvedRecipe(
        _ resolved: [String: String] = [:],
        replacing replaced: [String: String] = [:]
    ) throws -> String {
        let pairs: [(Node, Node)] = catalog.flags.filter { !Self.ofOneCall.contains($0.name) }.map { flag in
            (
                Node(recipeName(flag.name)),
                replaced[flag.name].map(Self.scalar) ?? value(of: flag, resolved[flag.name])
            )
        }
        let yaml = try Yams.serialize(node: .mapping(.init(pairs)), width: -1, allowUnicode: true)
        return OutputFolder.recipeHeading + yaml
    }

    private func value(of flag: FlagCatalog.Flag, _ resolved: String?) -> Node {
        guard flag.takesValue else { return Node(given[flag.name] == nil ? "false" : "true") }
        guard let values = given[flag.name] else {
            return (flag.defaultValue ?? resolved).map(Self.scalar) ?? Node("null")
        }
        // As plain text, names with commas would be split.
        if flag.name == Recipe.mappingFlag, let pairs = try? ClassWeights.pairs(typed: values) {
            return Node(pairs.map { (Self.scalar($0.name), Self.scalar($0.weight)) }, .implicit, .flow)
        }
        if flag.name == Recipe.mappingFlag { return Self.scalar(values.joined()) }
        if flag.name == Recipe.listFlag {
            return Node(values.flatMap(listed).map(Self.scalar), .implicit, .flow)
        }
        if flag.isRepeating { return Node(values.map(Self.scalar), .implicit, .flow) }
        return Self.scalar(values.last ?? "")
    }

    private static func scalar(_ text: String) -> Node {
        // Unquoted, these would be read as null.
        Node(text, .implicit, ["", "~", "null"].contains(text.lowercased()) ? .singleQuoted : .any)
    }

    /// The shell command that resumes an interrupted run.
    ///
    /// It has the typed arguments and `--resume-from-checkpoint latest`, without `--overwrite-output-dir`. Tokens are left
    /// out, so that they do not end up in a log.
    ///
    /// - Parameter program: The program's name as typed.
    /// - Returns: One line.
    func continuation(of program: String) -> String { Self.continuation(of: program, typed) }

    static func continuation(of program: String, _ typed: [String]) -> String {
        var words = [program, "train"]
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
        return (words + ["--resume-from-checkpoint", "latest"]).map(shellQuoted).joined(separator: " ")
    }

    /// Adds to a parser's message the recipe's lines of the flags that it names.
    ///
    /// - Parameter message: The parser's message.
    /// - Returns: The message with the lines; nil if it names no setting of the recipe.
    func located(_ message: String) -> String? {
        guard let recipe else { return nil }
        let words = message.split { !($0.isLetter || $0.isNumber || $0 == "-") }.map(String.init)
        let meant = recipe.entries.filter { words.contains("--\($0.flag)") && given[$0.flag] == $0.values }
        guard let first = meant.first else { return nil }
        let lines = meant.map { "\($0.line)" }.joined(separator: " and ")
        let place = meant.count == 1 ? "line \(first.line)" : "lines \(lines)"
        return "\(recipe.path): \(place): \(message)"
    }
}
