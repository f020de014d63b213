import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune replay`.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Takes a step again whose loss or gradients were no numbers, layer by layer.",
        discussion: """
            A run that stops at such a step leaves replay-step-<n>.safetensors in its output folder: the weights of that \
            moment, the step's tokens and labels, and where dropout stood. It holds the texts' tokens: share it as you \
            would share the texts.

              attune replay runs/tweets/replay-step-12.safetensors
              attune replay runs/tweets/replay-step-12.safetensors --precision fp32

            Exit codes: 0 numbers were lost again, and it is said where; 1 none was lost this time (with another \
            --precision, that is an answer too); 65 not a replay file; 66 no such file.
            """
    )

    @Argument(help: ArgumentHelp("What the run left.", valueName: "file"))
    var file: String

    @Option(help: "fp32, tf32 or bf16 instead of the run's own type of matrix products.")
    var precision: Precision?

    @Option(help: ArgumentHelp("Write everything here as JSON.", valueName: "file"))
    var output: OutputPath?

    @Option(
        help: ArgumentHelp(
            "CPU threads. Default: all cores, or a container's share of them.",
            valueName: "count"
        )
    )
    var threads: Int?

    @OptionGroup var device: DeviceOptions

    func run() throws {
        try reportingFailure {
            try requireApart(output, from: [("the replay", file)])
            let engine = try Engine(device, threads: threads)
            let (replay, model) = try StepReplay.load(URL(filePath: file), device: engine.device)
            let report = try replay.run(on: model, precision: precision)
            let text = ReplayText(replay: replay, report: report, precision: precision ?? replay.precision)
            // The file is written even if standard output cannot be.
            try output?.write(JSONValue.object(ReplayJSON(replay: replay, report: report).object).formatted)
            try print(text.text, terminator: "")
            if report.origin == nil { throw ExitCode.failure }
        }
    }
}
