import ArgumentParser
import Attune

/// A command in the tree of commands.
struct CommandNode {
    /// The words that call it: `attune`, `data`, `split`.
    let path: [String]
    /// Its declaration.
    let type: any ParsableCommand.Type

    /// The program.
    static var root: CommandNode { CommandNode(path: ["attune"], type: AttuneCommand.self) }

    /// The words that call it, with spaces.
    var spelled: String { path.joined(separator: " ") }

    /// The words that show its help.
    var helpCommand: String { (["attune", "help"] + path.dropFirst()).joined(separator: " ") }

    /// One sentence about its purpose.
    var purpose: String { type.configuration.abstract }

    /// Whether it takes the settings of a recipe.
    var takesRecipe: Bool { type is any RecipeCommand.Type }

    /// Examples, common flags and headings; empty if the command has none.
    var guide: HelpGuide { (type as? any GuidedCommand.Type)?.guide ?? HelpGuide() }

    /// Its flags and arguments, with a recipe's settings and the names of other programs.
    ///
    /// - Returns: All of them.
    /// - Throws: `JSONError` if the parser's description of the command cannot be read.
    func catalog() throws -> FlagCatalog {
        let own = try FlagCatalog(of: type)
        return own.adding(takesRecipe ? Recipe.settings : []).addingForeignNames(of: spelled)
    }

    // MARK: The tree

    /// Its commands that help shows, by group; a group without a title comes first.
    var groups: [(title: String, commands: [CommandNode])] {
        let configuration = type.configuration
        let groups =
            [CommandGroup(name: "", subcommands: configuration.ungroupedSubcommands)]
            + configuration.groupedSubcommands
        return groups.map { group in
            (group.name, group.subcommands.filter { $0.configuration.shouldDisplay }.map(child))
        }
        .filter { !$0.1.isEmpty }
    }

    /// Its commands that help shows.
    var commands: [CommandNode] { groups.flatMap(\.commands) }

    /// All commands below it that help shows, each before those below it.
    var all: [CommandNode] { commands.flatMap { [$0] + $0.all } }

    private func child(_ type: any ParsableCommand.Type) -> CommandNode {
        CommandNode(path: path + [type.configuration.commandName ?? ""], type: type)
    }

    /// Follows the names of commands at the beginning of words, as far as they go.
    ///
    /// - Parameter words: The words after this command's name; the names are removed.
    /// - Returns: The command that they name.
    /// - Throws: ``RecipeError`` if a command with subcommands is followed by none of them.
    func descend(into words: inout ArraySlice<String>) throws(RecipeError) -> CommandNode {
        let types = type.configuration.subcommands
        guard !types.isEmpty, let word = words.first, !CommandRequest.isOfParser(word) else { return self }
        let match = types.first {
            $0.configuration.commandName == word || $0.configuration.aliases.contains(word)
        }
        guard let match else { throw unknown(word) }
        words.removeFirst()
        return try child(match).descend(into: &words)
    }

    // MARK: Unknown commands

    private func unknown(_ word: String) -> RecipeError {
        if word.hasPrefix("-") {
            let names = commands.map { $0.path.last ?? "" }
            return RecipeError(
                .validationFailure,
                "\(spelled) needs a command before the flag \(word): \(Self.listed(names)); `\(helpCommand)` describes them"
            )
        }
        let hint =
            suggestion(for: word).map { "did you mean `\($0)`?" } ?? "`\(helpCommand)` lists the commands"
        return RecipeError(.validationFailure, "unknown command \"\(word)\"; \(hint)")
    }

    /// The command that someone probably meant: one of this command's, else any.
    private func suggestion(for word: String) -> String? {
        let all = Self.root.all
        func spelled(_ name: String, _ nodes: [CommandNode]) -> String? {
            nodes.first { $0.path.last == name || $0.type.configuration.aliases.contains(name) }?.spelled
        }
        for nodes in [commands, all] {
            let names = nodes.flatMap { [$0.path.last ?? ""] + $0.type.configuration.aliases }
            if let near = nearest(to: word, among: names) { return spelled(near, nodes) }
        }
        return Self.otherWords[word.lowercased()].flatMap { spelled($0, all) }
    }

    /// Other programs' words for commands.
    private static let otherWords = [
        "fit": "train", "finetune": "train", "fine-tune": "train", "learn": "train", "test": "evaluate",
        "teach": "distil", "student": "distil",
        "score": "evaluate", "validate": "evaluate", "classify": "predict", "infer": "predict",
        "inference": "predict", "generate": "predict", "estimate": "plan", "forecast": "plan",
        "info": "inspect",
        "show": "inspect", "encode": "tokenize", "detokenize": "decode", "check": "doctor",
        "diagnose": "doctor",
        "fetch": "download",
    ]

    private static func listed(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.joined() }
        return names.dropLast().joined(separator: ", ") + " or " + last
    }
}
