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

            A classifier of one label says {"label": …, "score": …, "scores": {…}}; one of several labels \
            {"labels": […], "scores": {…}} with those above 0.5; a regression {"score": …}, the number.
            """
    )

    @Option(
        help: ArgumentHelp(
            "A folder that `attune train` saved, or an id of the Hub: org/name[@revision].",
            valueName: "model"
        )
    )
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
    @OptionGroup var weights: WeightsOptions

    @Option(
        help: ArgumentHelp(
            "single-label, multi-label or regression, where the model's config.json does not say or is wrong.",
            valueName: "type"
        )
    )
    var problemType: ProblemType?

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
            options.problemType = problemType
            options.weightsDType = weights.dtype
            options.mapsWeights = true
            TensorHeap.adopt()
            let (classifier, report) = try TextClassifier.load(HubDoor.model(model), options: options)
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
            let lines = classifier.predictions(of: rows).map {
                Self.object($0, classifier.labels, logits: logits)
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
        let scores = JSONValue.object(JSONObject(zip(labels, prediction.scores).map { ($0, .double($1)) }))
        var object: JSONObject
        switch prediction.problemType {
        case .singleLabel:
            object = [
                "label": .string(prediction.label), "score": .double(prediction.score), "scores": scores,
            ]
        case .multiLabel:
            object = ["labels": .array(prediction.labels.map(JSONValue.string)), "scores": scores]
        case .regression: object = ["score": .double(prediction.score)]
        }
        if logits { object["logits"] = .array(prediction.logits.map { .number("\($0)") }) }
        return object
    }
}
