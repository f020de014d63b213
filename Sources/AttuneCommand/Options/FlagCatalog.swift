import ArgumentParser
import Attune
import JSON

/// The flags of a command, taken from its declaration.
///
/// Recipes use the same names.
struct FlagCatalog {
    /// One flag.
    struct Flag {
        /// The name shown in help, without dashes.
        let name: String
        /// All its names, without dashes.
        let names: [String]
        /// Whether the flag takes a value.
        let takesValue: Bool
        /// Whether the flag may be given several times.
        let isRepeating: Bool
        /// The default value; nil if there is none.
        let defaultValue: String?
    }

    /// The flags in the order of declaration.
    let flags: [Flag]

    /// Reads the flags of a command, except `--help` and `--version`.
    ///
    /// - Parameter command: The command's type.
    /// - Throws: `JSONError` if the parser's description of the command cannot be read.
    init(of command: (some ParsableCommand).Type) throws {
        // The JSON that `--experimental-dump-help` prints.
        let described = try JSONValue.parse(command._dumpHelp().utf8)["command"]["arguments"].array ?? []
        flags = described.compactMap { argument in
            guard let name = argument["preferredName"]["name"].string, name != "help", name != "version"
            else { return nil }
            return Flag(
                name: name,
                names: (argument["names"].array ?? []).compactMap(\.["name"].string),
                takesValue: argument["kind"].string == "option",
                isRepeating: argument["isRepeating"].bool ?? false,
                defaultValue: argument["defaultValue"].string
            )
        }
    }

    private init(_ flags: [Flag]) { self.flags = flags }

    /// The flags with those of a recipe's settings.
    ///
    /// - Parameter settings: The settings.
    /// - Returns: All of them.
    func adding(_ settings: [Setting]) -> FlagCatalog {
        FlagCatalog(
            flags
                + settings.map { setting in
                    let names = [setting.name] + setting.aliases
                    return Flag(
                        name: setting.flag,
                        names: names.map { $0.replacing("_", with: "-") },
                        takesValue: setting.form != .flag,
                        isRepeating: setting.form == .list || setting.form == .names,
                        defaultValue: setting.defaultValue?.text
                    )
                }
        )
    }

    /// Finds a flag by any of its names.
    ///
    /// - Parameter name: Without dashes.
    subscript(name: String) -> Flag? { flags.first { $0.names.contains(name) } }
}

/// A flag's name as a recipe spells it.
func recipeName(_ flag: String) -> String { flag.replacing("-", with: "_") }
