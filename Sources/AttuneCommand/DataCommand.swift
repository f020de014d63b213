import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune data`.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Looks at rows of texts, divides and converts them.",
        subcommands: [DescribeCommand.self, SplitCommand.self, ConvertCommand.self, CacheCommand.self]
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
