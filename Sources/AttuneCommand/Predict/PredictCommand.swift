import ArgumentParser
import Attune
import Foundation

/// `attune predict`.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Classifies texts. Prints one JSON object per line, in the order of the texts.",
        discussion: """
            A single-label classifier prints {"label": …, "score": …, "scores": {…}}; a multi-label classifier prints \
            {"labels": […], "scores": {…}} with the labels above 0.5; a regression prints {"score": …} with the number. An \
            empty text that is left out prints {"label": null}, so that there is one line per text. With several --adapter-name, \
            a line has such an object for each name.

            Columns and maximum length are as in training (attune.json in the model's folder), unless given here.
            """
    )

    @OptionGroup var classifier: ClassifierOptions

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A text; may be given several times.", valueName: "text")
    )
    var text: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("The second text of the pair, for each --text.", valueName: "text")
    )
    var textPair: [String] = []

    @Option(help: ArgumentHelp("Read texts from this file of rows instead.", valueName: "file"))
    var input: String?

    @Option(
        help: ArgumentHelp(
            "Write to this file instead of standard output; an existing file is replaced.",
            valueName: "file"
        )
    )
    var output: OutputPath?

    @Flag(help: "Add the logits, in full float32 precision.")
    var logits = false

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        guard text.isEmpty != (input == nil) else { throw ValidationError("give either --text or --input") }
        guard textPair.isEmpty || textPair.count == text.count else {
            throw ValidationError("give one --text-pair for each --text, or none at all")
        }
    }

    func run() throws {
        try reportingFailure(messages) {
            try requireApart(output, from: [("--input", input)])
            if let output, [".csv", ".tsv", ".tab"].contains(where: output.name.lowercased().hasSuffix) {
                writeToStandardError(
                    "attune: warning: \(output.name) receives one JSON object per line; name it .jsonl\n"
                )
            }
            let place = try classifier.place()
            let reader = try RowReader(model: place.first, told: classifier.told)
            let inputs = try inputs(reader)
            let isLeftOut = try leftOut(of: inputs, reader.settings.emptyTexts ?? .keep)
            let engine = try classifier.engine()
            guard place.adapters.count < 2 else {
                let adapters = try classifier.loadAdapters(place, on: engine)
                return try predict(inputs, isLeftOut, with: adapters, on: engine)
            }
            let model = try classifier.load(place, on: engine)
            let examples = model.encode(inputs.selecting(isLeftOut.indices.filter { !isLeftOut[$0] }))
            if let note = model.length.cutNote(examples.encodings.truncatedCount, of: examples.count) {
                writeToStandardError(note + "\n")
            }
            let format = PredictionFormat(
                labels: model.labels,
                problemType: model.problemType,
                withLogits: logits
            )
            let lines = PredictionOutput(output)
            var row = 0
            func addLeftOut() throws {
                while row < isLeftOut.count, isLeftOut[row] {
                    try lines.add(format.noAnswer)
                    row += 1
                }
            }
            let console = Console.current
            if inputs.count > 100 { console.begin(.predict) }
            let width = model.labels.count
            // Write each batch's answers immediately: with thousands of labels, all answers would take gigabytes.
            try model.forEachBatch(
                of: examples,
                batchSize: classifier.inference.batchSize,
                maxTokensPerBatch: classifier.inference.maxTokensPerBatch,
                matmulDType: classifier.inference.precision.choice.matmulDType
            ) { texts, values in
                engine.adaptThreads()
                for start in stride(from: 0, to: values.count, by: width) {
                    try addLeftOut()
                    let answers = model.predictions(of: [Array(values[start..<start + width])])
                    for answer in answers { try lines.add(format.line(answer)) }
                    row += 1
                }
                if inputs.count > 100 {
                    console.show(.predict, texts.upperBound, of: examples.count)
                }
                return true
            }
            try addLeftOut()
            try lines.close()
            if let output {
                writeToStandardError("wrote \(counted(isLeftOut.count, "prediction")) to \(output.name)\n")
            }
        }
    }

    private func inputs(_ reader: RowReader) throws -> TextInputs {
        if let input { return try reader.inputs(of: rows(of: input)) }
        if reader.readsPairs, textPair.isEmpty {
            writeToStandardError(
                "attune: warning: the model was trained on pairs of texts; give the second texts with --text-pair\n"
            )
        }
        return TextInputs(text, pairedTexts: textPair.isEmpty ? nil : textPair)
    }

    /// Whether each text is left out because it is empty.
    private func leftOut(of inputs: TextInputs, _ policy: RowPolicy) throws -> [Bool] {
        let empty = inputs.emptyExamples
        var isLeftOut = [Bool](repeating: false, count: inputs.count)
        guard let first = empty.first else { return isLeftOut }
        let place = input.map { "\($0): row \(first + 1)" } ?? "text \(first + 1)"
        let found =
            empty.count == 1 ? "\(place) is empty" : "\(empty.count) texts are empty (the first is \(place))"
        switch policy {
        case .refuse:
            throw DatasetError(
                .badData,
                "\(found); fill it in, or use --empty-texts drop to skip empty texts"
            )
        case .drop:
            for index in empty { isLeftOut[index] = true }
            writeToStandardError("\(found); skipped\n")
        case .keep:
            writeToStandardError(
                "attune: warning: \(found); a prediction for an empty text is meaningless; --empty-texts drop skips it\n"
            )
        }
        return isLeftOut
    }
}
