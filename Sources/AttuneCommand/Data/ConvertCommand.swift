import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune data convert`.
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Converts a file, a folder or a pattern into one file of another format."
    )

    @OptionGroup var data: DatasetOptions

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Only these columns, in this order.", valueName: "column")
    )
    var columns: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Write these columns as class ids.", valueName: "column")
    )
    var classEncode: [String] = []

    @Option(
        help: ArgumentHelp(
            "Columns of 0 and 1, one per class, to combine into one column of labels. Quote a name with a comma.",
            valueName: "a,b,c"
        )
    )
    var labelColumns: [String] = []

    @Option(help: ArgumentHelp("The name of the combined column of labels.", valueName: "name"))
    var labelsName = "labels"

    @Option(
        help: ArgumentHelp(
            "The file to write; its extension selects the format. An existing file is replaced.",
            valueName: "file"
        )
    )
    var output: OutputPath

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        guard format != nil else {
            let known = DatasetFormat.allCases.map { ".\($0.rawValue)" }.joined(separator: ", ")
            throw ValidationError("--output \(output.name): the extension must be one of \(known)")
        }
    }

    private var format: DatasetFormat? {
        DatasetFormat(rawValue: URL(filePath: output.name).pathExtension.lowercased())
    }

    func run() throws {
        try reportingFailure(messages) {
            guard let format else { return }
            try requireApart(output, from: [("--dataset", data.dataset)])
            var rows = try data.read()
            if !labelColumns.isEmpty {
                rows = try rows.combineLabelColumns(labelColumns.flatMap(listed), into: labelsName)
            }
            if !columns.isEmpty { rows = try rows.selectColumns(columns) }
            for column in classEncode { rows = try rows.classEncodeColumn(column) }
            let leftOut = rows.nestedColumns.filter { rows.leftOutColumns.contains($0.name) }
            if !leftOut.isEmpty {
                let listed = leftOut.map(\.description).joined(separator: ", ")
                writeToStandardError(
                    "attune: warning: columns left out because they hold nested values: \(listed)\n"
                )
            }
            try rows.write(to: output.path, as: format)
            try printResult(
                "\(output.name): \(counted(rows.count, "row"))",
                ["output": .string(output.name), "rows": .int(rows.count)],
                asJSON: messages.json
            )
        }
    }
}
