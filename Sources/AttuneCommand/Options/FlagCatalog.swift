import ArgumentParser
import Attune
import JSON

/// The flags and arguments of a command, taken from its declaration.
///
/// Recipes use the same names.
struct FlagCatalog {
    /// One flag.
    struct Flag {
        /// The name shown in help, without dashes.
        let name: String
        /// All its names, without dashes: the declared ones and those of other programs.
        var names: [String]
        /// Whether the flag takes a value.
        let takesValue: Bool
        /// Whether several values may follow.
        var takesList = false
        /// Whether the flag may be given several times.
        let isRepeating: Bool
        /// Whether a command line without it is an error.
        var isRequired = false
        /// Whether help leaves it out.
        var isHidden = false
        /// The default value; nil if there is none.
        let defaultValue: String?
        /// The name of its value in help.
        var valueName = ""
        /// Its heading in help, if the command declares one.
        var heading: String?
        /// Its help.
        var help = ""
        /// The valid values, if they are names.
        var choices: [String] = []
        /// The setting of a recipe that it sets.
        var setting: Setting?

        /// Whether its value is true or false, and may be left out for true.
        var isTruth: Bool { valueName == Self.truth }

        /// The name of such a value in help.
        static let truth = "true or false"

        /// The flag with its value, as in help: `--seed <seed>`.
        var spelled: String { "--" + name + (takesValue ? " <\(valueName)>" : "") }
    }

    /// A word without a flag that the command takes.
    struct Argument {
        /// Its name in help.
        let name: String
        /// Its help.
        let help: String
        /// Whether it may be left out.
        let isOptional: Bool
        /// Whether several may be given.
        let isRepeating: Bool
    }

    /// The flags in the order of declaration.
    let flags: [Flag]
    /// The arguments without a flag, in order.
    let arguments: [Argument]

    /// Reads the flags of a command, except `--help` and `--version`.
    ///
    /// - Parameter command: The command's type.
    /// - Throws: `JSONError` if the parser's description of the command cannot be read.
    init(of command: any ParsableCommand.Type) throws {
        // The JSON that `--experimental-dump-help` prints.
        let described = try JSONValue.parse(command._dumpHelp().utf8)["command"]["arguments"].array ?? []
        flags = described.compactMap(Flag.init)
        arguments = described.compactMap { argument in
            guard argument["kind"].string == "positional" else { return nil }
            return Argument(
                name: argument["valueName"].string ?? "",
                help: argument["abstract"].string ?? "",
                isOptional: argument["isOptional"].bool ?? false,
                isRepeating: argument["isRepeating"].bool ?? false
            )
        }
    }

    private init(_ flags: [Flag], _ arguments: [Argument]) {
        (self.flags, self.arguments) = (flags, arguments)
    }

    /// The flags with those of a recipe's settings.
    ///
    /// - Parameter settings: The settings.
    /// - Returns: All of them.
    func adding(_ settings: [Setting]) -> FlagCatalog {
        FlagCatalog(flags + settings.map(Flag.init), arguments)
    }

    /// The flags with the names that other programs have for them.
    ///
    /// - Parameter command: The command's path, `attune predict`.
    /// - Returns: The same flags; no name has two of them.
    func addingForeignNames(of command: String) -> FlagCatalog {
        var taken = Set(flags.flatMap(\.names))
        return FlagCatalog(
            flags.map { flag in
                var flag = flag
                let others = ForeignNames.names(of: flag.name, in: command)
                flag.names += others.filter { taken.insert($0).inserted }
                return flag
            },
            arguments
        )
    }

    /// Finds a flag by any of its names.
    ///
    /// - Parameter name: Without dashes, in kebab-case or snake_case.
    subscript(name: String) -> Flag? {
        let name = name.replacing("_", with: "-")
        return flags.first { $0.names.contains(name) }
    }
}

extension FlagCatalog.Flag {
    /// Reads the parser's description of a flag; nil for anything else.
    init?(_ described: JSONValue) {
        guard let name = described["preferredName"]["name"].string, name != "help", name != "version"
        else { return nil }
        let names = (described["names"].array ?? []).compactMap(\.["name"].string)
        let texts = [described["abstract"].string, described["discussion"].string].compactMap(\.self)
        self.init(
            name: name,
            names: names.filter { !$0.contains("_") },
            takesValue: described["kind"].string == "option",
            takesList: described["parsingStrategy"].string == "upToNextOption",
            isRepeating: described["isRepeating"].bool ?? false,
            isRequired: !(described["isOptional"].bool ?? true),
            isHidden: !(described["shouldDisplay"].bool ?? true),
            defaultValue: described["defaultValue"].string,
            valueName: described["valueName"].string ?? "",
            heading: described["sectionTitle"].string,
            help: texts.joined(separator: " "),
            choices: (described["allValues"].array ?? []).compactMap(\.string)
        )
    }

    /// The flag of a recipe's setting.
    init(_ setting: Setting) {
        self.init(
            name: setting.flag,
            names: ([setting.name] + setting.aliases).map { $0.replacing("_", with: "-") },
            takesValue: setting.form != .flag,
            takesList: setting.name == "freeze",
            isRepeating: setting.form == .list || setting.form == .names,
            isRequired: setting.isRequired,
            defaultValue: setting.defaultValue?.text,
            valueName: setting.placeholder,
            heading: setting.section.rawValue,
            help: setting.help,
            choices: setting.choices,
            setting: setting
        )
    }
}

/// A flag's name as a recipe spells it.
func recipeName(_ flag: String) -> String { flag.replacing("-", with: "_") }
