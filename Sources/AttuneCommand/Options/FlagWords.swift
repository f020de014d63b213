import ArgumentParser
import Attune
import Foundation

/// The words after a command's name, with every flag under its declared name.
///
/// Accepts the spellings of transformers' scripts: underscores (`--max_length`), `--flag=value`, and `true` or `false` after a
/// switch. A file or folder without a flag goes to the flag that takes it: `attune data describe tweets.csv`. Refuses unknown flags,
/// a missing value, a single-value flag that is given twice, and words that the command does not take.
struct FlagWords {
    /// A flag with its values, or a word without a flag.
    enum Entry {
        case flag(FlagCatalog.Flag, [String])
        /// Nothing after `--` is a flag.
        case text(String, afterDashes: Bool)
    }

    /// The flags and words in the order typed.
    ///
    /// A switch has the value `true` or `false`.
    private(set) var entries: [Entry] = []

    private let catalog: FlagCatalog
    private var given: [String: String] = [:]

    /// Takes words apart.
    ///
    /// - Parameters:
    ///   - words: After the command's name.
    ///   - catalog: The command's flags.
    ///   - command: The command's path, for messages: `attune predict`.
    /// - Throws: ``RecipeError``.
    init(_ words: [String], _ catalog: FlagCatalog, command: String) throws(RecipeError) {
        self.catalog = catalog
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                entries += rest.map { .text($0, afterDashes: true) }
                break
            }
            guard Self.isFlag(word) else {
                entries.append(.text(word, afterDashes: false))
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            let name = String(parts[0].drop { $0 == "-" })
            guard word.hasPrefix("--"), let flag = catalog[name] else {
                throw UnknownFlag(parts[0], catalog, command: command).error
            }
            let values = try Self.values(of: flag, named: name, parts.count > 1 ? parts[1] : nil, &rest)
            try refuseSecond(flag, values)
            entries.append(.flag(flag, values))
        }
        try placeFurtherWords(command)
    }

    /// Whether a word is a flag, not a value such as `-1` or a text such as `- milk`.
    static func isFlag(_ word: String) -> Bool {
        guard word.hasPrefix("-"), !word.prefix(while: { $0 != "=" }).contains(where: \.isWhitespace) else {
            return false
        }
        return word.drop { $0 == "-" }.first?.isLetter ?? false
    }

    // MARK: Values

    private static func values(
        of flag: FlagCatalog.Flag,
        named name: String,
        _ value: String?,
        _ rest: inout ArraySlice<String>
    ) throws(RecipeError) -> [String] {
        if !flag.takesValue || flag.isTruth { return [try truth(of: flag, value, &rest)] }
        if flag.name == "resume-from-checkpoint" { return [resumption(value, &rest)].compactMap(\.self) }
        if let value { return [value] }
        var values: [String] = []
        while let next = rest.first, !isFlag(next), next != "--", values.isEmpty || flag.takesList {
            values.append(rest.removeFirst())
        }
        guard values.isEmpty else { return values }
        throw RecipeError(.validationFailure, "--\(flag.name) needs a value: \(flag.spelled)")
    }

    /// The value of a switch: transformers' scripts write true or false after it.
    private static func truth(
        of flag: FlagCatalog.Flag,
        _ value: String?,
        _ rest: inout ArraySlice<String>
    ) throws(RecipeError) -> String {
        if let value {
            if let truth = Bool(value.lowercased()) { return "\(truth)" }
            throw RecipeError(
                .validationFailure,
                "--\(flag.name) takes no value, or true or false, not \"\(value)\""
            )
        }
        guard let truth = rest.first.flatMap({ Bool($0.lowercased()) }) else { return "true" }
        rest.removeFirst()
        return "\(truth)"
    }

    /// The checkpoint to resume from: `latest` if none is named, as `--resume` alone and transformers' `true` mean it.
    ///
    /// - Returns: Nil for `false`.
    private static func resumption(_ value: String?, _ rest: inout ArraySlice<String>) -> String? {
        var value = value
        if value == nil, let next = rest.first, !isFlag(next), next != "--", !isFile(next) {
            value = rest.removeFirst()
        }
        switch value.flatMap({ Bool($0.lowercased()) }) {
        case true: return "latest"
        case false: return nil
        case nil: return value ?? "latest"
        }
    }

    /// Whether a word is a recipe or a dataset, not the folder of a checkpoint.
    private static func isFile(_ word: String) -> Bool {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: word, isDirectory: &isFolder)
        return exists ? !isFolder.boolValue : word.hasSuffix(".yaml") || word.hasSuffix(".yml")
    }

    // MARK: Refusals

    private mutating func refuseSecond(_ flag: FlagCatalog.Flag, _ values: [String]) throws(RecipeError) {
        guard flag.takesValue, !flag.isRepeating, let value = values.first,
            let first = given.updateValue(value, forKey: flag.name)
        else { return }
        // A token or key is not printed: it would end up in a log.
        let isSecret = flag.name.hasSuffix("token") || flag.name.hasSuffix("key")
        let shown = isSecret ? "" : ", as \"\(first)\" and as \"\(value)\""
        throw RecipeError(.validationFailure, "--\(flag.name) is given twice\(shown); give it once")
    }

    /// Gives words beyond the command's arguments to the flags that they belong to, if they exist on disk, and refuses others.
    private mutating func placeFurtherWords(_ command: String) throws(RecipeError) {
        guard !(catalog.arguments.last?.isRepeating ?? false) else { return }
        var count = 0
        for index in entries.indices {
            guard case .text(let word, _) = entries[index] else { continue }
            count += 1
            guard count > catalog.arguments.count else { continue }
            let flag = flag(for: word)
            guard let flag, FileManager.default.fileExists(atPath: word) else {
                throw refusal(of: word, flag, command)
            }
            given[flag.name] = word
            entries[index] = .flag(flag, [word])
        }
    }

    /// The flag that a word without one belongs to: a file is the input, any other word the first that is missing.
    private func flag(for word: String) -> FlagCatalog.Flag? {
        let inputs = Self.isFile(word) ? ["input", "dataset"] : []
        let input = inputs.lazy.compactMap { catalog[$0] }.first {
            given[$0.name] == nil && !hasFlag($0.name)
        }
        return input ?? catalog.flags.first { $0.isRequired && given[$0.name] == nil && !hasFlag($0.name) }
    }

    private func refusal(of word: String, _ flag: FlagCatalog.Flag?, _ command: String) -> RecipeError {
        let help = "`\(command.replacing("attune", with: "attune help", maxReplacements: 1))` lists the flags"
        let hint =
            flag.map { "did you mean --\($0.name) \(shellQuoted(word))?" }
            ?? (word == "" ? "an empty word is often a variable without a value" : help)
        return RecipeError(.validationFailure, "`\(command)` does not take the word \"\(word)\"; \(hint)")
    }

    private func hasFlag(_ name: String) -> Bool {
        entries.contains { if case .flag(let flag, _) = $0 { flag.name == name } else { false } }
    }

    // MARK: Words

    /// The same words with declared names; read again, they mean the same.
    var words: [String] { entries.flatMap(Self.words) }

    /// The words for the parser, which knows no value of a switch.
    var wordsForParser: [String] {
        entries.flatMap { entry -> [String] in
            guard case .flag(let flag, let values) = entry, !flag.takesValue else {
                return Self.words(of: entry)
            }
            return values == ["true"] ? ["--" + flag.name] : []
        }
    }

    private static func words(of entry: Entry) -> [String] {
        switch entry {
        case .text(let text, let afterDashes):
            return afterDashes && text.hasPrefix("-") ? ["--", text] : [text]
        case .flag(let flag, let values):
            guard flag.takesValue else {
                return values == ["true"] ? ["--" + flag.name] : ["--" + flag.name, "false"]
            }
            if values.count == 1, values[0].hasPrefix("-") { return ["--\(flag.name)=\(values[0])"] }
            return values.isEmpty ? [] : ["--" + flag.name] + values
        }
    }
}
