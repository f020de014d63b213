import ArgumentParser

/// The parts of a command's help besides the texts of its flags.
struct HelpGuide {
    /// A command line that does something useful.
    struct Example {
        /// Its purpose, in a few words.
        let purpose: String
        /// The command line, in one line.
        let command: String

        init(_ purpose: String, _ command: String) { (self.purpose, self.command) = (purpose, command) }
    }

    /// At least two command lines.
    var examples: [Example] = []
    /// The names of the flags that most users need, without dashes.
    ///
    /// Settings of a recipe declare it themselves, unless most users of this command only need them.
    var common: [String] = []
    /// Headings of other flags, and the names of the flags under them.
    ///
    /// Settings of a recipe declare theirs.
    var headings: [(title: String, flags: [String])] = []
}

/// A command with examples in its help.
protocol GuidedCommand: ParsableCommand {
    /// The examples, common flags and headings.
    static var guide: HelpGuide { get }
}
