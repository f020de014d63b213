import ArgumentParser
import Attune
import Foundation
import Yams

/// What was typed after `attune train`, with the recipe's settings where no flag overrides them.
struct TrainingCommandLine {
    /// What was typed after `attune train`.
    let typed: [String]
    /// What the parser gets.
    let arguments: [String]
    /// The file that was named, if one was.
    let recipe: Recipe?
    private let catalog: FlagCatalog
    /// By a flag's name what it is given.
    private let given: [String: [String]]
    /// The flags that were typed, those without a value that were denied among them.
    private let typedFlags: Set<String>

    /// Reads the recipe that the arguments name.
    ///
    /// - Parameters:
    ///   - typed: After the command's name.
    ///   - command: The one that was named, with `attune train`'s flags at least.
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
                // The parser complains of a missing flag before an unknown one, which may be the same, misspelled.
                if word.hasPrefix("--"), let name = parts.first, !Self.ofEveryCommand.contains(name),
                    let meant = nearest(to: name, among: catalog.flags.flatMap(\.names))
                {
                    throw RecipeError(
                        .validationFailure,
                        "there is no flag --\(name); did you mean --\(meant)?"
                    )
                }
                // The parser says what is wrong with it; a value of an unknown flag is no recipe.
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

    /// Whether the command line changes a setting on which another one of the recipe depends.
    ///
    /// - Parameters:
    ///   - flag: The one that may be typed, without dashes.
    ///   - other: The one that may be in the recipe, without dashes.
    /// - Returns: Whether both are so.
    func overrides(_ flag: String, neededBy other: String) -> Bool {
        typedFlags.contains(flag) && !typedFlags.contains(other)
            && recipe?.entries.contains { $0.flag == other } ?? false
    }

    /// Whether a flag is given, typed or by the recipe.
    ///
    /// - Parameter flag: Without dashes.
    /// - Returns: Whether it is.
    func gives(_ flag: String) -> Bool { given[flag] != nil }

    /// Flags without a value that are given `true` or `false`, as the reference's scripts take them, become what they mean.
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

    /// What the parser takes beside a command's own flags.
    private static let ofEveryCommand: Set = [
        "help", "help-hidden", "version", "experimental-dump-help", "generate-completion-script",
    ]

    /// Settings of one call, which a recipe of the run does not repeat.
    private static let ofOneCall: Set = ["dry-run", "overwrite-output-dir", "resume-from-checkpoint"]

    /// Every setting with its value, those left to their defaults too, as a recipe that repeats the run.
    ///
    /// - Parameters:
    ///   - resolved: By a flag's name what the run found out where nothing was given.
    ///   - replaced: By a flag's name what holds instead of what was given.
    /// - Returns: YAML.
    /// - Throws: What the YAML library throws.
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
        // Names that hold commas would not survive as text.
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
        // Unquoted these would be read as nothing.
        Node(text, .implicit, ["", "~", "null"].contains(text.lowercased()) ? .singleQuoted : .any)
    }

    /// The command that goes on with an interrupted run, to be pasted into a shell.
    ///
    /// It is what was typed, and `--resume-from-checkpoint latest`, without `--overwrite-output-dir`. A token is not repeated:
    /// readers of the log would have it.
    ///
    /// - Parameter program: As it was called.
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

    /// A parser's complaint, with the place in the recipe of the setting that it names.
    ///
    /// - Parameter message: Names flags.
    /// - Returns: Nil where no setting of the recipe is meant.
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
