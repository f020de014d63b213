import ArgumentParser
import Attune
import Foundation
import Yams

/// A run's settings in a YAML file: the names of the flags in snake_case, which are the reference's.
///
///     learning_rate: 2e-5
///     class_weights: {J: 0.6, P: 0.4}
struct Recipe {
    /// One line.
    struct Entry: Equatable {
        /// The flag's name, without dashes.
        var flag: String
        /// What it is given; none for a flag without a value.
        var values: [String]
        /// Where it stands, from 1.
        var line: Int
    }

    /// Where it was read from.
    let path: String
    /// In the file's order; what is null or false is not among them.
    let entries: [Entry]

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - catalog: The names that are known.
    /// - Throws: ``RecipeError`` naming the line.
    init(contentsOf path: String, _ catalog: FlagCatalog) throws(RecipeError) {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw RecipeError(
                .missingInput,
                "cannot read the recipe \(path); a recipe is a YAML file of flags, learning_rate: 2e-5 and so on"
            )
        }
        try self.init(String(decoding: data, as: UTF8.self), path: path, catalog)
    }

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - text: YAML.
    ///   - path: What messages call it.
    ///   - catalog: The names that are known.
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
            throw RecipeError(.validationFailure, "\(path): a recipe is a list of NAME: VALUE")
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
                throw wrong("\(name) is given on line \(other.line) already; remove one of them")
            }
            guard value.null == nil else { continue }
            if flag.takesValue {
                guard let values = Self.values(value, of: flag) else {
                    throw wrong(
                        "\(name) takes one value, a list of values or NAME: VALUE pairs, not deeper ones"
                    )
                }
                if !values.isEmpty { entries.append(Entry(flag: flag.name, values: values, line: line)) }
            } else {
                switch value.scalar?.string.lowercased() {
                case "true": entries.append(Entry(flag: flag.name, values: [], line: line))
                case "false": break
                default: throw wrong("\(name) is true or false")
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
        return "there is no setting \"\(name)\"" + (hint ?? "; `attune help train` lists them, in kebab-case")
    }

    /// The flag whose mapping holds names of classes, which may hold anything.
    static let mappingFlag = "class-weights"
    /// The flag whose list holds names of columns, which may hold anything.
    static let listFlag = "label-columns"

    /// As they would be typed; nil if they are nested too deeply.
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

/// What is wrong with a recipe.
struct RecipeError: Error, CustomStringConvertible {
    /// How the command ends.
    var code: ExitCode
    /// What is wrong, where, and what to do.
    var description: String

    init(_ code: ExitCode, _ description: String) { (self.code, self.description) = (code, description) }
}
