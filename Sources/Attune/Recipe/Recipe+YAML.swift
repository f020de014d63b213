import Datasets
import Foundation
import Yams

extension Recipe {
    /// Reads a recipe from YAML: settings by name, `learning_rate: 2e-5`.
    ///
    /// - Parameters:
    ///   - yaml: The text.
    ///   - name: The text's name in errors, usually its path.
    /// - Throws: ``RecipeFileError`` with the line.
    public init(yaml: String, name: String = "recipe.yaml") throws(RecipeFileError) {
        let entries = try RecipeEntry.read(yaml, name: name, known: { try? Self.setting($0).name })
        let values = Dictionary(entries.map { ($0.name, $0.value) }) { first, _ in first }
        do { try self.init(values) } catch {
            let line = entries.first { $0.name == error.setting }?.line
            throw RecipeFileError(name: name, line: line, error.description)
        }
    }

    /// Writes every setting as YAML, one per line; settings without a value are null.
    ///
    /// - Returns: Text that ``init(yaml:name:)`` and `attune train` read.
    /// - Throws: The YAML library's errors.
    public func yaml() throws -> String {
        let pairs = Self.settings.map { setting in
            (Node(setting.name), setting.read(self).map(Self.node) ?? Node("null"))
        }
        return OutputFolder.recipeHeading
            + (try Yams.serialize(node: .mapping(.init(pairs)), width: -1, allowUnicode: true))
    }

    static func node(_ value: SettingValue) -> Node {
        switch value {
        case .bool, .int, .double: Node(value.text)
        case .text(let text): scalar(text)
        case .list(let names): Node(names.map(scalar), .implicit, .flow)
        case .numbers(let numbers):
            Node(numbers.map { (scalar($0.name), Node("\($0.number)")) }, .implicit, .flow)
        }
    }

    static func scalar(_ text: String) -> Node {
        // Without quotes, these would be read as null.
        Node(text, .implicit, ["", "~", "null"].contains(text.lowercased()) ? .singleQuoted : .any)
    }
}

/// One line of a recipe.
package struct RecipeEntry: Equatable {
    /// The setting's name.
    package var name: String
    /// Its value.
    package var value: SettingValue
    /// Its line, from 1.
    package var line: Int

    /// Reads all lines with a value that is not null.
    ///
    /// - Parameters:
    ///   - yaml: The text.
    ///   - name: Its name in errors.
    ///   - known: Returns a setting's declared name; nil for an unknown setting.
    ///   - others: Names besides those of settings, to be suggested for an unknown name.
    ///   - advice: Returns advice on an unknown name, `is not needed: …`; nil without any.
    /// - Returns: The lines in order.
    /// - Throws: ``RecipeFileError`` with the line.
    package static func read(
        _ yaml: String,
        name: String,
        known: (String) -> String?,
        others: [String] = [],
        advice: (String) -> String? = { _ in nil }
    ) throws(RecipeFileError) -> [RecipeEntry] {
        let node: Node?
        do { node = try Yams.compose(yaml: yaml) } catch {
            throw RecipeFileError(name: name, line: nil, "not YAML: \(error)")
        }
        guard let node else { return [] }
        guard let mapping = node.mapping else {
            throw RecipeFileError(name: name, line: nil, "a recipe is a mapping with lines NAME: VALUE")
        }
        var entries: [RecipeEntry] = []
        for (key, value) in mapping {
            let line = key.mark?.line ?? 0
            let typed = key.scalar?.string ?? ""
            guard let setting = known(typed) else {
                if let advice = advice(typed) {
                    throw RecipeFileError(name: name, line: line, "\(typed) \(advice)")
                }
                let near = Recipe.settingName(nearestTo: typed, or: others)
                throw RecipeFileError(
                    name: name,
                    line: line,
                    SettingError(typed, .unknown(nearest: near)).description
                )
            }
            if let other = entries.first(where: { $0.name == setting }) {
                throw RecipeFileError(
                    name: name,
                    line: line,
                    "\(typed) is given on line \(other.line) already; remove one of them"
                )
            }
            guard value.null == nil else { continue }
            guard let read = SettingValue(value) else {
                throw RecipeFileError(
                    name: name,
                    line: line,
                    "\(typed) takes one value, a list of values or NAME: NUMBER pairs"
                )
            }
            entries.append(RecipeEntry(name: setting, value: read, line: line))
        }
        return entries
    }
}

extension SettingValue {
    /// Nil for a node that is nested too deeply.
    fileprivate init?(_ node: Node) {
        switch node {
        case .scalar(let scalar): self = .text(scalar.string)
        case .sequence(let nodes):
            let values = nodes.compactMap(\.scalar?.string)
            guard values.count == nodes.count else { return nil }
            self = .list(values)
        case .mapping(let pairs):
            let numbers = pairs.compactMap { name, value in
                name.scalar.flatMap { name in
                    (value.scalar?.string).flatMap(Double.init).map { NamedNumber(name.string, $0) }
                }
            }
            guard numbers.count == pairs.count else { return nil }
            self = .numbers(numbers)
        case .alias: return nil
        }
    }
}

/// The error for a recipe's text that cannot be read.
public struct RecipeFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The name of the text, usually the file's path.
    public var name: String
    /// The line, from 1; nil if no single line is wrong.
    public var line: Int?
    /// The problem and its remedy.
    public var message: String

    package init(name: String, line: Int?, _ message: String) {
        (self.name, self.line, self.message) = (name, line, message)
    }

    /// Name, line and message.
    public var description: String { "\(name): " + (line.map { "line \($0): " } ?? "") + message }
}
