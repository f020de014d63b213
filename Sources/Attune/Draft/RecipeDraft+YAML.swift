import Foundation
import Yams

extension RecipeDraft {
    /// The draft as a recipe file, with the reason of each choice as a comment.
    ///
    /// - Parameters:
    ///   - folder: The run's output folder.
    ///   - command: The command that trains, shown at the top.
    /// - Returns: YAML that ``Recipe/init(yaml:name:)`` and `attune train` read.
    /// - Throws: The YAML library's errors.
    package func yaml(outputFolder folder: String, command: String) throws -> String {
        let chosen = Dictionary(choices.map { ($0.setting, $0) }) { first, _ in first }
        var lines = [
            "# A recipe for \(recipe.data): \(summary).",
            "# Change it as you like, then run: \(command)",
            "# All other settings have their defaults; `attune help train` lists them.",
            "",
        ]
        for setting in Recipe.settings {
            if let choice = chosen[setting.name] {
                lines.append(try Self.line(setting.name, Recipe.node(choice.value)) + "  # \(choice.reason)")
            } else if let value = setting.read(recipe), value != setting.defaultValue {
                lines.append(try Self.line(setting.name, Recipe.node(value)))
            }
        }
        lines.append(try Self.line("output_dir", Recipe.scalar(folder)) + "  # for the trained model")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func line(_ name: String, _ value: Node) throws -> String {
        let text = try Yams.serialize(
            node: .mapping(.init([(Node(name), value)])),
            width: -1,
            allowUnicode: true
        )
        return text.trimmingCharacters(in: .newlines)
    }
}
