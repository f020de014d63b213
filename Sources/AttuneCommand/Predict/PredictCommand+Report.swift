import Attune
import Files
import Foundation
import JSON

extension PredictCommand {
    /// Prints notes on the rows to standard error.
    ///
    /// - Parameters:
    ///   - result: The number of rows of each kind, and of rows that an earlier run has finished.
    ///   - model: The classifier.
    ///   - reader: Knows the policy for empty texts.
    func report(
        _ result: (counts: BulkPrediction.Counts, finishedRows: Int),
        _ model: TextClassifier,
        _ reader: RowReader
    ) {
        let counts = result.counts
        let isDropped = reader.settings.emptyTexts == .drop
        if let first = counts.firstEmpty {
            writeToStandardError(emptyNote(counts.empty, first: first, isDropped: isDropped))
        }
        let computed = counts.rows - counts.failed - (isDropped ? counts.empty : 0)
        if let note = model.length.cutNote(counts.truncated, of: computed) {
            writeToStandardError(note + "\n")
        }
        if let failure = counts.firstFailure {
            let treatment = bulk.onError == .skip ? "left out" : "written without a label"
            writeToStandardError(
                "attune: warning: \(counted(counts.failed, "row")) could not be predicted and \(counts.failed == 1 ? "is" : "are") "
                    + "\(treatment); the first error: \(failure)\n"
            )
        }
        guard let output else { return }
        if result.finishedRows > 0 {
            writeToStandardError("resumed: \(counted(result.finishedRows, "row")) were predicted before\n")
        }
        let written = counts.rows + result.finishedRows - (bulk.onError == .skip ? counts.failed : 0)
        writeToStandardError("wrote \(counted(written, "prediction")) to \(output.name)\n")
    }

    private func emptyNote(_ count: Int, first: Int, isDropped: Bool) -> String {
        let name = readsStandardInput ? "standard input" : input
        let place = name.map { "\($0): row \(first + 1)" } ?? "text \(first + 1)"
        let found =
            count == 1 ? "\(place) is empty" : "\(count) texts are empty (the first is \(place))"
        return isDropped
            ? "\(found); skipped\n"
            : "attune: warning: \(found); a prediction for an empty text is meaningless; --empty-texts drop skips it\n"
    }

    /// Whether each text is left out because it is empty.
    ///
    /// - Parameters:
    ///   - inputs: The texts.
    ///   - policy: The policy for empty texts.
    /// - Returns: One value per text.
    /// - Throws: `DatasetError` if an empty text is refused.
    func leftOut(of inputs: TextInputs, _ policy: RowPolicy) throws -> [Bool] {
        let empty = inputs.emptyExamples
        var isLeftOut = [Bool](repeating: false, count: inputs.count)
        guard let first = empty.first else { return isLeftOut }
        guard policy != .refuse else {
            let place = input.map { "\($0): row \(first + 1)" } ?? "text \(first + 1)"
            throw DatasetError(
                .badData,
                "\(place) is empty; fill it in, or use --empty-texts drop to skip empty texts"
            )
        }
        writeToStandardError(emptyNote(empty.count, first: first, isDropped: policy == .drop))
        if policy == .drop { for index in empty { isLeftOut[index] = true } }
        return isLeftOut
    }

    /// Everything that determines the bytes of the output.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - place: The place of the model and its adapter.
    ///   - reader: Knows the settings of reading.
    /// - Returns: The manifest of parts and shards.
    /// - Throws: `FileError`, `DatasetError`.
    func manifest(
        _ job: BulkJob,
        _ place: ClassifierPlace,
        _ reader: RowReader
    ) throws -> PredictionManifest {
        let model = job.prediction.classifier
        func json(_ value: Int?) -> JSONValue { value.map(JSONValue.int) ?? .null }
        func json(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }
        let settings: [(String, JSONValue)] = [
            ("text_column", json(reader.settings.textColumn)),
            ("text_pair_column", json(reader.settings.textPairColumn)),
            ("max_length", json(model.lengthLimit)),
            ("long_text", json(model.settings.longText.map { "\($0)" })),
            ("decisions", .bool(model.decisions != nil)),
            ("labels", .array(model.labels.map(JSONValue.string))),
            ("problem_type", .string(model.problemType.rawValue)),
            ("empty_texts", .string(job.prediction.emptyTexts.rawValue)),
            ("batch_size", json(job.prediction.batchSize)),
            ("max_tokens_per_batch", json(job.prediction.maxTokensPerBatch)),
            ("precision", .string(classifier.inference.precision.choice.rawValue)),
            ("weights_dtype", .string("\(classifier.inference.weights.dtype)")),
            ("device", .string("\(model.model.device)")),
            ("input_format", json(bulk.inputFormat?.rawValue)),
            ("keep_columns", json(bulk.keepColumns)), ("id_column", json(bulk.idColumn)),
            ("top_k", json(bulk.topK)), ("threshold", bulk.threshold.map(JSONValue.double) ?? .null),
            ("on_error", .string(bulk.onError.rawValue)),
            ("quantize", json(classifier.quantize?.rawValue)),
        ]
        let base = place.base == place.first ? nil : place.base
        return try PredictionManifest(
            inputs: job.inputFiles ?? [input ?? ""],
            model: [place.first] + [base].compactMap { $0 },
            settings: JSONObject(settings),
            columns: job.layout.columns(for: model.problemType, isTable: job.format.isTable)
                .map { $0.name(for: model.problemType) },
            format: job.format,
            rows: job.range,
            total: job.source.count ?? 0,
            rowsPerPart: job.prediction.windows.rows
        )
    }

    /// Joins the outputs of shards.
    ///
    /// - Throws: `DatasetError` naming a shard that is missing or of another prediction; `FileError`.
    func merge() throws {
        guard let output else { return }
        for part in bulk.merge { try requireApart(output, from: [("--merge", part)]) }
        let rows = try ShardMerge.merge(
            bulk.merge.map { URL(filePath: $0) },
            into: FileSink(output.path),
            as: PredictionFormat(path: output.name)
        )
        writeToStandardError("joined \(counted(rows, "row")) in \(output.name)\n")
    }
}
