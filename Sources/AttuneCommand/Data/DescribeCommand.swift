import ArgumentParser
import Attune
import Foundation
import JSON
import Synchronization

/// `attune data describe`.
struct DescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Describes a dataset before you train on it: its problems, and how to fix them.",
        discussion: """
            Without --text-column and --label-column it looks for the columns, as `attune train` does. Texts are streamed, so a file may be larger than memory. Characters are \
            Unicode scalars, as Python counts them. Rows count from 1, without the header.
            """
    )

    @OptionGroup var data: DatasetOptions

    @Option(help: ArgumentHelp("The column that holds the texts.", valueName: "name"))
    var textColumn: String?

    @Option(help: ArgumentHelp("The column of second texts, if rows are pairs.", valueName: "name"))
    var textPairColumn: String?

    @Option(
        name: .customLong("label-column"),
        help: ArgumentHelp(
            "The column of labels or lists of labels. If given several times, columns of 0 and 1.",
            valueName: "name"
        )
    )
    var labelColumn: [String] = []

    @Option(
        help: ArgumentHelp("The same in one option: columns of 0 and 1, one per class.", valueName: "a,b,c")
    )
    var labelColumns: String?

    @Option(
        help: ArgumentHelp(
            "The evaluation set, to find texts that are in the training set, too.",
            valueName: "file"
        )
    )
    var evalDataset: String?

    @Option(
        help: ArgumentHelp(
            "The folder's split to evaluate on. Default: test or validation.",
            valueName: "name"
        )
    )
    var evalSplit: String?

    @Option(
        help: ArgumentHelp(
            "Count tokens with this model's tokenizer: a folder or a .gguf or .attune file.",
            valueName: "model"
        )
    )
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Maximum tokens of a text, to count texts that would be cut. Needs --model. Default: the model's limit.",
            valueName: "tokens"
        )
    )
    var maxLength: Int?

    @Option(help: ArgumentHelp("Examples to show for each finding.", valueName: "count"))
    var examples = 3

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        if let maxLength, maxLength < 1 { throw ValidationError("--max-length must be at least 1") }
        if maxLength != nil, model == nil {
            throw ValidationError("--max-length counts tokens; name the model with --model")
        }
        if examples < 0 { throw ValidationError("--examples must not be negative") }
        if textColumn == nil, textPairColumn != nil {
            throw ValidationError(
                "--text-pair-column holds the second texts; name the first with --text-column"
            )
        }
        if evalDataset != nil, evalSplit != nil {
            throw ValidationError("--eval-dataset and --eval-split exclude each other")
        }
        let names = labelNames
        if Set(names).count < names.count {
            throw ValidationError("a label column is given twice; give each once")
        }
    }

    private var labelNames: [String] {
        labelColumn + (labelColumns.map(listed) ?? [])
    }

    func run() throws {
        try reportingFailure(messages) {
            let console = Console.current
            console.begin(.read, data.dataset)
            let place = try HubPath.dataset(data.dataset)
            let all = try Dataset(place, split: data.split, configuration: data.datasetConfig)
            let columns = try columns(of: all, at: place)
            let rows = try all.readingLabelVectors(in: columns.labels)
            let held = try evaluation(columns.labels)
            var options = DescriptionOptions(textColumn: columns.text, labelColumns: columns.labels)
            options.textPairColumn = columns.textPair
            options.evaluation = held?.rows
            if let place = try model.map(HubPath.tokenizer) {
                guard columns.text != nil else { throw ValidationError(Self.tokensOfNothing) }
                let base = try HubPath.base(ofModelAt: place, .tokenizer)
                let tokenizer = try TextClassifier.tokenizer(of: place, base: base)
                options.tokenCounter = counter(of: tokenizer, arePairs: columns.textPair != nil)
                let length = try TextClassifier.lengthLimit(
                    of: place,
                    base: base,
                    tokenizer: tokenizer,
                    maxLength: maxLength
                )
                if let note = length.note { writeToStandardError("attune: warning: \(note)\n") }
                options.maxLength = length.tokens
                // The limit that no --max-length can exceed: the model's positions.
                let most = try TextClassifier.lengthLimit(
                    of: place,
                    base: base,
                    tokenizer: tokenizer,
                    maxLength: .max
                )
                options.lengthLimit = most.tokens.flatMap { $0 == .max ? nil : $0 }
            }
            options.exampleCount = examples
            let passes = (rows.count + (held?.rows.count ?? 0)) * (columns.textPair == nil ? 1 : 2)
            let seen = DescribedRows(total: passes)
            let description = try DatasetDescription(rows, options) { seen.add($0, console) }
            let source = DescribedSource(
                dataset: data.dataset,
                evaluation: held?.name,
                labelColumns: columns.labels,
                model: model,
                choice: columns.note
            )
            let output =
                messages.json
                ? DescriptionJSON(description, source).object.formatted
                : DescriptionText(description, source).text
            try messages.json ? print(output, terminator: "") : printFolded(output)
        }
    }

    private static let tokensOfNothing =
        "--model counts the tokens of texts; name their column with --text-column"

    /// The columns that are described, and a sentence about those that no one has named.
    private func columns(of rows: Dataset, at place: String) throws -> DescribedColumns {
        var columns = DescribedColumns(text: textColumn, textPair: textPairColumn, labels: labelNames)
        guard columns.text == nil || columns.labels.isEmpty else { return columns }
        do {
            let choice = try ColumnChoice(
                of: rows,
                at: place,
                text: columns.text,
                label: columns.labels.isEmpty ? nil : columns.labels
            )
            columns.adopt(choice)
        } catch let error as DraftError {
            columns.note = error.message { "--" + $0.replacing("_", with: "-") }
        }
        return columns
    }

    /// The evaluation set, if there is one.
    private func evaluation(_ labels: [String]) throws -> (rows: Dataset, name: String)? {
        if let evalDataset {
            return (try withLabelVectors(Dataset(HubPath.dataset(evalDataset)), labels), evalDataset)
        }
        let place = try HubPath.dataset(data.dataset)
        var name = evalSplit
        if evalSplit == nil, data.split == nil {
            let names = try Dataset.splitNames(of: place, configuration: data.datasetConfig)
            name = names.contains("train") ? ["test", "validation"].first(where: names.contains) : nil
        }
        guard let name else { return nil }
        let rows = try withLabelVectors(
            Dataset(place, split: name, configuration: data.datasetConfig),
            labels
        )
        return (rows, "the split \"\(name)\"")
    }

    /// Reads label vectors if the label columns exist: an evaluation set may lack labels.
    private func withLabelVectors(_ rows: Dataset, _ labels: [String]) throws -> Dataset {
        try rows.readingLabelVectors(in: labels.filter(rows.columnNames.contains))
    }

    private func counter(of tokenizer: Tokenizer, arePairs: Bool) -> DescriptionOptions.TokenCounter {
        // The special tokens around a text do not depend on the text.
        let plain = tokenizer.encode("a", addSpecialTokens: false).count
        let special =
            arePairs
            ? tokenizer.encode("a", pair: "a").count - 2 * plain : tokenizer.encode("a").count - plain
        return DescriptionOptions.TokenCounter(specialCount: special) { texts in
            let starts = tokenizer.encodeBatch(texts, addSpecialTokens: false).cuSeqlens
            return zip(starts, starts.dropFirst()).map { Int($1 - $0) }
        }
    }
}

