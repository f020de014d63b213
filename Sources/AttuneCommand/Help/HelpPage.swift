import ArgumentParser
import Attune

/// The help of one command, from its declaration, its guide and the settings of recipes.
struct HelpPage {
    private let node: CommandNode
    private let catalog: FlagCatalog

    /// The most rare flags that short help explains; more are only named.
    private static let fewFlags = 20

    /// Reads the flags of a command.
    ///
    /// - Parameter node: The command.
    /// - Throws: `JSONError` if the parser's description of the command cannot be read.
    init(_ node: CommandNode) throws { (self.node, catalog) = (node, try node.catalog()) }

    // MARK: Flags

    /// The flags that are not hidden, settings first.
    private var shown: [FlagCatalog.Flag] {
        let flags = catalog.flags.filter { !$0.isHidden }
        return flags.filter { $0.setting != nil } + flags.filter { $0.setting == nil }
    }

    /// The flags that most users need: settings in their order, then the command's own in the guide's order.
    var common: [FlagCatalog.Flag] {
        shown.filter { flag in
            flag.setting.map { $0.isCommon || node.guide.common.contains($0.flag) } ?? false
        }
            + node.guide.common.compactMap { name in
                shown.first { $0.name == name && $0.setting == nil }
            }
    }

    /// The other flags by heading, in the order of help.
    var rare: [(title: String, flags: [FlagCatalog.Flag])] {
        let common = Set(common.map(\.name))
        let others = shown.filter { !common.contains($0.name) }
        let titles =
            Setting.Section.allCases.map(\.rawValue) + node.guide.headings.map(\.title)
            + others.compactMap(\.heading) + [Self.otherFlags]
        var seen: Set<String> = []
        return titles.filter { seen.insert($0).inserted }.compactMap { title in
            let flags = others.filter { heading(of: $0) == title }
            return flags.isEmpty ? nil : (title, flags)
        }
    }

    private static let otherFlags = "Other flags"

    private func heading(of flag: FlagCatalog.Flag) -> String {
        node.guide.headings.first { $0.flags.contains(flag.name) && flag.setting == nil }?.title ?? flag
            .heading
            ?? Self.otherFlags
    }

    // MARK: Pages

    /// The whole page.
    ///
    /// - Parameter explainsAll: Whether to explain all flags even if they are many.
    /// - Returns: Its parts.
    func blocks(explainsAll: Bool) -> [HelpBlock] {
        let explains = explainsAll || rare.reduce(0) { $0 + $1.flags.count } <= Self.fewFlags
        return [.paragraph(node.purpose), .heading("Usage"), .paragraph(usage)] + examples + verbs + arguments
            + (explains ? allFlags(withOtherNames: explainsAll) : shortFlags) + (explains ? notes : [])
            + furtherHelp(explains)
    }

    private var usage: String {
        if !node.commands.isEmpty { return "\(node.spelled) <command>" }
        if let usage = node.type.configuration.usage { return usage }
        let words = catalog.arguments.map { argument in
            let name = "<\(argument.name)>" + (argument.isRepeating ? "…" : "")
            return argument.isOptional ? "[\(name)]" : name
        }
        let needed = shown.filter(\.isRequired)
        let hasOthers = shown.count > needed.count
        return ([node.spelled] + words + needed.map(\.spelled) + (hasOthers ? ["[flags]"] : []))
            .joined(separator: " ")
    }

    private var examples: [HelpBlock] {
        let examples = node.guide.examples
        return examples.isEmpty
            ? []
            : [.heading("Examples")]
                + examples.flatMap { [.paragraph($0.purpose + ":"), .command($0.command)] }
    }

    private var verbs: [HelpBlock] {
        node.groups.flatMap { group in
            [.heading(group.title.isEmpty ? "Commands" : group.title)]
                + group.commands.map { .term($0.path.last ?? "", $0.purpose) }
        }
    }

    private var arguments: [HelpBlock] {
        catalog.arguments.isEmpty
            ? [] : [.heading("Arguments")] + catalog.arguments.map { .term("<\($0.name)>", $0.help) }
    }

    /// Common flags with the first sentence of their help, and the names of the others.
    private var shortFlags: [HelpBlock] {
        [.heading("Common flags")] + common.map { .term($0.spelled, Self.firstSentence(of: $0.help)) }
            + [.heading("More flags")]
            + rare.map { .term($0.title, $0.flags.map { "--" + $0.name }.joined(separator: " ")) }
    }

