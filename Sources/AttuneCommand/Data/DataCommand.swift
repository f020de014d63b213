import ArgumentParser

/// `attune data`.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract:
            "Describes, splits, converts and corrects datasets, and manages the cache of tokenized texts.",
        subcommands: [
            DescribeCommand.self, SplitCommand.self, ConvertCommand.self, ApplyCommand.self,
            CacheCommand.self,
        ]
    )
}
