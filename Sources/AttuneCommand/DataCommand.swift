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

/// `attune data describe`.
struct DescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Tells what is in a file of texts before you train on it, and what to do about it."
    )

    @Option(help: .fileOfRows)
    var dataset: String

    @Option(help: ArgumentHelp("The column that holds the texts.", valueName: "name"))
    var textColumn: String

    @Option(help: ArgumentHelp("The column that holds the labels' names.", valueName: "name"))
    var labelColumn: String?

    @Flag(help: "One JSON object instead of text.")
    var json = false

    func run() throws {
        try reportingFailure {
            let data = try Dataset(dataset)
            let description = try DatasetDescription(data, textColumn: textColumn, labelColumn: labelColumn)
            print(
                json
                    ? object(description).formatted
                    : text(description, columns: data.columnNames, leftOut: data.leftOutColumns),
                terminator: ""
            )
        }
    }

    private func text(_ description: DatasetDescription, columns: [String], leftOut: [String]) -> String {
        var text = "\(description.rows) rows; columns \(columns.joined(separator: ", "))\n"
        if !leftOut.isEmpty {
            text += "left out, as they hold lists or nested values: \(leftOut.joined(separator: ", "))\n"
        }
        if !description.lengths.isEmpty {
            let l = description.lengths
            text +=
                "characters of a text: \(l[0]) to \(l[4]), half of them \(l[1]) to \(l[3]), median \(l[2])\n"
        }
        let most = max(description.labels.first?.count ?? 1, 1)
        let width = min(description.labels.map(\.name.count).max() ?? 0, 30)
        if !description.labels.isEmpty { text += "\n" }
        for label in description.labels.prefix(60) {
            let name = label.name.padding(toLength: width, withPad: " ", startingAt: 0)
            let bar = String(repeating: "█", count: max(1, label.count * 40 / most))
            text += "\(name)  \(bar) \(label.count)\n"
        }
        if description.labels.count > 60 { text += "… and \(description.labels.count - 60) more labels\n" }
        let advice = description.advice
        text += advice.isEmpty ? "\nnothing to mend\n" : "\nto mend:\n" + advice.map { "- \($0)\n" }.joined()
        return text
    }

    private func object(_ description: DatasetDescription) -> JSONValue {
        .object([
            "rows": .int(description.rows),
            "labels": .object(JSONObject(description.labels.map { ($0.name, .int($0.count)) })),
            "missing_labels": .int(description.missingLabels), "empty_texts": .int(description.emptyTexts),
            "text_length_quartiles": .array(description.lengths.map(JSONValue.int)),
            "duplicate_texts": .int(description.duplicateTexts),
            "conflicting_texts": .int(description.conflictingTexts),
            "similar_labels": .array(description.similarLabels.map { .array($0.map(JSONValue.string)) }),
            "advice": .array(description.advice.map(JSONValue.string)),
        ])
    }
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
