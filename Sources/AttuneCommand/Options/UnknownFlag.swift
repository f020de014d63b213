import ArgumentParser
import Attune

/// A flag that a command does not have, and the flag to use instead.
struct UnknownFlag {
    /// The error, with advice.
    let error: RecipeError

    /// Finds the flag that was meant.
    ///
    /// - Parameters:
    ///   - typed: As typed, with dashes.
    ///   - catalog: The command's flags.
    ///   - command: The command's path: `attune predict`.
    init(_ typed: String, _ catalog: FlagCatalog, command: String) {
        let flag = String(typed.drop { $0 == "-" }).replacing("_", with: "-")
        if let advice = ReferenceArguments.advice(on: flag), Self.applies(advice, catalog) {
            error = RecipeError(.validationFailure, "--\(flag) \(advice)")
        } else {
            error = RecipeError(
                .validationFailure,
                "unknown flag \(typed); \(Self.hint(flag, catalog, command))"
            )
        }
    }

    /// Whether a command has the flags that advice names.
    ///
    /// Advice without a flag is on training.
    private static func applies(_ advice: String, _ catalog: FlagCatalog) -> Bool {
        let named = advice.matches(of: /--([a-z0-9-]+)/).map { String($0.1) }
        return named.isEmpty
            ? catalog.flags.contains { $0.setting != nil } : named.allSatisfy { catalog[$0] != nil }
    }

    private static func hint(_ flag: String, _ catalog: FlagCatalog, _ command: String) -> String {
        let names = catalog.flags.filter { !$0.isHidden }.flatMap(\.names)
        if let several = severalMeanings[flag]?.filter({ catalog[$0] != nil }), several.count > 1 {
            return "did you mean \(several.map { "--" + $0 }.joined(separator: " or "))?"
        }
        // The declared names come before those of other programs.
        let declared = catalog.flags.filter { !$0.isHidden }.map(\.name)
        let near = nearest(to: flag, among: declared)
        let others = near == nil ? commands(with: flag) : []
        if !others.isEmpty { return "it is a flag of \(listed(others)), not of `\(command)`" }
        let meant = near ?? nearest(to: flag, among: names).flatMap { catalog[$0]?.name }
        return meant.map { "did you mean --\($0)?" } ?? "`\(helpCommand(command))` lists the flags"
    }

    /// The commands that have a flag.
    private static func commands(with flag: String) -> [String] {
        CommandNode.root.all.filter { (try? $0.catalog())?[flag] != nil }.map { "`\($0.spelled)`" }
    }

    private static func helpCommand(_ command: String) -> String {
        command.replacing("attune", with: "attune help", maxReplacements: 1)
    }

    private static func listed(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.joined() }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }

    /// Words that may mean several flags.
    private static let severalMeanings = [
        "warmup": ["warmup-steps", "warmup-ratio"],
        "steps": ["max-steps", "eval-steps", "save-steps", "logging-steps"],
        "weights": ["class-weights", "weights-dtype"],
        "dtype": ["precision", "weights-dtype"],
        "torch-dtype": ["precision", "weights-dtype"],
        "scheduler-kwargs": ["lr-scheduler-kwargs"],
    ]
}
