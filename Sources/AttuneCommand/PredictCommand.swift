import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune predict`.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Classifies texts: one JSON object a line, in the order of the texts.",
        discussion: """
            attune predict --model runs/tweets --text "Thank you, Ohio!" --text "Register to vote today"
            attune predict --model runs/tweets --input new.csv --text-column text --output labels.jsonl
            """
    )

    @Option(help: ArgumentHelp("A folder that `attune train` saved.", valueName: "model"))
    var model: String

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A text; may be given several times.", valueName: "text")
    )
    var text: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("The text that belongs with each --text, for pairs.", valueName: "text")
    )
    var textPair: [String] = []

    @Option(help: ArgumentHelp("A file of rows instead.", valueName: "file"))
    var input: String?

    @Option(help: ArgumentHelp("The column that holds the texts.", valueName: "name"))
    var textColumn = "text"

    @Option(help: .textPairColumn)
    var textPairColumn: String?

    @Option(help: ArgumentHelp("Write here instead of to standard output.", valueName: "file"))
    var output: String?

    @OptionGroup var device: DeviceOptions

    @Flag(help: "Add the logits, in full float32 precision.")
    var logits = false

    func validate() throws {
        guard text.isEmpty != (input == nil) else { throw ValidationError("give either --text or --input") }
        guard textPair.isEmpty || textPair.count == text.count else {
            throw ValidationError("give a --text-pair for each --text, or none")
        }
    }

    func run() throws {
        try reportingFailure {
            let inputs = try inputs()
            var options = SequenceClassifier.LoadOptions()
            options.device = try device.resolved()
            Runtime.keepFreedMemory()
            let (classifier, report) = try TextClassifier.load(model, options: options)
            guard report.fresh.isEmpty else {
                throw ModelError.untrained(model)
            }
            var line = ProgressLine()
            let rows = try classifier.logits(classifier.encode(inputs)) { done in
                if inputs.count > 100 {
                    line.show({ "classified \(done)/\(inputs.count)" }, isLast: done == inputs.count)
                }
                return true
            }
            line.close()
            let lines = rows.map { row in
                Self.object(
                    Prediction(logits: row, labels: classifier.labels),
                    classifier.labels,
                    logits: logits
                )
            }
            let text = lines.map { JSONValue.object($0).oneLineInOrder + "\n" }.joined()
            if let output {
                try writeAtomically(Data(text.utf8), to: URL(filePath: output))
                writeToStandardError("wrote \(lines.count) predictions to \(output)\n")
            } else {
                print(text, terminator: "")
            }
        }
    }

    private func inputs() throws -> TextInputs {
        guard let input else { return TextInputs(text, seconds: textPair.isEmpty ? nil : textPair) }
        let rows = try Dataset(input).loaded(columns: [textColumn] + [textPairColumn].compactMap { $0 })
        func texts(_ column: String) throws -> [String] { try rows.strings(column).map { $0 ?? "" } }
        return TextInputs(try texts(textColumn), seconds: try textPairColumn.map(texts))
    }

    static func object(_ prediction: Prediction, _ labels: [String], logits: Bool) -> JSONObject {
        var object: JSONObject = [
            "label": .string(prediction.label), "score": .double(prediction.score),
            "scores": .object(JSONObject(zip(labels, prediction.scores).map { ($0, .double($1)) })),
        ]
        if logits { object["logits"] = .array(prediction.logits.map { .number("\($0)") }) }
        return object
    }
}
