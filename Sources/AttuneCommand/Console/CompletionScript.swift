import Attune
import Foundation

/// Completes the parser's scripts for shells: it knows neither a recipe's settings nor other programs' names of flags.
enum CompletionScript {
    /// A flag by one of its names.
    private struct Name {
        let name: String
        let flag: FlagCatalog.Flag

        var takesValue: Bool { flag.takesValue }
        /// The flag's help, which says for another name that it is one.
        var help: String { name == flag.name ? flag.help : "The same as --\(flag.name)." }
        /// Whether its value is a path.
        var takesPath: Bool { flag.setting != nil && ["path", "model"].contains(flag.valueName) }
    }

    /// A completion script with all names of all flags.
    ///
    /// - Parameter script: As the parser makes it, for bash, zsh or fish.
    /// - Returns: The same text if it is not such a script.
    static func completed(_ script: String) -> String {
        if script.hasPrefix("#!/bin/bash") { return edited(script, bash) }
        if script.hasPrefix("#compdef ") { return edited(script, zsh) }
        return script.contains("complete -c 'attune'") ? fish(script) : script
    }

    /// The names that the parser does not know.
    private static func names(of node: CommandNode) -> [Name] {
        guard let catalog = try? node.catalog(), let declared = try? FlagCatalog(of: node.type) else {
            return []
        }
        let known = Set(declared.flags.flatMap(\.names))
        return catalog.flags.flatMap { flag in
            flag.names.filter { !known.contains($0) }.map { Name(name: $0, flag: flag) }
        }
    }

    /// Edits the function of each command.
    private static func edited(_ script: String, _ edit: (String, [Name]) -> String) -> String {
        CommandNode.root.all.reduce(script) { script, node in
            let names = names(of: node)
            guard !names.isEmpty,
                let start = script.range(of: "\n_\(node.path.joined(separator: "_"))() {\n"),
                let end = script.range(of: "\n}\n", range: start.upperBound..<script.endIndex)
            else { return script }
            return script[..<start.upperBound]
                + edit(String(script[start.upperBound..<end.lowerBound]), names)
                + script[end.lowerBound...]
        }
    }

    private static func bash(_ body: String, _ names: [Name]) -> String {
        var body = body
        let lists: [(String, (Name) -> Bool)] = [
            ("non_repeating_flags", { !$0.takesValue }),
            ("non_repeating_options", { $0.takesValue && !$0.flag.isRepeating }),
            // The space tells `repeating_options` from `non_repeating_options`.
            (" repeating_options", { $0.takesValue && $0.flag.isRepeating }),
        ]
        for (list, isIncluded) in lists {
            let words = names.filter(isIncluded).map { "--" + $0.name }.joined(separator: " ")
            guard !words.isEmpty else { continue }
            body = body.replacing("\(list)=(", with: "\(list)=(\(words) ").replacing(
                "\(words) )",
                with: "\(words))"
            )
        }
        let cases = names.filter(\.takesValue).map { name in
            let choices = name.flag.choices.map { "'\($0)'" }.joined(separator: #"$'\n'"#)
            let offer =
                choices.isEmpty
                ? name.takesPath ? "        __attune_add_completions -f\n" : ""
                : "        __attune_add_completions -W \(choices)\n"
            return "    '--\(name.name)')\n\(offer)        return\n        ;;\n"
        }
        let start = "case \"${prev}\" in\n"
        // A command without options has no such part.
        guard body.contains(start) else { return body + "\n    \(start)\(cases.joined())    esac" }
        return body.replacing(start, with: start + cases.joined(), maxReplacements: 1)
    }

    private static func zsh(_ body: String, _ names: [Name]) -> String {
        func quoted(_ text: String) -> String {
            text.replacing("'", with: "'\\''").replacing(":", with: "\\:").replacing("[", with: "\\[")
                .replacing("]", with: "\\]")
        }
        let lines = names.map { name in
            let action =
                name.flag.choices.isEmpty
                ? name.takesPath ? "_files" : "" : "(\(name.flag.choices.joined(separator: " ")))"
            let value = name.takesValue ? ":\(quoted(name.flag.valueName)):\(action)" : ""
            return
                "        '\(name.flag.isRepeating ? "*" : "")--\(name.name)[\(quoted(name.help))]\(value)'\n"
        }
        return body.replacing("        '--version[", with: lines.joined() + "        '--version[")
    }

    private static func fish(_ script: String) -> String {
        var script = script
        var lines: [String] = []
        for node in CommandNode.root.all {
            let names = names(of: node)
            guard !names.isEmpty, let place = fishPlace(of: node, in: script) else { continue }
            let words = names.map {
                "'\($0.name)\($0.takesValue ? "=" : "")\($0.flag.isRepeating ? "+" : "")' "
            }
            script.insert(contentsOf: words.joined(), at: place)
            lines += names.map { name in
                let help = name.help.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
                let values = name.takesPath ? " -rF" : " -rfka '\(name.flag.choices.joined(separator: " "))'"
                return "complete -c 'attune' -n '__attune_should_offer_completions_for_flags_or_options "
                    + "\"\(node.spelled)\" \(name.name)' -l '\(name.name)' -d '\(help)'"
                    + (name.takesValue ? values : "")
            }
        }
        return script + (script.hasSuffix("\n") ? "" : "\n") + lines.joined(separator: "\n")
    }

    /// The place before the flags of a command in the function that finds the command.
    private static func fishPlace(of node: CommandNode, in script: String) -> String.Index? {
        var start = script.startIndex
        for name in node.path {
            guard let found = script.range(of: "case '\(name)'", range: start..<script.endIndex) else {
                return nil
            }
            start = found.upperBound
        }
        guard let call = script.range(of: "__attune_parse_subcommand ", range: start..<script.endIndex) else {
            return nil
        }
        return script.range(of: "'", range: call.upperBound..<script.endIndex)?.lowerBound
    }
}
