import ArgumentParser
import Attune
import Foundation

/// `attune data convert`.
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Writes rows in another format: one file from a file, a folder or a pattern.",
        discussion: """
            attune data convert --dataset posts.csv.gz --output posts.parquet
            attune data convert --dataset 'logs/*.jsonl' \\
              --columns text label --output all.csv
            """
    )

    @OptionGroup var data: DatasetOptions

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Only these columns, in this order.", valueName: "column")
    )
    var columns: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Write these columns as ids of classes.", valueName: "column")
    )
    var classEncode: [String] = []

    @Option(
        help: ArgumentHelp(
            "Columns of 0 and 1, one a class, that become one column of labels; a name with a comma is quoted.",
            valueName: "a,b,c"
        )
    )
    var labelColumns: [String] = []

    @Option(help: ArgumentHelp("The name of that column.", valueName: "name"))
    var labelsName = "labels"

    @Option(
        help: ArgumentHelp(
            "The file to write; its ending tells the format. One that is there is replaced.",
            valueName: "file"
        )
    )
    var output: OutputPath

    func validate() throws {
        guard format != nil else {
            let known = DatasetFormat.allCases.map { ".\($0.rawValue)" }.joined(separator: ", ")
            throw ValidationError("--output \(output.name): its ending must be one of \(known)")
        }
    }

    private var format: DatasetFormat? {
        DatasetFormat(rawValue: URL(filePath: output.name).pathExtension.lowercased())
    }

    func run() throws {
        try reportingFailure {
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
                writeToStandardError("attune: warning: left out, as they hold nested values: \(listed)\n")
            }
            try rows.write(to: output.path, as: format)
            try print("\(output.name): \(counted(rows.count, "row"))")
        }
    }
}
