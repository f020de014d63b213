import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune data`.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Looks at rows of texts and divides them.",
        subcommands: [DescribeCommand.self, SplitCommand.self]
    )
}

/// `attune data split`.
struct SplitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract:
            "Divides rows into train and test, the same rows as the Python datasets library for the same seed."
    )

    @Option(help: .fileOfRows)
    var dataset: String

    @Option(help: ArgumentHelp("A share or a number of the rows to keep first.", valueName: "size"))
    var sample: Double?

    @Option(help: "Seed of the sample.")
    var sampleSeed: UInt64 = 0

    @Option(help: ArgumentHelp("A share (0.2) or a number (500) of the rows.", valueName: "size"))
    var testSize: Double

    @Option(help: ArgumentHelp("Keep this column's shares in both parts.", valueName: "column"))
    var stratifyBy: String?

    @Option(help: "Seed of the split.")
    var seed: UInt64 = 42

    @Option(help: ArgumentHelp("Where train and test go.", valueName: "folder"))
    var outputDir: String

    @Option(help: "csv, tsv, jsonl, parquet or arrow.")
    var format = DatasetFormat.jsonl

    func run() throws {
        try reportingFailure {
            var data = try Dataset(dataset)
            if let sample {
                data = try data.sample(HeldOptions.size(sample), stratifyBy: stratifyBy, seed: sampleSeed)
            }
            let parts = try data.trainTestSplit(
                testSize: HeldOptions.size(testSize),
                stratifyBy: stratifyBy,
                seed: seed
            )
            let folder = URL(filePath: outputDir, directoryHint: .isDirectory)
            for (name, part) in [("train", parts.train), ("test", parts.test)] {
                let url = folder.appending(path: "\(name).\(format.rawValue)")
                try part.write(to: url, as: format)
                print("\(url.path(percentEncoded: false)): \(part.count) rows")
            }
        }
    }
}
