import ArgumentParser
import Attune
import Files
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

            An --output that ends in .csv, .tsv or .parquet gets the columns of the input, followed by label and score. \
            --input - reads standard input, and so does a pipe without --input and --text. Cells that begin with =, +, - or @ \
            are written as they are; a spreadsheet may take them for formulas.

            A large .jsonl, .csv or .tsv file without --output is read row by row: the first answers come at once, and a row that \
            cannot be read ends the run after the answers to the rows before it.

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

    @Option(
        help: ArgumentHelp(
            "Read texts from this file of rows instead; - for standard input.",
            valueName: "file"
        )
    )
    var input: String?

    @Option(
        help: ArgumentHelp(
            "Write to this file (.jsonl, .csv, .tsv or .parquet) instead of standard output; an existing file is replaced.",
            valueName: "file"
        )
    )
    var output: OutputPath?

    @Flag(help: "Add the logits, in full float32 precision.")
    var logits = false

    @OptionGroup var bulk: BulkOptions

    @OptionGroup(title: "Messages") var messages: MessageOptions

    /// Whether texts come from standard input.
    var readsStandardInput: Bool {
        input == "-" || input == nil && text.isEmpty && StandardStreams.hasInput
    }

    func validate() throws {
        guard bulk.merge.isEmpty else {
            guard text.isEmpty, input == nil, bulk.shard == nil, !bulk.resume, classifier.model.isEmpty else {
                throw ValidationError("--merge takes only the outputs of shards and --output")
            }
            guard output != nil else { throw ValidationError("--merge needs --output") }
            return
        }
        guard text.isEmpty || input == nil, readsStandardInput || text.isEmpty != (input == nil) else {
            throw ValidationError("give either --text or --input")
        }
        guard textPair.isEmpty || textPair.count == text.count else {
            throw ValidationError("give one --text-pair for each --text, or none at all")
        }
        for (flag, isGiven) in [("--resume", bulk.resume), ("--shard", bulk.shard != nil)] where isGiven {
            guard let output, output.path.isText else { throw ValidationError("\(flag) needs --output") }
            guard !readsStandardInput, input != nil else {
                throw ValidationError("\(flag) needs --input with a file: other rows cannot be read again")
            }
        }
    }

    func run() throws {
        try reportingFailure(messages) {
            guard bulk.merge.isEmpty else { return try merge() }
            try requireApart(output, from: [("--input", input == "-" ? nil : input)])
            let format = try output.map { try PredictionFormat(path: $0.name) } ?? .jsonl
            let place = try classifier.place()
            let reader = try RowReader(model: place.first, told: classifier.told)
            guard place.adapters.count < 2 else { return try predictWithAdapters(place, reader, format) }
            let layout = try bulk.layout(addsLogits: logits)
            let (source, features) = try source(reader, layout, format)
            let engine = try classifier.engine()
            let model = try classifier.load(place, on: engine)
            if bulk.threshold != nil, model.problemType == .regression {
                throw ValidationError("--threshold: the model predicts a number, not labels")
            }
            var prediction = BulkPrediction(model)
            prediction.batchSize = classifier.inference.batchSize
            prediction.maxTokensPerBatch = classifier.inference.maxTokensPerBatch
            prediction.matmulDType = classifier.inference.precision.choice.matmulDType
            prediction.emptyTexts = reader.settings.emptyTexts ?? .keep
            prediction.errors = bulk.onError
            prediction.isRowByRow = readsStandardInput && (bulk.flush || StandardStreams.isTyped)
            var job = BulkJob(prediction, source, format: format, layout: layout)
            (job.features, job.shard) = (features, bulk.shard)
            let total = source.count.map { _ in job.range.count }
            let stream = output == nil ? standardOutput(total) : nil
            let console = Console.current
            let isLong = total.map { $0 > 100 } ?? !prediction.isRowByRow
            // For a few texts the comparison would take longer than their predictions.
            if isLong { _ = try classifier.quantizationEffect(on: model, place) }
            if isLong { console.begin(.predict) }
            job.progress = { done in
                engine.adaptThreads()
                try stream?.requireReader()
                // The rows of a large file are counted after the first answers.
                if isLong { console.show(.predict, done, of: total ?? source.count) }
            }
            try report(predict(job, to: stream, place, reader), model, reader)
        }
    }

    /// Runs a job.
    ///
    /// - Returns: The number of rows of each kind, and of rows that an earlier run has finished.
    private func predict(
        _ job: BulkJob,
        to stream: StandardOutputSink?,
        _ place: ClassifierPlace,
        _ reader: RowReader
    ) throws -> (counts: BulkPrediction.Counts, finishedRows: Int) {
        guard let output else {
            return (try job.run(to: stream ?? standardOutput(nil)), 0)
        }
        let sink = FileSink(output.path)
        guard bulk.resume || bulk.shard != nil else { return (try job.run(to: sink), 0) }
        let manifest = try manifest(job, place, reader)
        let file = URL(filePath: output.name)
        guard bulk.resume else {
            let counts = try job.run(to: sink)
            try job.describeShard(file, manifest)
            return (counts, 0)
        }
        return try job.resume(file, manifest, to: sink)
    }

    /// Standard output as a receiver of lines.
    ///
    /// - Parameter totalLines: The number of lines to come; nil if it is unknown.
    /// - Returns: The receiver, which removes the progress line before it writes.
    func standardOutput(_ totalLines: Int?) -> StandardOutputSink {
        let console = Console.current
        return StandardOutputSink(totalLines: totalLines) { console.close() }
    }

    /// The rows to predict, and the columns that all windows of them have.
    private func source(
        _ reader: RowReader,
        _ layout: PredictionLayout,
        _ format: PredictionFormat
    ) throws -> (any RowSource, [(name: String, feature: Feature)]?) {
        if readsStandardInput {
            return (
                try RecordSource(
                    standardInput: bulk.inputFormat,
                    reader: reader,
                    endsAtFailures: bulk.onError == .fail
                ), nil
            )
        }
        guard let input else {
            if reader.readsPairs, textPair.isEmpty {
                writeToStandardError(
                    "attune: warning: the model was trained on pairs of texts; give the second texts with --text-pair\n"
                )
            }
            let inputs = TextInputs(text, pairedTexts: textPair.isEmpty ? nil : textPair)
            return (GivenTexts(inputs), GivenTexts.features)
        }
        if bulk.inputFormat != nil || bulk.onError != .fail && RecordSource.reads(input) {
            return (
                try RecordSource(
                    file: input,
                    format: bulk.inputFormat,
                    reader: reader,
                    endsAtFailures: bulk.onError == .fail
                ), nil
            )
        }
        if output == nil, !layout.needsInput(isTable: format.isTable),
            let source = RecordSource.large(input, reader: reader)
        {
            for warning in source.warnings { writeToStandardError("attune: warning: \(warning)\n") }
            return (source, nil)
        }
        let rows = try rows(of: input)
        let source = try DatasetSource(
            rows,
            name: input,
            reader: reader,
            columns: layout.inputColumns(among: rows.columnNames, isTable: format.isTable)
        )
        return (source, source.features)
    }

    private func predictWithAdapters(
        _ place: ClassifierPlace,
        _ reader: RowReader,
        _ format: PredictionFormat
    ) throws {
        if let flag = bulk.flagForOneModel ?? (format.isTable ? "--output \(output?.name ?? "")" : nil) {
            throw ValidationError(
                "\(flag) is for one model: give at most one --adapter-name, or leave it out"
            )
        }
        guard !readsStandardInput else {
            throw ValidationError("several --adapter-name need --text, or --input with a file")
        }
        let inputs =
            try input.map { try reader.inputs(of: rows(of: $0)) }
            ?? TextInputs(text, pairedTexts: textPair.isEmpty ? nil : textPair)
        let isLeftOut = try leftOut(of: inputs, reader.settings.emptyTexts ?? .keep)
        let engine = try classifier.engine()
        let adapters = try classifier.loadAdapters(place, on: engine)
        try predict(inputs, isLeftOut, with: adapters, on: engine)
    }
}
