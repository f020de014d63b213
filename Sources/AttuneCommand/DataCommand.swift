import ArgumentParser

/// `attune data`.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Looks at rows of texts, divides and converts them.",
        subcommands: [DescribeCommand.self, SplitCommand.self, ConvertCommand.self, CacheCommand.self]
    )
}
