import ArgumentParser
import JSON

/// The flags of a command as its declarations say: the one list of names, which recipes share.
struct FlagCatalog {
    /// One flag.
    struct Flag {
        /// The name that help shows, without dashes.
        let name: String
        /// All its names, without dashes.
        let names: [String]
        /// Whether a value follows.
        let takesValue: Bool
        /// Whether it may be given several times.
        let isRepeating: Bool
        /// What holds where it is not given.
        let defaultValue: String?
    }

    /// In the order of declaration.
    let flags: [Flag]

    /// The flags of a command, `--help` and `--version` excepted.
    ///
    /// - Parameter command: Its type.
    /// - Throws: Where the parser describes the command in a way unknown here.
    init(of command: (some ParsableCommand).Type) throws {
        // The form that `--experimental-dump-help` prints, too.
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

    /// A flag by any of its names.
    ///
    /// - Parameter name: Without dashes.
    subscript(name: String) -> Flag? { flags.first { $0.names.contains(name) } }
}

/// A flag's name as a recipe spells it.
func recipeName(_ flag: String) -> String { flag.replacing("-", with: "_") }