/// The dataset, model and columns that a description is about, as typed.
struct DescribedSource {
    var dataset: String
    /// The name of the evaluation set.
    var evaluation: String?
    var labelColumns: [String]
    var model: String?
    /// A sentence about the columns that no one has named.
    var choice: String?
}

/// The columns that are described.
private struct DescribedColumns {
    var text: String?
    var textPair: String?
    var labels: [String]
    /// A sentence about the columns that no one has named.
    var note: String?

    /// Takes the columns of a choice, and says why they were chosen.
    mutating func adopt(_ choice: ColumnChoice) {
        var reasons: [String] = []
        if text == nil {
            (text, textPair) = (choice.text.columns.first, choice.textPair)
            reasons.append("texts in \(shown(choice.text.columns)), \(choice.text.reason)")
        }
        if labels.isEmpty {
            labels = choice.label.columns
            reasons.append("labels in \(shown(choice.label.columns)), \(choice.label.reason)")
        }
        note = "\(reasons.joined(separator: "; ")) (--text-column and --label-column choose others)"
    }

    private func shown(_ columns: [String]) -> String {
        columns.count > 3
            ? counted(columns.count, "column") : columns.map { "\"\($0)\"" }.joined(separator: ", ")
    }
}

/// The rows that a description has read, and the texts whose tokens it has counted.
private final class DescribedRows: Sendable {
    private let counts = Mutex((read: 0, counted: 0))
    private let total: Int

    init(total: Int) { self.total = total }

    /// Adds the rows of a step; called from several threads.
    func add(_ step: DescriptionProgress, _ console: Console) {
        counts.withLock { counts in
            if step.phase == .countingTokens {
                if counts.counted == 0 { console.begin(.tokenize) }
                counts.counted += step.rows
                console.show(.tokenize, counts.counted, of: nil)
            } else {
                counts.read += step.rows
                console.show(.read, counts.read, of: total)
            }
        }
    }
}
