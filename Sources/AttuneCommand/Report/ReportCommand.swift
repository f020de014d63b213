import ArgumentParser
import Attune
import Datasets
import Evaluation
import Files
import Foundation
import JSON
import Reporting

/// `attune report`.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Shows where a trained classifier is wrong, and whether its scores can be believed.",
        discussion: """
            RUN is the output folder of a finished run. The report has the training curves, the confusion matrix, each class's \
            precision and recall with intervals, curves for the choice of a threshold, the calibration of the scores, errors by \
            length, and the rows to look at. It is one page without scripts that loads nothing. Every run \
            writes it at its end; this command writes it again.

            Exit codes: 0; 65 a file of the run is damaged; 66 there is no finished run.
            """
    )

    @Argument(help: ArgumentHelp("The output folder of the run.", valueName: "run"))
    var folder: String

    @Flag(help: "Print the report for a terminal instead of writing a page.")
    var text = false

    @Option(
        help: ArgumentHelp(
            "Write to this file instead of report.html in the run's folder.",
            valueName: "file"
        )
    )
    var output: OutputPath?

    @Option(
        help: ArgumentHelp(
            "Show the texts of the rows to look at. They are found in this dataset; without it the report has no texts.",
            valueName: "path"
        )
    )
    var dataset: String?

    @Option(
        help: ArgumentHelp(
            "The split of the dataset. Default: all rows of a file, train of a folder.",
            valueName: "name"
        )
    )
    var split: String?

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        guard split == nil || dataset != nil else { throw ValidationError("--split needs --dataset") }
    }

    func run() throws {
        try reportingFailure(messages) {
            try requireApart(output, from: [("--dataset", dataset)])
            let place = URL(filePath: folder, directoryHint: .isDirectory)
            let report = RunReportPage(of: place)
            let content = try content(of: report)
            if text {
                guard let output else {
                    return try print(report.text(content, Terminal.outputColumns), terminator: "")
                }
                return try output.write(report.text(content, nil))
            }
            let name: String
            if let output {
                try output.write(report.page(content))
                name = output.name
            } else {
                let file = RunReportPage.file(in: place)
                try writeAtomically(Data(report.page(content).utf8), to: file)
                name =
                    folder.hasSuffix("/")
                    ? folder + file.lastPathComponent : "\(folder)/\(file.lastPathComponent)"
            }
            try printResult("wrote \(name)", ["report": .string(name)], asJSON: messages.json)
        }
    }

    /// The report's content, with texts if a dataset is given.
    private func content(of report: RunReportPage) throws -> ReportContent {
        var content = try report.content()
        guard let dataset, let rows = content.rows else { return content }
        let read = try Dataset(HubPath.dataset(dataset), split: split)
        for warning in read.warnings { writeToStandardError("attune: warning: \(warning)\n") }
        content.texts = try report.texts(in: read, of: rows)
        if content.texts.count < rows.count {
            writeToStandardError(
                "\(dataset) has the texts of \(content.texts.count) of \(counted(rows.count, "evaluated row"))\n"
            )
        }
        return content
    }
}
