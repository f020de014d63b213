import ArgumentParser
import Attune
import Export
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

            Attune does not run ONNX files and Core ML packages itself. For these, and with --python also for other models, \
            it prints a Python program that makes the check.
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
            "The largest difference of a score. Default: 0.0001 in float32, 0.05 in 16 bits, 0.25 if quantized or in int8.",
            valueName: "difference"
        )
    )
    var tolerance: Double?

    @Flag(
        help:
            "Print a Python program that makes the same check with transformers, ONNX Runtime, Core ML or llama.cpp, whichever opens the model, and do nothing else."
    )
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
            if let copy = ForeignExport(at: classifier.model) { return try printProgram(for: copy) }
            let place = try classifier.place()
            let folder = against ?? place.first
            let record = try ParityRecord(model: folder)
            guard !python else {
                let runtime = try VerifyingPython.runtime(of: place)
                return try print(program(runtime, record, folder), terminator: "")
            }
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

    /// Prints the program for files that Attune does not run.
    ///
    /// Without `--python` that is an error, because nothing was checked.
    private func printProgram(for copy: ForeignExport) throws {
        let folder = against ?? copy.folder
        let record = try ParityRecord(model: folder)
        let program = try program(.other(copy), record, folder)
        if messages.json, !python {
            let result: JSONObject = [
                "texts": .int(record.rows.count), "within_tolerance": .null, "python": .string(program),
            ]
            try print(JSONValue.object(result).formatted, terminator: "")
        } else {
            try print(program, terminator: "")
        }
        guard !python else { return }
        throw ExportError(
            .unsupported,
            "nothing was checked, because Attune does not run \(copy.contents) itself; save this program with --python > verify.py, "
                + "and run it: python verify.py"
        )
    }

    private func program(
        _ runtime: VerifyingPython.Runtime,
        _ record: ParityRecord,
        _ folder: String
    ) throws(ExportError) -> String {
        guard !VerifyingPython.isSingleFile(folder) else {
            throw ExportError(
                .unsupported,
                "Python cannot read the parity.json in \(folder); give the folder that it was exported from with --against"
            )
        }
        return VerifyingPython(runtime: runtime, recordPlace: folder, record: record, tolerance: tolerance)
            .text
    }
}
