import ArgumentParser
import Attune

/// Refuses a single-value option that is given twice.
///
/// The parser would silently take the last value.
enum RepeatedOptions {
    /// Checks a command line.
    ///
    /// - Parameters:
    ///   - words: The arguments after the program's name.
    ///   - root: The program's root command.
    /// - Throws: ``RecipeError`` naming the option and both values.
    static func refuse(in words: [String], of root: any ParsableCommand.Type = AttuneCommand.self) throws {
        var command = root
        var rest = words[...]
        while let name = rest.first,
            let next = command.configuration.subcommands.first(where: { $0.configuration.commandName == name }
            )
        {
            command = next
            rest = rest.dropFirst()
        }
        let takesRecipe = command == TrainCommand.self || command == PlanCommand.self
        let catalog = try FlagCatalog(of: command).adding(takesRecipe ? Recipe.settings : [])
        var given: [String: String] = [:]
        while let word = rest.popFirst(), word != "--" {
            guard word.hasPrefix("-") else { continue }
            let parts = word.drop { $0 == "-" }.split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            let name = parts.first.map(String.init) ?? ""
            guard let flag = catalog[name] ?? catalog[name.replacing("_", with: "-")], flag.takesValue else {
                continue
            }
            var value = parts.count > 1 ? String(parts[1]) : ""
            if parts.count == 1, let next = rest.first, !next.hasPrefix("--") { value = rest.removeFirst() }
            guard !flag.isRepeating, let first = given.updateValue(value, forKey: flag.name) else { continue }
            // A token is not printed: it would end up in a log.
            let values = flag.name.hasSuffix("token") ? "" : ", as \"\(first)\" and as \"\(value)\""
            throw RecipeError(.validationFailure, "--\(flag.name) is given twice\(values); give it once")
        }
    }
}
