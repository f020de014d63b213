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

    @Option(help: ArgumentHelp("A file of rows instead.", valueName: "file"))
    var input: String?

    @Option(help: ArgumentHelp("The column that holds the texts.", valueName: "name"))
    var textColumn = "text"

    @Option(help: ArgumentHelp("Write here instead of to standard output.", valueName: "file"))
    var output: String?

    @OptionGroup var device: DeviceOptions

    @Flag(help: "Add the logits, in full float32 precision.")
    var logits = false

    func validate() throws {
        guard text.isEmpty != (input == nil) else { throw ValidationError("give either --text or --input") }
    }

    func run() throws {
        try reportingFailure {
            let texts = try inputTexts()
            var options = SequenceClassifier.LoadOptions()
            options.device = try device.resolved()
            Runtime.keepFreedMemory()
            let (classifier, report) = try TextClassifier.load(model, options: options)
            guard report.fresh.isEmpty else {
                throw ModelError.untrained(model)
            }
            var line = ProgressLine()
            let rows = try classifier.logits(classifier.encode(texts)) { done in
                if texts.count > 100 {
                    line.show({ "classified \(done)/\(texts.count)" }, isLast: done == texts.count)
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

    private func inputTexts() throws -> [String] {
        guard let input else { return text }
        return try Dataset(input).strings(textColumn).map { $0 ?? "" }
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
