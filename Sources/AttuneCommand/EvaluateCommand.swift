import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune evaluate`.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measures a saved classifier on labelled texts.",
        usage: """
            attune evaluate [<options>] --model <model> --dataset <path> --text-column <name> --label-column <name>
            """
    )

    @OptionGroup(title: "Model and data") var source: SourceOptions

    @Option(help: ArgumentHelp("Write the numbers here as JSON.", valueName: "file"))
    var output: String?

    @Option(help: "fp32, tf32 or bf16: the type of matrix products.")
    var precision = Precision.fp32

    @OptionGroup var device: DeviceOptions
    @OptionGroup var weights: WeightsOptions

    func run() throws {
        try reportingFailure {
            // Columns are looked for before the model is read.
            let columns =
                [source.textColumn] + [source.textPairColumn].compactMap { $0 } + source.labels.columns
            let data = try source.data.read().selectColumns(
                columns.enumerated().filter { !columns[..<$0.offset].contains($0.element) }.map(\.element)
            )
            var options = SequenceClassifier.LoadOptions()
            options.device = try device.resolved()
            options.problemType = source.labels.problemType
            options.weightsDType = weights.dtype
            options.mapsWeights = true
            TensorHeap.adopt()
            let (classifier, report) = try TextClassifier.load(
                HubDoor.model(source.model),
                options: options,
                maxLength: source.maxLength
            )
            guard report.fresh.isEmpty else { throw ModelError.untrained(source.model) }
            let rows = try LabelledTexts(
                data,
                textColumn: source.textColumn,
                textPairColumn: source.textPairColumn,
                labelColumns: source.labels.columns,
                problemType: classifier.problemType
            )
            let examples = classifier.encode(
                rows.inputs,
                targets: try rows.targets(among: classifier.labels)
            )
            var line = ProgressLine()
            let record = try Training.evaluate(
                classifier,
                on: examples,
                precision: precision,
                withIntervals: true
            ) { done in
                line.show({ "evaluating \(done)/\(examples.count)" }, isLast: done == examples.count)
                return true
            }
            line.close()
            guard let record else { return }
            print(String(format: "on %d texts: loss %.4f\n", examples.count, record.loss))
            print(record.metrics.table(labels: classifier.labels), terminator: "")
            if let output {
                try writeAtomically(
                    Data(JSONValue.object(record.results).formatted.utf8),
                    to: URL(filePath: output)
                )
            }
        }
    }
}

extension ModelError {
    /// A base model has no head to ask.
    static func untrained(_ path: String) -> ModelError {
        ModelError(
            .unsupported,
            "\(path) is a base model without a classification head; train one first with `attune train`"
        )
    }
}
