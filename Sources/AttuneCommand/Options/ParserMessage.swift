import Attune
import Foundation

/// A message of the parser or of a command's checks, with a suggestion and the flag's help.
struct ParserMessage {
    /// The message.
    let text: String

    /// Completes a message.
    ///
    /// - Parameters:
    ///   - message: As the parser or a command gives it.
    ///   - node: The command; nil if it is unknown.
    init(_ message: String, _ node: CommandNode?) {
        let catalog = node.flatMap { try? $0.catalog() }
        let help = node.map { "; see `\($0.helpCommand)`" } ?? ""
        if let match = message.firstMatch(
            of: /^The value '(.*)' is invalid for '--([a-z0-9-]+)/.dotMatchesNewlines()
        ),
            let flag = catalog?[String(match.2)], !flag.choices.isEmpty
        {
            let (typed, choices) = (String(match.1), flag.choices)
            let near = nearest(to: typed, among: choices).map { "; did you mean \"\($0)\"?" } ?? ""
            text = "--\(flag.name) must be \(Self.listed(choices)), not \"\(typed)\"\(near)"
        } else if let match = message.firstMatch(of: /^Missing expected argument '--([a-z0-9-]+)[^']*'$/),
            let flag = catalog?[String(match.1)]
        {
            text = "\(message): \(Self.lowered(flag.help))\(help)"
        } else if message.hasPrefix("Missing expected argument") || message.hasPrefix("The value '") {
            text = message.trimmingCharacters(in: ["."]) + help
        } else {
            text = message
        }
    }

    private static func listed(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.joined() }
        return names.dropLast().joined(separator: ", ") + " or " + last
    }

    /// A sentence as the rest of another one.
    private static func lowered(_ text: String) -> String {
        let sentence = text.firstRange(of: /\. (?=[A-Z])/).map { String(text[..<$0.lowerBound]) } ?? text
        let rest = sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
        return rest.prefix(1).lowercased() + rest.dropFirst()
    }
}
