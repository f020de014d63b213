public import ArgumentParser
public import Attune

extension RecordFormat: ExpressibleByArgument {}
extension RowErrorPolicy: ExpressibleByArgument {}

extension PredictionShard {
    /// Reads a shard such as `3/16`.
    ///
    /// - Parameter argument: The zero-based number, a slash, and the number of shards.
    /// - Returns: The shard.
    /// - Throws: `ValidationError` for anything else.
    static func typed(_ argument: String) throws -> PredictionShard {
        guard let shard = PredictionShard(argument) else {
            throw ValidationError(
                "\(argument) is not a shard: of three, the shards are 0/3, 1/3 and 2/3"
            )
        }
        return shard
    }
}

/// The options of `attune predict` for many rows: columns, errors, resuming and shards.
struct BulkOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The format of --input -: jsonl, csv, tsv or text (one text per line). Default: jsonl if the first character is {, else text.",
            valueName: "format"
        )
    )
    var inputFormat: RecordFormat?

    @Option(
        help: ArgumentHelp(
            "Columns to write: id, text, label, score, scores, logits, truncated, n_tokens, error. Default: label, score, scores; without scores in .csv, .tsv and .parquet.",
            valueName: "a,b,c"
        )
    )
    var columns: String?

    @Option(
        help: ArgumentHelp(
            "Columns of the input to write, too: all, none, or their names. Default: all in .csv, .tsv and .parquet, else none.",
            valueName: "a,b,c"
        )
    )
    var keepColumns: String?

    @Option(
        help: ArgumentHelp(
            "The column of the input that identifies a row; it is written as \"id\". Default: the row's number, from 0.",
            valueName: "name"
        )
    )
    var idColumn: String?

    @Option(
        help: ArgumentHelp(
            "Write only the scores of this many most likely labels, the highest first.",
            valueName: "count"
        )
    )
    var topK: Int?

    @Option(
        help: ArgumentHelp(
            "The least score of a predicted label. A single-label prediction below it gets no label; a multi-label one has all labels that reach it.",
            valueName: "score"
        )
    )
    var threshold: Double?

    @Option(
        help:
            "Rows that cannot be read, or whose logits are NaN or infinite: fail (stop with exit code 65), null (no label, and the error) or skip (leave the row out). Default: fail."
    )
    var onError: RowErrorPolicy = .fail

    @Flag(help: "Answer each line of standard input before the next one is read, as for a terminal.")
    var flush = false

    @Flag(
        help:
            "Write --output in parts next to it, and continue with the parts of an earlier, killed run. The result has the same bytes as that of an uninterrupted run."
    )
    var resume = false

    @Option(
        help: ArgumentHelp(
            "Predict only one of several equal ranges of rows, for example 3/16; the first is 0/16, the last 15/16. In a Slurm array: --shard $SLURM_ARRAY_TASK_ID/16.",
            valueName: "i/n"
        ),
        transform: PredictionShard.typed
    )
    var shard: PredictionShard?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Instead of predicting, join the outputs of all shards, each with its .manifest.json, into --output.",
            valueName: "part"
        )
    )
    var merge: [String] = []

    func validate() throws {
        if let topK, topK < 1 { throw ValidationError("--top-k must be at least 1") }
        if let threshold, !(0...1).contains(threshold) {
            throw ValidationError("--threshold must be between 0 and 1")
        }
        _ = try chosenColumns()
    }

    /// The columns of `--columns`.
    private func chosenColumns() throws -> [PredictionColumn]? {
        try columns.map { names in
            let chosen = try listed(names).map { name in
                guard let column = PredictionColumn(rawValue: name == "labels" ? "label" : name) else {
                    let known = PredictionColumn.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError(
                        "--columns: there is no column \"\(name)\"; the columns are \(known)"
                    )
                }
                return column
            }
            guard Set(chosen).count == chosen.count, !chosen.isEmpty else {
                throw ValidationError("--columns: name each column once")
            }
            return chosen
        }
    }

    /// The layout of the output.
    ///
    /// - Parameter addsLogits: Whether `--logits` is given.
    /// - Returns: The columns and the labels to name.
    /// - Throws: `ValidationError` for an unknown column.
    func layout(addsLogits: Bool) throws -> PredictionLayout {
        var layout = PredictionLayout()
        layout.columns = try chosenColumns()
        if addsLogits, let columns = layout.columns, !columns.contains(.logits) {
            layout.columns = columns + [.logits]
        }
        layout.addsLogits = addsLogits
        layout.kept = keepColumns.map { names in
            switch names {
            case "all": .all
            case "none": PredictionLayout.Kept.none
            default: .named(listed(names))
            }
        }
        layout.idColumn = idColumn
        (layout.topK, layout.threshold, layout.errors) = (topK, threshold, onError)
        return layout
    }

    /// The first flag that several adapters at once do not allow; nil if none is given.
    var flagForOneModel: String? {
        let given: [(String, Bool)] = [
            ("--columns", columns != nil), ("--keep-columns", keepColumns != nil),
            ("--id-column", idColumn != nil), ("--top-k", topK != nil), ("--threshold", threshold != nil),
            ("--on-error", onError != .fail), ("--flush", flush), ("--resume", resume),
            ("--shard", shard != nil),
        ]
        return given.first { $0.1 }?.0
    }
}
