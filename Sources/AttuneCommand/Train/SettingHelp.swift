import Attune
import Foundation

/// The part of `attune train --help` that lists a recipe's settings, in the parser's layout.
enum SettingHelp {
    private static let width = 80
    private static let column = 26

    /// A command's help with the settings before its own flags.
    ///
    /// - Parameter help: As the parser makes it.
    /// - Returns: The same text if it is not the help of a command that takes a recipe.
    static func completed(_ help: String) -> String {
        guard help.contains("USAGE: attune train [") || help.contains("USAGE: attune plan ["),
            let arguments = help.range(of: "\nARGUMENTS:\n"),
            let end = help.range(of: "\n\n", range: arguments.upperBound..<help.endIndex)
        else { return help }
        return help[..<end.upperBound] + sections + help[end.upperBound...]
    }

    private static var sections: String {
        Setting.Section.allCases.map { section in
            let settings = Recipe.settings.filter { $0.section == section }
            return section.rawValue.uppercased() + ":\n" + settings.map(text).joined() + "\n"
        }
        .joined()
    }

    /// A setting's flag and its help, wrapped.
    private static func text(_ setting: Setting) -> String {
        var names = ([setting.flag] + setting.aliases.map { $0.replacing("_", with: "-") }).map { "--" + $0 }
            .joined(separator: ", ")
        if setting.form != .flag { names += " <\(setting.placeholder)>" }
        var help = setting.help
        if setting.form != .flag, let value = setting.defaultValue?.text, !value.isEmpty {
            help += " (default: \(value))"
        }
        let lines = wrapped(help, to: width - column)
        let first = "  " + names
        let indent = String(repeating: " ", count: column)
        let start =
            first.count < column
            ? first.padding(toLength: column, withPad: " ", startingAt: 0) : first + "\n" + indent
        return start + lines.joined(separator: "\n" + indent) + "\n"
    }

    private static func wrapped(_ text: String, to width: Int) -> [String] {
        var lines: [String] = [""]
        for word in text.split(separator: " ") {
            if let last = lines.last, !last.isEmpty, last.count + 1 + word.count > width { lines.append("") }
            let last = lines.removeLast()
            lines.append(last.isEmpty ? String(word) : last + " " + word)
        }
        return lines
    }
}
