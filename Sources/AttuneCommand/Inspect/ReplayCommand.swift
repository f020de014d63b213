import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune replay`.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Replays a step with a NaN or infinite loss or gradient, layer by layer.",
        discussion: """
            A run that stops at such a step writes replay-step-<n>.safetensors to its output folder: the weights before the \
            step, its tokens and labels, and the state of dropout. The file contains the texts' tokens: share it only with \
            people who may see the texts.

            Exit codes: 0 NaN or infinity reproduced, with its origin; 1 not reproduced (with another --precision, that is an \
            answer, too); 65 not a replay file; 66 no such file.
            """
    )

    @Argument(help: ArgumentHelp("The replay file.", valueName: "file"))
    var file: String

    @Option(help: "fp32, tf32 or bf16: the type of matrix products. Default: as in the run.")
    var precision: Precision?

    @Option(help: ArgumentHelp("Write the whole report to this file as JSON.", valueName: "file"))
    var output: OutputPath?

    @Option(
        help: ArgumentHelp(
            "CPU threads. Default: all cores, or the container's share of them.",
            valueName: "count"
        )
    )
    var threads: Int?

    @OptionGroup var device: DeviceOptions

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try reportingFailure(messages) {
            try requireApart(output, from: [("the replay", file)])
            let engine = try Engine(device, threads: threads)
            let (replay, model) = try StepReplay.load(URL(filePath: file), device: engine.device)
            let report = try replay.run(on: model, precision: precision)
            let text = ReplayText(replay: replay, report: report, precision: precision ?? replay.precision)
            let json = JSONValue.object(ReplayJSON(replay: replay, report: report).object).formatted
            // Write the file even if printing fails.
            try output?.write(json)
            try print(messages.json ? json : text.text, terminator: "")
            if report.origin == nil { throw ExitCode.failure }
        }
    }
}
