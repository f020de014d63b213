import ArgumentParser

/// `--quiet`, `--verbose` and `--json`: the messages of a command on standard error.
struct MessageOptions: ParsableArguments {
    @Flag(help: "Show only results and errors.")
    var quiet = false

    @Flag(help: "Show every number of log rows and evaluations, and the time of every phase.")
    var verbose = false

    @Flag(help: "Print the result as JSON, and progress, notes and errors as JSON lines on standard error.")
    var json = false

    func validate() throws {
        if quiet, verbose { throw ValidationError("--quiet and --verbose exclude each other") }
    }

    /// A console for these options.
    var console: Console {
        Console(json ? .json : nil, quiet ? .quiet : verbose ? .verbose : .normal)
    }
}
