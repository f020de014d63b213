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
            Without --text-column it shows the columns. Texts are streamed, so a file may be larger than memory. Characters are \
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
            "Count tokens with this model's tokenizer: a folder or a .gguf file.",
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
        if textColumn == nil, model != nil {
            throw ValidationError("--model counts the tokens of texts; name their column with --text-column")
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
                let base = try HubPath.base(ofModelAt: place, .tokenizer)
                let tokenizer = try TextClassifier.tokenizer(of: place, base: base)
                options.tokenCounter = counter(of: tokenizer)
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
            let passes = (rows.count + (held?.rows.count ?? 0)) * (textPairColumn == nil ? 1 : 2)
            let seen = DescribedRows(total: passes)
            let description = try DatasetDescription(rows, options) { seen.add($0, console) }
            let source = DescribedSource(
                dataset: data.dataset,
                evaluation: held?.name,
                labelColumns: labelNames,
                model: model
            )
            let output =
                messages.json
                ? DescriptionJSON(description, source).object.formatted
                : DescriptionText(description, source).text
            try messages.json ? print(output, terminator: "") : printFolded(output)
        }
    }

    /// The evaluation set, if there is one.
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

    /// Reads label vectors if the label columns exist: an evaluation set may lack labels.
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

/// The dataset, model and columns that a description is about, as typed.
struct DescribedSource {
    var dataset: String
    /// The name of the evaluation set.
    var evaluation: String?
    var labelColumns: [String]
    var model: String?
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
