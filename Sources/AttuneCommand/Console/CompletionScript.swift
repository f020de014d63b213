import Attune
import Foundation

/// The shell completion of commands that take a recipe's settings, which the parser does not know.
enum CompletionScript {
    private static let commands = ["train", "plan"]

    /// A completion script with the flags of a recipe's settings.
    ///
    /// - Parameter script: As the parser makes it, for bash, zsh or fish.
    /// - Returns: The same text if it is not such a script.
    static func completed(_ script: String) -> String {
        if script.hasPrefix("#!/bin/bash") { return edited(script, bash) }
        if script.hasPrefix("#compdef ") { return edited(script, zsh) }
        return script.contains("complete -c 'attune'") ? fish(script) : script
    }

    private static func flags(_ setting: Setting) -> [String] {
        ([setting.flag] + setting.aliases.map { $0.replacing("_", with: "-") }).map { "--" + $0 }
    }

    /// Edits the function of each command.
    private static func edited(_ script: String, _ edit: (String) -> String) -> String {
        commands.reduce(script) { script, command in
            guard let start = script.range(of: "\n_attune_\(command)() {\n"),
                let end = script.range(of: "\n}\n", range: start.upperBound..<script.endIndex)
            else { return script }
            return script[..<start.upperBound] + edit(String(script[start.upperBound..<end.lowerBound]))
                + script[end.lowerBound...]
        }
    }

    private static func bash(_ body: String) -> String {
        let all = Recipe.settings
        let switches = all.filter { $0.form == .flag }.flatMap(flags)
        let options = all.filter { $0.form == .value }.flatMap(flags)
        let repeated = all.filter { $0.form == .list || $0.form == .names }.flatMap(flags)
        var body = body
        // The space tells `repeating_options` from `non_repeating_options`.
        for (name, values) in [
            ("non_repeating_flags", switches), ("non_repeating_options", options),
            (" repeating_options", repeated),
        ] {
            let words = values.joined(separator: " ")
            body = body.replacing("\(name)=(", with: "\(name)=(\(words) ").replacing(
                "\(words) )",
                with: "\(words))"
            )
        }
        let cases = (options + repeated).map { "'\($0)'" }.joined(separator: "|")
        let parts = body.split(separator: "case \"${prev}\" in\n", maxSplits: 1)
        guard parts.count == 2 else { return body }
        return "\(parts[0])case \"${prev}\" in\n    \(cases))\n        return\n        ;;\n\(parts[1])"
    }

    private static func zsh(_ body: String) -> String {
        func quoted(_ text: String) -> String {
            text.replacing("'", with: "'\\''").replacing(":", with: "\\:").replacing("[", with: "\\[")
                .replacing("]", with: "\\]")
        }
        let lines = Recipe.settings.flatMap { setting in
            flags(setting).map { flag in
                let repeats = setting.form == .list || setting.form == .names ? "*" : ""
                let value = setting.form == .flag ? "" : ":\(quoted(setting.placeholder)):"
                return "        '\(repeats)\(flag)[\(quoted(setting.help))]\(value)'\n"
            }
        }
        return body.replacing("        '--version[", with: lines.joined() + "        '--version[")
    }

    private static func fish(_ script: String) -> String {
        var words: [String] = []
        var lines: [String] = []
        for setting in Recipe.settings {
            let help = setting.help.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
            for flag in flags(setting).map({ $0.dropFirst(2) }) {
                let repeats = setting.form == .list || setting.form == .names ? "+" : ""
                words.append("'\(flag)\(setting.form == .flag ? "" : "=")\(repeats)'")
                lines += commands.map { command in
                    "complete -c 'attune' -n '__attune_should_offer_completions_for_flags_or_options \"attune "
                        + "\(command)\" \(flag)' -l '\(flag)' -d '\(help)'"
                        + (setting.form == .flag ? "" : " -rfka ''")
                }
            }
        }
        let known = commands.reduce(script) { script, command in
            let start = "case '\(command)'\n            __attune_parse_subcommand 1 "
            return script.replacing(start, with: start + words.joined(separator: " ") + " ")
        }
        return known + (known.hasSuffix("\n") ? "" : "\n") + lines.joined(separator: "\n")
    }
}
