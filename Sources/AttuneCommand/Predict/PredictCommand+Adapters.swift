import Attune
import JSON

extension PredictCommand {
    /// Predicts with several adapters: each line has an answer for every name.
    ///
    /// - Parameters:
    ///   - inputs: All texts.
    ///   - isLeftOut: Whether each text is left out.
    ///   - adapters: The adapters over one base model.
    ///   - engine: The engine that computes.
    /// - Throws: `FileError` if the lines cannot be written; `TorchError`.
    func predict(
        _ inputs: TextInputs,
        _ isLeftOut: [Bool],
        with adapters: NamedAdapters,
        on engine: Engine
    ) throws {
        let sink: any ByteSink = output.map { FileSink($0.path) } ?? standardOutput(inputs.count)
        let console = Console.current
        if inputs.count > 100 { console.begin(.predict) }
        // A few batches at a time, so that only their answers are in memory.
        let most = 1024
        for start in stride(from: 0, to: inputs.count, by: most) {
            let rows = start..<min(start + most, inputs.count)
            let part = inputs.selecting(rows.filter { !isLeftOut[$0] })
            let answers = try adapters.names.map { name in
                engine.adaptThreads()
                return (name, try self.answers(to: part, adapters.classifier(name)))
            }
            var next = 0
            for row in rows {
                var line: [UInt8] = Array("{".utf8)
                for (place, (name, answers)) in answers.enumerated() {
                    line += ((place > 0 ? ", " : "") + JSONValue.string(name).oneLine + ": ").utf8
                    line += (isLeftOut[row] ? answers.none : answers.lines[next]).dropLast()
                }
                try sink.write(line + Array("}\n".utf8))
                if !isLeftOut[row] { next += 1 }
            }
            if inputs.count > 100 { console.show(.predict, rows.upperBound, of: inputs.count) }
        }
        try sink.close()
        if let output {
            writeToStandardError("wrote \(counted(inputs.count, "prediction")) to \(output.name)\n")
        }
    }

    /// The answers of one classifier as lines, and its line for a text that is left out.
    private func answers(
        to inputs: TextInputs,
        _ classifier: TextClassifier
    ) throws -> (lines: [[UInt8]], none: [UInt8]) {
        var layout = PredictionLayout()
        layout.addsLogits = logits
        let format = PredictionLines(
            labels: classifier.labels,
            problemType: classifier.problemType,
            layout: layout
        )
        let rows = try classifier.logits(
            classifier.encode(inputs),
            batchSize: self.classifier.inference.batchSize,
            maxTokensPerBatch: self.classifier.inference.maxTokensPerBatch,
            matmulDType: self.classifier.inference.precision.choice.matmulDType
        )
        return (classifier.predictions(of: rows).map(format.line), format.noAnswer)
    }
}
