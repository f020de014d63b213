import ArgumentParser
import Attune
import Foundation

/// A wish for help: `attune help VERB`, `attune VERB --help`, or a command that has only subcommands.
struct HelpRequest {
    /// The command to explain.
    let node: CommandNode
    /// Whether to explain the rare flags, too.
    let wantsAll: Bool
    /// A flag or a heading to explain; nil explains the command.
    let topic: String?

    private static let flags: Set = ["-h", "--help", "--help-hidden"]

    /// Reads a command line; nil if it does not ask for help.
    ///
    /// - Parameter typed: The words after the program's name.
    /// - Throws: ``RecipeError`` for an unknown command.
    init?(_ typed: [String]) throws(RecipeError) {
        var words = typed[...]
        let beforeDashes = typed.prefix { $0 != "--" }
        let isHelpCommand = typed.first == "help"
        let hasFlag = beforeDashes.contains(where: Self.flags.contains)
        wantsAll = beforeDashes.contains("--all") || typed.contains("--help-hidden")
        if isHelpCommand { words.removeFirst() }
        if isHelpCommand || hasFlag {
            words = words.filter { !Self.flags.contains($0) && $0 != "--all" }[...]
        }
        if hasFlag, let first = words.first, first.hasPrefix("-") { words = [] }
        node = try CommandNode.root.descend(into: &words)
        let asksNothingElse = words.isEmpty && !node.type.configuration.subcommands.isEmpty
        guard isHelpCommand || hasFlag || asksNothingElse else { return nil }
        // In front of --help there may be a whole command line.
        topic = isHelpCommand || words.count == 1 ? words.joined(separator: " ") : nil
    }

    /// The help, as wide as the terminal.
    ///
    /// - Throws: ``RecipeError`` for an unknown topic; `JSONError` if the parser's description of the command cannot be read.
    func text() throws -> String {
        let layout = HelpLayout.ofTerminal
        if node.path.count == 1, topic ?? "" == "" { return layout.rendered(Overview.blocks) }
        let page = try HelpPage(node)
        guard let topic, !topic.isEmpty else { return layout.rendered(page.blocks(explainsAll: wantsAll)) }
        return layout.rendered(try page.blocks(on: topic))
    }
}
