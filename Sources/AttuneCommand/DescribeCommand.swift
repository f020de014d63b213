import ArgumentParser
import Attune
import Dispatch
import Foundation
import JSON
import Synchronization

/// `attune data describe`.
struct DescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Tells what is in a file of texts before you train on it, and what to do about it.",
        discussion: """
            Without --text-column it shows the columns. Texts pass by and are not kept: a file larger than memory \
            can be described. Characters are Unicode scalars, as Python counts them; rows count from 1, headers aside.

              attune data describe --dataset tweets.csv \\
                --text-column text --label-column author
              attune data describe --dataset data/ --text-column text \\
                --label-columns toxic,insult \\
                --model SmolLM2-135M.gguf --max-length 256
            """
    )

    @OptionGroup var data: DatasetOptions

    @Option(help: ArgumentHelp("The column that holds the texts.", valueName: "name"))
    var textColumn: String?

    @Option(help: ArgumentHelp("The column of the second texts, where rows are pairs.", valueName: "name"))
    var textPairColumn: String?

    @Option(
        name: .customLong("label-column"),
        help: ArgumentHelp(
            "The column that holds the labels, or lists of them; given several times, columns of 0 and 1.",
            valueName: "name"
        )
    )
    var labelColumn: [String] = []

    @Option(help: ArgumentHelp("The same at once: columns of 0 and 1, one a class.", valueName: "a,b,c"))
    var labelColumns: String?

    @Option(help: ArgumentHelp("Rows to measure on: whose texts are also trained on?", valueName: "file"))
    var evalDataset: String?

    @Option(
        help: ArgumentHelp(
            "The folder's split to measure on; test or validation where left out.",
            valueName: "name"
        )
    )
    var evalSplit: String?

    @Option(
        help: ArgumentHelp("Count tokens as this model does: a folder or a .gguf file.", valueName: "model")
    )
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Tokens of a text at the most: how many are cut? Needs --model. Default: what the model allows.",
            valueName: "tokens"
        )
    )
    var maxLength: Int?

    @Option(help: ArgumentHelp("Examples of everything that is found.", valueName: "count"))
    var examples = 3

    @Flag(help: "One JSON object instead of text.")
    var json = false

    func validate() throws {
        if let maxLength, maxLength < 1 { throw ValidationError("--max-length must be at least 1") }
        if maxLength != nil, model == nil {
            throw ValidationError("--max-length counts tokens; name whose with --model")
        }
        if examples < 0 { throw ValidationError("--examples must not be negative") }
        if textColumn == nil, textPairColumn != nil {
            throw ValidationError(
                "--text-pair-column holds the second texts; name the first with --text-column"
            )
        }
        if textColumn == nil, model != nil {
            throw ValidationError("--model counts the tokens of texts; name their column with --text-column")
        }
        if evalDataset != nil, evalSplit != nil {
            throw ValidationError("--eval-dataset and --eval-split exclude each other")
        }
        let names = labelNames
        if Set(names).count < names.count { throw ValidationError("a label column is named twice") }
    }

    private var labelNames: [String] {
        labelColumn + (labelColumns.map(listed) ?? [])
    }

    func run() throws {
        try reportingFailure {
            let waiting = WaitingLine("reading \(data.dataset)")
            defer { waiting.close() }
            let rows = try Dataset(
                HubPath.dataset(data.dataset),
                split: data.split,
                configuration: data.datasetConfig
            ).readingLabelVectors(in: labelNames)
            let held = try evaluation()
            var options = DescriptionOptions(textColumn: textColumn, labelColumns: labelNames)
            options.textPairColumn = textPairColumn
            options.evaluation = held?.rows
            if let place = try model.map(HubPath.tokenizer) {
                let tokenizer = try TextClassifier.tokenizer(of: place)
                options.tokenCounter = counter(of: tokenizer)
                let length = try TextClassifier.lengthLimit(
                    of: place,
                    tokenizer: tokenizer,
                    maxLength: maxLength
                )
                if let note = length.note { writeToStandardError("attune: warning: \(note)\n") }
                options.maxLength = length.tokens
                // No length of one's own exceeds the model's positions.
                let most = try TextClassifier.lengthLimit(of: place, tokenizer: tokenizer, maxLength: .max)
                options.lengthLimit = most.tokens.flatMap { $0 == .max ? nil : $0 }
            }
            options.exampleCount = examples
            let passes = (rows.count + (held?.rows.count ?? 0)) * (textPairColumn == nil ? 1 : 2)
            let description = try DatasetDescription(rows, options) { step in
                waiting.add(step.rows, of: passes, counting: step.phase == .countingTokens)
            }
            waiting.close()
            let source = DescribedSource(
                dataset: data.dataset,
                evaluation: held?.name,
                labelColumns: labelNames,
                model: model
            )
            let output =
                json
                ? DescriptionJSON(description, source).object.formatted
                : DescriptionText(description, source).text
            try print(output, terminator: "")
        }
    }

    /// The rows to measure on, where there are any.
    private func evaluation() throws -> (rows: Dataset, name: String)? {
        if let evalDataset {
            return (try withLabelVectors(Dataset(HubPath.dataset(evalDataset))), evalDataset)
        }
        let place = try HubPath.dataset(data.dataset)
        var name = evalSplit
        if evalSplit == nil, data.split == nil {
            let names = try Dataset.splitNames(of: place, configuration: data.datasetConfig)
            name = names.contains("train") ? ["test", "validation"].first(where: names.contains) : nil
        }
        guard let name else { return nil }
        let rows = try withLabelVectors(Dataset(place, split: name, configuration: data.datasetConfig))
        return (rows, "the split \"\(name)\"")
    }

    /// Rows to measure on may come without labels.
    private func withLabelVectors(_ rows: Dataset) throws -> Dataset {
        try rows.readingLabelVectors(in: labelNames.filter(rows.columnNames.contains))
    }

    private func counter(of tokenizer: Tokenizer) -> DescriptionOptions.TokenCounter {
        // The special tokens around a text do not depend on the text.
        let plain = tokenizer.encode("a", addSpecialTokens: false).count
        let special =
            textPairColumn == nil
            ? tokenizer.encode("a").count - plain : tokenizer.encode("a", pair: "a").count - 2 * plain
        return DescriptionOptions.TokenCounter(specialCount: special) { texts in
            let starts = tokenizer.encodeBatch(texts, addSpecialTokens: false).cuSeqlens
            return zip(starts, starts.dropFirst()).map { Int($1 - $0) }
        }
    }
}

/// What a description is of, as it was asked for.
struct DescribedSource {
    var dataset: String
    /// What the rows to measure on are called.
    var evaluation: String?
    var labelColumns: [String]
    var model: String?
}

/// A line on standard error for what takes longer than two seconds.
private final class WaitingLine: Sendable {
    private struct State {
        var line = ProgressLine()
        var read = 0
        var counted = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let start = ContinuousClock.now
    private static let patience = Duration.seconds(2)

    init(_ text: String) {
        DispatchQueue.global().asyncAfter(deadline: .now() + 2) { [weak self] in
            self?.state.withLock { state in
                guard !state.isClosed, state.read == 0 else { return }
                state.line.show({ text + " …" })
            }
        }
    }

    func add(_ rows: Int, of total: Int, counting: Bool) {
        state.withLock { state in
            if counting { state.counted += rows } else { state.read += rows }
            guard ContinuousClock.now - start > Self.patience else { return }
            let text =
                counting
                ? "counting tokens: \(counted(state.counted, "text"))"
                : "reading texts: \(grouped(state.read)) of \(grouped(total))"
            state.line.show({ text })
        }
    }

    func close() {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            state.line.close()
        }
    }
}
