import ArgumentParser
import Attune
import Foundation

/// A model that the command line names.
struct ServedModelChoice: Equatable {
    /// Its name in routes and answers.
    var name: String
    /// Its folder, `.gguf` or `.attune` file or id of the Hub; for an adapter in a model's folder, the model.
    var source: String
    /// The adapter's subfolder of the source; nil takes the source as it is.
    var adapter: String?
    /// The base model of an adapter; nil takes the one that it names.
    var base: String?

    /// Reads the models of a command line.
    ///
    /// - Parameters:
    ///   - typed: The models: `runs/tone`, `org/name@revision`, `tone=runs/tone`.
    ///   - options: The other flags of models, after variables of the environment have been applied.
    /// - Returns: At least one, each with another name.
    /// - Throws: `ValidationError` for none, for two of the same name, and for flags that do not fit together.
    static func all(_ typed: [String], _ options: ServedModelOptions) throws -> [ServedModelChoice] {
        guard !typed.isEmpty else {
            throw ValidationError(
                "attune serve needs a model: a folder that `attune train` saved, or an id of the Hub; attune serve runs/tickets"
            )
        }
        var choices = typed.map(ServedModelChoice.init)
        for (flag, isGiven) in [
            ("--served-model-name", options.servedModelName != nil), ("--revision", options.revision != nil),
            ("--adapter-name", !options.adapterName.isEmpty),
        ] where isGiven && choices.count > 1 {
            throw ValidationError("\(flag) is for one model; of several, give each its own as in name=folder")
        }
        if let revision = options.revision {
            guard !choices[0].source.contains("@"), ModelSource(choices[0].source).hubID != nil else {
                throw ValidationError(
                    "--revision is for a model of the Hub without one: \(choices[0].source) is not, so leave it out"
                )
            }
            choices[0].source += "@\(revision)"
        }
        if let name = options.servedModelName { choices[0].name = name }
        if !options.adapterName.isEmpty { choices = adapters(options.adapterName, of: choices[0]) }
        if let base = options.adapterBase {
            for index in choices.indices { choices[index].base = base }
        }
        for (name, equals) in Dictionary(grouping: choices, by: \.name) where equals.count > 1 {
            throw ValidationError(
                "\(equals.count) models would be named \"\(name)\"; name them: first=\(equals[0].source) second=\(equals[1].source)"
            )
        }
        return choices
    }

    private static func adapters(_ entries: [String], of model: ServedModelChoice) -> [ServedModelChoice] {
        entries.map { entry in
            guard let (name, folder) = named(entry) else {
                return ServedModelChoice(name: entry, source: model.source, adapter: entry)
            }
            return ServedModelChoice(name: name, source: folder, base: model.source)
        }
    }

    /// Takes `name=folder` apart; nil without a name.
    private static func named(_ entry: String) -> (name: String, folder: String)? {
        guard let sign = entry.firstIndex(of: "="), sign != entry.startIndex,
            !FileManager.default.fileExists(atPath: entry)
        else { return nil }
        return (String(entry[..<sign]), String(entry[entry.index(after: sign)...]))
    }

    init(name: String, source: String, adapter: String? = nil, base: String? = nil) {
        (self.name, self.source, self.adapter, self.base) = (name, source, adapter, base)
    }

    /// Reads a model as typed.
    ///
    /// - Parameter typed: A folder, a file or an id, with or without `name=` before it.
    init(_ typed: String) {
        if let (name, folder) = Self.named(typed) {
            self.init(name: name, source: folder)
        } else {
            self.init(name: Self.name(of: typed), source: typed)
        }
    }

    /// The name of a model without one: the Hub's id without its revision, or the last part of a path.
    private static func name(of source: String) -> String {
        if let id = ModelSource(source).hubID { return id }
        let last = URL(filePath: source).standardizedFileURL.lastPathComponent
        let ending = [".gguf", ".attune"].first { last.lowercased().hasSuffix($0) } ?? ""
        return String(last.dropLast(ending.count))
    }
}
