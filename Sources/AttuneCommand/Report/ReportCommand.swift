import ArgumentParser
import Attune
import Files
import Foundation
import JSON

/// `attune report`.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Shows where a trained classifier is wrong, and whether its scores can be believed.",
        discussion: """
            RUN is the output folder of a finished run. The report has the training curves, the confusion matrix, each class's \
            precision and recall with intervals, curves for the choice of a threshold, the calibration of the scores, errors by \
            length, and the rows to look at. It is one page without scripts that loads nothing, and has no texts. Every run \
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

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try reportingFailure(messages) {
            let place = URL(filePath: folder, directoryHint: .isDirectory)
            let report = RunReportPage(of: place)
            if text {
                let content = try report.content()
                guard let output else {
                    return try print(report.text(content, Terminal.outputColumns), terminator: "")
                }
                return try output.write(report.text(content, nil))
            }
            let name: String
            if let output {
                try output.write(report.page(try report.content()))
                name = output.name
            } else {
                try RunReportPage.write(in: place)
                name = RunReportPage.file(in: place).path(percentEncoded: false)
            }
            try printResult("wrote \(name)", ["report": .string(name)], asJSON: messages.json)
        }
    }
}
