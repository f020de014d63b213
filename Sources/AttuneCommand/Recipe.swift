import ArgumentParser
import Attune
import Foundation
import Yams

/// A run's settings in a YAML file. Its keys are the flags in snake_case, as transformers names them.
///
///     learning_rate: 2e-5
///     class_weights: {J: 0.6, P: 0.4}
struct Recipe {
    /// One setting of the recipe.
    struct Entry: Equatable {
        /// The flag's name, without dashes.
        var flag: String
        /// The flag's values; empty for a flag without a value.
        var values: [String]
        /// The line number, from 1.
        var line: Int
    }

    /// The recipe's path.
    let path: String
    /// The settings in the file's order, without those that are null or false.
    let entries: [Entry]

    /// Reads a recipe file.
    ///
    /// - Parameters:
    ///   - path: The file's path.
    ///   - catalog: The known flags.
    /// - Throws: ``RecipeError`` naming the line.
    init(contentsOf path: String, _ catalog: FlagCatalog) throws(RecipeError) {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw RecipeError(
                .missingInput,
                "cannot read the recipe \(path); a recipe is a YAML file with one line per flag, such as learning_rate: 2e-5"
            )
        }
        try self.init(String(decoding: data, as: UTF8.self), path: path, catalog)
    }

    /// Reads a recipe from YAML text.
    ///
    /// - Parameters:
    ///   - text: The YAML text.
    ///   - path: The path for error messages.
    ///   - catalog: The known flags.
    /// - Throws: ``RecipeError`` naming the line.
    init(_ text: String, path: String, _ catalog: FlagCatalog) throws(RecipeError) {
        self.path = path
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch {
            throw RecipeError(.validationFailure, "\(path) is not YAML: \(error)")
        }
        guard let node else {
            entries = []
            return
        }
        guard let mapping = node.mapping else {
            throw RecipeError(.validationFailure, "\(path): a recipe must be a mapping with lines NAME: VALUE")
        }
        var entries: [Entry] = []
        for (key, value) in mapping {
            let line = key.mark?.line ?? 0
            func wrong(_ message: String) -> RecipeError {
                RecipeError(.validationFailure, "\(path): line \(line): \(message)")
            }
            let name = key.scalar?.string ?? ""
            guard let flag = catalog[name.replacing("_", with: "-")], !name.contains("-") else {
                throw wrong(Self.unknown(name, catalog))
            }
            if let other = entries.first(where: { $0.flag == flag.name }) {
                throw wrong("\(name) is also given on line \(other.line); remove one of them")
            }
            guard value.null == nil else { continue }
            if flag.takesValue {
                guard let values = Self.values(value, of: flag) else {
                    throw wrong(
                        "\(name) takes one value, a list of values or NAME: VALUE pairs, not deeper nesting"
                    )
                }
                if !values.isEmpty { entries.append(Entry(flag: flag.name, values: values, line: line)) }
            } else {
                switch value.scalar?.string.lowercased() {
                case "true": entries.append(Entry(flag: flag.name, values: [], line: line))
                case "false": break
                default: throw wrong("\(name) must be true or false")
                }
            }
        }
        self.entries = entries
    }

    private static func unknown(_ name: String, _ catalog: FlagCatalog) -> String {
        if let advice = ReferenceArguments.advice(on: name.replacing("_", with: "-")) {
            return "\(name) \(advice)"
        }
        let known = catalog.flags.flatMap(\.names).map(recipeName)
        let hint = nearest(to: name, among: known).map { "; did you mean \($0)?" }
        return "unknown setting \"\(name)\"" + (hint ?? "; `attune help train` lists the settings, in kebab-case")
    }

    /// The flag with a mapping from class names, which may contain any character.
    static let mappingFlag = "class-weights"
    /// The flag with a list of column names, which may contain any character.
    static let listFlag = "label-columns"

    /// The values as they would be typed; nil if they are nested too deeply.
    private static func values(_ node: Node, of flag: FlagCatalog.Flag) -> [String]? {
        switch node {
        case .scalar(let scalar): return [scalar.string]
        case .sequence(let nodes):
            let values = nodes.compactMap(\.scalar?.string)
            guard values.count == nodes.count else { return nil }
            if flag.name == listFlag { return values.map(quoted) }
            return flag.isRepeating || values.isEmpty ? values : [values.joined(separator: ",")]
        case .mapping(let pairs):
            let isQuoted = flag.name == mappingFlag
            let values = pairs.compactMap { name, value in
                name.scalar.flatMap { name in
                    value.scalar.map { "\(isQuoted ? quoted(name.string) : name.string)=\($0.string)" }
                }
            }
            guard values.count == pairs.count, !values.isEmpty else { return nil }
            return flag.isRepeating ? values : [values.joined(separator: ",")]
        case .alias: return nil
        }
    }
}

/// An error in a recipe or on the command line.
struct RecipeError: Error, CustomStringConvertible {
    /// The exit code.
    var code: ExitCode
    /// What is wrong, where, and how to fix it.
    var description: String

    init(_ code: ExitCode, _ description: String) { (self.code, self.description) = (code, description) }
}
