import ArgumentParser
import Attune
import Files
import Foundation
import JSON

/// `attune data apply`.
struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Applies the labels that you corrected in a table of `attune errors`.",
        usage: "attune data apply <table> --dataset <path> --output <file>",
        discussion: """
            A changed label replaces the dataset's; a row with an empty label, or with no in the column keep, is removed; all other \
            rows stay as they are. The table may have fewer rows than before. The text of each row must be the dataset's.
            """
    )

    @Argument(help: ArgumentHelp("The edited table of suspects.", valueName: "table"))
    var table: String

    @OptionGroup var data: DatasetOptions

    @Option(
        help: ArgumentHelp(
            "The file to write; its extension selects the format. An existing file is replaced.",
            valueName: "file"
        )
    )
    var output: OutputPath

    @OptionGroup(title: "Messages") var messages: MessageOptions

    private var format: DatasetFormat? {
        DatasetFormat(rawValue: URL(filePath: output.name).pathExtension.lowercased())
    }

    func validate() throws { if format == nil { throw unknownFormat(output) } }

    func run() throws {
        try reportingFailure(messages) {
            guard let format else { return }
            try requireApart(output, from: [("--dataset", data.dataset), ("the table", table)])
            let corrections = try LabelCorrections(rows(of: table))
            let outcome = try corrections.apply(to: data.read())
            if !outcome.newLabels.isEmpty {
                let names = outcome.newLabels.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
                writeToStandardError("attune: warning: no row had these labels before: \(names)\n")
            }
            try outcome.rows.write(to: output.path, as: format)
            try printResult(
                "\(output.name): \(counted(outcome.rows.count, "row")); "
                    + "\(counted(outcome.changed, "label")) changed, \(counted(outcome.removed, "row")) removed",
                [
                    "output": .string(output.name), "rows": .int(outcome.rows.count),
                    "changed": .int(outcome.changed), "removed": .int(outcome.removed),
                    "new_labels": .array(outcome.newLabels.map(JSONValue.string)),
                ],
                asJSON: messages.json
            )
        }
    }
}
