import ArgumentParser

/// `attune man`, for packages: prints the manual page.
struct ManCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "man",
        abstract: "Prints the manual page attune(1) in troff, for installation as attune.1.",
        shouldDisplay: false
    )

    func run() throws {
        try reportingFailure { try print(ManPage().text, terminator: "") }
    }
}
