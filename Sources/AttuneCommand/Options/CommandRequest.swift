import ArgumentParser
import Attune

/// A command line: the command that it names and its words, or a wish for help.
struct CommandRequest {
    /// The wish for help, if there is one.
    let help: HelpRequest?
    /// The named command.
    let node: CommandNode
    /// The words after the command's name; nil for words that only the parser knows, such as `--version`.
    let flags: FlagWords?
    private let typed: [String]

    /// Reads a command line.
    ///
    /// - Parameter typed: The words after the program's name.
    /// - Throws: ``RecipeError`` for an unknown command or flag, and other mistakes that are seen before a command runs.
    init(_ typed: [String]) throws {
        self.typed = typed
        if let help = try HelpRequest(typed) {
            (self.help, node, flags) = (help, help.node, nil)
            return
        }
        help = nil
        var rest = typed[...]
        node = try CommandNode.root.descend(into: &rest)
        guard !(rest.first.map(Self.isOfParser) ?? false) else {
            flags = nil
            return
        }
        flags = try FlagWords(Array(rest), try node.catalog(), command: node.spelled)
    }

    /// The command's own names and its words, with declared names of flags.
    var words: [String] { flags.map { Array(node.path.dropFirst()) + $0.words } ?? typed }

    /// The same words for the parser.
    var wordsForParser: [String] {
        guard let flags else { return typed }
        // `attune predict --merge` is the only use of a classifier's flags without a model.
        let needsNoModel =
            node.type is PredictCommand.Type && flags.words.contains("--merge")
            && !flags.words.contains { $0 == "--model" || $0.hasPrefix("--model=") }
        return Array(node.path.dropFirst()) + flags.wordsForParser + (needsNoModel ? ["--model", ""] : [])
    }

    /// Whether a word is a flag that the parser adds to every command.
    static func isOfParser(_ word: String) -> Bool { ofParser.contains(String(word.prefix { $0 != "=" })) }

    private static let ofParser: Set = [
        "--version", "--experimental-dump-help", "--generate-completion-script",
    ]
}