    /// All flags with their help.
    private func allFlags(withOtherNames: Bool) -> [HelpBlock] {
        let common = common
        func term(_ flag: FlagCatalog.Flag) -> HelpBlock { self.term(flag, withOtherNames: withOtherNames) }
        return (common.isEmpty ? [] : [.heading("Common flags")]) + common.map(term)
            + rare.flatMap { title, flags in
                [.heading(common.isEmpty && rare.count == 1 ? "Flags" : title)]
                    + flags.map(term)
            }
    }

    /// Remarks on the command.
    var notes: [HelpBlock] {
        let text = node.type.configuration.discussion
        return text.isEmpty ? [] : [.heading("Notes")] + HelpBlock.blocks(of: text)
    }

    private func furtherHelp(_ explains: Bool) -> [HelpBlock] {
        if !node.commands.isEmpty {
            return [.heading("More help"), .line("\(node.helpCommand) <command>")]
        }
        guard !explains else { return [] }
        let heading = rare.first { !$0.title.contains(" ") }?.title.lowercased() ?? ""
        return [
            .heading("More help"), .term("\(node.helpCommand) --all", "All flags, and remarks."),
            .term("\(node.helpCommand) \(heading)", "The flags under a heading."),
            .term(
                "\(node.helpCommand) \(node.takesRecipe ? "lr" : common.first?.name ?? "")",
                "One flag, by any of its names."
            ),
        ]
    }

    /// The section of a command in the manual, where flags of `attune train` are explained only once.
    var manual: [HelpBlock] {
        guard node.commands.isEmpty else { return [.paragraph(node.purpose)] + notes }
        let flags =
            node.takesRecipe && node.type != TrainCommand.self
            ? common.filter { $0.setting == nil }.map { term($0) } : allFlags(withOtherNames: true)
        return [.paragraph(node.purpose), .heading("Usage"), .paragraph(usage)] + examples + arguments + flags
            + notes
    }

    // MARK: Topics

    /// The explanation of one flag, or of the flags under a heading.
    ///
    /// - Parameter topic: A flag with or without dashes, one of its other names, or the beginning of a heading.
    /// - Returns: Its parts.
    /// - Throws: ``RecipeError`` if there is no such flag or heading.
    func blocks(on topic: String) throws(RecipeError) -> [HelpBlock] {
        let name = String(topic.drop { $0 == "-" })
        if let flag = catalog[name] {
            let title = heading(of: flag)
            return [.paragraph(node.spelled + (title == Self.otherFlags ? "" : ": \(title)")), term(flag)]
        }
        let headings = rare.map(\.title)
        let words = name.lowercased()
        if let part = rare.first(where: { $0.title.lowercased().hasPrefix(words) }) {
            let alsoCommon = common.filter { heading(of: $0) == part.title }
            return [.paragraph("\(node.spelled): \(part.title)")]
                + (alsoCommon + part.flags).map { term($0) }
        }
        let near = nearest(to: name, among: shown.flatMap(\.names) + headings)
        let hint = near.map { "did you mean \(catalog[$0].map { "--" + $0.name } ?? $0)?" }
        throw RecipeError(
            .validationFailure,
            "`\(node.spelled)` has no flag or heading \"\(topic)\"; \(hint ?? "`\(node.helpCommand)` lists them")"
        )
    }

    // MARK: Terms

    /// A flag and its help.
    private func term(_ flag: FlagCatalog.Flag, withOtherNames: Bool = true) -> HelpBlock {
        var parts = [flag.help]
        if !flag.choices.isEmpty, !flag.choices.allSatisfy(flag.help.contains) {
            parts.append("Values: \(flag.choices.joined(separator: ", ")).")
        }
        if flag.takesValue, let value = flag.defaultValue, !value.isEmpty, !flag.help.contains("Default:") {
            parts.append("Default: \(value).")
        }
        let others = flag.names.filter { $0 != flag.name }
        if withOtherNames, !others.isEmpty {
            parts.append("Also \(others.map { "--" + $0 }.joined(separator: ", ")).")
        }
        return .term(flag.spelled, parts.joined(separator: " "))
    }

    private static func firstSentence(of text: String) -> String {
        guard let end = text.firstRange(of: /\. (?=[A-Z])/) else { return text }
        return String(text[..<end.lowerBound]) + "."
    }
}
