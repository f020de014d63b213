import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune verify`.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks that a saved model still gives the answers that it gave after training.",
        discussion: """
            `attune train` writes parity.json next to the model: 32 neutral texts that come with the program, and the \
            model's logits. This command computes the logits again, wherever the model was copied, and in any number type. It \
            exits with 65 if a difference is larger than the number type explains. A merged or quantized copy is compared with \
            the original's parity.json by --against.
            """
    )

    @OptionGroup var classifier: ClassifierOptions

    @Option(
        help: ArgumentHelp(
            "The folder with the parity.json to compare with. Default: the model's folder.",
            valueName: "folder"
        )
    )
    var against: String?

    @Option(
        help: ArgumentHelp(
            "The largest difference of a score. Default: 0.0001 in float32, 0.05 in bfloat16, 0.25 if quantized.",
            valueName: "difference"
        )
    )
    var tolerance: Double?

    @Flag(help: "Print a Python program that makes the same check with transformers, and do nothing else.")
    var python = false

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        if let tolerance, !(tolerance > 0) { throw ValidationError("--tolerance must be above 0") }
        guard classifier.adapterName.count < 2 else {
            throw ValidationError("--adapter-name: give one adapter to verify")
        }
    }

    func run() throws {
        try reportingFailure(messages) {
            let place = try classifier.place()
            let folder = against ?? place.first
            guard !python else {
                return try print(VerifyingPython(model: place, record: folder).text, terminator: "")
            }
            let record = try ParityRecord(model: folder)
            let model = try classifier.load(place, on: classifier.engine())
            let precision = classifier.inference.precision.choice
            let report = try record.compare(
                model,
                matmulDType: precision.matmulDType,
                tolerance: tolerance.map { ParityReport.Tolerance(logits: nil, scores: $0) }
            )
            if messages.json {
                try print(VerifyingText.json(report).formatted, terminator: "")
            } else {
                try printFolded(VerifyingText.text(report))
            }
            guard report.isWithinTolerance else { throw ExitCode.badData }
        }
    }
}
